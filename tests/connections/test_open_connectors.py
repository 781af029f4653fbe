"""Which connector a job gets, and when one is closed."""

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.errors import Misconfigured
from provisioning.connections.connection import Connection
from provisioning.connections.opening import OpenConnectors
from provisioning.connections.secrets import Secrets
from tests.connections.trait_connector import TraitConnector

ONE = Connection("one", "One", "trait", True, {"host": "dc1", "password": "file:ldap-password"}, revision="r1")

pytestmark = pytest.mark.usefixtures("trait", "secrets_file")


def rotate(secrets_file: Path, content: dict[str, str]) -> None:
    """Write other secrets, a moment later as the file system sees it."""
    later = secrets_file.stat().st_mtime_ns + 1_000_000
    secrets_file.write_text(json.dumps(content))
    os.utime(secrets_file, ns=(later, later))


async def test_jobs_of_one_connection_share_its_connector(secrets_file: Path) -> None:
    connectors = OpenConnectors(Secrets(file=secrets_file))
    async with connectors.use(ONE) as first, connectors.use(ONE) as second:
        assert first is second
    assert not TraitConnector.opened[0].closed
    async with connectors.use(ONE) as third:
        assert third is first


async def test_connections_have_connectors_of_their_own(secrets_file: Path) -> None:
    connectors = OpenConnectors(Secrets(file=secrets_file))
    async with connectors.use(ONE) as first, connectors.use(replace(ONE, id="two")) as second:
        assert first is not second


async def test_a_changed_connection_gets_a_new_connector_and_the_old_one_is_closed(secrets_file: Path) -> None:
    connectors = OpenConnectors(Secrets(file=secrets_file))
    async with connectors.use(ONE):
        pass
    async with connectors.use(replace(ONE, revision="r2")):
        assert [each.closed for each in TraitConnector.opened] == [True, False]


async def test_a_connector_in_use_is_closed_only_when_its_last_user_is_done(secrets_file: Path) -> None:
    connectors = OpenConnectors(Secrets(file=secrets_file))
    async with connectors.use(ONE):
        async with connectors.use(ONE), connectors.use(replace(ONE, revision="r2")):
            assert [each.closed for each in TraitConnector.opened] == [False, False]
        assert [each.closed for each in TraitConnector.opened] == [False, False]
    assert [each.closed for each in TraitConnector.opened] == [True, False]


async def test_a_rotated_secret_opens_a_new_connector_although_the_connection_is_the_same(secrets_file: Path) -> None:
    connectors = OpenConnectors(Secrets(file=secrets_file))
    async with connectors.use(ONE):
        pass
    rotate(secrets_file, {"ldap-password": "battery staple"})
    async with connectors.use(ONE):
        assert TraitConnector.opened[-1].password.get_secret_value() == "battery staple"
    assert [each.closed for each in TraitConnector.opened] == [True, False]


async def test_a_connector_that_nobody_uses_any_more_is_closed(secrets_file: Path) -> None:
    connectors = OpenConnectors(Secrets(file=secrets_file), idle_seconds=0.01)
    async with connectors.use(ONE):
        pass
    await asyncio.sleep(0.02)
    async with connectors.use(replace(ONE, id="two")):
        assert [each.closed for each in TraitConnector.opened] == [True, False]


async def test_a_connection_that_cannot_be_opened_says_why_and_leaves_nothing_open(secrets_file: Path) -> None:
    rotate(secrets_file, {})
    connectors = OpenConnectors(Secrets(file=secrets_file))
    with pytest.raises(Misconfigured, match="file:ldap-password"):
        async with connectors.use(ONE):
            pass
    with pytest.raises(Misconfigured, match="telepathy"):
        await connectors.alone(replace(ONE, kind="telepathy"))
    assert TraitConnector.opened == []


async def test_an_error_of_a_job_does_not_keep_the_connector_from_the_next(secrets_file: Path) -> None:
    connectors = OpenConnectors(Secrets(file=secrets_file))
    with pytest.raises(ZeroDivisionError):
        async with connectors.use(ONE):
            raise ZeroDivisionError
    async with connectors.use(replace(ONE, revision="r2")):
        assert TraitConnector.opened[0].closed


async def test_closing_closes_all_of_them(secrets_file: Path) -> None:
    connectors = OpenConnectors(Secrets(file=secrets_file))
    async with connectors.use(ONE), connectors.use(replace(ONE, revision="r2")):
        await connectors.close()
    assert [each.closed for each in TraitConnector.opened] == [True, True]


async def test_ten_jobs_at_once_open_one_connector(secrets_file: Path) -> None:
    connectors = OpenConnectors(Secrets(file=secrets_file))

    async def job() -> None:
        async with connectors.use(ONE):
            await asyncio.sleep(0.001)

    await asyncio.gather(*(job() for _ in range(10)))
    assert len(TraitConnector.opened) == 1
