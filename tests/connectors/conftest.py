"""Fixtures that every connector's tests share."""

import pytest

# The contract suite is no test module: have its asserts tell what they compared, as those of test modules do.
pytest.register_assert_rewrite(
    "connectors.testing.accounts",
    "connectors.testing.failures",
    "connectors.testing.lifecycle",
    "connectors.testing.memberships",
    "connectors.testing.references",
    "connectors.testing.samples",
)
