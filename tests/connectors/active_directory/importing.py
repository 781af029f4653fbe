"""What the tests of imports share: reading a stream to its end, and looking at it for some accounts only."""

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, field

from connectors.active_directory import ActiveDirectoryConnector
from connectors.contract import Change, Page, Reading
from tests.connectors.active_directory.conftest import GROUP, USER

READING = Reading(attributes={USER: ("userPrincipalName", "title", "mail", "manager"), GROUP: ("cn", "description")})


@dataclass
class Import:
    """One stream that was read to its end."""

    pages: list[Page] = field(default_factory=list)

    @property
    def cursor(self) -> str:
        return self.pages[-1].cursor

    @property
    def note(self) -> str:
        return self.pages[0].note

    @property
    def starts(self) -> bool:
        return self.pages[0].starts

    @property
    def changes(self) -> list[Change]:
        return [change for page in self.pages for change in page.changes]

    @property
    def standing(self) -> set[str]:
        return {standing.remote_id for page in self.pages for standing in page.standing}

    def of(self, remote_id: str) -> list[Change]:
        """Return what was told of one account."""
        return [change for change in self.changes if change.account.remote_id == remote_id]

    def told(self, *remote_ids: str) -> set[str]:
        """Return those of the ids of which anything was told."""
        return {change.account.remote_id for change in self.changes} & set(remote_ids)

    def members(self, group: str) -> tuple[set[str], set[str]]:
        """Return who came into a group and who left it."""
        told = [change for page in self.pages for change in page.members if change.group == group]
        return {i for change in told for i in change.added}, {i for change in told for i in change.removed}


async def read(connector: ActiveDirectoryConnector, cursor: str | None = None, reading: Reading = READING) -> Import:
    """Read a stream to its end; see what holds of every stream."""
    pages = [page async for page in connector.changes(cursor, reading)]
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
    assert all(not page.starts and not page.note for page in pages[1:])
    assert pages[-1].complete == pages[0].starts
    return Import(pages)


async def read_pages(
    connector: ActiveDirectoryConnector, cursor: str | None, count: int, reading: Reading = READING
) -> list[Page]:
    """Read so many pages of a stream, and leave it."""
    pages: list[Page] = []
    async with aclosing(connector.changes(cursor, reading)) as stream:  # type: ignore[type-var]  # a generator
        async for page in stream:
            pages.append(page)
            if len(pages) == count:
                break
    return pages


def ids(changes: Iterable[Change]) -> list[str]:
    return [change.account.remote_id for change in changes]
