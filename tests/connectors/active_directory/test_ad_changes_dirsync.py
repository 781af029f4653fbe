"""Imports by DirSync from a real domain: what changed and only that, who came and went, and what starts it all anew."""

import asyncio
import json
from dataclasses import replace

import pytest

from connectors.active_directory import ActiveDirectoryConnector, dirsync, reading
from connectors.active_directory.cursors import parse_cursor
from connectors.contract import Account, MemberChange, Reading, Reference
from connectors.errors import Misconfigured
from connectors.ldap_client.library import MODIFY_ADD, MODIFY_REPLACE
from connectors.ldap_client.session import Session
from sandbox.samba import DISABLED, GROUPS, READER, SERVICE_ACCOUNT, USERS, Samba
from sandbox.samba_template import BASE
from tests.connectors.active_directory.conftest import GROUP, USER, Opening, person, upn, word
from tests.connectors.active_directory.importing import READING, ids, read, read_pages
from tests.connectors.active_directory.test_ad_members import a_group, make_primary, some_users

pytestmark = pytest.mark.samba


@pytest.fixture
def connector(opened: Opening) -> ActiveDirectoryConnector:
    return opened(import_by="dirsync")


async def a_user(connector: ActiveDirectoryConnector, **more: object) -> Account:
    return await connector.create(USER, person(word(), **more), active=True)


def move(admin: Session, account: Account, parent: str) -> None:
    entry = admin.read(f"<GUID={account.remote_id}>", ["1.1"])
    assert entry is not None
    admin.rename(entry.dn, entry.dn.partition(",")[0], parent=parent)


class TestFirstImport:
    async def test_it_is_a_complete_snapshot_of_persons_and_groups_below_the_ous(
        self, connector: ActiveDirectoryConnector, admin: Session
    ) -> None:
        boss = await a_user(connector)
        user = await a_user(connector, title="Engineer", manager=Reference(USER, boss.remote_id))
        inactive = await connector.create(USER, person(word()), active=False)
        group = await a_group(connector, user.remote_id, boss.remote_id)
        computer, contact = f"CN={word()},{USERS}", f"CN={word()},{USERS}"
        admin.add(computer, ["computer"], {"sAMAccountName": [f"{word()}$".encode()]}, "objectGUID")
        admin.add(contact, ["contact"], {}, "objectGUID")
        admin.modify(group.name, {"member": [(MODIFY_ADD, [computer.encode(), contact.encode()])]})
        told = await read(connector)
        assert told.starts
        assert told.note == "Everything is read, and from then on what changes, by DirSync."
        (change,) = told.of(user.remote_id)
        assert not change.partial
        assert change.account.active is True
        assert dict(change.account.attributes) == {
            "userPrincipalName": user.attributes["userPrincipalName"],
            "title": "Engineer",
            "manager": Reference(USER, boss.remote_id),
        }
        assert told.of(inactive.remote_id)[0].account.active is False
        assert told.of(group.remote_id)[0].account.attributes["cn"] == group.attributes["cn"]
        assert told.members(group.remote_id)[0] == {user.remote_id, boss.remote_id}
        names = {change.account.name for change in told.changes}
        assert not names & {computer, contact, SERVICE_ACCOUNT}
        assert all(name.endswith((USERS, GROUPS)) for name in names)

    async def test_the_next_one_holds_what_changed(self, connector: ActiveDirectoryConnector) -> None:
        await a_user(connector)
        first = await read(connector)
        user = await a_user(connector)
        second = await read(connector, first.cursor)
        assert not second.starts
        assert second.note == ""
        assert ids(second.changes) == [user.remote_id]
        third = await read(connector, second.cursor)
        assert (third.changes, len(third.pages)) == ([], 1)


