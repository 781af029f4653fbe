"""Imports by uSNChanged from a real domain: whole objects in windows, one controller's own numbers, and who is gone."""

import json
import struct
from collections.abc import AsyncIterator

import pytest

from connectors.active_directory import ActiveDirectoryConnector, usn
from connectors.ldap_client.library import MODIFY_REPLACE
from connectors.ldap_client.session import Entry, Session
from connectors.testing import SampleNames
from connectors.testing.imports import ImportRules
from sandbox.samba import GROUPS, READER, USERS, Samba
from sandbox.samba_template import BASE
from tests.connectors.active_directory.conftest import GROUP, USER, Opening, settings_for, word
from tests.connectors.active_directory.importing import READING, ids, read, read_pages
from tests.connectors.active_directory.test_ad_changes_dirsync import a_user, move
from tests.connectors.active_directory.test_ad_contract import names_of
from tests.connectors.active_directory.test_ad_members import a_group, make_primary, some_users


@pytest.fixture
def connector(opened: Opening) -> ActiveDirectoryConnector:
    return opened(import_by="usn")


@pytest.fixture
def reader(samba: Samba, opened: Opening) -> ActiveDirectoryConnector:
    """One whose account may read, but neither use DirSync nor list deleted objects."""
    return opened(bind_user=READER, bind_password=samba.reader_password)


@pytest.mark.samba
class TestImportRulesByUsn(ImportRules):
    """The contract's rules about imports hold for this way, too."""

    title = "Active Directory (Samba), imports by uSNChanged"

    @pytest.fixture
    async def connector(self, samba: Samba) -> AsyncIterator[ActiveDirectoryConnector]:  # type: ignore[override]  # needs the server
        self.server = samba
        connector = ActiveDirectoryConnector.open(settings_for(samba, import_by="usn"))
        yield connector
        await connector.close()

    @pytest.fixture
    def names(self, samba: Samba) -> SampleNames:
        return names_of(samba)

    async def another(self) -> ActiveDirectoryConnector:
        return ActiveDirectoryConnector.open(settings_for(self.server, import_by="usn"))


@pytest.mark.samba
class TestChanges:
    async def test_the_first_import_is_a_snapshot_and_says_of_which_controller(
        self, connector: ActiveDirectoryConnector
    ) -> None:
        user = await a_user(connector, title="Engineer")
        group = await a_group(connector, user.remote_id)
        first = await read(connector)
        assert first.starts
        assert first.note.endswith("by uSNChanged of dc1.corp.example.test.")
        assert first.of(user.remote_id)[0].account.attributes["title"] == "Engineer"
        assert first.members(group.remote_id) == ({user.remote_id}, set())
        assert all(change.account.name.endswith((USERS, GROUPS)) for change in first.changes)
        second = await read(connector, first.cursor)
        assert (second.changes, second.note, len(second.pages)) == ([], "", 1)

    async def test_who_changed_is_told_whole(self, connector: ActiveDirectoryConnector) -> None:
        user = await a_user(connector, title="Engineer", mail="a@b.test")
        first = await read(connector)
        await connector.update(USER, user.remote_id, {"mail": None})
        await connector.deactivate(user.remote_id)
        (change,) = (await read(connector, first.cursor)).changes
        assert (change.partial, change.account.active) == (False, False)
        assert change.account.attributes["title"] == "Engineer"
        assert "mail" not in change.account.attributes

    async def test_deleted_and_moved_ones_are_gone_and_changed_strangers_are_not_told(
        self, connector: ActiveDirectoryConnector, admin: Session
    ) -> None:
        leaver, mover, stranger = [await a_user(connector) for _ in range(3)]
        group = await a_group(connector)
        move(admin, stranger, f"CN=Users,{BASE}")
        first = await read(connector)
        await connector.delete(USER, leaver.remote_id)
        await connector.delete(GROUP, group.remote_id)
        move(admin, mover, f"CN=Users,{BASE}")
        admin.modify(f"<GUID={stranger.remote_id}>", {"title": [(MODIFY_REPLACE, [b"Stranger"])]})
        second = await read(connector, first.cursor)
        assert sorted(ids(second.changes)) == sorted([leaver.remote_id, group.remote_id, mover.remote_id])
        assert all(change.gone for change in second.changes)
        assert not any(change.restorable for change in second.of(mover.remote_id))
        move(admin, mover, USERS)
        (change,) = (await read(connector, second.cursor)).of(mover.remote_id)
        assert not change.gone

    async def test_one_who_is_restored_is_told_again(self, connector: ActiveDirectoryConnector) -> None:
        user = await a_user(connector)
        await connector.delete(USER, user.remote_id)
        first = await read(connector)
        await connector.restore(USER, user.remote_id)
        (change,) = (await read(connector, first.cursor)).of(user.remote_id)
        assert not change.gone

    async def test_primary_groups_are_memberships(self, connector: ActiveDirectoryConnector, admin: Session) -> None:
        user, other = await some_users(connector, 2)
        group = await a_group(connector, user, other)
        first = await read(connector)
        make_primary(admin, user, group)
        second = await read(connector, first.cursor)
        assert second.members(group.remote_id)[0] == {user, other}

    async def test_a_moved_unit_starts_everything_anew_and_a_changed_one_does_not(
        self, connector: ActiveDirectoryConnector, admin: Session
    ) -> None:
        unit = word()
        first = await read(connector)
        admin.add(f"OU={unit},{USERS}", ["organizationalUnit"], {}, "objectGUID")
        user = await a_user(connector)
        move(admin, user, f"OU={unit},{USERS}")
        second = await read(connector, first.cursor)
        admin.modify(f"OU={unit},{USERS}", {"description": [(MODIFY_REPLACE, [b"Changed"])]})
        third = await read(connector, second.cursor)
        assert not second.starts
        assert not third.starts
        admin.rename(f"OU={unit},{USERS}", f"OU={unit}", parent=f"OU=Services,{BASE}")
        fourth = await read(connector, third.cursor)
        assert fourth.starts
        assert fourth.note.startswith("An organizational unit was moved or renamed.")
        assert fourth.told(user.remote_id) == set()


