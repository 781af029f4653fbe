"""From objects as a controller shows them to what an import is told: changes, members, and who stands unchanged.

Only persons and groups below the connection's OUs are told. One that was moved away is told as gone, by its id: it is
no account of this connection any more. So is every deleted one, whoever it was: an object may have been moved just
before it was deleted, and an id that nobody knows does no harm.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from connectors.active_directory.activation import is_enabled
from connectors.active_directory.attributes import values_of
from connectors.active_directory.directory import BATCH, CONDITIONS, GROUP, USER, Directory, id_of, plain
from connectors.active_directory.dirsync import came_and_went
from connectors.active_directory.domain import EXTENDED_DN, SHOW_DELETED
from connectors.active_directory.identifiers import guids_equal, octets_equal, parse_extended_dn, sid_octets
from connectors.active_directory.memberships import (
    accounts_among,
    linked_members,
    primary_members,
    still_primary,
    within,
)
from connectors.active_directory.ours import Places
from connectors.contract import Account, Change, MemberChange, ObjectKind, Standing
from connectors.ldap_client.names import at_most, both, either
from connectors.ldap_client.session import Entry

MARKS = ("name", "whenCreated", "isDeleted", "isRecycled", "objectSid", "uSNChanged")
"""What is read of every object besides its attributes. DirSync shows ``name`` with a rename, a move, a restoration."""

_REMEMBERED = 200_000


@dataclass(slots=True)
class Told:
    """What one answer of a controller comes to."""

    changes: list[Change] = field(default_factory=list)
    members: list[MemberChange] = field(default_factory=list)
    standing: list[Standing] = field(default_factory=list)


@dataclass(slots=True)
class Teller:
    """What one stream tells of, and what it remembers so as not to ask twice."""

    attributes: Mapping[ObjectKind, tuple[str, ...]]
    memberships: bool
    domain_sid: str
    known: set[str] = field(default_factory=set)
    """Ids that are users or groups."""
    primary_groups: dict[str, str | None] = field(default_factory=dict)
    """Relative identifier -> id of the group, if it is one of this connection's."""

    def requested(self, kind: ObjectKind) -> list[str]:
        """Return the attributes to ask for."""
        own = ["userAccountControl", "primaryGroupID"] if kind is USER else ["member"] if self.memberships else []
        return list(dict.fromkeys([*self.attributes[kind], *own, *MARKS]))

    def differences(
        self, directory: Directory, kind: ObjectKind, entries: Sequence[Entry], *, full: bool, begun: int = 0
    ) -> Told:
        """Tell what DirSync showed: of new objects all, of others what changed. ``begun``: the snapshot's own USN."""
        told, moved, places = Told(), list[Entry](), Places(directory.bases(kind))
        standing: list[Entry] = []
        before = self._before(directory, entries, places, begun) if full else set[str]()
        for entry in entries:
            fresh, named = bool(entry.values("whenCreated")), bool(entry.values("name"))
            if entry.values("isDeleted"):
                if not (full and fresh) or id_of(entry) in before:  # a snapshot also shows whom it never told of
                    told.changes.append(self._gone(directory, kind, entry))
            elif not places.hold(entry.dn):
                if named and (not fresh or id_of(entry) in before):
                    told.changes.append(self._gone(directory, kind, entry))
            elif named and not fresh:
                moved.append(entry)
            else:
                standing.append(entry)
                told.changes += self._change(directory, kind, entry, partial=not fresh)
        again = self._whole(directory, kind, moved)
        for entry in again:
            told.changes += self._change(directory, kind, entry, partial=False)
        if self.memberships and kind is GROUP:
            self._tell_members(directory, told, standing, again, before=before, full=full)
        if self.memberships and kind is USER and not full:
            told.members += self._by_primary_group(directory, [*standing, *again])
        return told

    def objects(self, directory: Directory, kind: ObjectKind, entries: Sequence[Entry], away: Sequence[Entry]) -> Told:
        """Tell whole objects, with all members of each group, and who went away."""
        told = Told()
        for entry in entries:
            told.changes += self._change(directory, kind, entry, partial=False)
        told.changes += [self._gone(directory, kind, entry) for entry in away]
        if self.memberships and kind is GROUP:
            told.members += self._all_members(directory, entries)
        if self.memberships and kind is USER:
            told.members += self._by_primary_group(directory, entries)
        return told

    def unchanged(self, kind: ObjectKind, entries: Iterable[Entry]) -> Told:
        """Tell objects that stand as they were told before."""
        ids = [id_of(entry) for entry in entries]
        self._remember(ids)
        return Told(standing=[Standing(kind, remote_id) for remote_id in ids])

    def _before(self, directory: Directory, entries: Sequence[Entry], places: Places, begun: int) -> set[str]:
        """Return who of those that are shown whole, but not to be told so, may have been told in this snapshot.

        Until its last answer a controller of Windows shows whole again who changes meanwhile. (What its cookie says of
        that is its own affair, MS-DRSR 5.210.) Who did not change since the snapshot began was not told otherwise.
        """
        whole = [entry for entry in entries if entry.values("whenCreated")]
        asked = [
            id_of(entry)
            for entry in whole
            if entry.values("isDeleted") or came_and_went(entry)[1] or not places.hold(entry.dn)
        ]
        unchanged = set[str]()
        for start in range(0, len(asked), BATCH):
            condition = both(at_most("uSNChanged", str(begun)), either(guids_equal(asked[start : start + BATCH])))
            found = directory.session.search(directory.domain.base, condition, ["objectGUID"], controls=[SHOW_DELETED])
            unchanged |= {id_of(entry) for entry in found}
        return set(asked) - unchanged

    def _gone(self, directory: Directory, kind: ObjectKind, entry: Entry) -> Change:
        deleted, recycled = ("TRUE" in entry.values(name) for name in ("isDeleted", "isRecycled"))
        # Without the recycle bin all deleted ones are marked so, and can be reanimated all the same (MS-ADA1 2.340).
        restorable = deleted and not (recycled and directory.domain.recycle_bin)
        return Change(Account(kind, id_of(entry), entry.dn), gone=True, restorable=restorable)

    def _change(self, directory: Directory, kind: ObjectKind, entry: Entry, *, partial: bool) -> list[Change]:
        wanted = {name.lower() for name in self.attributes[kind]}
        shown = {name: values for name, values in entry.attributes.items() if name.lower() in wanted}
        attributes = values_of(directory, Entry(entry.dn, shown))
        changed = not partial or bool(entry.values("userAccountControl"))
        active = is_enabled(entry) if kind is USER and changed else None
        if partial:
            attributes |= dict.fromkeys(name for name, values in shown.items() if not values)
            if not attributes and active is None:
                return []
        account = Account(kind, id_of(entry), entry.dn, attributes, active)
        self._remember([account.remote_id])
        return [Change(account, partial)]

    def _whole(self, directory: Directory, kind: ObjectKind, entries: Sequence[Entry]) -> list[Entry]:
        """Read objects anew of which a part was shown, where they are still ours."""
        ids, found, places = [id_of(entry) for entry in entries], list[Entry](), Places(directory.bases(kind))
        for start in range(0, len(ids), BATCH):
            condition = both(CONDITIONS[kind], either(guids_equal(ids[start : start + BATCH])))
            shown = directory.session.search(directory.base, condition, self.requested(kind), controls=[EXTENDED_DN])
            found += [entry for entry in map(plain, shown) if places.hold(entry.dn)]
        return found

    def _tell_members(
        self,
        directory: Directory,
        told: Told,
        groups: Sequence[Entry],
        whole: Sequence[Entry],
        *,
        before: Set[str],
        full: bool,
    ) -> None:
        if full:
            fresh = [group for group in groups if group.octets("objectSid")]
            for group, ids in primary_members(directory, fresh).items():
                told.members.append(MemberChange(group, added=tuple(ids)))
        for changed in groups:
            arrived, departed = came_and_went(changed)
            came = self._accounts(directory, within(directory, arrived))
            went = [member.guid for value in departed if (member := parse_extended_dn(value))]
            if changed.values("whenCreated") and id_of(changed) not in before:
                went = []  # of a group that is told the first time, those who left long ago show, too
            if went:
                # Who makes the group the primary one loses the link, and is a member still.
                located = self._with_sid(directory, changed)
                stay = still_primary(directory, located, went) if located else set()
                went = [guid for guid in went if guid not in stay]
            if came or went:
                told.members.append(MemberChange(id_of(changed), tuple(came), tuple(went)))
        told.members += self._all_members(directory, whole)

    def _with_sid(self, directory: Directory, group: Entry) -> Entry | None:
        if group.octets("objectSid"):
            return group
        condition = either(guids_equal([id_of(group)]))
        return next(iter(directory.session.first(directory.base, condition, ["objectSid", "objectGUID"], 1)), None)

    def _all_members(self, directory: Directory, groups: Sequence[Entry]) -> list[MemberChange]:
        primary = primary_members(directory, groups)
        told: list[MemberChange] = []
        for group in groups:
            linked = linked_members(directory, group, self.known)
            self._remember(linked)
            ids = dict.fromkeys([*linked, *primary.get(id_of(group), ())])
            told.append(MemberChange(id_of(group), tuple(ids), whole=True))
        return told

    def _by_primary_group(self, directory: Directory, users: Sequence[Entry]) -> list[MemberChange]:
        """Tell the membership that a user's primary group is."""
        added: dict[str, list[str]] = {}
        for user in users:
            for rid in user.values("primaryGroupID"):
                if (group := self._primary_group(directory, rid)) is not None:
                    added.setdefault(group, []).append(id_of(user))
        return [MemberChange(group, added=tuple(ids)) for group, ids in added.items()]

    def _primary_group(self, directory: Directory, rid: str) -> str | None:
        if rid not in self.primary_groups:
            condition = octets_equal("objectSid", sid_octets(f"{self.domain_sid}-{rid}"))
            found = directory.find(GROUP, condition, ["objectGUID"], 1) if self.domain_sid else []
            self.primary_groups[rid] = id_of(found[0]) if found else None
        return self.primary_groups[rid]

    def _accounts(self, directory: Directory, ids: Sequence[str]) -> list[str]:
        """Return those of the ids that are users or groups."""
        unknown = [guid for guid in ids if guid not in self.known]
        found = accounts_among(directory, unknown) if unknown else set()
        self._remember(found)
        return [guid for guid in ids if guid in found or guid in self.known]

    def _remember(self, ids: Iterable[str]) -> None:
        if len(self.known) < _REMEMBERED:
            self.known.update(ids)