class TestChanges:
    async def test_a_change_names_what_changed_and_clears_what_was_cleared(
        self, connector: ActiveDirectoryConnector
    ) -> None:
        boss = await a_user(connector)
        user = await a_user(connector, title="Engineer", mail="a@b.test", manager=Reference(USER, boss.remote_id))
        first = await read(connector)
        await connector.update(USER, user.remote_id, {"title": "Lead", "mail": None, "manager": None})
        second = await read(connector, first.cursor)
        (change,) = second.of(user.remote_id)
        assert change.partial
        assert dict(change.account.attributes) == {"title": "Lead", "mail": None, "manager": None}
        assert change.account.active is None

    async def test_what_nobody_asked_for_is_no_change(self, connector: ActiveDirectoryConnector) -> None:
        user = await a_user(connector)
        first = await read(connector)
        await connector.update(USER, user.remote_id, {"department": "R&D"})
        assert (await read(connector, first.cursor)).changes == []

    async def test_a_deactivation_is_told_alone(self, connector: ActiveDirectoryConnector) -> None:
        user = await a_user(connector, title="Engineer")
        first = await read(connector)
        await connector.deactivate(user.remote_id)
        second = await read(connector, first.cursor)
        (change,) = second.of(user.remote_id)
        assert (change.partial, change.account.active, dict(change.account.attributes)) == (True, False, {})

    async def test_a_rename_and_a_move_within_the_ou_are_told_whole(self, opened: Opening, admin: Session) -> None:
        connector = opened(inactive_base=DISABLED)
        user = await a_user(connector, title="Engineer")
        first = await read(connector)
        await connector.update(USER, user.remote_id, {"cn": f"Renamed {word()}"})
        second = await read(connector, first.cursor)
        (change,) = second.of(user.remote_id)
        assert not change.partial
        assert change.account.name.startswith("CN=Renamed ")
        assert change.account.attributes["title"] == "Engineer"
        move(admin, user, DISABLED)
        (change,) = (await read(connector, second.cursor)).of(user.remote_id)
        assert change.account.name.endswith(DISABLED)
        assert not change.gone

    async def test_one_who_leaves_the_ou_is_gone_and_one_who_comes_in_is_told_whole(
        self, connector: ActiveDirectoryConnector, admin: Session
    ) -> None:
        user, group = await a_user(connector, title="Engineer"), await a_group(connector)
        await connector.change_members(group.remote_id, [user.remote_id], [])
        first = await read(connector)
        for account in (user, group):
            move(admin, account, f"CN=Users,{BASE}")
        second = await read(connector, first.cursor)
        assert [(change.gone, change.restorable) for change in second.of(user.remote_id)] == [(True, False)]
        assert [change.gone for change in second.of(group.remote_id)] == [True]
        admin.modify(f"<GUID={user.remote_id}>", {"title": [(MODIFY_REPLACE, [b"Unseen"])]})
        third = await read(connector, second.cursor)
        assert third.of(user.remote_id) == []
        move(admin, user, USERS)
        move(admin, group, GROUPS)
        fourth = await read(connector, third.cursor)
        (change,) = fourth.of(user.remote_id)
        assert (change.partial, change.account.attributes["title"]) == (False, "Unseen")
        told = [change for page in fourth.pages for change in page.members if change.group == group.remote_id]
        assert told == [MemberChange(group.remote_id, (user.remote_id,), whole=True)]

    async def test_a_deletion_is_told_by_id_even_of_one_who_was_moved_away_before(
        self, connector: ActiveDirectoryConnector, admin: Session
    ) -> None:
        user, other, group = await a_user(connector), await a_user(connector), await a_group(connector)
        first = await read(connector)
        await connector.delete(USER, user.remote_id)
        move(admin, other, f"CN=Users,{BASE}")
        entry = admin.read(f"<GUID={other.remote_id}>", ["1.1"])
        assert entry is not None
        admin.delete(entry.dn)
        await connector.delete(GROUP, group.remote_id)
        second = await read(connector, first.cursor)
        assert second.told(user.remote_id, other.remote_id, group.remote_id) == {
            user.remote_id,
            other.remote_id,
            group.remote_id,
        }
        assert all(change.gone for change in second.changes)

    async def test_one_who_is_restored_is_told_whole(self, connector: ActiveDirectoryConnector) -> None:
        user = await a_user(connector)
        first = await read(connector)
        await connector.delete(USER, user.remote_id)
        second = await read(connector, first.cursor)
        assert [(change.gone, change.restorable) for change in second.of(user.remote_id)] == [(True, True)]
        await connector.restore(USER, user.remote_id)
        (change,) = (await read(connector, second.cursor)).of(user.remote_id)
        assert (change.gone, change.partial) == (False, False)
        assert change.account.name.endswith(USERS)

    async def test_a_moved_unit_starts_everything_anew(
        self, connector: ActiveDirectoryConnector, admin: Session
    ) -> None:
        unit = word()
        admin.add(f"OU={unit},{USERS}", ["organizationalUnit"], {}, "objectGUID")
        user = await a_user(connector)
        move(admin, user, f"OU={unit},{USERS}")
        first = await read(connector)
        admin.add(f"OU={word()},{USERS}", ["organizationalUnit"], {}, "objectGUID")
        second = await read(connector, first.cursor)
        assert not second.starts, "a new unit is no reason"
        admin.rename(f"OU={unit},{USERS}", f"OU={unit}", parent=f"OU=Services,{BASE}")
        third = await read(connector, second.cursor)
        assert third.starts
        assert third.note.startswith("An organizational unit was moved or renamed. Everything is read")
        assert third.told(user.remote_id) == set()
        admin.rename(f"OU={unit},OU=Services,{BASE}", f"OU={unit}", parent=USERS)
        assert (await read(connector, third.cursor)).told(user.remote_id) == {user.remote_id}


