"""One verb's view of the directory: where users and groups are, and from remote ids to DNs and back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.contract import ObjectKind
from connectors.errors import Misconfigured, NotFound
from connectors.ldap.activation import Switch
from connectors.ldap.settings import LdapSettings
from connectors.ldap_client.names import both, either, equals, parse_dn, parse_known_dn
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

    @property
    def switch(self) -> Switch:
        """How users are deactivated here."""
        return Switch.of(self.settings)

    def bases(self, kind: ObjectKind) -> tuple[str, ...]:
        """Return where accounts of a kind are; deactivated users may have been moved to a place of their own."""
        if kind is GROUP:
            return (self.settings.group_base,)
        if self.settings.deactivation == "move" and self.settings.inactive_base:
            return _outermost((self.settings.user_base, self.settings.inactive_base))
        return (self.settings.user_base,)

    @property
    def all_bases(self) -> tuple[str, ...]:
        """Where any account may be."""
        return _outermost((*self.bases(USER), *self.bases(GROUP)))

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
            condition_of_kind = both(equals("objectClass", self.classes(kind)[0]), condition)
            found += self.session.first(base, condition_of_kind, attributes, limit - len(found))
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

    def dns_of(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the DNs of the accounts with these ids; those who are not there are missing from the answer."""
        unique, name, found = list(dict.fromkeys(ids)), self.settings.id_attribute, dict[str, str]()
        asked = {remote_id.lower(): remote_id for remote_id in unique}
        for start in range(0, len(unique), BATCH):
            condition = either(equals(name, remote_id) for remote_id in unique[start : start + BATCH])
            for base in self.all_bases:
                for entry in self.session.search(base, condition, [name]):
                    if (remote_id := asked.get(self.id_of(entry).lower())) is not None:
                        found[remote_id] = entry.dn
        return found

    def ids_of(self, dns: Sequence[str]) -> dict[str, str]:
        """Return the ids of the entries with these DNs; dead DNs are missing from the answer."""
        found: dict[str, str] = {}
        if len(dns) > 2:
            found = self._ids_by_siblings(dns)
        for dn in dns:
            # The server alone knows for sure which spellings of a DN are equal.
            if dn not in found and (entry := self.session.read(dn, [self.settings.id_attribute])):
                found[dn] = self.id_of(entry)
        return found

    def _ids_by_siblings(self, dns: Sequence[str]) -> dict[str, str]:
        """Ask for many entries with the same parent at once."""
        families: dict[tuple[str, str], list[str]] = {}
        for dn in dns:
            parsed = parse_known_dn(dn)
            if len(parsed.rdn) == 1 and parsed.parent:
                families.setdefault((parsed.parent, parsed.rdn[0][0]), []).append(dn)
        found: dict[str, str] = {}
        for (parent, name), members in families.items():
            for start in range(0, len(members), BATCH):
                by_normal = {parse_dn(dn).normal: dn for dn in members[start : start + BATCH]}
                condition = either(equals(name, parse_dn(dn).rdn[0][1]) for dn in by_normal.values())
                for entry in self.session.children(parent, condition, [self.settings.id_attribute]):
                    if (asked := by_normal.get(parse_known_dn(entry.dn).normal)) is not None:
                        found[asked] = self.id_of(entry)
        return found


def _outermost(bases: Sequence[str]) -> tuple[str, ...]:
    """Return the bases without those that lie below another one, which a search of that one covers."""
    kept: list[str] = []
    for base in sorted(bases, key=lambda dn: len(parse_dn(dn).normal)):
        if not any(parse_dn(base).is_under(parse_dn(other)) for other in kept):
            kept.append(base)
    return tuple(kept)
