"""The report, health and retry through the admin API."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Misconfigured, Rejected
from provisioning.directory.resources import Resource
from provisioning.engine.jobs import Job, JobType
from tests.admin.conftest import Api

PEOPLE = ("ada", "ben", "cleo")


@pytest.fixture
async def people(api: Api) -> dict[str, Resource]:
    """Three users, created in two connections one after the other."""
    await api.create("one", enabled=True)
    await api.create("two", enabled=True, settings={"directory": f"{api.directory}-2"})
    made: dict[str, Resource] = {}
    for name in PEOPLE:
        made[name] = await api.hub.directory.create(
            ObjectKind.USER, {"userName": f"{name}@x.example", "title": "Analyst"}, "entra"
        )
        for connection in ("one", "two"):
            await api.hub.executor.execute(
                Job(JobType.CONVERGE, connection, resource_id=made[name].id, correlation=f"made-{name}")
            )
    await api.jobs()
    return made


async def test_the_report_tells_every_outcome_newest_first(api: Api, people: dict[str, Resource]) -> None:
    told = (await api.client.get("/api/reports")).json()
    assert [(entry["name"], entry["connection"]) for entry in told["entries"]] == [
        (f"{name}@x.example", connection) for name in reversed(PEOPLE) for connection in ("two", "one")
    ]
    assert told["cursor"] == ""
    first = told["entries"][-1]
    assert first["action"] == "create"
    assert first["status"] == "success"
    assert first["connection_name"] == "One"
    assert first["resource_id"] == people["ada"].id
    assert first["changes"]["title"] == {"old": None, "new": "Analyst"}
    assert first["correlation"] == "made-ada"


@pytest.mark.parametrize("key", ["id", "ben@x.example", "BEN@x.example", " ben@x.example "])
async def test_the_report_of_a_person_by_id_or_name(api: Api, people: dict[str, Resource], key: str) -> None:
    params = {"person": people["ben"].id if key == "id" else key, "connection": "one"}
    told = (await api.client.get("/api/reports", params=params)).json()
    assert [(entry["name"], entry["connection"]) for entry in told["entries"]] == [("ben@x.example", "one")]


@pytest.mark.usefixtures("people")
async def test_the_report_of_a_timespan(api: Api) -> None:
    entries = (await api.client.get("/api/reports")).json()["entries"]
    fourth, second = entries[3]["when"], entries[1]["when"]
    told = (await api.client.get("/api/reports", params={"from": fourth, "to": second})).json()
    assert told["entries"] == entries[1:4]
    naive = (datetime.now(UTC) - timedelta(minutes=5)).replace(tzinfo=None).isoformat()
    assert (await api.client.get("/api/reports", params={"from": naive})).json()["entries"] == entries
    assert (await api.client.get("/api/reports", params={"to": naive})).json()["entries"] == []


@pytest.mark.usefixtures("people")
async def test_pages_of_the_report_join_to_the_whole(api: Api) -> None:
    whole = (await api.client.get("/api/reports")).json()["entries"]
    read, cursor = [], ""
    while True:
        page = (await api.client.get("/api/reports", params={"limit": 4, "cursor": cursor})).json()
        read += page["entries"]
        cursor = page["cursor"]
        if not cursor:
            break
    assert read == whole


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "from=yesterday", "from=2026-01-02&to=2026-01-01", "cursor=zzz", "cursor=a%00b",
     "connection=never", "person=" + "x" * 401],
)  # fmt: skip
async def test_a_search_that_makes_no_sense_is_told(api: Api, query: str) -> None:
    answer = await api.client.get(f"/api/reports?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.usefixtures("people")
async def test_the_report_of_a_deleted_connection_is_still_told_by_its_name(api: Api) -> None:
    await api.client.delete("/api/connections/two?confirm=two")
    told = (await api.client.get("/api/reports?connection=two")).json()
    assert {entry["connection_name"] for entry in told["entries"]} == {"Two"}
    assert len(told["entries"]) == 3


@pytest.mark.usefixtures("people")
async def test_the_hubs_own_entries_can_be_asked_for(api: Api) -> None:
    await api.hub.poison.read(b"not a job")
    (entry,) = (await api.client.get("/api/reports?connection=hub")).json()["entries"]
    assert (entry["code"], entry["connection_name"]) == ("job.malformed", "The hub itself")


async def test_a_hub_where_all_is_well_says_so(api: Api) -> None:
    health = (await api.client.get("/api/health")).json()
    assert health.pop("ok") is True
    for name in ("unavailable", "quarantined", "expiring", "expired", "refused"):
        assert health.pop(name) == []
    assert set(health.values()) == {0}
    assert health.keys() == {"jobs_waiting", "poison", "outbox", "links_behind", "escrowed", "waiting", "parked"}


async def test_health_counts_what_waits_and_what_is_behind(api: Api, people: dict[str, Resource]) -> None:
    api.target.failure = Rejected("No.", code="memory.no")
    ada = await api.hub.directory.get(ObjectKind.USER, people["ada"].id)
    await api.hub.directory.replace(ada, {**ada.document, "title": "Lead"})
    await api.hub.executor.execute(Job(JobType.CONVERGE, "one", resource_id=ada.id))
    health = (await api.client.get("/api/health")).json()
    assert health["jobs_waiting"] == 2
    assert health["outbox"] == 4
    assert (health["links_behind"], health["escrowed"]) == (1, 1)


async def test_a_quarantined_connection_is_told_by_health_and_by_itself_and_a_retry_frees_it(
    api: Api, people: dict[str, Resource]
) -> None:
    api.target.failure = Misconfigured("The password is wrong.", code="memory.password", fix="Correct it.")
    ada = await api.hub.directory.get(ObjectKind.USER, people["ada"].id)
    await api.hub.directory.replace(ada, {**ada.document, "title": "Lead"})
    await api.hub.executor.execute(Job(JobType.CONVERGE, "one", resource_id=ada.id))
    health = (await api.client.get("/api/health")).json()
    assert (health["ok"], health["quarantined"]) == (False, ["one"])
    state = (await api.client.get("/api/connections/one")).json()["state"]
    assert (state["status"], state["code"], state["message"], state["fix"]) == (
        "quarantined", "memory.password", "The password is wrong.", "Correct it.",
    )  # fmt: skip
    assert state["since"]
    assert state["until"]

    api.target.failure = None
    await api.jobs()
    answer = await api.client.post("/api/connections/one/retry")
    assert answer.status_code == 202
    assert answer.json()["state"]["status"] == "ok"
    assert [(job.type, job.connection) for job in await api.jobs()] == [(JobType.RESYNC, "one")]
    assert (await api.client.get("/api/health")).json()["quarantined"] == []


async def test_a_disabled_connection_cannot_be_retried(api: Api) -> None:
    await api.create()
    answer = await api.client.post("/api/connections/target/retry")
    assert answer.status_code == 409
    assert "Enable it" in answer.json()["detail"]
