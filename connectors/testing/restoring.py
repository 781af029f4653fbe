"""Rules of the contract about deleted accounts: found, and brought back as who they were."""

import pytest

from connectors.contract import Account, Connector, Match
from connectors.errors import AlreadyExists, NotFound
from connectors.testing.importer import Importer
from connectors.testing.samples import GROUP, USER, Rules, SampleNames, Samples, eventually, offered


class RestoreRules(Rules):
    """The way back from a deletion."""

    chapter = "Restoring"

    @pytest.fixture
    def login(self, samples: Samples) -> str:
        """Return the login of the one who is deleted."""
        return samples.login()

    @pytest.fixture
    async def leaver(self, connector: Connector, names: SampleNames, samples: Samples, login: str) -> Account:
        """Return a user who was deleted; skips where nobody comes back."""
        offered(connector.capabilities.restore, "recycle bin")
        user = await samples.user({names.login: login, names.title: "Engineer"})
        await connector.delete(USER, user.remote_id)
        return user

    async def test_a_deleted_account_is_found_among_the_deleted(
        self, connector: Connector, names: SampleNames, samples: Samples, login: str, leaver: Account
    ) -> None:
        """By the name that it had, ignoring case as ``find`` does; who stands is not there, nor who never was."""
        for asked in (login, login.upper()):
            assert await found(connector, names, asked, leaver)
        assert await samples.found(USER, names.login, login) == []
        stayer = await samples.user()
        standing = str(await samples.value(stayer, names.login))
        for asked in (standing, samples.login(), "*"):
            assert await connector.find_deleted(Match(USER, names.login, asked)) == []

    async def test_of_several_deleted_namesakes_the_last_comes_first(
        self, connector: Connector, names: SampleNames, samples: Samples, login: str, leaver: Account
    ) -> None:
        """At most two: they tell that the question is ambiguous."""
        second = await samples.user({names.login: login})
        await connector.delete(USER, second.remote_id)
        assert await found(connector, names, login, second, leaver)
        third = await samples.user({names.login: login})
        await connector.delete(USER, third.remote_id)

        async def last_two() -> bool:
            ids = [account.remote_id for account in await connector.find_deleted(Match(USER, names.login, login))]
            return len(ids) == 2 and ids[0] == third.remote_id

        assert await eventually(names.patience, last_two)

    async def test_a_restored_account_is_who_it_was(
        self, connector: Connector, names: SampleNames, samples: Samples, login: str, leaver: Account
    ) -> None:
        """The same remote id, found by the same name, with the attributes that this system keeps."""
        assert await found(connector, names, login, leaver)
        answer = await connector.restore(USER, leaver.remote_id)
        assert (answer.remote_id, answer.kind) == (leaver.remote_id, USER)
        assert answer.name
        standing = await connector.read(USER, leaver.remote_id)
        assert answer.active == standing.active
        for name in names.restored if names.restored is not None else (names.login, names.display_name, names.title):
            wanted = {names.login: login, names.title: "Engineer"}.get(name, leaver.attributes.get(name))
            assert standing.attributes.get(name) == wanted
        assert await samples.found(USER, names.login, login) == [leaver.remote_id]
        assert await found(connector, names, login)

    async def test_a_restored_account_can_be_used_and_deleted_again(
        self, connector: Connector, names: SampleNames, samples: Samples, leaver: Account
    ) -> None:
        """It is an account like any other."""
        await connector.restore(USER, leaver.remote_id)
        await connector.update(USER, leaver.remote_id, {names.title: "Lead"})
        assert await samples.value(leaver, names.title) == "Lead"
        if connector.capabilities.deactivate:
            await connector.activate(leaver.remote_id)
            assert (await connector.read(USER, leaver.remote_id)).active is True
        if connector.capabilities.memberships:
            group = await samples.group(leaver)
            assert await samples.members(group) == {leaver.remote_id}
        await connector.delete(USER, leaver.remote_id)
        with pytest.raises(NotFound):
            await connector.read(USER, leaver.remote_id)

    async def test_a_restore_of_one_who_stands_is_a_success(
        self, connector: Connector, names: SampleNames, samples: Samples, leaver: Account
    ) -> None:
        """A job may run twice."""
        for _ in range(2):
            assert (await connector.restore(USER, leaver.remote_id)).remote_id == leaver.remote_id
        stayer = await samples.user({names.title: "Analyst"})
        assert (await connector.restore(USER, stayer.remote_id)).remote_id == stayer.remote_id
        assert await samples.value(stayer, names.title) == "Analyst"

    @pytest.mark.usefixtures("leaver")
    async def test_a_restore_of_an_absent_account_raises_not_found(
        self, connector: Connector, names: SampleNames
    ) -> None:
        """It is gone for good, or never was: the engine makes it anew."""
        with pytest.raises(NotFound):
            await connector.restore(USER, names.absent_user)

    async def test_a_restore_to_a_taken_name_raises_already_exists(
        self, connector: Connector, names: SampleNames, samples: Samples, login: str, leaver: Account
    ) -> None:
        """Nobody is renamed for it; whoever has the name keeps it, and the deleted one stays in the bin."""
        successor = await samples.user({names.login: login, names.title: "Successor"})
        with pytest.raises(AlreadyExists) as caught:
            await connector.restore(USER, leaver.remote_id)
        assert caught.value.code
        assert await samples.found(USER, names.login, login) == [successor.remote_id]
        assert await samples.value(successor, names.title) == "Successor"
        await connector.delete(USER, successor.remote_id)
        assert (await connector.restore(USER, leaver.remote_id)).remote_id == leaver.remote_id

    async def test_a_restored_group_is_who_it_was(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """Its members may have to be added again."""
        offered(connector.capabilities.restore, "recycle bin")
        offered(names.restores_groups, "recycle bin for groups")
        name = f"Group {samples.word()}"
        group = await samples.group(name=name)
        await connector.delete(GROUP, group.remote_id)
        assert (await connector.restore(GROUP, group.remote_id)).remote_id == group.remote_id
        assert await samples.value(group, names.group_name) == name
        user = await samples.user()
        assert (await connector.change_members(group.remote_id, [user.remote_id], [])).failed == {}
        assert user.remote_id in await samples.members(group)

    async def test_a_deletion_and_a_restoration_show_in_imports(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """The one who comes back is the same account, with the memberships that came back with it and no others."""
        offered(connector.capabilities.restore, "recycle bin")
        offered(connector.capabilities.imports, "imports")
        importer = Importer(connector, names)
        user = await samples.user()
        groups = [await samples.group(user)] if connector.capabilities.memberships else []
        await importer.until(lambda picture: picture.has(user))
        await connector.delete(USER, user.remote_id)
        await importer.until(lambda picture: not picture.has(user))
        assert user.remote_id in importer.picture.restorable, "the import does not say that it can come back"
        await connector.restore(USER, user.remote_id)
        stands = [set(await connector.members(group.remote_id)) for group in groups]
        await importer.until(lambda picture: picture.has(user) and [picture.of(group) for group in groups] == stands)
        await importer.agrees(user, *groups)


async def found(connector: Connector, names: SampleNames, login: str, *accounts: Account) -> bool:
    """Return whether ``find_deleted`` comes to give exactly these, in this order."""
    wanted = [account.remote_id for account in accounts]

    async def look() -> bool:
        return [
            account.remote_id for account in await connector.find_deleted(Match(USER, names.login, login))
        ] == wanted

    return await eventually(names.patience, look)
