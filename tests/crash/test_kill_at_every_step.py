"""The process is killed at every step of a SCIM write and of its jobs; every change arrives, once, in every connection.

Steps are enumerated, not drawn: before each storage request and around each connector call; with LOCKSTEP_CRASH_WHOLE
set (``make crash``) also after each request, and in two connections at once. Each step gets a change of its own, so
that one start of the host recovers the last change and dies in the next. When a change runs through without meeting
its step, all steps have been met.
"""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.contract import ObjectKind
from connectors.ldap_client.library import LEVEL, Connection, Server
from provisioning.connections.connection import Connection as Target
from provisioning.engine.links import Link
from provisioning.hub import QUEUES, TABLES, Hub
from provisioning.settings import Settings
from provisioning.storage.store import Storage
from sandbox.azurite import Azurite
from sandbox.services import ROOT, Service, free_ports
from sandbox.slapd import SUFFIX, Slapd

TOKEN = "crash-test-token-of-a-private-host"
MOST_STEPS = 60
LEASE = 5
TARGETS = (1, 2) if os.environ.get("LOCKSTEP_CRASH_WHOLE") else (1,)
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

pytestmark = [pytest.mark.timeout(900)]


@dataclass
class Crashing:
    """A host that dies on demand, its LDAP targets, and what a patient client does."""

    folder: Path
    azurite: Azurite
    slapd: Slapd
    hub: Hub
    port: int
    host: Service | None = None
    people: dict[str, str] = field(default_factory=dict)
    group: str = ""

    def start(self, mark: str = "none-at-all", step: int = 0) -> None:
        """Start the host, to die at a step of the change with that correlation id."""
        app = self.folder / "app"
        environment = {
            "AzureWebJobsStorage": self.azurite.connection_string,
            "LOCKSTEP_SECRETS_FILE": str(self.folder / "secrets.json"),
            "LOCKSTEP_SWEEP_SCHEDULE": "* * * * * *",
            "LOCKSTEP_SWEEP_GRACE_SECONDS": "2",
            "LOCKSTEP_LEASE_SECONDS": str(LEASE),
            "LOCKSTEP_TEST_ROOT": str(ROOT),
            "LOCKSTEP_TEST_KILL_MARK": mark,
            "LOCKSTEP_TEST_KILL_STEP": str(step),
            "LOCKSTEP_TEST_KILL_LOG": str(self.folder / "steps.log"),
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "sandbox.host", "--app", str(app), "--port", str(self.port)]
        command += ["--state", str(self.folder / "state"), "--grace", "1"]
        self.host = Service(
            "host", command, log=self.folder / "host.log", ports=(self.port,), env=environment, cwd=ROOT
        ).start()

    @property
    def alive(self) -> bool:
        """Whether the host still runs."""
        return self.host is not None and self.host.alive

    async def scim(self, method: str, path: str, mark: str, **options: Any) -> httpx.Response:
        """Send one SCIM request. A host that dies in it ends it with a transport error."""
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}/scim/v2", timeout=10) as client:
            headers = {
                "Authorization": f"Bearer {TOKEN}",
                "Content-Type": "application/scim+json",
                "x-correlation-id": mark,
            }
            return await client.request(method, path, headers=headers, **options)

    async def settled(self, seconds: float = 100, *, dying: bool = False) -> bool:
        """Wait until the host is dead (false) or nothing is behind (true); one that is dying is waited for."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.alive:
                return False
            counts = await self.hub.health.counts()
            if not (dying or counts.outbox or counts.links_behind):
                return True
            await asyncio.sleep(0.1)
        raise AssertionError(f"does not settle: {counts}\n{(self.folder / 'host.log').read_text()[-3000:]}")

    def entries(self, base: str) -> dict[str, dict[str, Any]]:
        """What stands in one target: attributes by uid."""
        server = Server("localhost", self.slapd.ldap_port, get_info="NO_INFO")
        with Connection(server, f"cn=admin,{SUFFIX}", self.slapd.admin_password) as bound:
            bound.search(base, "(objectClass=*)", LEVEL, attributes=["*"])
            found = [dict(entry["attributes"]) for entry in bound.response]
        by_name: dict[str, dict[str, Any]] = {}
        for each in found:
            name = (each.get("uid") or each["cn"])[0]
            assert name not in by_name, f"duplicate account {name}"
            by_name[name] = each
        return by_name


def bases(number: int) -> tuple[str, str]:
    """The user and group base of a target."""
    return f"ou=people{number},{SUFFIX}", f"ou=groups{number},{SUFFIX}"


@pytest.fixture
async def crashing(tmp_path: Path) -> AsyncIterator[Crashing]:
    """Servers of this test's own, a source with a token, enabled LDAP connections, and people in step."""
    app = tmp_path / "app"
    app.mkdir()
    shutil.copy(Path(__file__).parent / "app/function_app.py", app)
    shutil.copy(ROOT / "host.json", app)
    slapd = Slapd.open(tmp_path / "slapd", durable=False)
    with Azurite.start(log=tmp_path / "azurite.log") as azurite, slapd:
        storage = Storage.from_connection_string(azurite.connection_string)
        await storage.ensure(TABLES, QUEUES)
        hub = Hub.over(storage, Settings())
        hub.connections._active_seconds = 0.0
        await hub.sources.create("entra", "Entra")
        await hub.sources.register("entra", sha256(TOKEN.encode()).hexdigest())
        (tmp_path / "secrets.json").write_text(json.dumps({"ldap": slapd.admin_password}))
        (tmp_path / "secrets.json").chmod(0o600)
        world = Crashing(tmp_path, azurite, slapd, hub, free_ports(1)[0])
        for number in TARGETS:
            for base in bases(number):
                add_unit(slapd, base)
            users, groups = bases(number)
            settings = {
                "host": "localhost",
                "port": slapd.ldaps_port,
                "ca_file": str(slapd.certificates.ca),
                "bind_dn": f"cn=admin,{SUFFIX}",
                "bind_password": "file:ldap",
                "user_base": users,
                "group_base": groups,
            }
            await hub.connections.create(Target(f"ldap{number}", "LDAP", "ldap", enabled=True, settings=settings))
        await seed(world)
        yield world
        if world.host is not None:
            world.host.kill()
        await hub.close()


