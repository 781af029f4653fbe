"""Profiles: what they set, what stays in the hands of who enters settings, and that directories take such entries."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.contract import ObjectKind
from connectors.ldap import LdapConnector, LdapSettings
from connectors.ldap_client.session import Session
from sandbox.slapd import GROUPS, Slapd
from sandbox.slapd_schemas import RFC2307BIS
from tests.connectors.ldap.conftest import open_session, settings_for, word
from tests.connectors.ldap.test_ldap_settings import VALID

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP


@pytest.mark.parametrize(
    ("profile", "group_class", "extra", "member", "by", "numbers"),
    [
        ("inetOrgPerson", "groupOfNames", (), "member", "dn", ""),
        ("groupOfUniqueNames", "groupOfUniqueNames", (), "uniqueMember", "dn", ""),
        ("posix", "posixGroup", (), "memberUid", "uid", "10000-59999"),
        ("posix-rfc2307bis", "groupOfNames", ("posixGroup",), "member", "dn", "10000-59999"),
    ],
)
def test_a_profile_sets_what_is_not_given(
    profile: str, group_class: str, extra: tuple[str, ...], member: str, by: str, numbers: str
) -> None:
    settings = LdapSettings(**VALID, profile=profile)
    assert (settings.group_class, settings.group_extra_classes) == (group_class, extra)
    assert (settings.member_attribute, settings.members_by, settings.gid_numbers) == (member, by, numbers)
    assert settings.user_extra_classes == (("posixAccount",) if numbers else ())


def test_what_is_given_wins_over_the_profile() -> None:
    given: dict[str, Any] = {
        "member_attribute": "member",
        "members_by": "dn",
        "uid_numbers": "",
        "user_extra_classes": (),
    }
    settings = LdapSettings(**VALID, profile="posix", **given)
    assert {name: getattr(settings, name) for name in given} == given
    assert settings.group_class == "posixGroup"


def test_what_a_profile_sets_is_not_stored_as_given() -> None:
    """So that another profile sets it anew."""
    stored = LdapSettings(**VALID, profile="posix").model_dump(exclude_unset=True)
    assert stored.keys() == {*VALID, "profile"}


@pytest.mark.parametrize("numbers", ["10000", "9-1", "0-5", "-1-5", "1-99999999999", "a-b", "1-2147483648"])
def test_what_is_no_range_is_refused_in_words(numbers: str) -> None:
    with pytest.raises(ValidationError, match="range of numbers"):
        LdapSettings(**VALID, uid_numbers=numbers)


def test_ranges_that_overlap_are_refused_where_users_have_groups_of_their_own() -> None:
    ranges = {"uid_numbers": "10000-19999", "gid_numbers": "15000-20000"}
    with pytest.raises(ValidationError, match="overlap"):
        LdapSettings(**VALID, profile="posix", **ranges)
    LdapSettings(**VALID, profile="posix", primary_gid=100, **ranges)
    LdapSettings(**VALID, profile="posix", uid_numbers="10000-19999", gid_numbers="20000-29999")


async def life_of_a_group(server: Slapd, raw: Session, **settings: Any) -> None:
    connector = LdapConnector.open(settings_for(server, counter=f"cn={word()},{GROUPS}", **settings))
    assert [check for check in (await connector.verify()).checks if not check.ok] == []
    user = await connector.create(USER, {"uid": word(), "cn": "Mira Ito"}, active=True)
    team = await connector.create(GROUP, {"cn": word()}, active=True)
    await connector.change_members(team.remote_id, [user.remote_id], [])
    assert await connector.members(team.remote_id) == [user.remote_id]
    await connector.update(USER, user.remote_id, {"uid": word()})
    assert await connector.members(team.remote_id) == [user.remote_id]
    await connector.delete(USER, user.remote_id)
    assert await connector.members(team.remote_id) == []
    assert raw.read(team.name, ["1.1"]) is not None
    await connector.delete(GROUP, team.remote_id)
    await connector.close()


async def test_unique_names(slapd: Slapd, admin: Session) -> None:
    await life_of_a_group(slapd, admin, profile="groupOfUniqueNames")


async def test_posix(slapd: Slapd, admin: Session) -> None:
    await life_of_a_group(slapd, admin, profile="posix")


@pytest.fixture(scope="module")
def bis_slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A server whose posixGroup is auxiliary."""
    with Slapd.open(tmp_path_factory.mktemp("bis"), durable=False, schema=RFC2307BIS) as server:
        yield server


async def test_posix_groups_beside_group_of_names(bis_slapd: Slapd) -> None:
    raw = open_session(bis_slapd)
    await life_of_a_group(bis_slapd, raw, profile="posix-rfc2307bis")
    connector = LdapConnector.open(settings_for(bis_slapd, profile="posix-rfc2307bis"))
    team = await connector.create(GROUP, {"cn": word()}, active=True)
    entry = raw.read(team.name, ["objectClass", "gidNumber"])
    assert entry is not None
    assert {"groupOfNames", "posixGroup"} <= set(entry.values("objectClass"))
    assert entry.values("gidNumber") == ["10000"]
    await connector.close()
    raw.close()
