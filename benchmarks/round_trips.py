"""Storage round trips of every operation with a budget, at 1,000 and 10,000 users and for groups of 10 and 10,000.

The real SCIM endpoint, directory and engine run against Azurite with an in-memory target; requests are counted on
the storage account's connections. A figure over budget, or one that grows with the size, fails the run.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.counting import RoundTrips
from connectors.contract import ObjectKind
from connectors.memory import DIRECTORIES
from connectors.memory import Directory as Target
from provisioning.connections.connection import Connection
from provisioning.directory.directory import TABLE, Directory, creation
from provisioning.directory.outbox import Announcement
from provisioning.engine.jobs import Job, JobType
from provisioning.hub import QUEUES, TABLES, Hub
from provisioning.scim.endpoint import ScimEndpoint
from provisioning.settings import Settings
from provisioning.storage.entities import MAX_OPERATIONS, Operation
from provisioning.storage.store import Storage

USERS = (1_000, 10_000)
MEMBERS = (10, 10_000)
SOMEBODY = 500
"""The number of the user who is looked for."""
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def person(number: int) -> dict[str, Any]:
    """Return the document of one of the users that are there before anything is measured.

    Most have nothing more to be found by than a name: the emulator takes ever longer for each row of a table.
    """
    document: dict[str, Any] = {"userName": f"user{number:06}@northwind.example"}
    if number == SOMEBODY:
        document |= {"externalId": f"e{number}", "emails": [{"type": "work", "value": document["userName"]}]}
    return document


@dataclass(frozen=True, slots=True)
class Measured:
    """One operation: its budget, and what was counted at the small and at the large size."""

    operation: str
    budget: int
    small: int
    large: int

    @property
    def ok(self) -> bool:
        """Within the budget, and the same at both sizes."""
        return self.small == self.large <= self.budget


class Bench:
    """A hub with one in-memory target, whose storage requests are counted."""

    def __init__(self, connection: str, size: str) -> None:
        self._counter = RoundTrips()
        self._storage = Storage.from_connection_string(connection, prefix=size, traces=[self._counter.trace()])
        self._hub = Hub.over(self._storage, Settings())
        self._endpoint = ScimEndpoint(self._hub.directory, self._hub.sources, 4_194_304)
        self._token = ""
        self._ids: list[str] = []
        self._group = ""

    async def fill(self, users: int, members: int) -> None:
        """Fill the directory with users and one group, without sending jobs."""
        await self._storage.ensure(TABLES, QUEUES)
        DIRECTORIES["bench"] = Target()
        await self._hub.connections.create(
            Connection("target", "Target", "memory", enabled=True, settings={"directory": "bench"})
        )
        await self._hub.sources.create("entra", "Entra")
        _, self._token = await self._hub.sources.issue("entra")

        async def unheard(_: Announcement) -> None:
            return

        directory = Directory(self._storage, unheard)

        table, operations = self._storage.table(TABLE), list[Operation]()
        for number in track(range(users), f"{users} users, a group of {members}", transient=True):
            resource, _, created = creation(ObjectKind.USER, person(number), "entra")
            self._ids.append(resource.id)
            if len(operations) + len(created) > MAX_OPERATIONS:
                await table.transact(operations)
                operations = []
            operations += [Operation("insert", each.entity) for each in created]  # new all of them, and quicker so
        await table.transact(operations)
        group = await directory.create(ObjectKind.GROUP, {"displayName": "Everybody"}, "entra")
        self._group = group.id
        await directory.change_members(group.id, add=[f"u-{number:032}" for number in range(members)])

    async def close(self) -> None:
        """Give back the connections to storage."""
        await self._hub.close()

    async def count(self, work: Callable[[], Awaitable[Any]]) -> int:
        """Return how many requests some work makes, once tokens, connections and states are cached."""
        await self.scim("GET", "/Users", filter='userName eq "nobody"')
        await self._hub.connections.active()
        await self._hub.circuits.get("target")
        with self._counter.counted() as counted:
            await work()
        return len(counted)

    async def scim(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Send one SCIM request and return the body of its answer."""
        url = f"https://hub.example/scim/v2{path}"
        request = func.HttpRequest(
            method=method,
            url=f"{url}?{urlencode(query)}" if query else url,
            headers={"authorization": f"Bearer {self._token}", "content-type": "application/scim+json"},
            params=query,
            body=json.dumps(body).encode() if body is not None else b"",
        )
        answer = await self._endpoint.serve(request)
        assert answer.status_code < 300, answer.get_body()
        return json.loads(answer.get_body() or b"null")

    async def patch(self, path: str, op: str, where: str, value: Any) -> Any:
        """Send one PATCH of one operation."""
        return await self.scim(
            "PATCH", path, {"schemas": [PATCH], "Operations": [{"op": op, "path": where, "value": value}]}
        )

    async def counts(self) -> dict[str, tuple[int, int]]:
        """Return budget and count of every operation."""
        someone, other = self._ids[len(self._ids) // 2], self._ids[-1]
        group = f"/Groups/{self._group}"
        new = [{"value": each} for each in self._ids[:50]]
        job = Job(JobType.CONVERGE, "target", ObjectKind.USER, other, due=True)
        execute = self._hub.executor.execute
        await execute(job)

        async def change() -> None:
            await execute(Job(JobType.CONVERGE, "target", ObjectKind.USER, other))

        found: dict[str, tuple[int, int]] = {}

        async def note(operation: str, budget: int, work: Callable[[], Awaitable[Any]]) -> None:
            found[operation] = (budget, await self.count(work))

        user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "new@northwind.example"}
        await note("create user", 2, lambda: self.scim("POST", "/Users", user))
        await note("get user by id", 1, lambda: self.scim("GET", f"/Users/{someone}"))
        for attribute, value in (("userName", person(SOMEBODY)["userName"]), ("externalId", f"e{SOMEBODY}")):
            question = f'{attribute} eq "{value}"'
            await note(f"find user by {attribute}", 2, partial(self.scim, "GET", "/Users", filter=question))
        mail = f'emails[type eq "work"].value eq "{person(SOMEBODY)["userName"]}"'
        await note("find user by work e-mail", 2, lambda: self.scim("GET", "/Users", filter=mail))
        await note("patch user", 3, lambda: self.patch(f"/Users/{someone}", "Replace", "title", "Lead"))
        await note("get group without members", 1, lambda: self.scim("GET", group, excludedAttributes="members"))
        await note("add 1 member", 3, lambda: self.patch(group, "Add", "members", new[:1]))
        await note("add 49 members", 3, lambda: self.patch(group, "Add", "members", new[1:50]))
        await note("remove 1 member", 3, lambda: self.patch(group, "Remove", "members", new[:1]))
        await note("remove 49 members", 3, lambda: self.patch(group, "Remove", "members", new[1:50]))
        await note("job with nothing to do", 2, change)
        await self.patch(f"/Users/{other}", "Replace", "title", "Lead")
        await note("job with a change", 4, change)
        return found


