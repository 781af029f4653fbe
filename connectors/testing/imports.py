"""Rules of the contract about imports: what stands, and then what changed, and nothing that did not."""

import asyncio
from collections.abc import Sequence

import pytest

from connectors.contract import Account, Connector, Feature, Reading
from connectors.testing.importer import Importer, about, points_at
from connectors.testing.samples import GROUP, USER, Rules, SampleNames, Samples, eventually, need, offered


class ImportRules(Rules):
    """Reading changes, folded into a picture of the system."""

    chapter = "Imports"

    @pytest.fixture
    def importer(self, connector: Connector, names: SampleNames) -> Importer:
        """Return an importer that has read nothing yet; skips where nothing can be read."""
        offered(connector.capabilities.imports, "imports")
        return Importer(connector, names)

    async def test_the_first_import_is_a_complete_snapshot(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """It says where it ``starts`` and that it is ``complete``, and holds everybody as they stand."""
        users = [await samples.user({names.title: "Engineer"}), await samples.user()]
        groups = []
        if connector.capabilities.deactivate:
            users.append(await samples.user(active=False))
        if connector.capabilities.memberships:
            groups = [await samples.group(*users), await samples.group()]
        pages = await importer.run()
        assert [page.starts for page in pages] == [True] + [False] * (len(pages) - 1)
        assert pages[-1].complete
        await importer.until(lambda picture: all(picture.has(each) for each in (*users, *groups)))
        await importer.agrees(*users, *groups)

    async def test_an_import_asks_for_the_mapped_attributes_unless_told_otherwise(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """``Reading()`` names no attributes: those of the built-in mappings are read."""
        user = await samples.user({names.title: "Engineer"})
        importer.reading = Reading()
        await importer.until(lambda picture: picture.has(user))
        standing = (await connector.read(USER, user.remote_id)).attributes
        mapped = {mapping.target for mapping in connector.defaults[USER].mappings}
        for name in mapped & {names.login, names.display_name, names.title}:
            assert importer.picture.value(user, name) == standing[name]

    async def test_an_import_reads_only_the_kinds_that_it_is_asked_for(
        self, connector: Connector, samples: Samples, importer: Importer
    ) -> None:
        """Users alone, groups alone, and groups without their members."""
        user = await samples.user()
        group = await samples.group(user)
        for kind, wanted, other in ((USER, user, group), (GROUP, group, user)):
            only = Importer(connector, importer.names)
            only.reading = Reading(frozenset({kind}), only.attributes, memberships=False)
            await only.until(lambda picture, wanted=wanted: picture.has(wanted))  # type: ignore[misc]  # a default
            assert not only.picture.has(other)
            assert {account.kind for account in only.picture.accounts.values()} == {kind}
            assert not any(only.picture.members.values())

    async def test_nothing_shows_when_nothing_changed(
        self, connector: Connector, samples: Samples, importer: Importer
    ) -> None:
        """Once an import is quiet, those who did not change are at most named as standing."""
        offered(connector.capabilities.delta, "delta")
        user = await samples.user()
        made = [user, await samples.group(user)] if connector.capabilities.memberships else [user]
        await importer.until(lambda picture: all(picture.has(each) for each in made))
        assert await eventually(importer.names.patience, lambda: quiet(importer, made)), "unchanged accounts show"
        await importer.agrees(*made)

    async def test_a_new_account_shows(self, names: SampleNames, samples: Samples, importer: Importer) -> None:
        """Who was created since the last import is in the next."""
        await importer.run()
        user = await samples.user({names.title: "Engineer"})
        await importer.until(lambda picture: picture.has(user))
        await importer.agrees(user)

    async def test_a_change_shows(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """With the new value, and the values that did not change still known."""
        user = await samples.user({names.title: "Engineer"})
        await importer.until(lambda picture: picture.has(user))
        await connector.update(USER, user.remote_id, {names.title: "Lead"})
        await importer.until(lambda picture: picture.value(user, names.title) == "Lead")
        await importer.agrees(user)

    async def test_a_cleared_attribute_shows_as_cleared(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """Absence from a whole account, or ``None`` in a partial one."""
        user = await samples.user({names.title: "Engineer"})
        await importer.until(lambda picture: picture.value(user, names.title) == "Engineer")
        await connector.update(USER, user.remote_id, {names.title: None})
        await importer.until(lambda picture: picture.value(user, names.title) is None)
        await importer.agrees(user)

    async def test_values_of_many_show_as_a_whole(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """A multi-valued attribute is told with all of its values, whichever changed."""
        attribute = need(names.multivalued)
        user = await samples.user({attribute: ("+49 30 1", "+49 30 2")})
        await importer.until(lambda picture: picture.has(user))
        await connector.update(USER, user.remote_id, {attribute: ("+49 30 2", "+49 30 3")})
        await importer.until(lambda picture: picture.value(user, attribute) == ("+49 30 2", "+49 30 3"))

    async def test_a_rename_shows_under_the_same_remote_id(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """Not as somebody who left and somebody who came."""
        user, login = await samples.user(), samples.login()
        await importer.until(lambda picture: picture.has(user))
        await connector.update(USER, user.remote_id, {names.login: login})
        await importer.until(lambda picture: picture.value(user, names.login) == login)
        await importer.agrees(user)
        held = [each for each in importer.picture.accounts.values() if each.attributes.get(names.login) == login]
        assert [each.remote_id for each in held] == [user.remote_id]

    async def test_a_deactivation_and_an_activation_show(
        self, connector: Connector, samples: Samples, importer: Importer
    ) -> None:
        """``active`` follows; the account stays in the picture."""
        offered(connector.capabilities.deactivate, "deactivation")
        user = await samples.user()
        await importer.until(lambda picture: picture.active(user) is True)
        await connector.deactivate(user.remote_id)
        await importer.until(lambda picture: picture.active(user) is False)
        await importer.agrees(user)
        await connector.activate(user.remote_id)
        await importer.until(lambda picture: picture.active(user) is True)
        await importer.agrees(user)

    async def test_a_deletion_shows(self, connector: Connector, samples: Samples, importer: Importer) -> None:
        """As ``gone``, or by absence from a complete snapshot; those who stand are not touched."""
        leaver, stayer = await samples.user(), await samples.user()
        await importer.until(lambda picture: picture.has(leaver) and picture.has(stayer))
        await connector.delete(USER, leaver.remote_id)
        await importer.until(lambda picture: not picture.has(leaver))
        await importer.agrees(leaver, stayer)

    async def test_a_reference_shows_as_a_remote_id(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """Set, changed and cleared."""
        attribute = need(names.reference)
        boss, other = await samples.user(), await samples.user()
        user = await samples.user({attribute: points_at(boss)})
        await importer.until(lambda picture: picture.value(user, attribute) == points_at(boss))
        await connector.update(USER, user.remote_id, {attribute: points_at(other)})
        await importer.until(lambda picture: picture.value(user, attribute) == points_at(other))
        await connector.update(USER, user.remote_id, {attribute: None})
        await importer.until(lambda picture: picture.value(user, attribute) is None)
        await importer.agrees(user)

    async def test_a_group_that_is_renamed_or_deleted_shows(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """Groups are accounts, too; a rename says nothing about their members."""
        user, word = await samples.user(), samples.word()
        group = await samples.group(user) if connector.capabilities.memberships else await samples.group()
        await importer.until(lambda picture: picture.has(group))
        await connector.update(GROUP, group.remote_id, {names.group_name: f"Renamed {word}"})
        await importer.until(lambda picture: picture.value(group, names.group_name) == f"Renamed {word}")
        await importer.agrees(group, user)
        await connector.delete(GROUP, group.remote_id)
        await importer.until(lambda picture: not picture.has(group))
        await importer.agrees(group, user)

    async def test_members_who_come_and_leave_show(
        self, connector: Connector, samples: Samples, importer: Importer
    ) -> None:
        """The picture of the group follows, down to its last member."""
        first, second = await samples.user(), await samples.user()
        group = await samples.group(first)
        await importer.until(lambda picture: picture.of(group) == {first.remote_id})
        await connector.change_members(group.remote_id, [second.remote_id], [])
        await importer.until(lambda picture: picture.of(group) == {first.remote_id, second.remote_id})
        await connector.change_members(group.remote_id, [], [first.remote_id])
        await importer.until(lambda picture: picture.of(group) == {second.remote_id})
        await connector.change_members(group.remote_id, [], [second.remote_id])
        await importer.until(lambda picture: picture.of(group) == set())
        await importer.agrees(group, first, second)

    async def test_a_deleted_user_leaves_the_groups_of_the_picture(
        self, connector: Connector, samples: Samples, importer: Importer
    ) -> None:
        """And nobody else does."""
        user, other = await samples.user(), await samples.user()
        group, alone = await samples.group(user, other), await samples.group(user)
        await importer.until(lambda picture: picture.of(group) == {user.remote_id, other.remote_id})
        await connector.delete(USER, user.remote_id)
        await importer.until(lambda picture: not picture.has(user) and picture.of(group) == {other.remote_id})
        await importer.agrees(user, other, group, alone)

    async def test_a_group_beyond_a_page_is_read_whole_and_then_follows(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """However many members: all of them, and afterwards one who came and one who left."""
        users = await asyncio.gather(*(samples.user() for _ in range(max(names.bulk, names.page))))
        ids = {user.remote_id for user in users}
        group = await samples.group(*users[1:])
        await importer.until(lambda picture: picture.of(group) == ids - {users[0].remote_id})
        await connector.change_members(group.remote_id, [users[0].remote_id], [users[-1].remote_id])
        await importer.until(lambda picture: picture.of(group) == ids - {users[-1].remote_id})
        await importer.agrees(group)

    async def test_verify_looks_at_what_an_import_needs(self, connector: Connector, importer: Importer) -> None:
        """A right connection passes with the features of an import chosen, and reading it is possible then."""
        verification = await connector.verify(frozenset({Feature.IMPORT_USERS, Feature.IMPORT_GROUPS}))
        assert [check for check in verification.checks if not check.ok] == []
        await importer.run(1)


async def quiet(importer: Importer, accounts: Sequence[Account]) -> bool:
    """Return whether one more import tells nothing about these accounts."""
    return about(await importer.run(), *accounts) == []
