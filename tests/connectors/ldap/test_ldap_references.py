"""DNs that point at accounts follow renames, moves and deletions, whether the server helps or not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from connectors.contract import Account, ObjectKind, Reference
from connectors.errors import Rejected, Unavailable
from connectors.ldap import LdapConnector, memberships
from connectors.ldap_client.library import MODIFY_ADD
from connectors.ldap_client.names import parse_dn
from connectors.ldap_client.session import Session
from sandbox.slapd import DISABLED, GROUPS, USERS, Slapd
from tests.connectors.ldap.conftest import open_session, settings_for, word
from tests.connectors.ldap.ldap_proxy import LdapProxy

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
PLACEHOLDER = f"cn=lockstep-placeholder,{GROUPS}"


@pytest.fixture(params=["follows", "bare"])
def server(request: pytest.FixtureRequest, slapd: Slapd, bare_slapd: Slapd) -> Slapd:
    return slapd if request.param == "follows" else bare_slapd


@pytest.fixture
async def on_server(server: Slapd) -> AsyncIterator[LdapConnector]:
    opened = LdapConnector.open(settings_for(server))
    yield opened
    await opened.close()


@pytest.fixture
def raw(server: Slapd) -> Iterator[Session]:
    session = open_session(server)
    yield session
    session.close()


async def user(connector: LdapConnector, **values: str | Reference) -> Account:
    return await connector.create(USER, {"uid": word(), **values}, active=True)


async def group(connector: LdapConnector, *members: Account) -> Account:
    made = await connector.create(GROUP, {"cn": word()}, active=True)
    await connector.change_members(made.remote_id, [member.remote_id for member in members], [])
    return made


def held(session: Session, dn: str, attribute: str) -> list[str]:
    entry = session.read(dn, [attribute])
    assert entry is not None
    return sorted(value for value in entry.values(attribute) if value != PLACEHOLDER)


async def test_a_rename_is_followed_by_members_and_managers_at_once(on_server: LdapConnector, raw: Session) -> None:
    boss = await user(on_server)
    report, team = await user(on_server, manager=Reference(USER, boss.remote_id)), await group(on_server, boss)
    name = f"o'hara, {word()}"
    renamed = await on_server.update(USER, boss.remote_id, {"uid": name})
    assert renamed.name == f"uid=o'hara\\, {name[8:]},{USERS}"
    assert [dn.replace("\\2C", "\\,") for dn in held(raw, team.name, "member")] == [renamed.name]
    assert [dn.replace("\\2C", "\\,") for dn in held(raw, report.name, "manager")] == [renamed.name]


async def test_after_a_rename_only_the_new_name_is_held(on_server: LdapConnector, raw: Session) -> None:
    account, name = await user(on_server), word()
    renamed = await on_server.update(USER, account.remote_id, {"uid": name})
    assert held(raw, renamed.name, "uid") == [name]


async def test_an_entry_is_renamed_by_the_attribute_that_names_it(on_server: LdapConnector, raw: Session) -> None:
    """Accounts that were there before may be named by another attribute than new ones."""
    name = word()
    values = {"uid": [name.encode()], "cn": [b"Mira Old"], "sn": [b"Old"]}
    dn = f"cn=Mira Old {name},{USERS}"
    values["cn"].append(f"Mira Old {name}".encode())
    remote_id = raw.add(dn, ["inetOrgPerson"], values, "entryUUID")
    assert remote_id is not None
    kept = await on_server.update(USER, remote_id, {"uid": f"{name}x"})
    assert kept.name == dn
    renamed = await on_server.update(USER, remote_id, {"cn": f"Mira New {name}"})
    assert renamed.name == f"cn=Mira New {name},{USERS}"
    assert held(raw, renamed.name, "cn") == [f"Mira New {name}"]


async def test_a_name_of_two_attributes_keeps_the_other_one(on_server: LdapConnector, raw: Session) -> None:
    name = word()
    values = {"uid": [name.encode()], "cn": [b"Mira"], "sn": [b"M"]}
    remote_id = raw.add(f"uid={name}+cn=Mira,{USERS}", ["inetOrgPerson"], values, "entryUUID")
    assert remote_id is not None
    team = await on_server.create(GROUP, {"cn": word()}, active=True)
    await on_server.change_members(team.remote_id, [remote_id], [])
    renamed = await on_server.update(USER, remote_id, {"uid": f"{name}x"})
    assert parse_dn(renamed.name).normal == parse_dn(f"uid={name}x+cn=Mira,{USERS}").normal
    assert await on_server.members(team.remote_id) == [remote_id]


async def test_a_deleted_manager_is_nobodys_manager(on_server: LdapConnector, raw: Session) -> None:
    boss = await user(on_server)
    report = await user(on_server, manager=Reference(USER, boss.remote_id))
    await on_server.delete(USER, boss.remote_id)
    assert held(raw, report.name, "manager") == []


async def test_a_create_with_a_reference_to_nobody_makes_nothing(on_server: LdapConnector) -> None:
    name = word()
    nobody = Reference(USER, "3e2bd1a0-0000-4000-8000-000000000000")
    with pytest.raises(Rejected) as caught:
        await on_server.create(USER, {"uid": name, "manager": nobody}, active=True)
    assert (caught.value.code, caught.value.attribute) == ("ldap.referenceMissing", "manager")
    again = await on_server.create(USER, {"uid": name}, active=True)
    assert again.attributes["uid"] == name


async def test_a_group_can_be_a_member_of_a_group(on_server: LdapConnector) -> None:
    inner = await group(on_server)
    outer = await group(on_server, inner)
    await on_server.update(GROUP, inner.remote_id, {"cn": word()})
    assert await on_server.members(outer.remote_id) == [inner.remote_id]


async def test_a_dead_manager_reads_as_none(bare_slapd: Slapd) -> None:
    raw, connector = open_session(bare_slapd), LdapConnector.open(settings_for(bare_slapd))
    account = await user(connector)
    raw.modify(account.name, {"manager": [("MODIFY_ADD", [f"uid=gone,{USERS}".encode()])]})
    assert "manager" not in (await connector.read(USER, account.remote_id)).attributes
    raw.close()
    await connector.close()


async def test_hundreds_of_references_are_corrected_page_by_page(bare_slapd: Slapd) -> None:
    """More than the size limit of the service account gives at once."""
    connector, raw = LdapConnector.open(settings_for(bare_slapd, connections=2)), open_session(bare_slapd)
    boss = await user(connector)
    reference = Reference(USER, boss.remote_id)
    reports = await asyncio.gather(*(user(connector, manager=reference) for _ in range(520)))
    renamed = await connector.update(USER, boss.remote_id, {"uid": word()})
    assert {tuple(held(raw, report.name, "manager")) for report in reports} == {(renamed.name,)}
    raw.close()
    await connector.close()


class TestCrashInTheMiddle:
    """The answer to one step is lost, as if the hub had died there; the same job runs again and finishes."""

    @pytest.fixture
    async def proxy(self, bare_slapd: Slapd) -> AsyncIterator[LdapProxy]:
        async with LdapProxy(bare_slapd).serve() as proxy:
            yield proxy

    async def test_a_rename_that_broke_off_after_the_new_name_is_finished(
        self, proxy: LdapProxy, bare_slapd: Slapd
    ) -> None:
        connector, raw = LdapConnector.open(settings_for(bare_slapd, port=proxy.port)), open_session(bare_slapd)
        boss = await user(connector)
        report, team = await user(connector, manager=Reference(USER, boss.remote_id)), await group(connector, boss)
        name = word()
        proxy.lose_answers = True
        with pytest.raises(Unavailable) as caught:
            await connector.update(USER, boss.remote_id, {"uid": name})
        assert caught.value.may_have_happened
        proxy.lose_answers = False
        new_dn = f"uid={name},{USERS}"
        assert held(raw, report.name, "manager") == [boss.name], "the break came before references were corrected"
        await connector.update(USER, boss.remote_id, {"uid": name})
        assert held(raw, report.name, "manager") == [new_dn]
        assert held(raw, team.name, "member") == [new_dn]
        assert held(raw, new_dn, "uid") == [name]
        raw.close()
        await connector.close()

    async def test_a_former_name_that_is_somebody_elses_by_now_is_left_to_them(
        self, proxy: LdapProxy, bare_slapd: Slapd
    ) -> None:
        connector, raw = LdapConnector.open(settings_for(bare_slapd, port=proxy.port)), open_session(bare_slapd)
        first, name = await user(connector), word()
        proxy.lose_answers = True
        with pytest.raises(Unavailable):
            await connector.update(USER, first.remote_id, {"uid": name})
        proxy.lose_answers = False
        namesake = await connector.create(USER, {"uid": first.attributes["uid"]}, active=True)
        team = await group(connector, namesake)
        await connector.update(USER, first.remote_id, {"uid": name})
        assert await connector.members(team.remote_id) == [namesake.remote_id]
        raw.close()
        await connector.close()

    async def test_a_move_that_broke_off_is_finished(self, proxy: LdapProxy, bare_slapd: Slapd) -> None:
        settings = settings_for(bare_slapd, port=proxy.port, deactivation="move", inactive_base=DISABLED)
        connector = LdapConnector.open(settings)
        account = await user(connector)
        team = await group(connector, account)
        proxy.lose_answers = True
        with pytest.raises(Unavailable):
            await connector.deactivate(account.remote_id)
        proxy.lose_answers = False
        assert await connector.members(team.remote_id) == [], "the break came before memberships were corrected"
        await connector.deactivate(account.remote_id)
        assert await connector.members(team.remote_id) == [account.remote_id]
        await connector.close()

    async def test_a_deletion_that_broke_off_is_finished(self, proxy: LdapProxy, bare_slapd: Slapd) -> None:
        connector, raw = LdapConnector.open(settings_for(bare_slapd, port=proxy.port)), open_session(bare_slapd)
        account = await user(connector)
        team = await group(connector, account)
        proxy.lose_answers = True
        with pytest.raises(Unavailable):
            await connector.delete(USER, account.remote_id)
        proxy.lose_answers = False
        await connector.delete(USER, account.remote_id)
        assert raw.read(account.name, ["uid"]) is None
        assert held(raw, team.name, "member") == []
        raw.close()
        await connector.close()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch, raw: Session) -> list[Callable[[Session], object]]:
    """What others do between the look-up of a member's DN and the first change of the group."""
    acts: list[Callable[[Session], object]] = []
    modify = memberships._modify

    def interrupted(*given: Any) -> Any:
        if acts:
            acts.pop()(raw)
        return modify(*given)

    monkeypatch.setattr(memberships, "_modify", interrupted)
    return acts


