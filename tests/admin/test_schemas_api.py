"""Extensions and matching attributes are declared, read and taken back over the admin API, and every fault is told."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import ObjectKind
from provisioning.admin import matching_attributes as routes
from provisioning.directory import backfill
from provisioning.directory.index import is_indexed
from provisioning.engine.jobs import HUB, JobType
from tests.admin.conftest import Api

USER = ObjectKind.USER
HR = "urn:ietf:params:scim:schemas:extension:northwind:2.0:User"
BADGE = {"name": "badge", "type": "integer", "description": "The number on the badge."}
SCHEMA: dict[str, Any] = {"name": "Northwind", "attributes": [BADGE, {"name": "grade", "canonicalValues": ["a", "b"]}]}


@pytest.fixture(autouse=True)
def known_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs begin at once: there is one instance."""
    monkeypatch.setattr(routes, "DELAY", timedelta())
    monkeypatch.setattr(api.hub.executor.backfill, "_settle", timedelta())


async def put(api: Api, schema: Any, urn: str = HR, kind: str = "User") -> Any:
    """Write an extension."""
    return await api.client.put(f"/api/schemas/{urn}", json={"resource_type": kind, "schema": schema})


async def declare(api: Api, path: str, kind: str = "User") -> Any:
    """Declare a matching attribute."""
    return await api.client.post("/api/matching-attributes", json={"resource_type": kind, "path": path})


async def work(api: Api) -> list[JobType]:
    """Do what is on the queue until nothing is left; return what it was."""
    done = []
    while jobs := await api.jobs():
        for job in jobs:
            done.append(job.type)
            await api.hub.executor.execute(job)
    return done


async def test_an_extension_is_written_read_listed_and_deleted(api: Api) -> None:
    made = await put(api, SCHEMA)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert (shown["urn"], shown["resource_type"]) == (HR, "User")
    assert [each["name"] for each in shown["schema"]["attributes"]] == ["badge", "grade"]
    assert (await api.client.get(f"/api/schemas/{HR}")).json() == shown
    assert (await api.client.get("/api/schemas")).json() == {"extensions": [shown]}
    assert [each.urn for each in await api.hub.extensions.in_force()] == [HR]
    assert (await api.client.delete(f"/api/schemas/{HR}")).status_code == 204
    assert await api.hub.extensions.in_force() == ()
    assert (await api.client.get(f"/api/schemas/{HR}")).status_code == 404


async def test_an_extension_is_written_again(api: Api) -> None:
    await put(api, SCHEMA)
    again = await put(api, {**SCHEMA, "attributes": [BADGE]})
    assert again.status_code == 200
    assert [each["name"] for each in again.json()["schema"]["attributes"]] == ["badge"]
    assert (await put(api, again.json()["schema"])).json() == again.json()


@pytest.mark.parametrize(
    ("urn", "schema", "field"),
    [
        ("northwind", SCHEMA, "urn"),
        ("urn:ietf:params:scim:schemas:core:2.0:User", SCHEMA, "urn"),
        (HR, {}, "attributes"),
        (HR, {"attributes": [BADGE | {"required": True}]}, "attributes.0.required"),
        (HR, {"attributes": [{"name": "a"}] * 201}, "attributes"),
        (HR, {**SCHEMA, "id": "urn:x:y"}, "id"),
    ],
)
async def test_a_schema_that_cannot_be_is_refused_field_by_field(api: Api, urn: str, schema: Any, field: str) -> None:
    answer = await put(api, schema, urn)
    assert (answer.status_code, answer.json()["code"]) == (422, "schema.invalid")
    assert field in {each["field"] for each in answer.json()["errors"]}


