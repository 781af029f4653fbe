"""Rules of the contract about what goes wrong: outages, lost answers, throttling, wrong settings, secrets."""

import asyncio
from time import monotonic

import pytest

from connectors.contract import Capabilities, Connector, Feature, Match
from connectors.errors import ConnectorError, Misconfigured, NotFound, Unavailable
from connectors.testing.importer import Importer
from connectors.testing.samples import USER, Rules, SampleNames, Samples, eventually


def texts(error: ConnectorError) -> str:
    """Return all that an error may show, its causes included."""
    seen: list[str] = []
    link: BaseException | None = error
    while link is not None:
        seen += [str(link), repr(link)]
        link = link.__cause__ or link.__context__
    return "\n".join([*seen, error.code, error.fix])


def possible(capabilities: Capabilities) -> frozenset[Feature]:
    """Return the features that a system can have."""
    having = {
        Feature.DEACTIVATE_USERS: capabilities.deactivate,
        Feature.SYNC_PASSWORDS: capabilities.passwords,
        Feature.IMPORT_USERS: capabilities.imports,
        Feature.IMPORT_GROUPS: capabilities.imports and capabilities.groups,
        Feature.CREATE_GROUPS: capabilities.groups,
        Feature.UPDATE_GROUPS: capabilities.groups,
        Feature.DELETE_GROUPS: capabilities.groups,
        Feature.MANAGE_MEMBERSHIPS: capabilities.groups and capabilities.memberships,
    }
    return frozenset(feature for feature in Feature if having.get(feature, True))


async def everybody(connector: Connector, names: SampleNames) -> set[str]:
    """Return the ids of whoever stands in the system, as far as it can be read from."""
    if not connector.capabilities.imports:
        return set()
    importer = Importer(connector, names)
    await importer.run()
    return set(importer.picture.accounts)


