"""Rules of the contract about attributes that point at other accounts."""

import pytest

from connectors.contract import Connector, Reference
from connectors.errors import Rejected
from connectors.testing.samples import USER, Rules, SampleNames, Samples, need


class ReferenceRules(Rules):
    """Managers, by remote id."""

    chapter = "References"

    async def test_a_reference_points_at_another_account(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """References go in and come out as remote ids, can be changed and cleared."""
        attribute = need(names.reference)
        boss, other = await samples.user(), await samples.user()
        user = await samples.user({attribute: Reference(USER, boss.remote_id)})
        assert await samples.value(user, attribute) == Reference(USER, boss.remote_id)
        await connector.update(USER, user.remote_id, {attribute: Reference(USER, other.remote_id)})
        assert await samples.value(user, attribute) == Reference(USER, other.remote_id)
        await connector.update(USER, user.remote_id, {attribute: None})
        assert await samples.value(user, attribute) is None

    async def test_a_reference_follows_a_rename(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """Who is renamed stays everybody's manager."""
        attribute = need(names.reference)
        boss = await samples.user()
        user = await samples.user({attribute: Reference(USER, boss.remote_id)})
        await connector.update(USER, boss.remote_id, {names.login: samples.login()})
        assert await samples.value(user, attribute) == Reference(USER, boss.remote_id)

    async def test_a_reference_to_something_absent_is_told_apart(
        self, connector: Connector, names: SampleNames, samples: Samples
    ) -> None:
        """``Rejected`` with the attribute and a code that ends in ``.referenceMissing``: the engine parks it."""
        attribute = need(names.reference)
        user = await samples.user()
        with pytest.raises(Rejected) as caught:
            await connector.update(USER, user.remote_id, {attribute: Reference(USER, names.absent_user)})
        assert caught.value.attribute == attribute
        assert caught.value.code.endswith(".referenceMissing")
        assert await samples.value(user, attribute) is None
