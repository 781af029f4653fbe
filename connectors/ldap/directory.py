"""One verb's view of the directory: where users and groups are, and from remote ids to entries and back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.contract import ObjectKind, Reference
from connectors.errors import Misconfigured, NotFound
from connectors.ldap.activation import Switch
from connectors.ldap.numbers import Numbers
from connectors.ldap.settings import LdapSettings
from connectors.ldap_client.names import Normal, both, either, equals, outermost, parse_dn, parse_known_dn
from connectors.ldap_client.schema import Schema
from connectors.ldap_client.session import Entry, Session

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
BATCH = 100
"""Assertions in one filter: what servers of every make take."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A session with what is known of the directory behind it."""

    session: Session
    settings: LdapSettings
    schema: Schema
    numbers: Numbers

    @property
    def switch(self) -> Switch:
        """How users are deactivated here."""
        return Switch.of(self.settings)

    def bases(self, kind: ObjectKind) -> tuple[str, ...]:
        """Return where accounts of a kind are; deactivated users may have been moved to a place of their own."""
        if kind is GROUP:
            return (self.settings.group_base,)
        if self.settings.deactivation == "move" and self.settings.inactive_base:
            return outermost((self.settings.user_base, self.settings.inactive_base))
        return (self.settings.user_base,)

    def places(self, kind: ObjectKind) -> tuple[str, ...]:
        """Return where to look for all of a kind, in this order.

        Who is moved from the second place to the first while both are read would be in neither: look there again.
        """
        bases = self.bases(kind)
        return (*bases, bases[0]) if len(bases) > 1 else bases

    @property
    def all_bases(self) -> tuple[str, ...]:
        """Where any account may be."""
        return outermost((*self.bases(USER), *self.bases(GROUP)))

    def classes(self, kind: ObjectKind) -> tuple[str, ...]:
        """Return the object classes of new accounts; the first is the one by which the kind is known."""
        if kind is GROUP:
            return (self.settings.group_class, *self.settings.group_extra_classes)
        return (self.settings.user_class, *self.settings.user_extra_classes)

    def naming_attribute(self, kind: ObjectKind) -> str:
        """Return the attribute that a new account's DN begins with."""
        return self.settings.group_rdn if kind is GROUP else self.settings.user_rdn

    @property
    def needs_placeholder(self) -> bool:
        """Whether the class of groups demands a member, so that a group may not stand empty."""
        if not self.schema.known:
            return self.settings.group_class.lower() in ("groupofnames", "groupofuniquenames")
        return self.settings.member_attribute.lower() in self.schema.demanded(self.classes(GROUP))

    def readable(self, kind: ObjectKind) -> list[str]:
        """Return the attributes that make an account. A group's members are left out: they may be very many."""
        extra = [self.settings.id_attribute]
        if kind is USER:
            return ["*", *extra, *self.switch.attributes]
        members = self.schema.names_of(self.settings.member_attribute) | {"objectclass"}
        allowed = self.schema.allowed(self.classes(GROUP)) - members
        return [*(sorted(allowed) or [self.settings.group_rdn, "description"]), *extra]

    def find(self, kind: ObjectKind, condition: str, attributes: Sequence[str], limit: int) -> list[Entry]:
        """Return at most ``limit`` entries of a kind that fulfil a filter."""
        found: list[Entry] = []
        for base in self.bases(kind):
            found += self.session.first(base, self.of_kind(kind, condition), attributes, limit - len(found))
            if len(found) >= limit:
                break
        return found

    def locate(self, kind: ObjectKind, remote_id: str, attributes: Sequence[str]) -> Entry:
        """Return the entry with this id. Raises ``NotFound``."""
        found = self.find(kind, equals(self.settings.id_attribute, remote_id), attributes, 1)
        if not found:
            raise NotFound(
                f"There is no {kind} with {self.settings.id_attribute} {remote_id} in the directory.",
                code="ldap.noSuchObject",
            )
        return found[0]

    def id_of(self, entry: Entry) -> str:
        """Return an entry's remote id. Raises ``Misconfigured`` where it cannot be read."""
        values = entry.values(self.settings.id_attribute)
        if not values:
            raise Misconfigured(
                f"{entry.dn} shows no {self.settings.id_attribute}.",
                code="ldap.idMissing",
                fix="Give the service account the right to read this attribute, or choose another id attribute.",
            )
        return values[0]

    def of_kind(self, kind: ObjectKind, condition: str) -> str:
        """Return a filter with the condition that an entry is of this kind."""
        return both(equals("objectClass", self.classes(kind)[0]), condition)

    def with_ids(self, kind: ObjectKind, ids: Sequence[str], attributes: Sequence[str]) -> list[Entry]:
        """Return the entries of a kind with these ids; those that are not there are missing from the answer."""
        name, found = self.settings.id_attribute, list[Entry]()
        missing = {remote_id.lower(): remote_id for remote_id in ids}
        for base in self.places(kind):
            asked = list(missing.values())
            for start in range(0, len(asked), BATCH):
                condition = either(equals(name, remote_id) for remote_id in asked[start : start + BATCH])
                for entry in self.session.search(base, self.of_kind(kind, condition), attributes):
                    if missing.pop(self.id_of(entry).lower(), None) is not None:
                        found.append(entry)
        return found

    def accounts_with(self, ids: Iterable[str], attributes: Sequence[str], bases: Sequence[str]) -> dict[str, Entry]:
        """Return the entries with these ids below ``bases``, whatever they are; the first base is asked first."""
        name, found = self.settings.id_attribute, dict[str, Entry]()
        missing = {remote_id.lower(): remote_id for remote_id in ids}
        for base in bases:
            asked = list(missing.values())
            for start in range(0, len(asked), BATCH):
                condition = either(equals(name, remote_id) for remote_id in asked[start : start + BATCH])
                for entry in self.session.search(base, condition, [name, *attributes]):
                    if (remote_id := missing.pop(self.id_of(entry).lower(), None)) is not None:
                        found[remote_id] = entry
        return found

    def entries_of(self, dns: Sequence[str], attributes: Sequence[str]) -> dict[str, Entry]:
        """Return the entries with these DNs; dead DNs are missing from the answer."""
        found: dict[str, Entry] = {}
        if len(dns) > 2:
            found = self._by_siblings(dns, attributes)
        for dn in dns:
            # The server alone knows for sure which spellings of a DN are equal.
            if dn not in found and (entry := self.session.read(dn, attributes)):
                found[dn] = entry
        return found

    def references_of(self, dns: Iterable[str]) -> dict[str, Reference]:
        """Return the accounts with these DNs; dead DNs and what is no account are missing from the answer."""
        attributes, found = [self.settings.id_attribute, "objectClass"], dict[str, Reference]()
        for dn, entry in self.entries_of(list(dict.fromkeys(dns)), attributes).items():
            if (kind := self.kind_of(entry)) is not None:
                found[dn] = Reference(kind, self.id_of(entry))
        return found

    def kind_of(self, entry: Entry) -> ObjectKind | None:
        """Return which kind of account an entry is by its classes and its place, if it is one."""
        held: set[str] = set()
        for name in entry.values("objectClass"):
            held |= {name.lower()} | self.schema.lineage(name)
        place = parse_known_dn(entry.dn)
        for kind in (USER, GROUP):
            if self.classes(kind)[0].lower() in held and any(place.is_under(parse_dn(b)) for b in self.bases(kind)):
                return kind
        return None

    def _by_siblings(self, dns: Sequence[str], attributes: Sequence[str]) -> dict[str, Entry]:
        """Ask for many entries with the same parent at once."""
        families: dict[tuple[str, str], dict[Normal, tuple[str, str]]] = {}
        for dn in dns:
            parsed = parse_known_dn(dn)
            if len(parsed.rdn) == 1 and parsed.parent:
                (name, value), *_ = parsed.rdn
                families.setdefault((parsed.parent, name), {})[parsed.normal] = (dn, value)
        found: dict[str, Entry] = {}
        for (parent, name), members in families.items():
            values = [value for _, value in members.values()]
            for start in range(0, len(values), BATCH):
                condition = either(equals(name, value) for value in values[start : start + BATCH])
                for entry in self.session.children(parent, condition, attributes):
                    if (asked := members.get(parse_known_dn(entry.dn).normal)) is not None:
                        found[asked[0]] = entry
        return found
