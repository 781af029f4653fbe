"""Groups that hold logins (RFC 2307): memberUid follows accounts by value, because no server does it for us."""

from collections.abc import AsyncIterator

import pytest

from connectors.contract import Account, ObjectKind
from connectors.errors import NotFound, Rejected, Unavailable
from connectors.ldap import LdapConnector
from connectors.ldap_client.session import Session
from sandbox.slapd import GROUPS, USERS, Slapd
from tests.connectors.ldap.conftest import settings_for, word
from tests.connectors.ldap.ldap_proxy import LdapProxy

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
COUNTER = f"cn=posix-groups,{GROUPS}"


@pytest.fixture
async def posix(slapd: Slapd) -> AsyncIterator[LdapConnector]:
    connector = LdapConnector.open(settings_for(slapd, profile="posix", counter=COUNTER))
    yield connector
    await connector.close()


async def user(connector: LdapConnector, uid: str | None = None) -> Account:
    return await connector.create(USER, {"uid": uid or word()}, active=True)


async def group(connector: LdapConnector, *members: Account) -> Account:
    made = await connector.create(GROUP, {"cn": word()}, active=True)
    assert not (await connector.change_members(made.remote_id, [m.remote_id for m in members], [])).failed
    return made


def held(admin: Session, team: Account) -> list[str]:
    entry = admin.read(team.name, ["memberUid"])
    assert entry is not None
    return sorted(entry.values("memberUid"))


async def test_members_are_held_by_login_and_a_group_may_stand_empty(posix: LdapConnector, admin: Session) -> None:
    mira, team = await user(posix), await group(posix)
    assert held(admin, team) == []
    await posix.change_members(team.remote_id, [mira.remote_id], [])
    assert held(admin, team) == [mira.attributes["uid"]]
    await posix.change_members(team.remote_id, [], [mira.remote_id])
    assert held(admin, team) == []


async def test_a_rename_is_followed_and_only_the_new_login_is_held(posix: LdapConnector, admin: Session) -> None:
    mira, other = await user(posix), await user(posix)
    team, name = await group(posix, mira, other), word()
    await posix.update(USER, mira.remote_id, {"uid": name})
    assert held(admin, team) == sorted([name, str(other.attributes["uid"])])


async def test_a_rename_by_case_is_followed_because_posix_knows_case(posix: LdapConnector, admin: Session) -> None:
    mira = await user(posix)
    team, name = await group(posix, mira), str(mira.attributes["uid"]).upper()
    await posix.update(USER, mira.remote_id, {"uid": name})
    assert held(admin, team) == [name]
    assert await posix.members(team.remote_id) == [mira.remote_id]


async def test_an_account_that_is_named_by_another_attribute_is_followed_too(
    posix: LdapConnector, admin: Session
) -> None:
    uid, number = word().encode(), str(2_000_000 + hash(word()) % 1000).encode()
    values = {"uid": [uid], "cn": [uid], "sn": [b"Old"], "uidNumber": [number], "gidNumber": [b"100"]}
    dn = f"cn={uid.decode()},{USERS}"
    remote_id = admin.add(
        dn, ["inetOrgPerson", "posixAccount"], {**values, "homeDirectory": [b"/home/old"]}, "entryUUID"
    )
    assert remote_id is not None
    team, name = await group(posix), word()
    await posix.change_members(team.remote_id, [remote_id], [])
    await posix.update(USER, remote_id, {"uid": name})
    assert held(admin, team) == [name]
    entry = admin.read(dn, ["uid"])
    assert entry is not None
    assert entry.values("uid") == [name]


async def test_a_rename_that_broke_off_is_finished_by_the_next_run(slapd: Slapd, admin: Session) -> None:
    async with LdapProxy(slapd).serve() as proxy:
        posix = LdapConnector.open(settings_for(slapd, port=proxy.port, profile="posix", counter=COUNTER))
        mira = await user(posix)
        team, name = await group(posix, mira), word()
        proxy.lose_answers = True
        with pytest.raises(Unavailable):
            await posix.update(USER, mira.remote_id, {"uid": name})
        proxy.lose_answers = False
        assert held(admin, team) == [mira.attributes["uid"]], "the break came before the group was corrected"
        assert await posix.members(team.remote_id) == [mira.remote_id], "both logins are the account's meanwhile"
        await posix.update(USER, mira.remote_id, {"uid": name})
        assert held(admin, team) == [name]
        await posix.close()


async def test_a_deleted_user_is_in_no_group(posix: LdapConnector, admin: Session) -> None:
    mira, other = await user(posix), await user(posix)
    team = await group(posix, mira, other)
    await posix.delete(USER, mira.remote_id)
    assert held(admin, team) == [other.attributes["uid"]]


async def test_a_login_that_another_account_has_too_stays_theirs(posix: LdapConnector, admin: Session) -> None:
    """Two entries of one login below different places: the group cannot tell them apart, so nobody is thrown out."""
    mira = await user(posix)
    team, unit = await group(posix, mira), f"ou={word()},{USERS}"
    admin.add(unit, ["organizationalUnit"], {}, "entryUUID")
    uid = str(mira.attributes["uid"]).encode()
    twin = admin.add(
        f"uid={uid.decode()},{unit}", ["inetOrgPerson"], {"uid": [uid], "cn": [b"T"], "sn": [b"T"]}, "entryUUID"
    )
    assert twin is not None
    await posix.delete(USER, twin)
    assert held(admin, team) == [mira.attributes["uid"]]


async def test_a_group_cannot_be_a_member_and_nobody_cannot_either(posix: LdapConnector) -> None:
    inner, outer = await group(posix), await group(posix)
    nobody = "3e2bd1a0-0000-4000-8000-000000000000"
    failed = (await posix.change_members(outer.remote_id, [inner.remote_id, nobody], [])).failed
    assert {member: type(error) for member, error in failed.items()} == {inner.remote_id: Rejected, nobody: NotFound}
    assert failed[inner.remote_id].code == "ldap.nestedGroup"


async def test_a_login_that_no_group_can_hold_fails_alone(posix: LdapConnector, admin: Session) -> None:
    """memberUid takes ASCII only (IA5)."""
    zoe = await posix.create(USER, {"uid": f"zoë{word()}", "homeDirectory": "/home/z"}, active=True)
    mira, team = await user(posix), await group(posix)
    failed = (await posix.change_members(team.remote_id, [zoe.remote_id, mira.remote_id], [])).failed
    assert list(failed) == [zoe.remote_id]
    assert isinstance(failed[zoe.remote_id], Rejected)
    assert held(admin, team) == [mira.attributes["uid"]]