@pytest.mark.samba
class TestTakingUp:
    async def test_who_changes_moves_or_goes_while_a_snapshot_is_read_is_not_lost(
        self, connector: ActiveDirectoryConnector, admin: Session
    ) -> None:
        leaver, mover, changed = [await a_user(connector, title="Engineer") for _ in range(3)]
        begun = await read_pages(connector, None, 1)
        newcomer = await a_user(connector)
        await connector.update(USER, changed.remote_id, {"title": "Lead"})
        await connector.delete(USER, leaver.remote_id)
        move(admin, mover, f"CN=Users,{BASE}")
        rest = [page async for page in connector.changes(begun[-1].cursor, READING)]
        assert rest[-1].complete
        changes = [change for page in (*begun, *rest) for change in page.changes]
        last = {change.account.remote_id: change for change in changes}
        assert newcomer.remote_id in last
        assert last[changed.remote_id].account.attributes["title"] == "Lead"
        assert last[leaver.remote_id].gone
        assert last[mover.remote_id].gone

    async def test_another_controller_starts_anew_and_says_so(self, connector: ActiveDirectoryConnector) -> None:
        cursor = json.loads((await read(connector)).cursor)
        service, _, _ = cursor["dc"].partition("|")
        for held in (f"{service}|00000000-0000-0000-0000-000000000000", "CN=NTDS Settings,CN=DC9,CN=Servers|0"):
            told = await read(connector, json.dumps(cursor | {"dc": held, "host": "dc9.corp.example.test"}))
            assert told.starts
            assert told.note.startswith(
                "Another domain controller answers than dc9.corp.example.test, and it counts changes differently. "
                "Everything is read"
            )
            assert not (await read(connector, told.cursor)).starts

    async def test_the_controller_of_the_cursor_is_asked_first(self, samba: Samba, opened: Opening) -> None:
        both = opened(import_by="usn", host=f"{samba.address}, localhost", port=636)
        cursor = json.loads((await read(both)).cursor)
        assert cursor["host"] == samba.address
        # Nobody listens at localhost: the cursor's host is tried first, and what does not answer is passed over.
        told = await read(both, json.dumps(cursor | {"host": "localhost"}))
        assert not told.starts
        assert json.loads(told.cursor)["host"] == samba.address


@pytest.mark.samba
class TestWithoutDeletedObjects:
    async def test_who_stands_unchanged_is_named_and_who_is_not_named_is_gone(
        self, connector: ActiveDirectoryConnector, reader: ActiveDirectoryConnector
    ) -> None:
        user, leaver, changed = [await a_user(connector, title="Engineer") for _ in range(3)]
        group = await a_group(connector, user.remote_id)
        first = await read(reader)
        assert first.starts
        assert first.told(user.remote_id, leaver.remote_id) == {user.remote_id, leaver.remote_id}
        await connector.delete(USER, leaver.remote_id)
        await connector.update(USER, changed.remote_id, {"title": "Lead"})
        newcomer = await a_user(connector)
        second = await read(reader, first.cursor)
        assert second.starts
        assert "every import compares all accounts" in second.note
        assert set(ids(second.changes)) == {changed.remote_id, newcomer.remote_id}
        assert second.standing >= {user.remote_id, group.remote_id}
        assert not second.standing & {leaver.remote_id, changed.remote_id}
        assert not any(page.members for page in second.pages), "unchanged groups keep their members"
        await connector.change_members(group.remote_id, [changed.remote_id], [])
        third = await read(reader, second.cursor)
        assert ids(third.changes) == [group.remote_id]
        assert third.members(group.remote_id)[0] == {user.remote_id, changed.remote_id}


class TestWindows:
    def test_metadata_tells_when_the_name_was_given(self) -> None:
        """Recorded of an organizational unit: objectClass, name and description, with their local numbers."""
        rows = [(0x0, 1, 3500), (0x90001, 2, 4100), (0xD, 1, 4200)]
        vector = struct.pack("<IIII", 1, 0, len(rows), 0)
        vector += b"".join(struct.pack("<IIQ16sQQ", a, v, 0, bytes(16), local, local) for a, v, local in rows)
        entry = Entry("OU=x", {"replPropertyMetaData": [vector]})
        assert usn.renamed_since(entry, 4099)
        assert not usn.renamed_since(entry, 4100)

    @pytest.mark.parametrize(
        "held", [[], [b""], [struct.pack("<IIII", 1, 0, 9, 0)], [struct.pack("<IIII", 1, 0, 0, 0)]]
    )
    def test_metadata_that_cannot_be_read_may_mean_a_rename(self, held: list[bytes]) -> None:
        assert usn.renamed_since(Entry("OU=x", {"replPropertyMetaData": held}), 1)
