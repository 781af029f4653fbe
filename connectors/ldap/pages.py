"""One page of an import: which entries it tells whole, which by their ids, and how many members fit.

What changed within the overlap and was told by the last import already is known by a digest of its content, and is
named by its id alone: otherwise the last changes of a quiet directory would be told for ever.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.contract import Account, Change, MemberChange, ObjectKind, Reading, Standing
from connectors.ldap.cursors import MOST_TOLD, Cursor, wanted_attributes
from connectors.ldap.directory import GROUP, USER, Directory
from connectors.ldap.entries import accounts_of
from connectors.ldap.holding import ids_of
from connectors.ldap.slices import key_of
from connectors.ldap.timestamps import MODIFIED, moved, stamp
from connectors.ldap_client.session import Entry

MOST_CHANGES, MOST_IDS, MOST_MEMBERS = 200, 1000, 5000
"""Of one page: accounts that are told whole, ids at all, and members."""
GROUPS_AT_ONCE = 25
"""Groups that are read together: their members come with them."""
_DIGEST = 12


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the entries of one kind, and where the stream stands."""

    reading: Reading
    kind: ObjectKind
    cursor: Cursor
    ordered: bool

    @property
    def at_once(self) -> bool:
        """Whether entries are read whole when they are listed: users, where all are told and slices are small."""
        return self.kind is USER and not self.cursor.since and self.ordered

    def listed(self, directory: Directory) -> list[str]:
        """Return the attributes by which all entries are listed."""
        return self.whole(directory) if self.at_once else [directory.settings.id_attribute, MODIFIED]

    def whole(self, directory: Directory) -> list[str]:
        """Return the attributes of entries that are told whole."""
        names = [*wanted_attributes(self.reading, self.kind), directory.settings.id_attribute, MODIFIED]
        if self.kind is USER:
            return [*names, *directory.switch.attributes]
        return [*names, directory.settings.member_attribute] if self.reading.memberships else names


