"""Members of groups in a real domain: written by GUID, primary groups, nested groups, and who is none of ours."""

import asyncio

import pytest

from connectors.active_directory import ActiveDirectoryConnector, memberships
from connectors.active_directory.identifiers import sid_text
from connectors.contract import Account
from connectors.errors import NotFound, Rejected
from connectors.ldap_client.library import MODIFY_ADD, MODIFY_REPLACE
from connectors.ldap_client.results import Operation, Result
from connectors.ldap_client.session import Changes, Controls, Session
from sandbox.samba import GROUPS, USERS
from sandbox.samba_template import BASE
from tests.connectors.active_directory.conftest import GROUP, USER, Opening, person, word

pytestmark = pytest.mark.samba


async def some_users(connector: ActiveDirectoryConnector, count: int) -> list[str]:
    return [(await connector.create(USER, person(word()), active=True)).remote_id for _ in range(count)]


async def a_group(connector: ActiveDirectoryConnector, *members: str) -> Account:
    group = await connector.create(GROUP, {"cn": word()}, active=True)
    assert (await connector.change_members(group.remote_id, members, [])).failed == {}
    return group


def make_primary(admin: Session, user: str, group: Account) -> None:
    """Make a group the primary group of a user, who must be in it already."""
    entry = admin.read(group.name, ["objectSid"])
    assert entry is not None
    rid = sid_text(entry.octets("objectSid")[0]).rpartition("-")[2]
    admin.modify(f"<GUID={user}>", {"primaryGroupID": [(MODIFY_REPLACE, [rid.encode()])]})


async def test_groups_are_members_of_groups(connector: ActiveDirectoryConnector) -> None:
    (user,) = await some_users(connector, 1)
    inner = await a_group(connector, user)
    outer = await a_group(connector, inner.remote_id, user)
    assert set(await connector.members(outer.remote_id)) == {inner.remote_id, user}
    assert (await connector.change_members(outer.remote_id, [], [inner.remote_id])).failed == {}
    assert await connector.members(outer.remote_id) == [user]


