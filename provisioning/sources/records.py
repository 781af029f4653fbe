"""How sources and their credentials stand in the table ``sources``: rows in, dataclasses out. Pure.

One partition, because there are few: ``s:{id}`` is a source, ``t:{sha-256}`` one of its tokens or client secrets. The
two ranges are neighbours, so that one query reads who may call.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

from connectors.contract import ObjectKind
from provisioning.sources.caller import Profile
from provisioning.sources.credentials import credential_id
from provisioning.sources.rates import Rate
from provisioning.sources.source import Access, Credential, CredentialKind, Source, Trust
from provisioning.storage.entities import Entity

TABLE = "sources"
PARTITION = "sources"
SOURCE = "s:"
CREDENTIAL = "t:"


@dataclass(frozen=True, slots=True)
class Held:
    """A credential with who holds it."""

    source: str
    credential: Credential


@dataclass(frozen=True, slots=True)
class Roster:
    """Who may call, as it was at one moment: sources by id, credentials by SHA-256."""

    sources: dict[str, Source] = field(default_factory=dict)
    credentials: dict[str, Held] = field(default_factory=dict)


def source_row(source: Source) -> Entity:
    """Return the row of a source, without its credentials."""
    access, profile = source.access, source.access.profile
    row: Entity = {
        "PartitionKey": PARTITION,
        "RowKey": SOURCE + source.id,
        "name": source.name,
        "enabled": source.enabled,
        "created": source.created,
        "kinds": ",".join(sorted(access.kinds)),
        "writes": access.writes,
        "ownOnly": access.own_only,
        "strict": profile.strict,
        "rate": float(source.rate.per_second),
        "burst": source.rate.burst,
        "entra": json.dumps([asdict(trust) for trust in source.entra]),
        "federation": json.dumps([asdict(trust) for trust in source.federation]),
    }
    if profile.patch_answers_resource is not None:
        row["patchAnswersResource"] = profile.patch_answers_resource
    return row


def credential_row(source_id: str, digest: str, credential: Credential) -> Entity:
    """Return the row of a credential."""
    row: Entity = {
        "PartitionKey": PARTITION,
        "RowKey": CREDENTIAL + digest,
        "source": source_id,
        "kind": credential.kind.value,
        "label": credential.label,
        "created": credential.created,
    }
    if credential.expires is not None:
        row["expires"] = credential.expires
    return row


def source_of(row: Entity) -> Source:
    """Return the source of a row, without its credentials. What a row does not say is as in a new source."""
    new = Source(row["RowKey"].removeprefix(SOURCE), row["name"], row["enabled"], row["created"])
    row = {**source_row(new), "patchAnswersResource": new.access.profile.patch_answers_resource, **row}
    return Source(
        row["RowKey"].removeprefix(SOURCE),
        row["name"],
        row["enabled"],
        row["created"],
        Access(
            frozenset(ObjectKind(kind) for kind in row["kinds"].split(",")),
            row["writes"],
            row["ownOnly"],
            Profile(row["strict"], row["patchAnswersResource"]),
        ),
        Rate(row["rate"], row["burst"]),
        tuple(Trust(**trust) for trust in json.loads(row["entra"])),
        tuple(Trust(**trust) for trust in json.loads(row["federation"])),
    )


def held_of(row: Entity) -> Held:
    """Return the credential of a row."""
    digest = row["RowKey"].removeprefix(CREDENTIAL)
    credential = Credential(
        credential_id(digest),
        CredentialKind(row.get("kind", CredentialKind.TOKEN)),
        row["label"],
        row["created"],
        row.get("expires"),
        row.get("used"),
    )
    return Held(row["source"], credential)


def roster_of(rows: Iterable[Entity]) -> Roster:
    """Put sources and credentials together; a credential whose source is gone lets nobody in."""
    sources: dict[str, Source] = {}
    credentials: dict[str, Held] = {}
    held_by: dict[str, list[Credential]] = {}
    for row in rows:
        if row["RowKey"].startswith(SOURCE):
            source = source_of(row)
            sources[source.id] = source
            continue
        held = held_of(row)
        if held.source in sources:  # sources stand before credentials in key order
            credentials[row["RowKey"].removeprefix(CREDENTIAL)] = held
            held_by.setdefault(held.source, []).append(held.credential)
    return Roster({name: with_credentials(each, held_by.get(name, [])) for name, each in sources.items()}, credentials)


def with_credentials(source: Source, held: Iterable[Credential]) -> Source:
    """Return a source with its credentials, oldest first."""
    mine = sorted(held, key=lambda each: (each.created, each.id))
    return replace(
        source,
        tokens=tuple(each for each in mine if each.kind is CredentialKind.TOKEN),
        secrets=tuple(each for each in mine if each.kind is CredentialKind.SECRET),
    )