class Filling:
    """A page while it is being filled."""

    def __init__(self, directory: Directory, question: Question) -> None:
        cursor, overlap = question.cursor, directory.settings.import_overlap
        self._directory, self._question, self._kind = directory, question, question.kind
        self._since = moved(cursor.since, -overlap) if cursor.since else ""
        self._again = moved(cursor.until, -overlap) if cursor.until else ""
        self._known = {cursor.told[at : at + _DIGEST] for at in range(0, len(cursor.told), _DIGEST)}
        self._asked = wanted_attributes(question.reading, question.kind)
        self._by_alias = {alias: name for name in self._asked for alias in directory.schema.names_of(name)}
        self._member_count = 0
        self.telling = cursor.telling
        self.changes: list[Change] = []
        self.standing: list[Standing] = []
        self.members: list[MemberChange] = []
        self.last = cursor.after
        """The id up to which all is told."""
        self.rest: tuple[str, ...] = ()
        """Members of the group behind that, for further pages."""

    def fill(self, entries: Sequence[Entry]) -> int:
        """Take in as many entries as fit, and return how many those are."""
        position, full = 0, False
        while position < len(entries) and not full:
            batch = self._batch(entries[position : position + MOST_IDS])
            taken = self._take(batch)
            position += taken
            ids = len(self.changes) + len(self.standing)
            full = taken < len(batch) or len(self.changes) >= MOST_CHANGES or ids >= MOST_IDS
            full = full or self._member_count >= MOST_MEMBERS
        return position

    def go_on(self, group: str, ids: Sequence[str]) -> None:
        """Tell more members of a group that is larger than a page."""
        part, self.rest = tuple(ids[:MOST_MEMBERS]), tuple(ids[MOST_MEMBERS:])
        self.members.append(MemberChange(group, added=part))
        if not self.rest:
            self.last = group

    def _batch(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Return the entries that are looked at together: so many that not too many of them changed."""
        most = MOST_CHANGES - len(self.changes) if self._kind is USER else GROUPS_AT_ONCE
        changed = 0
        for count, entry in enumerate(entries):
            changed += self._is_changed(entry)
            if changed > most:
                return entries[:count]
        return entries

    def _is_changed(self, entry: Entry) -> bool:
        """Whether an entry may have changed since the last import. One without a time always may have."""
        times = entry.values(MODIFIED)
        return not (self._since and times and "" < stamp(times[0]) < self._since)

    def _take(self, batch: Sequence[Entry]) -> int:
        """Tell entries, and return how many had room."""
        keys = [key_of(self._directory.id_of(entry)) for entry in batch]
        changed = {key: entry for key, entry in zip(keys, batch, strict=True) if self._is_changed(entry)}
        read = self._read(changed)
        digests = {key: _digest(entry) for key, entry in read.items() if self._known or self._is_seen_again(entry)}
        news = {key: entry for key, entry in read.items() if digests.get(key) not in self._known}
        told = accounts_of(self._directory, self._kind, list(news.values()))
        accounts = dict(zip(news, told, strict=True))
        for count, (key, entry) in enumerate(zip(keys, batch, strict=True)):
            if self._member_count >= MOST_MEMBERS or (self._is_large(news.get(key)) and (self.changes or count)):
                return count
            if key in accounts:
                self._tell(accounts[key], news[key])
                if self.rest:
                    return count
            elif key in read or key not in changed:
                self.standing.append(Standing(self._kind, self._directory.id_of(entry)))
            # Who was listed and is not there when it is read was deleted in between, and is told as nobody.
            if key in digests and self._is_seen_again(read[key]) and len(self.telling) < MOST_TOLD * _DIGEST:
                self.telling += digests[key]
            self.last = self._directory.id_of(entry)
        return len(batch)

    def _read(self, changed: Mapping[str, Entry]) -> dict[str, Entry]:
        """Return the entries whole, by their ids."""
        if self._question.at_once or not changed:
            return dict(changed)
        ids = [self._directory.id_of(entry) for entry in changed.values()]
        found = self._directory.with_ids(self._kind, ids, self._question.whole(self._directory))
        return {key_of(self._directory.id_of(entry)): entry for entry in found}

    def _is_large(self, entry: Entry | None) -> bool:
        return entry is not None and len(self._held(entry)) > MOST_MEMBERS

    def _held(self, entry: Entry) -> Sequence[bytes]:
        if self._kind is USER or not self._question.reading.memberships:
            return []
        return entry.octets(self._directory.settings.member_attribute)

    def _tell(self, account: Account, entry: Entry) -> None:
        attributes = {
            self._by_alias[name.lower()]: value
            for name, value in account.attributes.items()
            if name.lower() in self._by_alias
        }
        self.changes.append(Change(replace(account, attributes=attributes)))
        if self._kind is GROUP and self._question.reading.memberships:
            self._tell_members(account.remote_id, entry)

    def _tell_members(self, group: str, entry: Entry) -> None:
        """Tell whom a group holds. Who has no room is left for further pages, in the order of ids."""
        held = entry.values(self._directory.settings.member_attribute)
        ids = list(dict.fromkeys(ids_of(self._directory, held).values()))
        self._member_count += len(ids)
        if len(ids) <= MOST_MEMBERS:
            self.members.append(MemberChange(group, added=tuple(ids), whole=True))
            return
        cursor = self._question.cursor
        told = cursor.member if cursor.group == group else ""
        self.go_on(group, [member for member in sorted(ids) if member > told])

    def _is_seen_again(self, entry: Entry) -> bool:
        """Whether the next import will see an entry again for the overlap's sake."""
        times = entry.values(MODIFIED)
        return bool(times and self._again) and stamp(times[0]) >= self._again


def _digest(entry: Entry) -> str:
    """Return what tells an entry with its content, and its time, from any other.

    With its time, because content that came back is no content that never went: a page between may have been stored.
    """
    digest = hashlib.sha256(entry.dn.encode())
    for name in sorted(entry.attributes):
        digest.update(name.encode())
        for value in sorted(entry.octets(name)):
            digest.update(len(value).to_bytes(4) + value)
    return base64.b64encode(digest.digest()[:9]).decode()
