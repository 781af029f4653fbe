"""The report is searched by person, connection and time; newest first, in pages, at the price of what it returns."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.reports.entries import Action, Entry, Status
from provisioning.reports.search import Reports
from provisioning.storage.store import Storage

START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
async def reports(storage: Storage) -> Reports:
    """Sixty entries, one a minute: two connections in turn, three people in turn, the third being also a member."""
    table = storage.table("links")
    for number in range(60):
        entry = Entry(
            START + timedelta(minutes=number),
            ("ldap", "graph")[number % 2],
            Action.ADD_MEMBER if number % 3 == 2 else Action.UPDATE,
            Status.SUCCESS,
            "User",
            f"u-{number % 3}" if number % 3 < 2 else "g-1",
            member_id="u-2" if number % 3 == 2 else "",
            changes={"title": (None, str(number))},
            reason=f"{number}",
        )
        await table.transact(entry.rows())

    async def partitions() -> list[str]:
        return ["ldap", "graph", "hub"]

    async def ids_of_name(name: str) -> list[str]:
        return ["u-0", "u-1"] if name == "mira" else []

    return Reports(table, partitions, ids_of_name)


def numbers(entries: tuple[Entry, ...]) -> list[int]:
    return [int(entry.reason) for entry in entries]


async def test_everything_newest_first_in_pages_that_neither_repeat_nor_miss(reports: Reports) -> None:
    seen: list[int] = []
    cursor = ""
    while True:
        page = await reports.search(limit=7, cursor=cursor)
        seen += numbers(page.entries)
        cursor = page.cursor
        if not cursor:
            break
    assert seen == list(range(59, -1, -1))


async def test_by_person_including_memberships_and_former_names(reports: Reports) -> None:
    assert numbers((await reports.search(person="u-0")).entries) == list(range(57, -1, -3))
    assert numbers((await reports.search(person="u-2")).entries) == list(range(59, 1, -3))
    assert numbers((await reports.search(person="g-1")).entries) == list(range(59, 1, -3))
    assert len((await reports.search(person="mira", limit=100)).entries) == 40
    assert (await reports.search(person="nobody")).entries == ()


async def test_by_connection_and_timespan(reports: Reports) -> None:
    found = await reports.search(
        connection="ldap", since=START + timedelta(minutes=10), until=START + timedelta(minutes=20)
    )
    assert numbers(found.entries) == [20, 18, 16, 14, 12, 10]


async def test_an_entry_comes_back_as_it_was_written(reports: Reports) -> None:
    entry = (await reports.search(limit=1)).entries[0]
    assert (entry.connection, entry.action, entry.status) == ("graph", Action.ADD_MEMBER, Status.SUCCESS)
    assert (entry.resource_id, entry.member_id) == ("g-1", "u-2")
    assert entry.changes == {"title": (None, "59")}
    assert entry.when == START + timedelta(minutes=59)


async def test_entries_past_their_time_go_with_all_their_rows(reports: Reports) -> None:
    keep = datetime.now(UTC) - (START + timedelta(minutes=29, seconds=30))
    assert await reports.expire(keep) == 70
    assert numbers((await reports.search(limit=100)).entries) == list(range(59, 29, -1))
    assert min(numbers((await reports.search(person="u-0", limit=100)).entries)) == 30
    rows = [row["RowKey"] async for row in reports.table.scan("ldap", "e:", "e;")]
    assert len(rows) == 35


def test_long_values_are_cut_and_many_changes_bounded() -> None:
    entry = Entry(
        START, "ldap", Action.UPDATE, Status.SUCCESS, changes={f"a{n}": ("x" * 5000, None) for n in range(100)}
    )
    (operation,) = entry.rows()
    assert len(operation.entity["changes"]) <= 32_000
