"""Groups in a real domain: their type, their names, and what a rename keeps."""

import pytest

from connectors.active_directory.group_types import GroupType, steps
from connectors.contract import Account, Match
from connectors.errors import AlreadyExists, Rejected
from connectors.ldap_client.library import MODIFY_REPLACE
from connectors.ldap_client.session import Session
from tests.connectors.active_directory.conftest import GROUP, USER, Opening, person, word

GLOBAL, DOMAIN_LOCAL, UNIVERSAL, SECURITY = 0x2, 0x4, 0x8, 0x80000000


def type_of(admin: Session, group: Account) -> int:
    entry = admin.read(group.name, ["groupType"])
    assert entry is not None
    return int(entry.values("groupType")[0]) & 0xFFFFFFFF


def held(admin: Session, dn: str, attribute: str) -> list[str]:
    entry = admin.read(dn, [attribute])
    assert entry is not None
    return entry.values(attribute)


@pytest.mark.samba
class TestTypes:
    @pytest.mark.parametrize(
        ("scope", "category", "bits"),
        [
            ("global", "security", GLOBAL | SECURITY),
            ("universal", "distribution", UNIVERSAL),
            ("domain_local", "security", DOMAIN_LOCAL | SECURITY),
        ],
    )
    async def test_a_new_group_has_the_type_of_the_settings(
        self, opened: Opening, admin: Session, scope: str, category: str, bits: int
    ) -> None:
        connector = opened(group_scope=scope, group_category=category)
        group = await connector.create(GROUP, {"cn": word()}, active=True)
        assert type_of(admin, group) == bits

    async def test_existing_groups_keep_their_type_unless_told_otherwise(self, opened: Opening, admin: Session) -> None:
        group = await opened().create(GROUP, {"cn": word()}, active=True)
        await opened(group_scope="universal").update(GROUP, group.remote_id, {"description": "Ours"})
        assert type_of(admin, group) == GLOBAL | SECURITY
        follows = opened(group_scope="universal", group_category="distribution", follow_group_type=True)
        await follows.update(GROUP, group.remote_id, {"description": "Ours"})
        assert type_of(admin, group) == UNIVERSAL

    async def test_a_global_group_becomes_domain_local_over_universal(self, opened: Opening, admin: Session) -> None:
        group = await opened().create(GROUP, {"cn": word()}, active=True)
        await opened(group_scope="domain_local", follow_group_type=True).update(GROUP, group.remote_id, {})
        assert type_of(admin, group) == DOMAIN_LOCAL | SECURITY
        await opened(follow_group_type=True).update(GROUP, group.remote_id, {})
        assert type_of(admin, group) == GLOBAL | SECURITY

    async def test_a_type_that_the_domain_refuses_is_told(self, opened: Opening, admin: Session) -> None:
        connector = opened(group_scope="domain_local")
        group = await connector.create(GROUP, {"cn": word()}, active=True)
        await connector.deactivate((await connector.create(USER, person(word()), active=True)).remote_id)
        admin.modify(
            group.name, {"groupType": [(MODIFY_REPLACE, [str(GroupType.of("universal", "security").number).encode()])]}
        )
        outer = await opened(group_scope="universal").create(GROUP, {"cn": word()}, active=True)
        await connector.change_members(group.remote_id, [outer.remote_id], [])
        assert type_of(admin, group) == UNIVERSAL | SECURITY


class TestTypeBits:
    def test_bits_that_are_not_ours_stay(self) -> None:
        application = GroupType.of("global", "security").number | 0x10
        assert [step.bits for step in steps(GroupType(application), GroupType.of("universal", "distribution"))] == [
            UNIVERSAL | 0x10
        ]

    def test_built_in_groups_never_change(self) -> None:
        administrators = GroupType(-2147483643)
        assert administrators.scope == "domain_local"
        assert list(steps(administrators, GroupType.of("global", "security"))) == []

    def test_what_is_as_wanted_takes_no_step(self) -> None:
        wanted = GroupType.of("global", "security")
        assert wanted.number == -2147483646
        assert list(steps(wanted, wanted)) == []


@pytest.mark.samba
class TestNames:
    async def test_the_account_name_is_made_of_the_name(self, opened: Opening, admin: Session) -> None:
        name = f"Vertrieb Süd/West [{word()}]"
        group = await opened().create(GROUP, {"cn": name}, active=True)
        assert held(admin, group.name, "sAMAccountName") == [
            name.replace("ü", "u").translate({ord(c): None for c in "/[]"})
        ]

    async def test_an_account_name_that_is_taken_is_numbered(self, opened: Opening, admin: Session) -> None:
        name, connector = word(), opened()
        await connector.create(USER, person(name, sAMAccountName=name), active=True)
        group = await connector.create(GROUP, {"cn": name}, active=True)
        assert held(admin, group.name, "sAMAccountName") == [f"{name}2"]

    async def test_a_mapped_account_name_that_is_taken_is_refused_where_the_settings_say_so(
        self, opened: Opening
    ) -> None:
        name, connector = word(), opened(account_name_taken="refuse")
        await connector.create(USER, person(name, sAMAccountName=name), active=True)
        with pytest.raises(AlreadyExists) as caught:
            await connector.create(GROUP, {"cn": word(), "sAMAccountName": name}, active=True)
        assert caught.value.code == "ad.accountNameTaken"

    async def test_a_second_group_of_that_name_is_not_numbered(self, opened: Opening) -> None:
        name, connector = word(), opened()
        group = await connector.create(GROUP, {"cn": name}, active=True)
        with pytest.raises(AlreadyExists) as caught:
            await connector.create(GROUP, {"cn": name, "sAMAccountName": word()}, active=True)
        assert caught.value.code == "ad.nameTaken"
        assert [found.remote_id for found in await connector.find(Match(GROUP, "cn", name))] == [group.remote_id]

    async def test_a_rename_keeps_id_and_account_name(self, opened: Opening, admin: Session) -> None:
        old, new, connector = word(), f"Renamed, {word()}", opened()
        group = await connector.create(GROUP, {"cn": old}, active=True)
        renamed = await connector.update(GROUP, group.remote_id, {"cn": new})
        assert renamed.remote_id == group.remote_id
        assert held(admin, renamed.name, "sAMAccountName") == [old]
        assert (await connector.read(GROUP, group.remote_id)).attributes["cn"] == new

    async def test_a_numbered_account_name_is_kept_by_the_same_update(self, opened: Opening, admin: Session) -> None:
        name, connector = word(), opened()
        await connector.create(USER, person(name, sAMAccountName=name), active=True)
        group = await connector.create(GROUP, {"cn": word(), "sAMAccountName": name}, active=True)
        await connector.update(GROUP, group.remote_id, {"sAMAccountName": name})
        assert held(admin, group.name, "sAMAccountName") == [f"{name}2"]

    async def test_a_name_that_no_group_can_have_is_told(self, opened: Opening) -> None:
        connector = opened()
        for attributes, code in (
            ({"cn": "x" * 65}, "ad.nameTooLong"),
            ({"cn": "?/[]"}, "ad.accountNameMissing"),
            ({"description": "nameless"}, "ad.nameMissing"),
        ):
            with pytest.raises(Rejected) as caught:
                await connector.create(GROUP, attributes, active=True)
            assert caught.value.code == code
            assert caught.value.fix