class FailureRules(Rules):
    """Nothing is lost and nothing is silent."""

    chapter = "Failures"

    async def test_verify_is_content_with_a_right_connection(self, connector: Connector) -> None:
        """Every check has a name, and all of them pass."""
        verification = await connector.verify()
        assert verification.checks
        assert all(check.name for check in verification.checks)
        assert [check for check in verification.checks if not check.ok] == []

    async def test_a_trial_passes_and_leaves_nothing_behind(self, connector: Connector, names: SampleNames) -> None:
        """``verify`` with ``trial`` tries every feature that the system has by writing, and cleans up."""
        before, features = await everybody(connector, names), possible(connector.capabilities)
        verification = await connector.verify(features, trial=True)
        assert [check for check in verification.checks if not check.ok] == []
        seen = {check.name for check in (await connector.verify(features)).checks}
        assert {check.name for check in verification.checks} > seen, "nothing was tried out"

        async def clean() -> bool:
            return await everybody(connector, names) <= before

        assert await eventually(names.patience, clean), "something new stands after the trial"

    @pytest.mark.usefixtures("connector")
    async def test_a_wrong_secret_is_told_in_words(self, names: SampleNames) -> None:
        """``verify`` does not raise and says what to do; verbs raise ``Misconfigured``. No secret shows."""
        wrong = await self.misconfigured()
        try:
            verification = await wrong.verify()
            failed = [check for check in verification.checks if not check.ok]
            assert failed
            assert all(check.detail and check.fix for check in failed)
            with pytest.raises(Misconfigured) as caught:
                await wrong.find(Match(USER, names.login, "anybody"))
            assert caught.value.code
            assert caught.value.fix
            for secret in names.secrets:
                assert secret not in texts(caught.value)
                assert secret not in repr(verification)
                assert secret not in repr(wrong)
        finally:
            await wrong.close()

    async def test_no_secret_shows_in_errors(self, connector: Connector, names: SampleNames) -> None:
        """Errors go to the report and to logs."""
        with pytest.raises(NotFound) as caught:
            await connector.read(USER, names.absent_user)
        for secret in names.secrets:
            assert secret not in texts(caught.value)
            assert secret not in repr(connector)

    async def test_an_outage_is_unavailable_and_passes(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """While the system is away every verb says so; when it is back the same connector works."""
        user = await samples.user()
        await self.stop_server()
        try:
            with pytest.raises(Unavailable):
                await connector.read(USER, user.remote_id)
            with pytest.raises(Unavailable) as caught:
                await connector.update(USER, user.remote_id, {names.title: "Engineer"})
            assert str(caught.value)
            verification = await connector.verify()
            assert not verification.ok
        finally:
            await self.start_server()
        await connector.update(USER, user.remote_id, {names.title: "Engineer"})
        assert await samples.value(user, names.title) == "Engineer"

    async def test_a_restart_between_two_verbs_goes_unnoticed(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """Connections that died while nobody used them cost no verb."""
        users = await asyncio.gather(*(samples.user() for _ in range(6)))
        await self.stop_server()
        await self.start_server()
        await asyncio.gather(*(connector.update(USER, u.remote_id, {names.title: "Engineer"}) for u in users))
        for user in users:
            assert await samples.value(user, names.title) == "Engineer"

    async def test_idle_connections_that_were_cut_go_unnoticed(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """A firewall or a load balancer drops what is idle."""
        users = await asyncio.gather(*(samples.user() for _ in range(6)))
        await self.drop_connections()
        await asyncio.gather(*(connector.update(USER, u.remote_id, {names.title: "Engineer"}) for u in users))
        for user in users:
            assert await samples.value(user, names.title) == "Engineer"

    async def test_a_lost_answer_to_a_create_may_have_happened(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """The create was sent and its answer is lost: it must be looked up, and the connector must not repeat it."""
        values = samples.user_values()
        async with self.lose_answers():
            with pytest.raises(Unavailable) as caught:
                await connector.create(USER, values, active=True)
        assert caught.value.may_have_happened
        found = await connector.find(Match(USER, names.login, str(values[names.login])))
        assert len(found) == 1
        samples.keep(found[0])

    async def test_of_verbs_that_run_at_once_each_fails_for_itself(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """Every third account is gone: those updates raise ``NotFound``, and the others are done."""
        users = await asyncio.gather(*(samples.user() for _ in range(24)))
        gone = {user.remote_id for user in users[::3]}
        await asyncio.gather(*(connector.delete(USER, remote_id) for remote_id in gone))
        done = await asyncio.gather(
            *(connector.update(USER, user.remote_id, {names.title: "Engineer"}) for user in users),
            return_exceptions=True,
        )
        failed = {
            user.remote_id: error for user, error in zip(users, done, strict=True) if isinstance(error, Exception)
        }
        assert {remote_id: type(error) for remote_id, error in failed.items()} == dict.fromkeys(gone, NotFound)
        for user in users:
            if user.remote_id not in gone:
                assert await samples.value(user, names.title) == "Engineer"

    async def test_throttling_is_obeyed(self, connector: Connector, samples: Samples, names: SampleNames) -> None:
        """Either the verb waits as long as it was told, or it raises ``Unavailable`` with the time to wait, if any."""
        user = await samples.user()
        seconds = 1.0
        async with self.throttle(seconds):
            started, refusal = monotonic(), None
            try:
                await connector.update(USER, user.remote_id, {names.title: "Engineer"})
            except Unavailable as error:
                refusal = error
            waited = monotonic() - started
            if refusal is None:
                assert waited >= seconds - 0.1
            else:
                assert not refusal.may_have_happened
                if names.tells_waits:
                    assert refusal.retry_after is not None
                    assert refusal.retry_after >= seconds - waited - 0.1
                await asyncio.sleep(max(refusal.retry_after or 0.0, seconds - waited) + 0.1)
                await connector.update(USER, user.remote_id, {names.title: "Engineer"})
        assert await samples.value(user, names.title) == "Engineer"
