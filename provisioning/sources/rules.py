"""What a source may look like: each rule says in words what is wrong and what would be right. Pure."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from provisioning.sources.errors import SourceExists, SourceRefused
from provisioning.sources.rates import HIGHEST
from provisioning.sources.source import CredentialKind, Source, Trust

MOST_TRUSTS = 5
LONGEST_LIFE = {CredentialKind.TOKEN: timedelta(days=3650), CredentialKind.SECRET: timedelta(days=1095)}
"""Entra's gallery asks for client secrets of one to three years."""
SECRET_LIFE = timedelta(days=365)
"""How long a client secret is good unless said otherwise."""

_ID = re.compile(r"[a-z0-9-]{1,40}")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_AUDIENCE = re.compile(r"[!-~]{1,200}")


def is_id(text: str) -> bool:
    """Tell whether a source may be called so."""
    return _ID.fullmatch(text) is not None


def check_source(source: Source) -> None:
    """Raise ``SourceRefused`` for the first thing about a source that cannot be."""
    if not is_id(source.id):
        raise SourceRefused("An id has 1 to 40 characters of a-z, 0-9 and '-'.")
    if not source.name.strip() or len(source.name) > 100 or not source.name.isprintable():
        raise SourceRefused("A name has 1 to 100 printable characters.")
    if not source.access.kinds:
        raise SourceRefused("A source without any kind could see nothing: give User, Group or both.")
    if not 1 <= source.rate.per_second <= HIGHEST.per_second or not 1 <= source.rate.burst <= HIGHEST.burst:
        raise SourceRefused(
            f"A rate is 1 to {HIGHEST.per_second:.0f} requests per second, with a burst of 1 to {HIGHEST.burst}."
        )
    for trusts in (source.entra, source.federation):
        if len(trusts) > MOST_TRUSTS:
            raise SourceRefused(f"A source trusts at most {MOST_TRUSTS} issuers of a sort.")
        for trust in trusts:
            _check_trust(trust)
    if not all(trust.tells_apart for trust in source.entra):
        raise SourceRefused(
            "Tokens of Entra's need an app_id or an object_id: the audience alone would let in every app of the tenant."
        )
    for trust in source.federation:
        if not trust.object_id:
            raise SourceRefused(
                "A federation needs the object id of the service principal whose assertions are taken: it is the "
                "assertion's 'oid' and 'sub'."
            )


def check_apart(source: Source, others: Iterable[Source]) -> None:
    """Raise ``SourceExists`` where a token could be meant for two sources, or twice for one."""
    for sort in ("entra", "federation"):
        mine: tuple[Trust, ...] = getattr(source, sort)
        theirs = [(other.id, trust) for other in others if other.id != source.id for trust in getattr(other, sort)]
        for number, trust in enumerate(mine):
            taken = [(source.id, each) for each in mine[:number]] + theirs
            owner = next((owner for owner, each in taken if trust.overlaps(each)), None)
            if owner is not None:
                raise SourceExists(
                    f"A token of tenant {trust.tenant} for {trust.audience} could also be meant for the source "
                    f"'{owner}'. Give both an app_id or an object_id that tells them apart."
                )


def check_credential(kind: CredentialKind, label: str, expires: datetime | None, now: datetime) -> None:
    """Raise ``SourceRefused`` where a credential cannot have that label or that end."""
    if len(label) > 100 or not (label.isprintable() or not label):
        raise SourceRefused("A label has at most 100 printable characters.")
    if expires is not None and not now < expires <= now + LONGEST_LIFE[kind]:
        raise SourceRefused(
            f"A {'token' if kind is CredentialKind.TOKEN else 'client secret'} must expire in the future, "
            f"within {LONGEST_LIFE[kind].days} days."
        )


def _check_trust(trust: Trust) -> None:
    for name, value in (("tenant", trust.tenant), ("app_id", trust.app_id), ("object_id", trust.object_id)):
        if (value or name == "tenant") and not _GUID.fullmatch(value):
            raise SourceRefused(f"The {name} must be a GUID in lower case, as Entra's admin center shows it.")
    if not _AUDIENCE.fullmatch(trust.audience):
        raise SourceRefused("The audience must be the token's 'aud': an app id or an app id URI, without spaces.")
