"""The template of a connector passes the contract suite: one class and its fixtures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from pydantic import SecretStr

from connectors.contract import Connector
from connectors.testing import ConnectorContract, SampleNames
from tests.connectors.template.desk import Desk
from tests.connectors.template.staff_desk import DESKS, StaffDeskConnector, StaffDeskSettings

TOKEN = "desk-token-of-the-tests"


class TestStaffDeskContract(ConnectorContract):
    title = "Staff Desk (template)"

    @pytest.fixture
    async def connector(self) -> AsyncIterator[Connector]:
        self.url = f"https://{uuid4().hex}.example"
        self.desk = DESKS[self.url] = Desk(TOKEN)
        connector = self.open()
        yield connector
        await connector.close()
        del DESKS[self.url]

    @pytest.fixture
    def names(self) -> SampleNames:
        return SampleNames(
            login="login",
            display_name="name",
            title="title",
            group_name="name",
            multivalued="phones",
            reference="boss",
            lookalike="title",
            absent_user="nobody",
            absent_group="nothing",
            awkward_logins=("o'hara.{}", "a+b/{}", "{} & sons"),
            secrets=(TOKEN, "not-the-token"),
        )

    def open(self, token: str = TOKEN) -> Connector:
        return StaffDeskConnector.open(StaffDeskSettings(url=self.url, token=SecretStr(token)))

    async def another(self) -> Connector:
        return self.open()

    async def misconfigured(self) -> Connector:
        return self.open("not-the-token")

    async def stop_server(self) -> None:
        self.desk.down = True

    async def start_server(self) -> None:
        self.desk.down = False

    async def drop_connections(self) -> None:
        """There are none."""

    @asynccontextmanager
    async def lose_answers(self) -> AsyncIterator[None]:
        self.desk.loses_answers = True
        yield
        self.desk.loses_answers = False

    @asynccontextmanager
    async def throttle(self, seconds: float) -> AsyncIterator[None]:
        self.desk.busy_for = seconds
        relenting = asyncio.create_task(self.relent(seconds))
        yield
        await relenting

    async def relent(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.desk.busy_for = None
