"""Rules of the contract about passwords: set, refused by a policy, and never told."""

import pytest
from pydantic import SecretStr

from connectors.contract import Account, Connector, Feature
from connectors.errors import NotFound, Rejected
from connectors.testing.failures import texts
from connectors.testing.samples import USER, Rules, SampleNames, Samples, offered


class PasswordRules(Rules):
    """The password that the hub hands over is the one that lets the person in."""

    chapter = "Passwords"

    @pytest.fixture
    async def user(self, connector: Connector, samples: Samples) -> Account:
        """Return a user who may get a password; skips where nobody can."""
        offered(connector.capabilities.passwords, "passwords to set")
        return await samples.user()

    async def test_a_person_signs_in_with_the_password_that_was_set(
        self, connector: Connector, names: SampleNames, samples: Samples, user: Account
    ) -> None:
        """And with the last one only."""
        login = str(await samples.value(user, names.login))
        first, second = names.good_passwords
        await connector.set_password(user.remote_id, SecretStr(first))
        assert await self.sign_in(login, first)
        await connector.set_password(user.remote_id, SecretStr(second))
        assert await self.sign_in(login, second)
        assert not await self.sign_in(login, first)

    async def test_a_password_can_be_set_that_must_be_changed(
        self, connector: Connector, names: SampleNames, user: Account
    ) -> None:
        """``must_change`` is the person's affair: the account stays active."""
        await connector.set_password(user.remote_id, SecretStr(names.good_passwords[0]), must_change=True)
        assert (await connector.read(USER, user.remote_id)).active is True

    async def test_a_password_that_the_policy_refuses_is_rejected(
        self, connector: Connector, names: SampleNames, samples: Samples, user: Account
    ) -> None:
        """``Rejected`` with a code that ends in ``.passwordPolicy`` and what to do; the account is as it was."""
        weak, login = names.weak_password, await samples.value(user, names.login)
        offered(weak is not None, "password policy")
        before = await connector.read(USER, user.remote_id)
        with pytest.raises(Rejected) as caught:
            await connector.set_password(user.remote_id, SecretStr(weak or ""))
        assert caught.value.code.endswith(".passwordPolicy")
        assert caught.value.fix
        after = await connector.read(USER, user.remote_id)
        assert (after.active, after.attributes[names.login]) == (before.active, login)

    async def test_a_refused_password_leaves_the_old_one(
        self, connector: Connector, names: SampleNames, samples: Samples, user: Account
    ) -> None:
        """Nobody is locked out by a try."""
        weak, good = names.weak_password, names.good_passwords[0]
        offered(weak is not None, "password policy")
        await connector.set_password(user.remote_id, SecretStr(good))
        with pytest.raises(Rejected):
            await connector.set_password(user.remote_id, SecretStr(weak or ""))
        login = str(await samples.value(user, names.login))
        assert await self.sign_in(login, good)
        assert not await self.sign_in(login, weak or "")

    async def test_a_password_of_an_absent_account_raises_not_found(
        self, connector: Connector, names: SampleNames, user: Account
    ) -> None:
        """One that never was, and one that is deleted."""
        with pytest.raises(NotFound):
            await connector.set_password(names.absent_user, SecretStr(names.good_passwords[0]))
        await connector.delete(USER, user.remote_id)
        with pytest.raises(NotFound):
            await connector.set_password(user.remote_id, SecretStr(names.good_passwords[0]))

    async def test_a_password_does_not_wake_a_deactivated_user(
        self, connector: Connector, names: SampleNames, samples: Samples, user: Account
    ) -> None:
        """A leaver's new password lets nobody in, also where the system unlocks accounts with a reset."""
        offered(connector.capabilities.deactivate, "deactivation")
        await connector.deactivate(user.remote_id)
        await connector.set_password(user.remote_id, SecretStr(names.good_passwords[0]))
        assert (await connector.read(USER, user.remote_id)).active is False
        login = str(await samples.value(user, names.login))
        assert not await self.sign_in(login, names.good_passwords[0])

    async def test_a_password_shows_in_no_text(self, connector: Connector, names: SampleNames, user: Account) -> None:
        """Neither in an error nor in what a debugger prints of the connector."""
        good, weak = names.good_passwords[0], names.weak_password
        for remote_id, password in ((names.absent_user, good), (user.remote_id, weak)):
            if password is None:
                continue
            with pytest.raises((NotFound, Rejected)) as caught:
                await connector.set_password(remote_id, SecretStr(password))
            assert password not in texts(caught.value)
        await connector.set_password(user.remote_id, SecretStr(names.good_passwords[1]))
        assert names.good_passwords[1] not in repr(connector)

    async def test_verify_looks_at_what_passwords_need(self, connector: Connector, user: Account) -> None:
        """A right connection passes with the feature chosen."""
        assert user.remote_id
        verification = await connector.verify(frozenset({Feature.SYNC_PASSWORDS}))
        assert [check for check in verification.checks if not check.ok] == []
