"""After a restore the hub works on: what was written during the backup, what has happened since, who came, who left."""

from datetime import timedelta

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Rejected
from provisioning.backup.restoring import Restore
from provisioning.backup.runs import ORDER, Manifest, Position
from provisioning.backup.saving import Backup
from provisioning.backup.since import Since
from provisioning.directory.resources import Taken
from provisioning.engine.jobs import Job, JobType
from provisioning.storage.entities import Entity, delete, upsert
from provisioning.storage.store import Storage
from tests.engine.conftest import USER, World, empty_world, settings, world

__all__ = ["empty_world", "settings", "world"]

PARTITIONS = {"directory": ("users", "groups"), "links": ("target", "hub")}


async def saved(storage: Storage) -> Manifest:
    backup = Backup(storage, storage.container("backups"), ORDER, timedelta(days=30))
    at: Position | None = backup.begin()
    run = at.run if at else ""
    while at is not None:
        at = await backup.step(at)
    return await Restore(storage, storage.container("backups")).manifest(run)


async def rows(storage: Storage, table: str) -> dict[str, Entity]:
    found = {}
    for partition in PARTITIONS[table]:
        async for row in storage.table(table).scan(partition, "!", "~"):
            found[f"{partition} {row['RowKey']}"] = dict(row)
    return found


async def lose(storage: Storage, table: str, *, beginning: str = "") -> None:
    """Remove the rows of a table, or those whose keys begin so."""
    for name in await rows(storage, table):
        partition, _, key = name.partition(" ")
        if key.startswith(beginning):
            await storage.table(table).transact([delete(partition, key)])


async def restored(world: World, manifest: Manifest, *tables: str, over: bool = False) -> Since:
    """Restore with the connection disabled, and enable it again."""
    storage = world.hub.storage
    await world.hub.connections.enable("target", enabled=False)
    restore = Restore(storage, storage.container("backups"))
    since = await restore.restore(manifest, tables, over=over, progress=lambda *_: None)
    await world.hub.connections.enable("target")
    return since


async def test_rows_that_follow_from_others_are_as_the_hub_writes_them(world: World) -> None:
    mira = await world.user("Mira Łoś", externalId="e/1", emails=[{"value": "m@x.example"}])
    await world.group("staff", mira, await world.user("leo"), await world.group("nested"))
    await world.settle()
    world.target.failure = Rejected("x", code="memory.refused")
    await world.user("waits")
    await world.settle()
    storage = world.hub.storage
    before = {table: await rows(storage, table) for table in PARTITIONS}
    manifest = await saved(storage)
    for table in PARTITIONS:
        await lose(storage, table)
    await restored(world, manifest, *PARTITIONS)
    for table, expected in before.items():
        now = await rows(storage, table)
        uncounted = {key for key in now if " n:" not in key}
        assert uncounted == {key for key in expected if " n:" not in key}
        assert all(now[key].keys() == expected[key].keys() for key in uncounted)
        assert all(now[key] == expected[key] for key in uncounted if not key.startswith("target d:"))
    assert await world.hub.directory.counts.of(USER) == 3
    assert await world.hub.directory.counts.of(ObjectKind.GROUP) == 2


