"""An attribute that is declared as a matching attribute: kept by writes, back-filled by a job, taken back by one."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import ObjectKind
from provisioning.directory import backfill as module
from provisioning.directory.backfill import Backfill, Next
from provisioning.directory.declared import DeclarationRefused, DeclaredAttributes
from provisioning.directory.directory import TABLE, Directory
from provisioning.directory.index import MOST_ROWS, is_indexed
from provisioning.directory.indexing import MOST_DECLARED, Declared, IndexState
from provisioning.directory.outbox import Announcement
from provisioning.directory.resources import Resource
from provisioning.storage.store import Storage

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

TITLE = Declared(USER, "title")
NUMBER = Declared(USER, "employeeNumber", ENTERPRISE)
FAMILY = Declared(USER, "name", part="familyName")
WORK = Declared(USER, "phoneNumbers", type="work", part="value", multi=True)
PHONES = Declared(USER, "phoneNumbers", part="value", multi=True)
CODE = Declared(USER, "code", "urn:x:User", case_exact=True)
BADGE = Declared(USER, "badge", "urn:x:User", number=True)

MIRA: dict[str, Any] = {
    "userName": "mira",
    "title": "Analyst",
    "name": {"familyName": "Okafor"},
    "phoneNumbers": [{"type": "work", "value": "+44 1"}, {"type": "home", "value": "+44 2"}],
    ENTERPRISE: {"employeeNumber": "70412"},
    "urn:x:User": {"code": "Ab", "badge": 7},
}


@pytest.fixture
def attributes(storage: Storage) -> DeclaredAttributes:
    """The declared attributes, read anew each time."""
    return DeclaredAttributes(storage, cache_seconds=0)


@pytest.fixture
def directory(storage: Storage, announced: list[Announcement], attributes: DeclaredAttributes) -> Directory:
    """A directory with declared attributes."""

    async def announce(announcement: Announcement) -> None:
        announced.append(announcement)

    return Directory(storage, announce, attributes.in_force)


@pytest.fixture
def job(storage: Storage, directory: Directory, attributes: DeclaredAttributes) -> Backfill:
    """The job, which waits for nobody."""
    return Backfill(storage, directory, attributes, timedelta())


async def run(job: Backfill, declaration_id: str) -> int:
    """Run a job to its end; return in how many steps."""
    steps, following = 0, Next()
    while following is not None:
        steps += 1
        following = await job.step(declaration_id, following.cursor)
    return steps


async def declare(attributes: DeclaredAttributes, job: Backfill, declared: Declared) -> str:
    """Declare an attribute and build its index."""
    made = await attributes.declare(declared)
    await run(job, made.id)
    return made.id


async def found(directory: Directory, declared: Declared, value: str) -> list[str]:
    """The userNames that an index finds."""
    resources = await directory.find(declared.kind, declared.name, value, "entra")
    return sorted(each.document["userName"] for each in resources)


async def rows(storage: Storage, declared: Declared) -> list[str]:
    """The keys of the look-up rows of an attribute."""
    stored = await storage.table(TABLE).query("users", declared.prefix, declared.prefix[:-1] + ";")
    return [row["RowKey"] for row in stored]


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (TITLE, "ANALYST"), (NUMBER, "70412"), (FAMILY, "okafor"), (WORK, "+44 1"), (PHONES, "+44 2"), (CODE, "Ab"),
        (BADGE, "7"), (BADGE, "07"), (BADGE, "7.0"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("later", [False, True])
async def test_it_finds_who_was_stored_before_and_after(
    directory: Directory, attributes: DeclaredAttributes, job: Backfill, declared: Declared, value: str, later: bool
) -> None:
    if not later:
        await directory.create(USER, MIRA, "entra")
    await directory.create(USER, {"userName": "kofi"}, "entra")
    assert not is_indexed(USER, declared.name, await attributes.in_force())
    await declare(attributes, job, declared)
    assert is_indexed(USER, declared.name, await attributes.in_force())
    if later:
        await directory.create(USER, MIRA, "entra")
    assert await found(directory, declared, value) == ["mira"]


@pytest.mark.parametrize(("declared", "value"), [(CODE, "ab"), (WORK, "+44 2"), (TITLE, "analys"), (BADGE, "70")])
async def test_it_finds_nobody_with_another_value(
    directory: Directory, attributes: DeclaredAttributes, job: Backfill, declared: Declared, value: str
) -> None:
    await directory.create(USER, MIRA, "entra")
    await declare(attributes, job, declared)
    assert await found(directory, declared, value) == []


async def test_a_change_and_a_deletion_take_the_old_value_along(
    storage: Storage, directory: Directory, attributes: DeclaredAttributes, job: Backfill
) -> None:
    await declare(attributes, job, TITLE)
    made = await directory.create(USER, MIRA, "entra")
    changed = await directory.replace(made, {**MIRA, "title": "Lead"})
    assert (await found(directory, TITLE, "Analyst"), await found(directory, TITLE, "Lead")) == ([], ["mira"])
    await directory.delete(changed)
    assert await rows(storage, TITLE) == []


async def test_the_job_changes_no_generation_and_announces_nothing(
    directory: Directory, attributes: DeclaredAttributes, job: Backfill, announced: list[Announcement]
) -> None:
    made = await directory.create(USER, MIRA, "entra")
    announced.clear()
    await declare(attributes, job, TITLE)
    read = await directory.get(USER, made.id)
    assert (read.generation, read.modified, read.document) == (made.generation, made.modified, made.document)
    assert announced == []
    assert len(await directory.outbox.oldest(USER)) == 1


async def test_filters_ask_only_an_index_that_is_ready(attributes: DeclaredAttributes, job: Backfill) -> None:
    made = await attributes.declare(TITLE)
    states = []
    for step in (None, attributes.retire):
        if step is not None:
            await step(made.id)
        states.append((await attributes.get(made.id)).declared.state)
        assert not is_indexed(USER, "title", await attributes.in_force())
        await run(job, made.id)
    assert states == [IndexState.BUILDING, IndexState.RETIRING]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of three."""
    monkeypatch.setattr(module, "PAGE", 3)


