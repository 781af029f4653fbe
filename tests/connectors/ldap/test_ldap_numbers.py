"""uidNumber and gidNumber: no number twice, whoever asks at the same time; used ones are skipped."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.contract import Account, ObjectKind
from connectors.errors import AlreadyExists, Misconfigured, Rejected
from connectors.ldap import LdapConnector, numbers
from connectors.ldap_client.session import Session
from sandbox.slapd import GROUPS, USERS, Slapd
from tests.connectors.ldap.conftest import settings_for, word

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP


@pytest.fixture
def counter() -> str:
    return f"cn={word()},{GROUPS}"


@pytest.fixture
async def opened(slapd: Slapd, counter: str) -> AsyncIterator[Any]:
    """Open connectors as several machines do: each knows of the others only what stands in the directory."""
    made: list[LdapConnector] = []

    def another(**settings: Any) -> LdapConnector:
        connector = LdapConnector.open(settings_for(slapd, profile="posix", counter=counter, **settings))
        made.append(connector)
        return connector

    yield another
    for connector in made:
        await connector.close()


def number(account: Account, attribute: str = "uidNumber") -> int:
    return int(str(account.attributes[attribute]))


def held(admin: Session, dn: str, attribute: str) -> list[str]:
    entry = admin.read(dn, [attribute])
    assert entry is not None
    return entry.values(attribute)


async def user(connector: LdapConnector, **values: str | int) -> Account:
    return await connector.create(USER, {"uid": word(), **values}, active=True)


async def test_many_creates_at_once_on_several_machines_give_no_number_twice(opened: Any) -> None:
    machines = [opened(uid_numbers="100000-199999", gid_numbers="100000-199999") for _ in range(4)]
    users = await asyncio.gather(*(user(machine) for machine in machines for _ in range(25)))
    groups = await asyncio.gather(
        *(machine.create(GROUP, {"cn": word()}, active=True) for machine in machines for _ in range(10))
    )
    assert sorted(map(number, users)) == list(range(100000, 100100))
    assert sorted(number(group, "gidNumber") for group in groups) == list(range(100100, 100140))


async def test_an_account_has_home_shell_and_primary_group(opened: Any, admin: Session) -> None:
    own, shared = opened(uid_numbers="200000-200999"), opened(uid_numbers="200000-200999", primary_gid=100)
    first = await user(own)
    uid = str(first.attributes["uid"])
    assert held(admin, first.name, "homeDirectory") == [f"/home/{uid}"]
    assert held(admin, first.name, "loginShell") == ["/bin/bash"]
    assert held(admin, first.name, "gidNumber") == held(admin, first.name, "uidNumber")
    assert held(admin, (await user(shared)).name, "gidNumber") == ["100"]


async def test_what_is_mapped_is_not_made_up(opened: Any, admin: Session) -> None:
    connector = opened(uid_numbers="210000-210999")
    account = await user(connector, uidNumber=4711, homeDirectory="/srv/mira", loginShell="/bin/sh")
    assert held(admin, account.name, "uidNumber") == held(admin, account.name, "gidNumber") == ["4711"]
    assert held(admin, account.name, "homeDirectory") == ["/srv/mira"]
    assert number(await user(connector)) == 210000, "no number was taken for it"


async def test_a_login_that_no_path_can_hold_is_rejected_and_takes_no_number(opened: Any) -> None:
    connector = opened(uid_numbers="220000-220999")
    with pytest.raises(Rejected) as caught:
        await user(connector, uid="../root")
    assert (caught.value.code, caught.value.attribute) == ("ldap.templateUnfit", "uid")
    assert number(await user(connector)) == 220000


async def test_numbers_in_use_are_skipped_however_many(opened: Any, admin: Session) -> None:
    values = {"uid": [b"x"], "cn": [b"X"], "sn": [b"X"], "gidNumber": [b"1"], "homeDirectory": [b"/"]}
    unit = f"ou={word()},{USERS}"
    admin.add(unit, ["organizationalUnit"], {}, "entryUUID")
    for used in range(230001, 230231):
        admin.add(
            f"cn={used},{unit}",
            ["inetOrgPerson", "posixAccount"],
            {**values, "cn": [str(used).encode()], "uidNumber": [str(used).encode()]},
            "entryUUID",
        )
    connector = opened(uid_numbers="230000-230999")
    assert [number(await user(connector)) for _ in range(3)] == [230000, 230231, 230232]


async def test_a_number_is_not_given_again_after_its_account_is_gone(opened: Any) -> None:
    connector = opened(uid_numbers="240000-240999")
    leaver = await user(connector)
    await connector.delete(USER, leaver.remote_id)
    assert number(await user(connector)) == number(leaver) + 1
    assert number(await user(opened(uid_numbers="240000-240999"))) == number(leaver) + 2


async def test_a_number_whose_entry_was_refused_goes_to_the_next(opened: Any) -> None:
    connector = opened(uid_numbers="250000-250999")
    first = await user(connector)
    with pytest.raises(AlreadyExists):
        await user(connector, uid=str(first.attributes["uid"]))
    with pytest.raises(Rejected):
        await user(connector, mobile="é")
    assert number(await user(connector)) == number(first) + 1


async def test_an_exhausted_range_is_rejected_in_words_and_can_be_extended(opened: Any) -> None:
    connector = opened(uid_numbers="260000-260001")
    assert [number(await user(connector)) for _ in range(2)] == [260000, 260001]
    for _ in range(2):
        with pytest.raises(Rejected) as caught:
            await user(connector)
        assert caught.value.code == "ldap.numbersExhausted"
        assert "260000 to 260001" in str(caught.value)
        assert "Raise the end" in caught.value.fix
    assert number(await user(opened(uid_numbers="260000-260009"))) == 260002


async def test_a_counter_that_somebody_else_moved_is_read_again(opened: Any, admin: Session, counter: str) -> None:
    connector = opened(uid_numbers="270000-270999")
    await user(connector)
    assert held(admin, counter, "description") == ["uidNumber/270000=270001"]
    admin.modify(counter, {"description": [("MODIFY_REPLACE", [b"uidNumber/270000=270500"])]})
    assert number(await user(connector)) == 270500


async def test_a_counter_that_was_deleted_begins_anew_and_skips_who_is_there(
    opened: Any, admin: Session, counter: str
) -> None:
    connector = opened(uid_numbers="280000-280999")
    assert [number(await user(connector)) for _ in range(2)] == [280000, 280001]
    admin.delete(counter)
    assert number(await user(connector)) == 280002


async def test_too_many_lost_races_are_told_and_hold_up_nobody_else(
    opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "_swap", lambda *_: False)
    monkeypatch.setattr(numbers, "_SHORT", 0)
    connector = opened(uid_numbers="290000-290999")
    with pytest.raises(numbers.Unavailable) as caught:
        await user(connector)
    assert (caught.value.code, caught.value.one_object) == ("ldap.counterBusy", True)


async def test_a_profile_without_numbers_gives_none(slapd: Slapd, admin: Session) -> None:
    connector = LdapConnector.open(settings_for(slapd, uid_numbers="10-20"))
    account = await user(connector)
    assert held(admin, account.name, "uidNumber") == [], "inetOrgPerson alone has no place for it"
    await connector.close()


async def test_no_group_has_the_number_of_a_user_who_would_be_its_member_by_that(opened: Any, admin: Session) -> None:
    connector = opened(uid_numbers="300000-300999", gid_numbers="300000-300999")
    mixed = await asyncio.gather(
        *(user(connector) for _ in range(10)),
        *(connector.create(GROUP, {"cn": word()}, active=True) for _ in range(10)),
    )
    numbers_given = [number(account, "gidNumber") for account in mixed]
    assert sorted(numbers_given) == list(range(300000, 300020))
    admin.add(
        f"cn={word()},{GROUPS}", ["posixGroup"], {"gidNumber": [b"300020"]}, "entryUUID"
    )  # somebody else's, who knows nothing of the counter
    assert number(await user(connector), "gidNumber") == 300021


async def test_no_group_gets_the_primary_group_of_users(opened: Any) -> None:
    connector = opened(uid_numbers="310000-310999", gid_numbers="310000-310999", primary_gid=310000)
    assert number(await user(connector)) == 310000
    assert number(await connector.create(GROUP, {"cn": word()}, active=True), "gidNumber") == 310001


async def test_a_counter_that_may_not_be_read_is_told(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    connector = opened(uid_numbers="320000-320999")
    await user(connector)
    read = Session.read

    def blind(session: Session, dn: str, attributes: Any, **more: Any) -> Any:
        return None if attributes == ["description"] else read(session, dn, attributes, **more)

    monkeypatch.setattr(Session, "read", blind)
    another = opened(uid_numbers="320000-320999")
    with pytest.raises(Misconfigured) as caught:
        await user(another)
    assert caught.value.code == "ldap.counterHidden"