async def measure(connection: str) -> list[Measured]:
    """Return what was counted, in the order of the budget table."""
    columns: list[dict[str, tuple[int, int]]] = []
    for name, users, members in zip(("small", "large"), USERS, MEMBERS, strict=True):
        bench = Bench(connection, name)
        try:
            await bench.fill(users, members)
            columns.append(await bench.counts())
        finally:
            await bench.close()
    small, large = columns
    return [Measured(name, budget, count, large[name][1]) for name, (budget, count) in small.items()]


def shown(measured: Sequence[Measured]) -> Table:
    """Return the table that people read."""
    table = Table(title="Storage round trips")
    for heading in (
        "operation",
        "budget",
        *(f"{users:,} users, {members:,} members" for users, members in zip(USERS, MEMBERS, strict=True)),
    ):
        table.add_column(heading, justify="left" if heading == "operation" else "right")
    for each in measured:
        mark = "" if each.ok else "  [red]over budget[/red]"
        table.add_row(each.operation, str(each.budget), str(each.small), f"{each.large}{mark}")
    return table


def run(connection: str) -> bool:
    """Measure and print; the answer is whether everything is within its budget at both sizes."""
    measured = asyncio.run(measure(connection))
    Console(width=100).print(shown(measured))
    return all(each.ok for each in measured)
