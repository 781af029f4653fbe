"""A small importer: folds the pages of a stream into a picture of the system, as the hub does, to compare with it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace

from connectors.contract import Account, Change, Connector, MemberChange, ObjectKind, Page, Reading, Reference, Value
from connectors.errors import NotFound
from connectors.testing.samples import GROUP, USER, SampleNames, eventually

MOST_CURSOR_BYTES = 32 * 1024
MOST_MEMBERS = 5_000
MOST_ACCOUNTS = 1_000


@dataclass(slots=True)
class Picture:
    """What is known of a system from the pages that were folded in, and the cursor to go on from.

    It holds all that must survive a crash between two pages: while a snapshot lasts also who was seen in it.
    """

    cursor: str | None = None
    accounts: dict[str, Account] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    restorable: set[str] = field(default_factory=set)
    _seen: set[str] | None = None
    """Who was seen since a snapshot began; nothing outside of one."""
    _unchanged: set[str] = field(default_factory=set)
    """The groups that the snapshot says to stand unchanged: who is not named in them is still in."""
    _members: dict[str, set[str]] = field(default_factory=dict)
    """The members that the snapshot has named, of the groups that do not stand unchanged."""

    def fold(self, page: Page) -> None:
        """Take a page in."""
        if page.starts:
            self._seen, self._unchanged, self._members = set(), set(), {}
        for change in page.changes:
            self._account(change)
        for standing in page.standing:
            self._see(standing.remote_id)
            self._unchanged.add(standing.remote_id)
        for members in page.members:
            self._group(members)
        if page.complete:
            self._complete()
        self.cursor = page.cursor

    def _see(self, remote_id: str) -> None:
        if self._seen is not None:
            self._seen.add(remote_id)

    def _account(self, change: Change) -> None:
        account = change.account
        if change.gone:
            self._forget(account.remote_id)
            if change.restorable:
                self.restorable.add(account.remote_id)
            return
        self._see(account.remote_id)
        self._unchanged.discard(account.remote_id)
        self.restorable.discard(account.remote_id)
        before = self.accounts.get(account.remote_id)
        if change.partial and before is not None:
            account = replace(
                before,
                name=account.name or before.name,
                attributes={**before.attributes, **account.attributes},
                active=before.active if account.active is None else account.active,
            )
        self.accounts[account.remote_id] = account

    def _group(self, change: MemberChange) -> None:
        assert not set(change.added) & set(change.removed), "somebody came and left at once"
        for held in (self.members, self._members) if self._seen is not None else (self.members,):
            kept = set() if change.whole else held.setdefault(change.group, set())
            held[change.group] = (kept | set(change.added)) - set(change.removed)

    def _complete(self) -> None:
        """Absence from a complete snapshot is a deletion, and that of a member a leave."""
        assert self._seen is not None, "a page completes a snapshot that has not begun"
        for remote_id in set(self.accounts) - self._seen:
            self._forget(remote_id)
        for remote_id, account in self.accounts.items():
            if account.kind is GROUP and remote_id not in self._unchanged:
                self.members[remote_id] = set(self._members.get(remote_id, ()))
        self._seen = None

    def _forget(self, remote_id: str) -> None:
        self.accounts.pop(remote_id, None)
        self.members.pop(remote_id, None)
        for held in (*self.members.values(), *self._members.values()):
            held.discard(remote_id)
        if self._seen is not None:
            self._seen.discard(remote_id)

    def value(self, account: Account, attribute: str) -> Value:
        """Return an attribute; who or what is not there is ``None``, and a single value stands alone."""
        held = self.accounts.get(account.remote_id)
        return plain(held.attributes.get(attribute)) if held else None

    def active(self, account: Account) -> bool | None:
        """Return whether a user is active; ``None`` for one who is not there."""
        held = self.accounts.get(account.remote_id)
        return held.active if held else None

    def of(self, group: Account) -> set[str]:
        """Return the members of a group."""
        return self.members.get(group.remote_id, set())

    def has(self, account: Account) -> bool:
        """Return whether an account is in the picture."""
        return account.remote_id in self.accounts

    def copy(self) -> "Picture":
        """Return what a process that died here would have left."""
        return deepcopy(self)


class Importer:
    """Reads a system through a connector, page by page."""

    def __init__(self, connector: Connector, names: SampleNames, picture: Picture | None = None) -> None:
        self.connector = connector
        self.names = names
        self.picture = picture or Picture()
        users = (names.login, names.display_name, names.title, names.multivalued, names.reference)
        groups = (names.group_name, names.group_description)
        self.attributes: Mapping[ObjectKind, tuple[str, ...]] = {
            USER: tuple(name for name in users if name is not None),
            GROUP: tuple(name for name in groups if name is not None),
        }
        self.reading = Reading(attributes=self.attributes)

    async def run(self, most: int | None = None) -> list[Page]:
        """Read one stream to its end, or at most so many pages, and fold each page in; see what holds of every page."""
        pages: list[Page] = []
        async with reading(self.connector, self.picture.cursor, self.reading) as stream:
            async for page in stream:
                self._check(page)
                pages.append(page)
                self.picture.fold(page)
                if len(pages) == most:
                    break
        assert pages, "a stream has at least one page: its cursor is where the next import begins"
        if most is None:
            assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
        return pages

    def _check(self, page: Page) -> None:
        assert page.cursor, "every page has a cursor"
        assert len(page.cursor.encode()) <= MOST_CURSOR_BYTES, "a cursor is stored in one property of a table"
        assert not [secret for secret in self.names.secrets if secret in page.cursor], "a cursor holds no secret"
        assert len(page.changes) + len(page.standing) <= MOST_ACCOUNTS * 5, "a page is bounded"
        assert sum(len(each.added) + len(each.removed) for each in page.members) <= MOST_MEMBERS * 2

    async def until(self, holds: Callable[[Picture], bool]) -> None:
        """Import until the picture shows something, for as long as a change may stay unseen."""

        async def look() -> bool:
            await self.run()
            return holds(self.picture)

        assert await eventually(self.names.patience, look), "the change does not show in an import"

    async def agrees(self, *accounts: Account) -> None:
        """Demand that the picture of these accounts is what ``read`` and ``members`` say."""
        for account in accounts:
            try:
                standing = await self.connector.read(account.kind, account.remote_id)
            except NotFound:
                assert not self.picture.has(account), f"{account.name} is gone, and the picture still has it"
                continue
            assert self.picture.has(account), f"{account.name} stands, and the picture does not have it"
            asked = self.attributes[account.kind]
            seen = {name: self.picture.value(account, name) for name in asked}
            assert seen == {name: plain(standing.attributes.get(name)) for name in asked}
            assert self.picture.active(account) == standing.active
            assert self.picture.accounts[account.remote_id].kind is account.kind
            if account.kind is GROUP and self.connector.capabilities.memberships:
                assert self.picture.of(account) == set(await self.connector.members(account.remote_id))


@asynccontextmanager
async def reading(connector: Connector, cursor: str | None, asked: Reading) -> AsyncIterator[AsyncIterator[Page]]:
    """Read a stream, and close it where it was not read to its end."""
    stream = connector.changes(cursor, asked)
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


def plain(value: Value) -> Value:
    """Return a value so that equal ones compare equal: lists sorted, one value alone, nothing as ``None``."""
    if isinstance(value, tuple):
        return None if not value else value[0] if len(value) == 1 else tuple(sorted(value))
    return value


def about(pages: list[Page], *accounts: Account) -> list[Change | MemberChange]:
    """Return what pages tell about accounts: changes of theirs, and of the members of theirs."""
    ids = {account.remote_id for account in accounts}
    changes = [change for page in pages for change in page.changes if change.account.remote_id in ids]
    members = [change for page in pages for change in page.members if change.group in ids]
    return [*changes, *members]


def points_at(account: Account) -> Reference:
    """Return a reference to a user."""
    return Reference(USER, account.remote_id)