class TestMembers:
    async def test_a_member_by_primary_group_stays_a_member(
        self, connector: ActiveDirectoryConnector, admin: Session
    ) -> None:
        first_user, second_user = await some_users(connector, 2)
        group = await a_group(connector, first_user, second_user)
        before = await read(connector)
        make_primary(admin, first_user, group)
        await connector.change_members(group.remote_id, [], [second_user])
        assert (await read(connector, before.cursor)).members(group.remote_id) == ({first_user}, {second_user})
        assert (await read(connector)).members(group.remote_id) == ({first_user}, set())

    async def test_members_are_not_told_where_nobody_asks(self, connector: ActiveDirectoryConnector) -> None:
        (user,) = await some_users(connector, 1)
        group = await a_group(connector, user)
        alone = replace(READING, kinds=frozenset({GROUP}), memberships=False)
        first = await read(connector, None, alone)
        await connector.change_members(group.remote_id, [], [user])
        second = await read(connector, first.cursor, alone)
        assert {change.account.kind for change in first.changes} == {GROUP}
        assert not any(page.members for page in (*first.pages, *second.pages))
        assert second.changes == []


class TestTakingUp:
    async def test_what_changes_while_a_snapshot_is_read_is_not_lost(self, connector: ActiveDirectoryConnector) -> None:
        leaver, changed = await a_user(connector), await a_user(connector, title="Engineer")
        begun = await read_pages(connector, None, 1)
        newcomer = await a_user(connector)
        await connector.update(USER, changed.remote_id, {"title": "Lead"})
        await connector.delete(USER, leaver.remote_id)
        rest = [page async for page in connector.changes(begun[-1].cursor, READING)]
        assert not any(page.starts for page in rest)
        assert rest[-1].complete
        after = [page async for page in connector.changes(rest[-1].cursor, READING)]
        told = [change for page in (*begun, *rest, *after) for change in page.changes]
        assert newcomer.remote_id in ids(told)
        titles = [c.account.attributes.get("title") for c in told if c.account.remote_id == changed.remote_id]
        assert titles[-1] == "Lead"
        last = [change.gone for change in told if change.account.remote_id == leaver.remote_id]
        assert last == [] or last[-1]

    @pytest.mark.parametrize("cursor", ["", "garbage", "{}", "[1]", '{"v":1}', '{"v":2}', "9" * 40_000])
    async def test_a_cursor_that_is_none_starts_anew(self, connector: ActiveDirectoryConnector, cursor: str) -> None:
        told = await read(connector, cursor)
        assert told.starts
        assert told.note.startswith("The stored position cannot be read. Everything is read")

    async def test_a_damaged_cookie_starts_anew(self, connector: ActiveDirectoryConnector) -> None:
        held = parse_cursor((await read(connector)).cursor)
        assert held is not None
        damaged = replace(held, cookies={**held.cookies, "User": b"garbage"})
        told = await read(connector, damaged.text())
        assert told.starts
        assert told.note.startswith("The domain controller does not accept the stored position any more.")

    async def test_another_question_starts_anew(self, connector: ActiveDirectoryConnector, opened: Opening) -> None:
        cursor = (await read(connector)).cursor
        other = Reading(attributes={USER: ("mail",), GROUP: ("cn",)})
        for told in (
            await read(connector, cursor, other),
            await read(connector, cursor, replace(READING, memberships=False)),
            await read(opened(import_by="dirsync", inactive_base=DISABLED), cursor),
            await read(opened(import_by="usn"), cursor),
        ):
            assert told.starts
            assert told.note.startswith("The domain, its OUs, or what is read of them is not what it was.")

    async def test_a_cursor_that_is_too_old_starts_anew(
        self, connector: ActiveDirectoryConnector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cursor = (await read(connector)).cursor
        today = reading._today()
        monkeypatch.setattr(reading, "_today", lambda: today + 51)
        told = await read(connector, cursor)
        assert told.starts
        assert told.note.startswith("The last import is more than 50 days ago.")
        assert not (await read(connector, told.cursor)).starts

    async def test_another_controller_of_the_domain_goes_on_with_a_note(
        self, connector: ActiveDirectoryConnector
    ) -> None:
        """DirSync's cookies are good on every controller of a domain; at worst it tells things again."""
        cursor = json.loads((await read(connector)).cursor)
        user = await a_user(connector)
        cursor |= {"dc": "CN=NTDS Settings,CN=DC9|0", "host": "dc9.corp.example.test"}
        told = await read(connector, json.dumps(cursor))
        assert not told.starts
        assert told.note == "Another domain controller answers than dc9.corp.example.test; it may repeat what was told."
        assert told.told(user.remote_id) == {user.remote_id}


class TestRights:
    async def test_without_the_right_changes_are_read_by_usn(self, samba: Samba, opened: Opening) -> None:
        reader = opened(bind_user=READER, bind_password=samba.reader_password)
        told = await read(reader)
        assert told.starts
        assert "by uSNChanged of dc1.corp.example.test" in told.note
        assert "may not list 'Deleted Objects'" in told.note

    async def test_dirsync_that_is_demanded_and_not_permitted_is_told(self, samba: Samba, opened: Opening) -> None:
        reader = opened(bind_user=READER, bind_password=samba.reader_password, import_by="dirsync")
        with pytest.raises(Misconfigured) as caught:
            await read(reader)
        assert caught.value.code == "ad.dirSyncRefused"
        assert "Replicating Directory Changes" in caught.value.fix

    async def test_a_right_that_is_taken_away_starts_anew_by_usn(self, samba: Samba, opened: Opening) -> None:
        cursor = (await read(opened())).cursor
        told = await read(opened(bind_user=READER, bind_password=samba.reader_password), cursor)
        assert told.starts
        assert told.note.startswith("The service account may not use DirSync any more. Everything is read")

    async def test_what_may_be_read_anyway_is_read_by_dirsync_where_deleted_objects_show(
        self, opened: Opening, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[bool] = []
        ask = dirsync.changed_since

        def refuse_without_own_rights(*values: object, own_rights: bool) -> dirsync.Changed:
            asked.append(own_rights)
            if not own_rights:
                raise dirsync.NotPermitted
            return ask(*values, own_rights=own_rights)  # type: ignore[arg-type]  # passed on

        monkeypatch.setattr(dirsync, "changed_since", refuse_without_own_rights)
        connector = opened()
        user = await a_user(connector)
        first = await read(connector)
        await connector.delete(USER, user.remote_id)
        second = await read(connector, first.cursor)
        assert asked[:2] == [False, True]
        assert first.note.endswith("by DirSync.")
        assert [change.gone for change in second.of(user.remote_id)] == [True]


async def test_streams_that_are_left_give_their_connection_back(connector: ActiveDirectoryConnector) -> None:
    groups = replace(READING, kinds=frozenset({GROUP}))
    await asyncio.gather(*(read_pages(connector, None, 1, groups) for _ in range(8)))
    assert (await connector.create(USER, {"userPrincipalName": upn(word())}, active=False)).remote_id