async def test_a_member_who_is_deleted_while_being_added_leaves_no_dead_name(
    on_server: LdapConnector, raw: Session, meanwhile: list[Callable[[Session], object]]
) -> None:
    leaver, stays, team = await user(on_server), await user(on_server), await group(on_server)
    meanwhile.append(lambda session: session.delete(leaver.name))
    failures = await on_server.change_members(team.remote_id, [leaver.remote_id, stays.remote_id], [])
    assert list(failures.failed) == [leaver.remote_id]
    assert held(raw, team.name, "member") == [stays.name]


async def test_a_member_who_is_renamed_while_being_added_is_in_by_the_new_name(
    on_server: LdapConnector, raw: Session, meanwhile: list[Callable[[Session], object]]
) -> None:
    mira, team, name = await user(on_server), await group(on_server), word()
    meanwhile.append(lambda session: session.rename(mira.name, f"uid={name}"))
    failures = await on_server.change_members(team.remote_id, [mira.remote_id], [])
    assert failures.failed == {}
    assert held(raw, team.name, "member") == [f"uid={name},{USERS}"]


async def test_who_was_added_while_an_account_was_deleted_is_taken_out_again(
    bare_slapd: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server does not help, and the add came after the deletion had cleared what pointed at the account."""
    connector, session = LdapConnector.open(settings_for(bare_slapd)), open_session(bare_slapd)
    leaver, team = await user(connector), await group(connector)
    delete = Session.delete

    def interrupted(self: Session, dn: str) -> None:
        if dn == leaver.name:
            session.try_modify(team.name, {"member": [(MODIFY_ADD, [dn.encode()])]})
        delete(self, dn)

    monkeypatch.setattr(Session, "delete", interrupted)
    await connector.delete(USER, leaver.remote_id)
    assert held(session, team.name, "member") == []
    session.close()
    await connector.close()
