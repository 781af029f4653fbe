"""The in-memory connector passes the contract suite; so the suite itself is shown to be passable."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from connectors.contract import Connector
from connectors.errors import Misconfigured, Unavailable
from connectors.memory import Directory, MemoryConnector
from connectors.testing import ConnectorContract, SampleNames


class TestMemoryContract(ConnectorContract):
    title = "In-memory directory"

    @pytest.fixture
    def directory(self) -> Directory:
        self.system = Directory(page_size=20)
        return self.system

    @pytest.fixture
    def connector(self, directory: Directory) -> Connector:
        return MemoryConnector(directory)

    @pytest.fixture
    def names(self) -> SampleNames:
        return SampleNames(
            login="login",
            display_name="displayName",
            title="title",
            group_name="name",
            multivalued="phones",
            reference="manager",
            lookalike="badge",
            absent_user="nobody",
            absent_group="nothing",
            awkward_logins=("o'hara {}", " {} ", "a\\b*{}"),
            secrets=("hunter2",),
            restores_groups=True,
        )

    async def stop_server(self) -> None:
        self.system.failure = Unavailable("The directory is away.", code="memory.away")

    async def start_server(self) -> None:
        self.system.failure = None

    async def drop_connections(self) -> None:
        """There are none."""

    @asynccontextmanager
    async def lose_answers(self) -> AsyncIterator[None]:
        self.system.answers_lost = True
        yield
        self.system.answers_lost = False

    @asynccontextmanager
    async def throttle(self, seconds: float) -> AsyncIterator[None]:
        self.system.failure = Unavailable("Too many requests.", code="memory.throttled", retry_after=seconds)

        async def relent() -> None:
            await asyncio.sleep(seconds)
            self.system.failure = None

        relenting = asyncio.create_task(relent())
        yield
        await relenting

    async def misconfigured(self) -> Connector:
        failure = Misconfigured("The password is wrong.", code="memory.password", fix="Enter the password again.")
        return MemoryConnector(Directory(failure=failure))

    async def another(self) -> Connector:
        return MemoryConnector(self.system)

    async def expire_cursors(self) -> None:
        self.system.forgotten = len(self.system.log)

    async def sign_in(self, login: str, password: str) -> bool:
        (user,) = [each for each in self.system.accounts.values() if each.name == login]
        return user.active is True and self.system.passwords.get(user.remote_id) == password


class TestMemoryContractThatStripsGroups(TestMemoryContract):
    """Deactivation takes the memberships away, and the connector says so."""

    title = "In-memory directory that strips groups"

    @pytest.fixture
    def directory(self) -> Directory:
        self.system = Directory(page_size=20, keeps_memberships=False)
        return self.system