async def test_one_who_is_in_among_many_who_are_not_costs_no_request_each(
    connector: ActiveDirectoryConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = await some_users(connector, 20)
    group = await a_group(connector, *users[::2])
    written: list[int] = []
    modify = Session.try_modify

    def counted(session: Session, dn: str, changes: Changes, controls: Controls = ()) -> Result:
        written.append(1)
        return modify(session, dn, changes, controls)

    monkeypatch.setattr(Session, "try_modify", counted)
    assert (await connector.change_members(group.remote_id, users, [])).failed == {}
    assert set(await connector.members(group.remote_id)) == set(users)
    assert (await connector.change_members(group.remote_id, [], [*users[:5], *users[:5]])).failed == {}
    assert (await connector.change_members(group.remote_id, [], users)).failed == {}
    assert await connector.members(group.remote_id) == []
    assert len(written) <= 5, "the members that are as wanted are left out at once"


async def test_a_member_who_is_named_twice_is_in_once(connector: ActiveDirectoryConnector, admin: Session) -> None:
    (user,) = await some_users(connector, 1)
    group = await a_group(connector)
    assert (await connector.change_members(group.remote_id, [user, user], [])).failed == {}
    entry = admin.read(group.name, ["member"])
    assert entry is not None
    assert len(entry.values("member")) == 1


async def test_members_who_were_deleted_meanwhile_fail_alone_or_are_gone(connector: ActiveDirectoryConnector) -> None:
    first, second, leaver = await some_users(connector, 3)
    group = await a_group(connector, first, leaver)
    await connector.delete(USER, leaver)
    failures = await connector.change_members(group.remote_id, [second, leaver], [])
    assert {member: type(error) for member, error in failures.failed.items()} == {leaver: NotFound}
    assert failures.failed[leaver].code == "ad.noSuchMember"
    assert (await connector.change_members(group.remote_id, [], [leaver, first])).failed == {}
    assert await connector.members(group.remote_id) == [second]


async def test_a_member_who_is_deleted_between_look_up_and_write_fails_alone(
    connector: ActiveDirectoryConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, leaver = await some_users(connector, 3)
    group = await a_group(connector)
    await connector.delete(USER, leaver)
    look_up = memberships.Directory.dns_of
    asked: list[object] = []

    def one_step_behind(directory: memberships.Directory, ids: list[str]) -> dict[str, str]:
        asked.append(ids)
        found = look_up(directory, ids)
        return found if len(asked) > 1 else {**found, leaver: "CN=Still there"}

    monkeypatch.setattr(memberships.Directory, "dns_of", one_step_behind)
    failures = await connector.change_members(group.remote_id, [first, leaver, second], [])
    assert {member: type(error) for member, error in failures.failed.items()} == {leaver: NotFound}
    assert set(await connector.members(group.remote_id)) == {first, second}


async def test_the_primary_group_is_a_membership(connector: ActiveDirectoryConnector, admin: Session) -> None:
    user, other = await some_users(connector, 2)
    group = await a_group(connector, user, other)
    make_primary(admin, user, group)
    assert set(await connector.members(group.remote_id)) == {user, other}
    assert (await connector.change_members(group.remote_id, [user], [])).failed == {}


async def test_a_member_by_primary_group_is_not_removed_and_the_reason_told(
    connector: ActiveDirectoryConnector, admin: Session
) -> None:
    user, other = await some_users(connector, 2)
    group = await a_group(connector, user, other)
    make_primary(admin, user, group)
    failures = await connector.change_members(group.remote_id, [], [user, other])
    assert set(failures.failed) == {user}
    error = failures.failed[user]
    assert isinstance(error, Rejected)
    assert error.code == "ad.primaryGroup"
    assert "is the user's primary group" in str(error)
    assert "Give the user another primary group" in error.fix
    assert await connector.members(group.remote_id) == [user]


async def test_computers_contacts_and_strangers_are_left_alone(
    connector: ActiveDirectoryConnector, admin: Session
) -> None:
    (user,) = await some_users(connector, 1)
    group = await a_group(connector, user)
    contact, computer = f"CN={word()},{USERS}", f"CN={word()},CN=Computers,{BASE}"
    admin.add(contact, ["contact"], {}, "objectGUID")
    admin.add(computer, ["computer"], {"sAMAccountName": [f"{word()}$".encode()]}, "objectGUID")
    authenticated_users = f"CN=S-1-5-11,CN=ForeignSecurityPrincipals,{BASE}"
    strangers = [dn.encode() for dn in (contact, computer, authenticated_users)]
    admin.modify(group.name, {"member": [(MODIFY_ADD, strangers)]})
    assert await connector.members(group.remote_id) == [user]
    await connector.change_members(group.remote_id, [], [user])
    entry = admin.read(group.name, ["member"])
    assert entry is not None
    assert len(entry.values("member")) == len(strangers)


async def test_who_has_left_the_ous_of_the_connection_is_no_member(
    connector: ActiveDirectoryConnector, opened: Opening, admin: Session
) -> None:
    user, other = await some_users(connector, 2)
    group = await a_group(connector, user, other)
    name = (await connector.read(USER, user)).name
    admin.rename(name, name.partition(",")[0], parent=f"CN=Users,{BASE}")
    assert await connector.members(group.remote_id) == [other]
    assert set(await opened(search="domain").members(group.remote_id)) == {user, other}


async def test_a_member_whose_scope_does_not_fit_is_told_alone(
    connector: ActiveDirectoryConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samba lets everybody in; this is what Windows says of a domain-local group in a global one."""
    user, other = await some_users(connector, 2)
    inner = await a_group(connector)
    group = await a_group(connector)
    modify = Session.try_modify

    def refused(session: Session, dn: str, changes: Changes, controls: Controls = ()) -> Result:
        if any(
            inner.remote_id in value.decode() for parts in changes.values() for _, values in parts for value in values
        ):
            said = "00002142: SvcErr: DSID-031A1254, problem 5003 (WILL_NOT_PERFORM), data 0"
            return Result(Operation.MODIFY, dn, 53, "unwillingToPerform", said)
        return modify(session, dn, changes, controls)

    monkeypatch.setattr(Session, "try_modify", refused)
    failures = await connector.change_members(group.remote_id, [user, inner.remote_id, other], [])
    assert {member: error.code for member, error in failures.failed.items()} == {inner.remote_id: "ad.memberNotAllowed"}
    assert "a global group takes users and global groups only" in failures.failed[inner.remote_id].fix
    assert set(await connector.members(group.remote_id)) == {user, other}


async def test_an_absent_group_is_not_found_also_when_it_goes_while_it_is_written(
    connector: ActiveDirectoryConnector,
) -> None:
    (user,) = await some_users(connector, 1)
    group = await a_group(connector)
    await connector.delete(GROUP, group.remote_id)
    with pytest.raises(NotFound):
        await connector.change_members(group.remote_id, [user], [])
    with pytest.raises(NotFound):
        await connector.members(user)


async def test_a_rename_at_the_same_moment_loses_no_member(connector: ActiveDirectoryConnector) -> None:
    users = await some_users(connector, 6)
    group = await a_group(connector)
    await asyncio.gather(
        connector.change_members(group.remote_id, users, []),
        *(connector.update(USER, user, {"cn": f"Renamed {word()}"}) for user in users),
        connector.update(GROUP, group.remote_id, {"cn": f"Renamed {word()}"}),
    )
    assert set(await connector.members(group.remote_id)) == set(users)
    assert (await connector.read(GROUP, group.remote_id)).name.endswith(GROUPS)
