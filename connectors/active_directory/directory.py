"""One verb's view of the domain: where users and groups are, and from remote ids (objectGUID) to DNs and back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from connectors.active_directory.domain import EXTENDED_DN, Controller, Domain, read_controller
from connectors.active_directory.identifiers import guid_base, guid_octets, guid_text, guids_equal, parse_extended_dn
from connectors.active_directory.settings import ActiveDirectorySettings
from connectors.contract import ObjectKind
from connectors.errors import ConnectorError, Misconfigured, NotFound, Unavailable
from connectors.ldap_client.names import both, either, equals, outermost, parse_dn
from connectors.ldap_client.results import Result
from connectors.ldap_client.schema import Schema
from connectors.ldap_client.session import Changes, Controls, Entry, Session

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
BATCH = 100
"""Assertions in one filter."""

CONDITIONS = {USER: "(&(objectCategory=person)(objectClass=user))", GROUP: "(objectCategory=group)"}
"""What is a user, and what a group. Computers are users to the schema, but no persons; contacts are no users."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A session with what is known of the domain behind it. One verb has one, and with it one controller."""

    session: Session
    settings: ActiveDirectorySettings
    domain: Domain
    schema: Schema
    moved: bool = False
    """Whether the hub has changed controllers, and this one may not know yet whom the other one knows."""

    @property
    def base(self) -> str:
        """The domain's DN."""
        return self.settings.base or self.domain.base

    def bases(self, kind: ObjectKind) -> tuple[str, ...]:
        """Return where ``find`` looks for accounts of a kind."""
        if self.settings.search == "domain":
            return (self.base,)
        if kind is GROUP:
            return (self.settings.group_base,)
        if self.settings.inactive_base:
            return outermost((self.settings.user_base, self.settings.inactive_base))
        return (self.settings.user_base,)

    @property
    def controller(self) -> Controller:
        """The controller behind this session, asked anew."""
        return read_controller(self.session)

    def find(self, kind: ObjectKind, condition: str, attributes: Sequence[str], limit: int) -> list[Entry]:
        """Return at most ``limit`` entries of a kind that fulfil a filter. DNs in values are extended ones."""
        found: list[Entry] = []
        for base in self.bases(kind):
            entries = self.session.first(
                base, both(CONDITIONS[kind], condition), attributes, limit - len(found), [EXTENDED_DN]
            )
            found += [plain(entry) for entry in entries]
            if len(found) >= limit:
                break
        return found

    def locate(self, kind: ObjectKind, remote_id: str, attributes: Sequence[str]) -> Entry:
        """Return the entry with this objectGUID, wherever in the domain it is. DNs in values are extended ones.

        Raises ``NotFound``, also where it is deleted or of another kind; or what ``missing`` makes of it.
        """
        try:
            base = guid_base(remote_id)
        except ValueError:
            raise _absent(kind, remote_id) from None
        entry = self.session.read(base, attributes, search_filter=CONDITIONS[kind], controls=[EXTENDED_DN])
        if entry is None:
            raise self.missing(_absent(kind, remote_id))
        return plain(entry)

    def missing(self, absence: NotFound) -> ConnectorError:
        """Return what it means that somebody is not there: nothing for sure after a change of controllers.

        Taken for deleted, who was created at the other controller a moment ago would be made a second time.
        """
        if not self.moved:
            return absence
        return Unavailable(
            f"{absence} The hub has changed domain controllers, and this one may not have heard of it yet.",
            code="ad.notReplicated",
            fix="Nothing to do: it is tried again. If it lasts, look at the domain's replication (repadmin /showrepl).",
            retry_after=30,
            one_object=True,
        )

    def modify(self, entry: Entry, changes: Changes, controls: Controls = ()) -> Result:
        """Modify an object by its objectGUID, so that who is renamed or moved meanwhile is not taken for gone."""
        result = self.session.try_modify(guid_base(id_of(entry)), changes, controls)
        return replace(result, dn=entry.dn)  # what people know it by

    def dns_of(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the DNs of the objects with these ids; those who are not there are missing from the answer."""
        asked: dict[str, str] = {}
        for remote_id in ids:
            try:
                asked.setdefault(guid_text(guid_octets(remote_id)), remote_id)
            except ValueError:
                continue  # what is no GUID is nobody's
        guids, found = list(asked), dict[str, str]()
        for start in range(0, len(guids), BATCH):
            condition = either(guids_equal(guids[start : start + BATCH]))
            for entry in self.session.search(self.base, condition, ["objectGUID"]):
                found[asked[id_of(entry)]] = entry.dn
        return found

    def ids_of(self, dns: Sequence[str]) -> dict[str, str]:
        """Return the ids of the objects with these DNs, extended or plain; dead DNs are missing from the answer."""
        found, unknown = dict[str, str](), list[str]()
        for dn in dict.fromkeys(dns):
            if extended := parse_extended_dn(dn):
                found[dn] = extended.guid
            else:
                unknown.append(dn)
        for start in range(0, len(unknown), BATCH):
            asked = {parse_dn(dn).normal: dn for dn in unknown[start : start + BATCH]}
            condition = either(equals("distinguishedName", dn) for dn in asked.values())
            for entry in self.session.search(self.base, condition, ["objectGUID"]):
                if (written := asked.get(parse_dn(entry.dn).normal)) is not None:
                    found[written] = id_of(entry)
        return found


def id_of(entry: Entry) -> str:
    """Return an entry's remote id. Raises ``Misconfigured`` where it cannot be read."""
    values = entry.octets("objectGUID")
    if not values:
        raise Misconfigured(
            f"{entry.dn} shows no objectGUID.",
            code="ad.idMissing",
            fix="Give the service account the right to read all properties of users and groups.",
        )
    return guid_text(values[0])


def plain(entry: Entry) -> Entry:
    """Return an entry that came with an extended DN with its plain one, and the id as its objectGUID."""
    extended = parse_extended_dn(entry.dn)
    if extended is None:
        return entry
    return replace(entry, dn=extended.dn, attributes={**entry.attributes, "objectGUID": [guid_octets(extended.guid)]})


def plain_values(entry: Entry, name: str) -> list[str]:
    """Return an attribute's texts; what came as an extended DN is a plain one."""
    values = [(value, parse_extended_dn(value)) for value in entry.values(name)]
    return [extended.dn if extended else value for value, extended in values]


def _absent(kind: ObjectKind, remote_id: str) -> NotFound:
    return NotFound(f"There is no {kind} with objectGUID {remote_id} in the domain.", code="ad.noSuchObject")
