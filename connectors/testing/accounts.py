"""Rules of the contract about single accounts: create, find, read, update, rename, clear."""

from contextlib import suppress

import pytest

from connectors.contract import Connector, Value
from connectors.errors import AlreadyExists, NotFound, Unavailable
from connectors.testing.samples import AWKWARD_TEXTS, GROUP, USER, Rules, SampleNames, Samples, need


class AccountRules(Rules):
    """One account at a time."""

    chapter = "Accounts"

    async def test_what_is_created_is_found_and_read(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """``create`` returns the remote id by which ``read`` knows the account and that ``find`` gives."""
        wanted = samples.user_values(**{names.title: "Engineer"})
        account = samples.keep(await connector.create(USER, wanted, active=True))
        assert account.kind is USER
        assert account.remote_id
        assert account.name
        assert await samples.found(USER, names.login, str(wanted[names.login])) == [account.remote_id]
        standing = await connector.read(USER, account.remote_id)
        assert (standing.remote_id, standing.active) == (account.remote_id, True)
        assert standing.attributes[names.login] == wanted[names.login]
        assert standing.attributes[names.display_name] == wanted[names.display_name]
        assert standing.attributes[names.title] == "Engineer"

    async def test_a_group_is_created_found_and_read(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """A group has no state of activity, and a new one has no members."""
        name = f"Group {samples.word()}"
        group = await samples.group(name=name)
        assert await samples.found(GROUP, names.group_name, name) == [group.remote_id]
        standing = await connector.read(GROUP, group.remote_id)
        assert standing.attributes[names.group_name] == name
        assert standing.active is None
        assert await samples.members(group) == set()

    async def test_find_gives_nothing_for_a_name_that_nobody_has(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """No match is an empty answer, not an error."""
        assert await samples.found(USER, names.login, samples.login()) == []
        if connector.capabilities.groups:
            assert await samples.found(GROUP, names.group_name, samples.word()) == []

    async def test_find_does_not_read_wildcards(self, names: SampleNames, samples: Samples) -> None:
        """A value is compared, never interpreted: ``*`` finds nobody."""
        user = await samples.user()
        login = str(await samples.value(user, names.login))
        assert await samples.found(USER, names.login, "*") == []
        assert await samples.found(USER, names.login, f"{login[:4]}*") == []
        assert await samples.found(USER, names.display_name, f"*{login}*") == []

    async def test_find_ignores_the_case_of_a_login(self, names: SampleNames, samples: Samples) -> None:
        """``userName`` is not case-exact (RFC 7643, 4.1.1): another case is the same person."""
        user = await samples.user()
        login = str(await samples.value(user, names.login))
        assert await samples.found(USER, names.login, login.upper()) == [user.remote_id]

    async def test_an_ambiguous_find_gives_two(self, names: SampleNames, samples: Samples) -> None:
        """Two answers of three tell that the match is ambiguous; more are not fetched."""
        attribute, shared = need(names.lookalike), samples.word()
        made = {(await samples.user({attribute: shared})).remote_id for _ in range(3)}
        found = await samples.found(USER, attribute, shared)
        assert len(found) == 2
        assert set(found) < made

    async def test_find_keeps_kinds_apart(self, names: SampleNames, samples: Samples) -> None:
        """A group is not found as a user with the same name."""
        name = f"Same {samples.word()}"
        group = await samples.group(name=name)
        user = await samples.user({names.display_name: name})
        assert await samples.found(GROUP, names.group_name, name) == [group.remote_id]
        assert await samples.found(USER, names.display_name, name) == [user.remote_id]

    async def test_verbs_keep_kinds_apart(self, connector: Connector, names: SampleNames, samples: Samples) -> None:
        """A remote id of the other kind is nobody's, or is not there yet: nothing of it is told, changed or deleted."""
        user, group = await samples.user({names.title: "Engineer"}), await samples.group()
        for kind, other, change in ((GROUP, user, names.group_name), (USER, group, names.display_name)):
            with pytest.raises((NotFound, Unavailable)):
                await connector.read(kind, other.remote_id)
            with pytest.raises((NotFound, Unavailable)):
                await connector.update(kind, other.remote_id, {change: "Somebody Else"})
            with suppress(Unavailable):
                await connector.delete(kind, other.remote_id)
            assert (await connector.read(other.kind, other.remote_id)).remote_id == other.remote_id
        assert await samples.value(user, names.title) == "Engineer"

    async def test_a_duplicate_create_raises_already_exists(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """The name is taken: ``AlreadyExists``, and the first account stands untouched."""
        values = samples.user_values(**{names.title: "First"})
        first = samples.keep(await connector.create(USER, values, active=True))
        with pytest.raises(AlreadyExists) as caught:
            await connector.create(USER, {**values, names.title: "Second"}, active=True)
        assert caught.value.code
        assert await samples.value(first, names.title) == "First"

    async def test_an_update_changes_what_it_names_and_nothing_else(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """An absent key leaves the attribute as it is; the answer holds the id and the name."""
        user = await samples.user({names.title: "Engineer"})
        answer = await connector.update(USER, user.remote_id, {names.display_name: "Another Name"})
        assert answer.remote_id == user.remote_id
        assert answer.name
        assert await samples.value(user, names.display_name) == "Another Name"
        assert await samples.value(user, names.title) == "Engineer"

    async def test_an_update_with_the_same_values_is_a_success(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """A job may run twice; an update without any change is one, too."""
        user = await samples.user()
        for changes in ({names.title: "Engineer"}, {names.title: "Engineer"}, {}):
            await connector.update(USER, user.remote_id, changes)
        assert await samples.value(user, names.title) == "Engineer"

    async def test_verbs_on_a_missing_account_raise_not_found(self, connector: Connector, names: SampleNames) -> None:
        """``NotFound`` is what the engine repairs inline; it must not look like anything else."""
        with pytest.raises(NotFound):
            await connector.read(USER, names.absent_user)
        with pytest.raises(NotFound):
            await connector.update(USER, names.absent_user, {names.title: "Engineer"})
        if connector.capabilities.deactivate:
            with pytest.raises(NotFound):
                await connector.deactivate(names.absent_user)
            with pytest.raises(NotFound):
                await connector.activate(names.absent_user)
        if connector.capabilities.groups:
            with pytest.raises(NotFound):
                await connector.read(GROUP, names.absent_group)
            with pytest.raises(NotFound):
                await connector.update(GROUP, names.absent_group, {names.group_name: "Nobody's"})

    async def test_a_rename_keeps_the_remote_id(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """A rename is a rename: the same account, found by the new name and not by the old one."""
        user = await samples.user({names.title: "Engineer"})
        old, new = str(await samples.value(user, names.login)), samples.login()
        await connector.update(USER, user.remote_id, {names.login: new, names.display_name: "Renamed Person"})
        standing = await connector.read(USER, user.remote_id)
        assert standing.attributes[names.login] == new
        assert standing.attributes[names.display_name] == "Renamed Person"
        assert standing.attributes[names.title] == "Engineer"
        assert await samples.found(USER, names.login, new) == [user.remote_id]
        assert await samples.found(USER, names.login, old) == []

    async def test_a_rename_by_case_only_is_a_rename(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """Somebody wants to be written with capitals: that must not collide with oneself."""
        user = await samples.user()
        login = str(await samples.value(user, names.login))
        await connector.update(USER, user.remote_id, {names.login: login.capitalize()})
        assert await samples.value(user, names.login) == login.capitalize()

    async def test_a_rename_to_a_taken_name_raises_already_exists(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """Nobody's account is taken over, and the own one keeps its name."""
        first, second = await samples.user(), await samples.user()
        taken, own = await samples.value(first, names.login), await samples.value(second, names.login)
        with pytest.raises(AlreadyExists):
            await connector.update(USER, second.remote_id, {names.login: taken})
        assert await samples.value(second, names.login) == own

    @pytest.mark.parametrize("nothing", [None, ()], ids=["None", "empty tuple"])
    async def test_clearing_removes_the_attribute(
        self, connector: Connector, names: SampleNames, samples: Samples, nothing: Value
    ) -> None:
        """``None`` and the empty tuple clear; clearing what is clear is a success."""
        user = await samples.user({names.title: "Engineer"})
        for _ in range(2):
            await connector.update(USER, user.remote_id, {names.title: nothing})
            assert await samples.value(user, names.title) is None

    async def test_multivalued_attributes_are_replaced_as_a_whole(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """The tuple that is given is the set of values afterwards; a single one may be read without its tuple."""
        attribute = need(names.multivalued)
        user = await samples.user({attribute: ("+49 30 1", "+49 30 2")})
        for values in (("+49 30 2", "+49 30 3", "+49 30 4"), ("+49 30 5",), ()):
            await connector.update(USER, user.remote_id, {attribute: values})
            standing = await samples.value(user, attribute)
            held = standing if isinstance(standing, tuple) else (standing,) if standing is not None else ()
            assert set(held) == set(values)

    @pytest.mark.parametrize("text", AWKWARD_TEXTS)
    async def test_awkward_texts_come_back_as_they_were(
        self, connector: Connector, names: SampleNames, samples: Samples, text: str
    ) -> None:
        """Nothing that a person is called breaks a filter, a DN, a URL or a document."""
        text = f"{text} {samples.word()}"
        user = await samples.user({names.display_name: text, names.title: text})
        assert await samples.value(user, names.display_name) == text
        assert await samples.value(user, names.title) == text
        assert await samples.found(USER, names.display_name, text) == [user.remote_id]

    @pytest.mark.parametrize("text", AWKWARD_TEXTS)
    async def test_awkward_group_names_come_back_as_they_were(
        self, connector: Connector, names: SampleNames, samples: Samples, text: str
    ) -> None:
        """Groups too, through a rename."""
        text = f"{text} {samples.word()}"
        group = await samples.group(name=text)
        assert await samples.found(GROUP, names.group_name, text) == [group.remote_id]
        await connector.update(GROUP, group.remote_id, {names.group_name: f"{text} II"})
        assert await samples.value(group, names.group_name) == f"{text} II"

    async def test_awkward_logins_can_be_created_renamed_and_deleted(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """Every character that the system allows in a login works in every verb."""
        if not names.awkward_logins:
            pytest.skip("no awkward_logins are given")
        user = await samples.user()
        for form in names.awkward_logins:
            login = samples.login(form)
            await connector.update(USER, user.remote_id, {names.login: login})
            assert await samples.value(user, names.login) == login
            assert await samples.found(USER, names.login, login) == [user.remote_id]
            twin_login = samples.login(form)
            twin = await samples.user({names.login: twin_login})
            assert await samples.value(twin, names.login) == twin_login
            with pytest.raises(AlreadyExists):
                await connector.create(USER, samples.user_values(**{names.login: twin_login}), active=True)
            await connector.delete(USER, twin.remote_id)
            assert await samples.found(USER, names.login, twin_login) == []