@pytest.mark.usefixtures("small_pages")
async def test_it_goes_page_by_page_and_tells_its_progress(
    directory: Directory, attributes: DeclaredAttributes, job: Backfill
) -> None:
    for number in range(7):
        await directory.create(USER, {"userName": f"u{number}", "title": "Analyst"}, "entra")
    made = await attributes.declare(TITLE)
    progress, following = [], Next()
    while following is not None:
        following = await job.step(made.id, following.cursor)
        now = await attributes.get(made.id)
        progress.append((now.declared.state, now.done, now.total))
    assert progress == [(IndexState.BUILDING, 3, 7), (IndexState.BUILDING, 6, 7), (IndexState.READY, 7, 7)]
    assert await found(directory, TITLE, "analyst") == [f"u{number}" for number in range(7)]


@pytest.mark.usefixtures("small_pages")
async def test_taken_back_its_rows_are_removed_and_then_itself(
    storage: Storage, directory: Directory, attributes: DeclaredAttributes, job: Backfill
) -> None:
    for number in range(7):
        await directory.create(
            USER, {"userName": f"u{number}", **{n: MIRA[n] for n in ("title", "phoneNumbers")}}, "entra"
        )
    kept = await declare(attributes, job, PHONES)
    made = await declare(attributes, job, TITLE)
    assert len(await rows(storage, TITLE)) == 7
    await attributes.retire(made)
    await run(job, made)
    assert await rows(storage, TITLE) == []
    assert [each.id for each in await attributes.list()] == [kept]
    assert len(await found(directory, PHONES, "+44 2")) == 7
    assert all("title" not in key for user in [each async for each in directory.scan(USER)] for key in user.index_keys)


async def test_while_it_is_taken_back_writes_keep_its_rows_until_every_instance_knows(
    storage: Storage, directory: Directory, attributes: DeclaredAttributes, job: Backfill
) -> None:
    made = await declare(attributes, job, TITLE)
    await attributes.retire(made)
    await directory.create(USER, MIRA, "entra")
    assert len(await rows(storage, TITLE)) == 1
    assert await job.step(made, "") == Next()
    await directory.create(USER, {**MIRA, "userName": "kofi"}, "entra")
    assert len(await rows(storage, TITLE)) == 1


