"""One SCIM request through the local host, the queue and a real directory server: all it leaves is found by one id."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from provisioning.connections.connection import Connection
from provisioning.hub import QUEUES, TABLES, Hub
from provisioning.settings import Settings
from provisioning.storage.store import Storage
from sandbox.azurite import Azurite
from sandbox.services import ROOT
from sandbox.slapd import GROUPS, SERVICE_ACCOUNT, USERS, Slapd
from tests.host_server import KEYS, RunningHost, StartHost, eventually
from tests.telemetry.ingestion import Ingestion

TOKEN = "token-of-a-private-host"
CORRELATION = "7d0fd4a5-6d5f-4c3e-9b6f-2d6a44a51f10"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@dataclass
class Story:
    """A host whose telemetry arrives in ``sink``."""

    host: RunningHost
    sink: Ingestion

    def lines(self, logger: str) -> list[dict[str, Any]]:
        """The lines of a logger and those below it."""
        found = [json.loads(line) for line in self.host.log().splitlines() if line.startswith("{")]
        return [line for line in found if f"{line['logger']}.".startswith(f"{logger}.")]


@pytest.fixture
async def story(tmp_path: Path, slapd: Slapd, sink: Ingestion, start_host: StartHost) -> AsyncIterator[Story]:
    """A hub with one source and the connection ``ldap``, on storage of its own."""
    (tmp_path / "secrets.json").write_text(json.dumps({"ldap": slapd.service_password}))
    with Azurite.start(log=tmp_path / "azurite.log") as azurite:
        storage = Storage.from_connection_string(azurite.connection_string)
        await storage.ensure(TABLES, QUEUES)
        hub = Hub.over(storage, Settings())
        await hub.sources.create("entra", "Entra")
        await hub.sources.register("entra", sha256(TOKEN.encode()).hexdigest())
        settings = {
            "host": "localhost",
            "port": slapd.ldaps_port,
            "ca_file": str(slapd.certificates.ca),
            "bind_dn": SERVICE_ACCOUNT,
            "bind_password": "file:ldap",
            "user_base": USERS,
            "group_base": GROUPS,
        }
        await hub.connections.create(Connection("ldap", "LDAP", "ldap", enabled=True, settings=settings))
        await hub.close()
        host = start_host(
            ROOT,
            AzureWebJobsStorage=azurite.connection_string,
            LOCKSTEP_SECRETS_FILE=str(tmp_path / "secrets.json"),
            LOCKSTEP_SWEEP_SCHEDULE="0 0 0 1 1 *",
            APPLICATIONINSIGHTS_CONNECTION_STRING=sink.connection_string,
        )
        yield Story(host, sink)
        host.service.stop()


async def test_a_request_its_job_and_the_connectors_calls_are_one_story(story: Story) -> None:
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Content-Type": "application/scim+json",
        "x-correlation-id": CORRELATION,
        "traceparent": f"00-{TRACE}-{PARENT}-00",
    }
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "one.story@northwind.example",
        "displayName": "One Story",
        "name": {"givenName": "One", "familyName": "Story"},
        "active": True,
    }
    answer = story.host.call("POST", "/scim/v2/Users", json.dumps(user), headers)
    assert answer.status == 201

    (job,) = eventually(lambda: story.lines("provisioning.engine.executor"), 30)
    (request,) = [line for line in story.lines("provisioning.scim.endpoint") if line["message"] == "scim request"]
    (connected, *_) = story.lines("connectors.ldap_client.pool")
    assert {line["correlation"] for line in (request, job, connected)} == {CORRELATION}
    assert (request["method"], request["path"], request["status"]) == ("POST", "/Users", 201)
    assert (job["message"], job["connection"], job["resource"]) == ("job done", "ldap", answer.json["id"])
    assert (connected["message"], connected["server"]) == ("connected", "localhost")
    assert "one.story" not in json.dumps([*story.lines("provisioning"), *story.lines("connectors")])

    key = {"x-functions-key": KEYS["host.master"], "Content-Type": "application/json"}
    assert story.host.call("POST", "/admin/functions/measure", "{}", key).status == 202
    spans = story.sink.wait(lambda: {"scim POST Users", "job converge", "ldap create"} <= set(story.sink.spans()))
    spans = story.sink.spans()
    assert {spans[name]["tags"]["ai.operation.id"] for name in spans} == {TRACE}
    assert {spans[name]["data"]["baseData"]["properties"]["correlation"] for name in spans} == {CORRELATION}
    assert TRACE in spans["job converge"]["data"]["baseData"]["properties"]["_MS.links"]
    story.sink.wait(lambda: story.sink.metrics("lockstep.queue.waiting"))
    ((properties, point),) = story.sink.metrics("lockstep.jobs")
    assert (properties, point["value"]) == ({"connection": "ldap", "type": "converge", "outcome": "done"}, 1)
    calls = {properties["verb"]: point["count"] for properties, point in story.sink.metrics("lockstep.connector.calls")}
    assert calls == {"find": 1, "create": 1}
    ((properties, point),) = story.sink.metrics("lockstep.scim.requests")
    assert properties == {"method": "POST", "resource": "Users", "status": "201"}
    (measured,) = [line for line in story.lines("provisioning.engine.measuring") if line["message"] == "hub measured"]
    assert measured["behind"] == 0
    assert "one.story" not in repr(story.sink.envelopes)
