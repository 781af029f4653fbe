"""Rules of the contract about an account's life: deactivate, activate, delete, come back."""

import pytest

from connectors.contract import Connector, ObjectKind
from connectors.errors import AlreadyExists, NotFound
from connectors.testing.samples import GROUP, USER, Rules, SampleNames, Samples, offered


class LifecycleRules(Rules):
    """Leavers, returners, and those who never were."""

    chapter = "Life of an account"

    async def test_deactivate_and_activate_are_a_round_trip(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """Both are idempotent; nothing else of the account changes, and it is still found."""
        offered(connector.capabilities.deactivate, "deactivation")
        user = await samples.user({names.title: "Engineer"})
        login = str(await samples.value(user, names.login))
        for active, verb in ((False, connector.deactivate), (True, connector.activate)):
            for _ in range(2):
                await verb(user.remote_id)
                standing = await connector.read(USER, user.remote_id)
                assert standing.active is active
                assert standing.attributes[names.title] == "Engineer"
                assert await samples.found(USER, names.login, login) == [user.remote_id]

    async def test_a_user_can_be_created_inactive(self, connector: Connector, samples: Samples) -> None:
        """``active=False`` holds from the first moment."""
        offered(connector.capabilities.deactivate, "deactivation")
        user = await samples.user(active=False)
        assert (await connector.read(USER, user.remote_id)).active is False
        await connector.activate(user.remote_id)
        assert (await connector.read(USER, user.remote_id)).active is True

    async def test_a_deactivated_user_can_be_updated_renamed_and_deleted(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """Deactivated is a state of the account, not another account, and an update does not wake it."""
        offered(connector.capabilities.deactivate, "deactivation")
        user, login = await samples.user(), samples.login()
        await connector.deactivate(user.remote_id)
        await connector.update(USER, user.remote_id, {names.title: "On leave", names.login: login})
        standing = await connector.read(USER, user.remote_id)
        assert (standing.active, standing.attributes[names.title]) == (False, "On leave")
        with pytest.raises(AlreadyExists):
            await connector.create(USER, samples.user_values(**{names.login: login}), active=True)
        await connector.delete(USER, user.remote_id)
        with pytest.raises(NotFound):
            await connector.read(USER, user.remote_id)

    @pytest.mark.parametrize("kind", [USER, GROUP])
    async def test_delete_is_idempotent(
        self, connector: Connector, names: SampleNames, samples: Samples, kind: ObjectKind
    ) -> None:
        """One that is gone, or never was, is a success."""
        account = await samples.user() if kind is USER else await samples.group()
        await connector.delete(kind, account.remote_id)
        await connector.delete(kind, account.remote_id)
        await connector.delete(kind, names.absent_user if kind is USER else names.absent_group)
        with pytest.raises(NotFound):
            await connector.read(kind, account.remote_id)

    async def test_a_name_is_free_again_after_delete(self, connector: Connector, samples: Samples) -> None:
        """Somebody comes back: the same name is a new account."""
        values = samples.user_values()
        first = await connector.create(USER, values, active=True)
        await connector.delete(USER, first.remote_id)
        second = samples.keep(await connector.create(USER, values, active=True))
        assert second.remote_id != first.remote_id