@pytest.mark.usefixtures("small_pages")
async def test_a_job_that_dies_anywhere_is_taken_up_again(
    directory: Directory, attributes: DeclaredAttributes, job: Backfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before or after each of its writes: the same message comes again, as the queue brings it."""
    for number in range(7):
        await directory.create(USER, {"userName": f"u{number}", "title": "Analyst"}, "entra")
    made = await attributes.declare(TITLE)
    monkeypatch.setattr(module, "_MOMENT", timedelta())
    dying = Dying(job._table.transact), Dying(attributes._table.transact)
    monkeypatch.setattr(job._table, "transact", dying[0])
    monkeypatch.setattr(attributes._table, "transact", dying[1])
    died, message, following = 0, "", Next()
    while following is not None:
        message = following.cursor
        while True:
            try:
                following = await job.step(made.id, message)
                break
            except ConnectionError:
                died += 1
    assert died >= 8
    assert (await attributes.get(made.id)).declared.state is IndexState.READY
    assert len(await found(directory, TITLE, "analyst")) == 7


class Dying:
    """A transaction that dies before it is sent, then after, and then lives; for each there is."""

    def __init__(self, transact: Callable[..., Any]) -> None:
        self._transact = transact
        self._calls = 0

    async def __call__(self, operations: Any) -> Any:
        self._calls += 1
        if self._calls % 3 == 1:
            raise ConnectionError
        answer = await self._transact(operations)
        if self._calls % 3 == 2:
            raise ConnectionError
        return answer


@pytest.mark.usefixtures("small_pages")
async def test_a_message_that_came_twice_does_not_start_a_second_walk(
    directory: Directory, attributes: DeclaredAttributes, job: Backfill
) -> None:
    for number in range(7):
        await directory.create(USER, {"userName": f"u{number}", "title": "Analyst"}, "entra")
    made = await attributes.declare(TITLE)
    first = await job.step(made.id, "")
    assert first is not None
    assert await job.step(made.id, "") is None
    both = await asyncio.gather(job.step(made.id, first.cursor), job.step(made.id, first.cursor))
    assert sum(each is not None for each in both) == 1


async def test_a_state_begins_when_every_instance_knows_of_it(
    storage: Storage, directory: Directory, attributes: DeclaredAttributes
) -> None:
    patient = Backfill(storage, directory, attributes, timedelta(seconds=30))
    made = await attributes.declare(TITLE)
    following = await patient.step(made.id, "")
    assert following is not None
    assert timedelta(seconds=25) < following.delay <= timedelta(seconds=30)


async def test_a_job_that_has_not_come_on_is_seen_once(attributes: DeclaredAttributes, job: Backfill) -> None:
    made = await attributes.declare(TITLE)
    assert await attributes.stalled(timedelta(minutes=10)) == []
    assert [each.id for each in await attributes.stalled(timedelta())] == [made.id]
    await run(job, made.id)
    assert await attributes.stalled(timedelta()) == []


async def test_a_write_in_mid_page_loses_neither_the_write_nor_the_rows(
    storage: Storage,
    directory: Directory,
    attributes: DeclaredAttributes,
    job: Backfill,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One is changed, one is deleted and one is made after the page is read; the fourth stays as it was."""
    for number in range(3):
        await directory.create(USER, {"userName": f"u{number}", "title": "Analyst"}, "entra")
    made = await attributes.declare(TITLE)
    users = [each async for each in directory.scan(USER)]
    monkeypatch.setattr(directory, "scan", meddling(storage, directory, users))
    await run(job, made.id)
    assert sorted([await found(directory, TITLE, "Lead"), await found(directory, TITLE, "New")]) == [
        [users[0].document["userName"]],
        ["u9"],
    ]
    assert await found(directory, TITLE, "Analyst") == [users[2].document["userName"]]
    assert len(await rows(storage, TITLE)) == 3


def meddling(storage: Storage, directory: Directory, users: list[Resource]) -> Callable[..., Any]:
    """A scan during which others write."""

    async def scan(*_: Any, **__: Any) -> Any:
        for each in users:
            yield each
        # As an instance would that has not heard of the declaration yet.
        stale = Directory(storage, directory._announce)
        await stale.replace(users[0], {**users[0].document, "title": "Lead"})
        await directory.delete(users[1])
        await directory.create(USER, {"userName": "u9", "title": "New"}, "entra")

    return scan


async def test_a_resource_with_too_many_values_is_stored_and_found_all_the_same(
    storage: Storage, directory: Directory, attributes: DeclaredAttributes, job: Backfill
) -> None:
    """A leaver's change must not fail because of an index."""
    many = {"userName": "many", "phoneNumbers": [{"type": "work", "value": f"+{n}"} for n in range(80)]}
    stored = await directory.create(USER, many, "entra")
    await directory.create(USER, {"userName": "few", "phoneNumbers": [{"value": "+7"}]}, "entra")
    await declare(attributes, job, PHONES)
    await declare(attributes, job, TITLE)
    assert await found(directory, PHONES, "+7") == ["few", "many"]
    again = await directory.get(USER, stored.id)
    changed = await directory.replace(again, {**many, "active": False, "title": "Lead"})
    assert len(changed.index_keys) < MOST_ROWS
    assert await found(directory, TITLE, "Lead") == ["many"]
    await directory.replace(changed, {"userName": "many", "phoneNumbers": [{"value": "+1"}]})
    assert (await found(directory, PHONES, "+7"), await found(directory, PHONES, "+1")) == (["few"], ["many"])


async def test_what_is_declared_again_is_answered_as_it_is(attributes: DeclaredAttributes, job: Backfill) -> None:
    made = await declare(attributes, job, TITLE)
    again = await attributes.declare(TITLE)
    assert (again.id, again.declared.state) == (made, IndexState.READY)
    await attributes.retire(made)
    with pytest.raises(DeclarationRefused, match="just being taken back"):
        await attributes.declare(TITLE)
    await run(job, made)
    assert (await attributes.declare(TITLE)).declared.state is IndexState.BUILDING


async def test_each_kind_has_at_most_ten(attributes: DeclaredAttributes) -> None:
    for number in range(MOST_DECLARED):
        await attributes.declare(Declared(USER, f"a{number}"))
    with pytest.raises(DeclarationRefused, match="take one back first"):
        await attributes.declare(TITLE)
    await attributes.declare(Declared(GROUP, "a", "urn:x:Group"))


async def test_another_instance_keeps_the_rows_as_soon_as_its_cache_is_old(
    storage: Storage, attributes: DeclaredAttributes, announced: list[Announcement]
) -> None:
    other = DeclaredAttributes(storage, cache_seconds=0.3)
    assert (await other.in_force()).declared == ()
    await attributes.declare(TITLE)
    assert (await other.in_force()).declared == ()
    await asyncio.sleep(0.31)
    assert (await other.in_force()).declared == (TITLE,)
