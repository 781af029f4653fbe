"""The suite that every connector passes: one named rule of the contract per test.

A connector's test file inherits it and hands it a live system::

    from connectors.testing import ConnectorContract, SampleNames

    class TestLdapContract(ConnectorContract):
        @pytest.fixture
        async def connector(self, slapd):
            connector = LdapConnector.open(settings_of(slapd))
            yield connector
            await connector.close()

        @pytest.fixture
        def names(self):
            return SampleNames(login="uid", display_name="displayName", ...)

        async def stop_server(self): ...        # the hooks that this system has; a missing hook skips its tests aloud

Systems may be shared by tests that run side by side: the suite makes names that nobody else has, and deletes what it
made. Only tests import this package; it needs pytest.
"""

from connectors.testing.accounts import AccountRules
from connectors.testing.failures import FailureRules
from connectors.testing.lifecycle import LifecycleRules
from connectors.testing.memberships import MembershipRules
from connectors.testing.references import ReferenceRules
from connectors.testing.samples import AWKWARD_TEXTS, SampleNames, Samples


class ConnectorContract(AccountRules, LifecycleRules, ReferenceRules, MembershipRules, FailureRules):
    """Every rule. Inherit it in a class whose name starts with ``Test``."""


__all__ = ["AWKWARD_TEXTS", "ConnectorContract", "SampleNames", "Samples"]