async def test_somebody_who_was_renamed_while_the_backup_ran_can_be_changed_after_a_restore(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    storage = world.hub.storage
    page = storage.table("directory").page
    written = await page()
    await world.patch(mira, userName="mira.new")
    renamed = await page()
    # The document as it was before, the index as it was after.
    torn = [row for row in written[0] if row["RowKey"].startswith("d:")]
    torn += [row for row in renamed[0] if not row["RowKey"].startswith("d:")]

    class Torn:
        def table(self, _: str) -> "Torn":
            return self

        async def page(self, _: str) -> tuple[list[Entity], str]:
            return torn, ""

    backup = Backup(Torn(), storage.container("backups"), ("directory",), None)  # type: ignore[arg-type]
    at = backup.begin()
    assert await backup.step(at) is None
    manifest = await Restore(storage, storage.container("backups")).manifest(at.run)
    await lose(storage, "directory")
    await restored(world, manifest, "directory")
    assert (await world.hub.directory.get(USER, mira.id)).document["userName"] == "mira"
    await world.patch(mira, userName="mira.new")
    assert await world.hub.directory.find(USER, "userName", "mira.new", "entra")
    assert not await world.hub.directory.find(USER, "userName", "mira", "entra")


async def test_somebody_renamed_since_can_be_renamed_again_after_restoring_over(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    manifest = await saved(world.hub.storage)
    await world.patch(mira, userName="mira.new")
    await world.settle()
    await restored(world, manifest, "directory", over=True)
    await world.patch(mira, userName="mira.new")
    await world.settle()
    assert world.account("mira.new")


async def test_who_came_since_is_as_before_after_restoring_over(world: World) -> None:
    mira = await world.user("mira")
    staff = await world.group("staff", mira)
    await world.settle()
    manifest = await saved(world.hub.storage)
    came = [await world.user(f"came{number}") for number in range(12)]
    await world.hub.directory.change_members(staff.id, add=[each.id for each in came])
    await world.settle()
    await restored(world, manifest, "directory", over=True)
    for each in came:
        assert await world.hub.directory.find(USER, "userName", str(each.document["userName"]), "entra")
        assert [group async for group in world.hub.directory.memberships.groups_of(each.id)] == [staff.id]
        await world.patch(each, userName=f"new.{each.id}")


@pytest.mark.parametrize("over", [True, False])
async def test_of_two_who_had_a_name_in_turn_the_later_keeps_it_and_both_can_be_changed(
    world: World, over: bool
) -> None:
    mira = await world.user("mira")
    await world.settle()
    storage = world.hub.storage
    document = await storage.table("directory").get("users", f"d:{mira.id}")
    assert document is not None
    if over:
        manifest = await saved(storage)
    await world.patch(mira, userName="mira.old")
    namesake = await world.user("mira")
    await world.settle()
    if not over:  # as a run that read the one before the rename and the other after it
        await storage.table("directory").transact([upsert(document)])
        manifest = await saved(storage)
        await lose(storage, "directory")
    since = await restored(world, manifest, "directory", over=over)
    assert since.unnamed == [mira.id]
    (found,) = await world.hub.directory.find(USER, "userName", "mira", "entra")
    assert found.id == namesake.id
    with pytest.raises(Taken):
        await world.patch(mira, title="Lead")
    await world.patch(mira, userName="mira.old", title="Lead")
    await world.patch(namesake, userName="mira.new")
    await world.settle()
    assert {account.name for account in world.target.accounts.values()} == {"mira.old", "mira.new"}


async def test_of_two_links_to_one_account_the_one_of_who_is_there_keeps_it(world: World) -> None:
    await world.change(deletion="deactivate")
    mira = await world.user("mira", active=True)
    await world.settle()
    await world.delete(mira)
    await world.settle()
    storage = world.hub.storage
    before = await storage.table("links").get("target", f"l:{mira.id}")
    assert before is not None
    again = await world.user("mira", active=True)
    await world.settle()
    account = (await world.link(again)).remote_id
    assert before["remoteId"] == account
    # As a run that read the one link before the account was handed over, and the other after it.
    await storage.table("links").transact([upsert(before)])
    manifest = await saved(storage)
    await lose(storage, "links")
    await restored(world, manifest, "links")
    assert await world.hub.links.owner("target", account) == again.id
    assert (await world.link(mira)).remote_id == ""
    world.target.remove(world.target.accounts[account])
    await world.patch(again, displayName="Mira")
    await world.settle()
    assert world.account("mira")


async def test_a_link_whose_clock_was_wound_while_the_backup_ran_is_settled_after_a_restore(world: World) -> None:
    world.target.failure = Rejected("x", code="memory.refused")
    mira = await world.user("mira")
    await world.settle()
    storage = world.hub.storage
    await lose(storage, "links", beginning="d:")  # as a run that read the clocks before they were set
    manifest = await saved(storage)
    await lose(storage, "links")
    await restored(world, manifest, "links")
    world.target.failure = None
    await world.patch(mira, displayName="Mira")
    await world.settle()
    assert world.account("mira")


async def test_who_was_deleted_since_the_backup_stays_deleted(world: World) -> None:
    mira, leo = await world.user("mira"), await world.user("leo")
    staff = await world.group("staff", mira, leo)
    await world.settle()
    manifest = await saved(world.hub.storage)
    await world.delete(mira)
    await world.settle()
    await lose(world.hub.storage, "directory")
    since = await restored(world, manifest, "directory")
    assert since.left_out == [mira.id]
    await world.patch(staff, displayName="Staff")
    await world.settle()
    assert world.account("mira") is None
    assert world.members("Staff") == {"leo"}
    assert [member async for member in world.hub.directory.memberships.members(staff.id)] == [leo.id]


async def test_who_was_deactivated_since_the_backup_comes_back_inactive(world: World) -> None:
    mira, leo = await world.user("mira", active=True), await world.user("leo", active=True)
    await world.settle()
    manifest = await saved(world.hub.storage)
    await world.patch(mira, active=False)
    await world.settle()
    await lose(world.hub.storage, "directory")
    since = await restored(world, manifest, "directory")
    assert since.deactivated == [mira.id]
    assert (await world.hub.directory.get(USER, mira.id)).document["active"] is False
    assert (await world.hub.directory.get(USER, leo.id)).document["active"] is True
    await world.patch(mira, displayName="Mira")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    assert account.active is False


async def test_the_account_of_somebody_who_came_since_is_linked_when_they_come_again(world: World) -> None:
    manifest = await saved(world.hub.storage)
    mira = await world.user("mira")
    await world.settle()
    account = world.account("mira")
    assert account is not None
    await lose(world.hub.storage, "directory")
    since = await restored(world, manifest, "directory")
    assert since.let_go == [mira.id]
    again = await world.user("mira")
    await world.settle()
    assert (await world.link(again)).remote_id == account.remote_id
    assert len(world.target.accounts) == 1


async def test_a_deletion_that_no_connection_knows_of_yet_is_still_told_after_a_restore(world: World) -> None:
    mira = await world.user("mira")
    await world.settle()
    await world.delete(mira)
    await world.lose()
    manifest = await saved(world.hub.storage)
    await lose(world.hub.storage, "directory")
    assert (await restored(world, manifest, "directory")).let_go == []
    await world.run([Job(JobType.CONVERGE, "target", USER, mira.id)])
    assert world.account("mira") is None
