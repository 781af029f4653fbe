"""Rules of the contract about the members of groups."""

import asyncio

import pytest

from connectors.contract import Connector
from connectors.errors import NotFound, Rejected
from connectors.testing.samples import GROUP, USER, Rules, SampleNames, Samples, offered


class MembershipRules(Rules):
    """Who is in, who is not, and that nobody is lost."""

    chapter = "Members of groups"

    async def test_members_are_added_and_removed(self, connector: Connector, samples: Samples) -> None:
        """One call may add and remove; only those it names are concerned."""
        first, second, third = [await samples.user() for _ in range(3)]
        group = await samples.group(first, second)
        assert await samples.members(group) == {first.remote_id, second.remote_id}
        failures = await connector.change_members(group.remote_id, [third.remote_id], [first.remote_id])
        assert failures.failed == {}
        assert await samples.members(group) == {second.remote_id, third.remote_id}

    async def test_adding_a_member_who_is_in_is_a_success(self, connector: Connector, samples: Samples) -> None:
        """Also among others who are not in."""
        inside, outside = await samples.user(), await samples.user()
        group = await samples.group(inside)
        failures = await connector.change_members(group.remote_id, [inside.remote_id, outside.remote_id], [])
        assert failures.failed == {}
        assert await samples.members(group) == {inside.remote_id, outside.remote_id}

    async def test_removing_a_member_who_is_not_in_is_a_success(self, connector: Connector, samples: Samples) -> None:
        """Also among others who are in."""
        inside, outside = await samples.user(), await samples.user()
        group = await samples.group(inside)
        failures = await connector.change_members(group.remote_id, [], [outside.remote_id, inside.remote_id])
        assert failures.failed == {}
        assert await samples.members(group) == set()

    async def test_a_change_without_members_is_a_success(self, connector: Connector, samples: Samples) -> None:
        """Nothing to do."""
        group = await samples.group()
        assert (await connector.change_members(group.remote_id, [], [])).failed == {}

    async def test_the_last_member_can_leave_and_come_back(self, connector: Connector, samples: Samples) -> None:
        """A group that stands empty is a group."""
        user = await samples.user()
        group = await samples.group(user)
        await connector.change_members(group.remote_id, [], [user.remote_id])
        assert await samples.members(group) == set()
        await connector.change_members(group.remote_id, [user.remote_id], [])
        assert await samples.members(group) == {user.remote_id}

    async def test_an_absent_member_fails_alone(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """The others are added; the absent one is named with ``NotFound``."""
        user = await samples.user()
        group = await samples.group()
        failures = await connector.change_members(group.remote_id, [names.absent_user, user.remote_id], [])
        assert set(failures.failed) == {names.absent_user}
        assert isinstance(failures.failed[names.absent_user], NotFound | Rejected)
        assert await samples.members(group) == {user.remote_id}

    async def test_removing_an_absent_member_is_a_success(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """Who does not exist is in no group."""
        user = await samples.user()
        group = await samples.group(user)
        failures = await connector.change_members(group.remote_id, [], [names.absent_user])
        assert failures.failed == {}
        assert await samples.members(group) == {user.remote_id}

    async def test_members_of_an_absent_group_raise_not_found(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """The group is what is missing, not the member."""
        offered(connector.capabilities.memberships, "memberships")
        user = await samples.user()
        with pytest.raises(NotFound):
            await connector.change_members(names.absent_group, [user.remote_id], [])
        with pytest.raises(NotFound):
            await connector.change_members(names.absent_group, [], [user.remote_id])
        with pytest.raises(NotFound):
            await connector.members(names.absent_group)

    async def test_members_beyond_one_batch(self, connector: Connector, names: SampleNames, samples: Samples) -> None:
        """However many: all in, the absent ones named, all out."""
        users = await asyncio.gather(*(samples.user() for _ in range(names.bulk)))
        ids = [user.remote_id for user in users]
        group = await samples.group(users[0])
        wanted = [*ids[: len(ids) // 2], names.absent_user, *ids[len(ids) // 2 :]]
        failures = await connector.change_members(group.remote_id, wanted, [])
        assert set(failures.failed) == {names.absent_user}
        assert await samples.members(group) == set(ids)
        assert (await connector.change_members(group.remote_id, [], ids[1:])).failed == {}
        assert await samples.members(group) == {ids[0]}

    async def test_of_a_batch_in_which_every_third_member_is_absent_the_others_are_added(
        self, connector: Connector, samples: Samples
    ) -> None:
        """Each one that was deleted meanwhile is named; nobody else is lost, in whichever batch they went."""
        users = await asyncio.gather(*(samples.user() for _ in range(24)))
        group = await samples.group()
        gone = {user.remote_id for user in users[::3]}
        for remote_id in gone:
            await connector.delete(USER, remote_id)
        ids = [user.remote_id for user in users]
        failures = await connector.change_members(group.remote_id, ids, [])
        assert set(failures.failed) == gone
        assert all(isinstance(error, NotFound | Rejected) for error in failures.failed.values())
        assert await samples.members(group) == set(ids) - gone
        assert (await connector.change_members(group.remote_id, [], ids)).failed == {}
        assert await samples.members(group) == set()

    async def test_parallel_changes_of_one_group_lose_nobody(self, connector: Connector, samples: Samples) -> None:
        """Changes of different members commute."""
        users = [await samples.user() for _ in range(8)]
        group = await samples.group(*users[:4])
        await asyncio.gather(
            *(connector.change_members(group.remote_id, [], [user.remote_id]) for user in users[:4]),
            *(connector.change_members(group.remote_id, [user.remote_id], []) for user in users[4:]),
        )
        assert await samples.members(group) == {user.remote_id for user in users[4:]}

    async def test_a_renamed_member_stays_in(self, connector: Connector, names: SampleNames, samples: Samples) -> None:
        """A rename keeps the memberships, and the member can still be removed."""
        user, other = await samples.user(), await samples.user()
        group = await samples.group(user, other)
        await connector.update(USER, user.remote_id, {names.login: samples.login()})
        assert await samples.members(group) == {user.remote_id, other.remote_id}
        await connector.change_members(group.remote_id, [], [user.remote_id])
        assert await samples.members(group) == {other.remote_id}

    async def test_a_renamed_group_keeps_its_members(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """And its remote id."""
        user = await samples.user()
        group = await samples.group(user)
        await connector.update(GROUP, group.remote_id, {names.group_name: f"Renamed {samples.word()}"})
        assert await samples.members(group) == {user.remote_id}

    async def test_a_deactivated_member_stays_in_or_can_come_back(self, connector: Connector, samples: Samples) -> None:
        """Deactivation keeps memberships, or the connector says so (``keeps_memberships``) and takes them again."""
        offered(connector.capabilities.deactivate, "deactivation")
        user, other = await samples.user(), await samples.user()
        group = await samples.group(user, other)
        await connector.deactivate(user.remote_id)
        kept = {user.remote_id} if connector.keeps_memberships else set()
        assert await samples.members(group) == {other.remote_id, *kept}
        await connector.activate(user.remote_id)
        assert await samples.members(group) == {other.remote_id, *kept}
        assert (await connector.change_members(group.remote_id, [user.remote_id], [])).failed == {}
        assert await samples.members(group) == {user.remote_id, other.remote_id}

    async def test_a_deleted_user_is_no_member_anywhere(self, connector: Connector, samples: Samples) -> None:
        """No dead entry is left that a later namesake would inherit."""
        user, other = await samples.user(), await samples.user()
        group, alone = await samples.group(user, other), await samples.group(user)
        await connector.delete(USER, user.remote_id)
        assert await samples.members(group) == {other.remote_id}
        assert await samples.members(alone) == set()
