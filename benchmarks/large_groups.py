"""One group of many members through the SCIM endpoint: time, CPU and memory to read it whole, round trips to change it.

``python -m benchmarks.large_groups [members]`` starts a storage service of its own. CPU and memory are this process's,
so they are the worker's share; the time to wait for storage is the service's and says little about Azure.
"""

import asyncio
import json
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import azure.functions as func

from benchmarks.counting import RoundTrips
from connectors.contract import ObjectKind
from provisioning.directory.directory import TABLE, Directory
from provisioning.directory.outbox import Announcement
from provisioning.scim.endpoint import ScimEndpoint
from provisioning.sources.sources import Sources
from provisioning.storage.store import Storage
from sandbox.storage.process import LocalStorage


async def measure(connection: str, members: int) -> None:
    """Fill one group, read it whole and in parts, change it, and print what each cost."""
    trips = RoundTrips()
    storage = Storage.from_connection_string(connection, prefix="large", traces=[trips.trace()])
    await storage.ensure([TABLE, "sources", "connections"], [])
    directory, sources = Directory(storage, _unheard), Sources(storage)
    await sources.create("entra", "Entra")
    _, token = await sources.issue("entra")
    endpoint = ScimEndpoint(directory, sources, 4_194_304)
    everybody = [f"u-{secrets.token_hex(16)}" for _ in range(members)]
    large = await directory.create(ObjectKind.GROUP, {"displayName": "Everybody"}, "entra", everybody)
    small = await directory.create(ObjectKind.GROUP, {"displayName": "Ten"}, "entra", everybody[:10])

    async def scim(method: str, path: str, body: object = None, **query: str) -> int:
        request = func.HttpRequest(
            method,
            f"https://hub.example/scim/v2{path}",
            headers={"authorization": f"Bearer {token}", "content-type": "application/scim+json"},
            params=query,
            body=b"" if body is None else json.dumps(body).encode(),
        )
        response = await endpoint.serve(request)
        assert response.status_code < 300, response.get_body()
        return len(response.get_body())

    print(f"a group of {members} members" + " " * 20 + "round trips    seconds   CPU s   memory   answer")
    await scim("GET", f"/Groups/{small.id}")
    add = [{"op": "add", "path": "members", "value": [{"value": "u-new"}]}]
    remove = [{"op": "remove", "path": 'members[value eq "u-new"]'}]
    patch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    replaced = {"displayName": "Everybody", "members": [{"value": each} for each in [*everybody[:20_000], "u-x"]]}
    for name, method, group, body, query in (
        ("read it whole", "GET", large, None, {}),
        ("read members.value", "GET", large, None, {"attributes": "members.value"}),
        ("read without members", "GET", large, None, {"excludedAttributes": "members"}),
        ("add one member", "PATCH", large, {"schemas": [patch], "Operations": add}, {}),
        ("add one member to a group of 10", "PATCH", small, {"schemas": [patch], "Operations": add}, {}),
        ("remove one member", "PATCH", large, {"schemas": [patch], "Operations": remove}, {}),
        ("PUT of 20,000 members to the group of 10", "PUT", small, replaced | {"displayName": "Ten"}, {}),
        ("the same PUT again", "PUT", small, replaced | {"displayName": "Ten"}, {}),
    ):
        with trips.counted() as counted, _watched() as spent:
            size = await scim(method, f"/Groups/{group.id}", body, **query)
        taken = f"{spent.seconds:13.3f}{spent.cpu:8.3f}{spent.peak / 1e6:6.0f} MB"
        print(f"{name:45}{len(counted):8}{taken}{size / 1e6:6.1f} MB")
    await storage.close()


async def _unheard(_: Announcement) -> None:
    """Announce to nobody."""


@dataclass
class Spent:
    """What a stretch of work took; ``peak`` is the greatest growth of resident memory, in bytes."""

    seconds: float = 0
    cpu: float = 0
    peak: int = 0


@contextmanager
def _watched() -> Iterator[Spent]:
    spent, ended, started = Spent(), threading.Event(), _resident()

    def watch() -> None:
        while not ended.wait(0.005):
            spent.peak = max(spent.peak, _resident() - started)

    watcher = threading.Thread(target=watch)
    watcher.start()
    wall, cpu = time.perf_counter(), time.process_time()
    yield spent
    spent.seconds, spent.cpu = time.perf_counter() - wall, time.process_time() - cpu
    ended.set()
    watcher.join()


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, LocalStorage.start(log=Path(folder) / "storage.log") as service:
        asyncio.run(measure(service.connection_string, int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