@pytest.mark.parametrize(
    "body", [{}, {"resource_type": "Device", "schema": SCHEMA}, {"resource_type": "User", "schema": []}]
)
async def test_a_body_of_another_shape_is_refused(api: Api, body: Any) -> None:
    answer = await api.client.put(f"/api/schemas/{HR}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@pytest.mark.parametrize(
    "body",
    [
        b'{"resource_type": "User", "schema": ' + b'{"a":' * 40_000 + b"1" + b"}" * 40_000 + b"}",
        b'{"resource_type": "User", "schema": {"\\ud800": 1, "attributes": [{"name": "a", "\\ud800": 1}]}}',
        b'{"resource_type": "User", "schema": {"attributes": [{"name": "\\ud800"}]}}',
        b'{"resource_type": "User", "schema": {"attributes": [{"name": "a", "type": "\\u0000"}]}}',
        b"{", b"\xff", b"[]",
    ],
)  # fmt: skip
async def test_no_body_is_an_internal_error(api: Api, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = await api.client.put(f"/api/schemas/{HR}", content=body, headers=headers)
    assert 400 <= answer.status_code < 500, answer.text


async def test_a_change_of_type_is_refused_and_changes_nothing(api: Api) -> None:
    await put(api, SCHEMA)
    answer = await put(api, {**SCHEMA, "attributes": [BADGE | {"type": "string"}]})
    assert answer.status_code == 422
    assert "no longer be shown" in answer.json()["detail"]
    assert (await api.hub.extensions.get(HR)).definition["attributes"][0]["type"] == "integer"


@pytest.mark.parametrize("urn", [HR, "urn:x:y", "x", "a%2Fb%23", "urn:x:%00"])
@pytest.mark.parametrize("verb", ["GET", "DELETE"])
async def test_an_extension_that_is_not_there_is_told(api: Api, verb: str, urn: str) -> None:
    answer = await api.client.request(verb, f"/api/schemas/{urn}")
    assert answer.status_code == 404, answer.text


async def test_a_matching_attribute_is_declared_built_and_taken_back(api: Api) -> None:
    await put(api, SCHEMA)
    await api.hub.directory.create(USER, {"userName": "mira", HR: {"badge": 7}}, "entra")
    await api.jobs()
    made = await declare(api, f"{HR.upper()}:BADGE")
    assert made.status_code == 202, made.text
    shown = made.json()
    assert (shown["path"], shown["state"], shown["done"]) == (f"{HR}:badge", "building", 0)
    route = made.headers["Location"]
    assert await work(api) == [JobType.INDEX]
    ready = (await api.client.get(route)).json()
    assert (ready["state"], ready["done"], ready["total"]) == ("ready", 1, 1)
    assert (await api.client.get("/api/matching-attributes")).json() == {"matching_attributes": [ready]}
    assert is_indexed(USER, f"{HR}:badge", await api.hub.directory.indexing())
    found = await api.hub.directory.find(USER, f"{HR}:badge", "7", "")
    assert [each.document["userName"] for each in found] == ["mira"]
    retired = await api.client.delete(route)
    assert (retired.status_code, retired.json()["state"]) == (202, "retiring")
    assert await work(api) == [JobType.INDEX, JobType.INDEX]
    assert (await api.client.get(route)).status_code == 404


async def test_declaring_twice_is_harmless(api: Api) -> None:
    first, second = await declare(api, "title"), await declare(api, "Title")
    assert first.json()["id"] == second.json()["id"]
    await work(api)
    assert (await declare(api, "title")).json()["state"] == "ready"
    assert await work(api) == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("nope", 422, "matching.notDeclarable"), ("userName", 422, "matching.notDeclarable"),
     ("", 422, "request.invalid"), ("x" * 501, 422, "request.invalid")],
)  # fmt: skip
async def test_an_attribute_that_cannot_be_declared_is_told(api: Api, path: str, status: int, code: str) -> None:
    answer = await declare(api, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_eleventh_is_refused(api: Api) -> None:
    for path in ("title", "nickName", "userType", "locale", "timezone", "name.givenName", "name.familyName",
                 "department", "division", "costCenter"):  # fmt: skip
        assert (await declare(api, path)).status_code == 202
    answer = await declare(api, "organization")
    assert (answer.status_code, answer.json()["code"]) == (409, "matching.refused")


async def test_an_extension_that_a_matching_attribute_is_of_stays(api: Api) -> None:
    await put(api, SCHEMA)
    await declare(api, f"{HR}:badge")
    for answer in (
        await put(api, {**SCHEMA, "attributes": [{"name": "grade"}]}),
        await api.client.delete(f"/api/schemas/{HR}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "schema.inUse")
        assert f"{HR}:badge" in answer.json()["detail"]
    assert (await put(api, {**SCHEMA, "attributes": [BADGE]})).status_code == 200


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
async def test_a_matching_attribute_that_is_not_there_is_told(api: Api, verb: str) -> None:
    for name in ("user-0123456789abcdef", "a%2Fb%23", "%00"):
        answer = await api.client.request(verb, f"/api/matching-attributes/{name}")
        assert answer.status_code == 404, answer.text


async def test_a_job_whose_message_was_lost_is_sent_again_by_the_sweeper(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await declare(api, "title")
    assert [job.connection for job in await api.jobs()] == [HUB]
    await api.hub.sweeper.sweep()
    assert await api.jobs() == []
    monkeypatch.setattr("provisioning.engine.sweeper._STALLED", timedelta())
    await api.hub.sweeper.sweep()
    assert await work(api) == [JobType.INDEX]
    assert is_indexed(USER, "title", await api.hub.directory.indexing())


async def test_a_job_goes_on_by_messages_of_its_own(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "PAGE", 2)
    for number in range(5):
        await api.hub.directory.create(USER, {"userName": f"u{number}", "title": "Lead"}, "entra")
    await api.jobs()
    await declare(api, "title")
    assert await work(api) == [JobType.INDEX] * 3
    assert len(await api.hub.directory.find(USER, "title", "lead", "")) == 5
