"""The suite that every connector passes: one named rule of the contract per test.

A connector's test file inherits it and hands it a live system::

    from connectors.testing import ConnectorContract, SampleNames

    class TestLdapContract(ConnectorContract):
        title = "LDAP (slapd)"

        @pytest.fixture
        async def connector(self, slapd):
            connector = LdapConnector.open(settings_of(slapd))
            yield connector
            await connector.close()

        @pytest.fixture
        def names(self):
            return SampleNames(login="uid", display_name="displayName", ...)

        async def stop_server(self): ...        # the hooks that this system has; a missing hook skips its tests aloud

Rules about what a system does not have are skipped by its ``capabilities`` alone: a connector that says it can, can.
Systems may be shared by tests that run side by side: the suite makes names that nobody else has, and deletes what it
made. ``docs/contract.md`` lists the rules, ``docs/write-a-connector.md`` tells the way. Only tests import this package;
it needs pytest.
"""
# ruff: noqa: E402 - asserts are rewritten in what is imported after saying so

import pytest

pytest.register_assert_rewrite(
    *(
        f"connectors.testing.{module}"
        for module in (
            "accounts",
            "failures",
            "importer",
            "imports",
            "lifecycle",
            "memberships",
            "passwords",
            "references",
            "restoring",
            "resuming",
            "samples",
        )
    )
)

from connectors.testing.accounts import AccountRules
from connectors.testing.failures import FailureRules
from connectors.testing.lifecycle import LifecycleRules
from connectors.testing.memberships import MembershipRules
from connectors.testing.passwords import PasswordRules
from connectors.testing.references import ReferenceRules
from connectors.testing.restoring import RestoreRules
from connectors.testing.resuming import CursorRules
from connectors.testing.samples import AWKWARD_TEXTS, SampleNames, Samples


class ConnectorContract(
    AccountRules,
    LifecycleRules,
    ReferenceRules,
    MembershipRules,
    CursorRules,
    PasswordRules,
    RestoreRules,
    FailureRules,
):
    """Every rule. Inherit it in a class whose name starts with ``Test``."""


__all__ = ["AWKWARD_TEXTS", "ConnectorContract", "SampleNames", "Samples"]