def add_unit(slapd: Slapd, dn: str) -> None:
    """Add an organizational unit as the directory's administrator."""
    server = Server("localhost", slapd.ldap_port, get_info="NO_INFO")
    with Connection(server, f"cn=admin,{SUFFIX}", slapd.admin_password) as bound:
        assert bound.add(dn, "organizationalUnit"), bound.result


async def seed(world: Crashing) -> None:
    """Create people and a group, and let a host that does not die bring them in."""
    directory = world.hub.directory
    for number in range(MOST_STEPS):
        name = f"seed{number:02}"
        document = {"userName": name, "displayName": name, "title": "Analyst"}
        world.people[name] = (await directory.create(ObjectKind.USER, document, "entra")).id
    world.group = (await directory.create(ObjectKind.GROUP, {"displayName": "Risk"}, "entra")).id
    world.start()
    assert await world.settled(60)
    assert world.host is not None
    world.host.kill()


async def create(world: Crashing, step: int, mark: str) -> None:
    """Create a user as Entra does: look, then POST."""
    name = f"new{step:02}"
    found = await world.scim("GET", "/Users", mark, params={"filter": f'userName eq "{name}"'})
    assert found.status_code == 200, found.text
    if found.json()["totalResults"] == 0:
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name, "displayName": name}
        made = await world.scim("POST", "/Users", mark, json={**body, "title": "Analyst"})
        assert made.status_code == 201, made.text


async def change(world: Crashing, step: int, mark: str) -> None:
    """Change a title, in the default dialect."""
    operations = [{"op": "Replace", "path": "title", "value": f"Lead {step}"}]
    path = f"/Users/{world.people[f'seed{step:02}']}"
    answer = await world.scim("PATCH", path, mark, json={"schemas": [PATCH], "Operations": operations})
    assert answer.status_code in {200, 204}, answer.text


async def join(world: Crashing, step: int, mark: str) -> None:
    """Add a member to the group."""
    member = [{"value": world.people[f"seed{step:02}"]}]
    operations = [{"op": "Add", "path": "members", "value": member}]
    answer = await world.scim(
        "PATCH", f"/Groups/{world.group}", mark, json={"schemas": [PATCH], "Operations": operations}
    )
    assert answer.status_code in {200, 204}, answer.text


async def leave(world: Crashing, step: int, mark: str) -> None:
    """Delete a user."""
    answer = await world.scim("DELETE", f"/Users/{world.people[f'seed{step:02}']}", mark)
    assert answer.status_code in {204, 404}, answer.text


SCENARIOS = {each.__name__: each for each in (create, change, join, leave)}


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_change_survives_a_kill_at_every_step(crashing: Crashing, scenario: str) -> None:
    perform = SCENARIOS[scenario]
    interrupted = 0
    for step in range(1, MOST_STEPS):
        mark = f"crash-{scenario}-{step}"
        crashing.start(mark, step)
        if interrupted:
            await perform(crashing, interrupted, f"again-{scenario}-{interrupted}")
        interrupted = 0
        try:
            await perform(crashing, step, mark)
        except httpx.TransportError:
            interrupted = step
        if await crashing.settled(dying=bool(interrupted)):
            break
    else:
        raise AssertionError("There are more steps than the test has people for.")
    assert step > 7, "a change has at least these many steps"
    await check(crashing, scenario, step)


async def check(world: Crashing, scenario: str, last: int) -> None:
    """Every change has arrived in both targets, exactly once, and nothing is held or waits."""
    done = range(1, last + 1)
    for number in TARGETS:
        users, groups = bases(number)
        people = world.entries(users)
        if scenario == "create":
            assert {f"new{step:02}" for step in done} <= people.keys()
        if scenario == "change":
            assert {step: people[f"seed{step:02}"]["title"] for step in done} == {
                step: [f"Lead {step}"] for step in done
            }
        if scenario == "leave":
            assert not {f"seed{step:02}" for step in done} & people.keys()
        if scenario == "join":
            members = {dn.partition(",")[0].partition("=")[2] for dn in world.entries(groups)["Risk"]["member"]}
            assert {f"seed{step:02}" for step in done} <= members
        links = [Link.of(row) async for row in world.hub.links.table.scan(f"ldap{number}", "l:", "l;")]
        soon = datetime.now(UTC) + timedelta(seconds=LEASE)
        assert all(link.leased_until is None or link.leased_until <= soon for link in links)
