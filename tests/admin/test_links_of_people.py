"""A user or a group through the admin API: what the hub holds, and how it stands in each connection."""

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Rejected
from provisioning.directory.resources import Resource
from provisioning.engine.jobs import Job, JobType
from tests.admin.conftest import Api

MIRA = {"userName": "mira@northwind.example", "displayName": "Mira Okafor", "title": "Analyst"}


async def converge(api: Api, resource: Resource, connection: str = "target") -> None:
    """Bring a resource in step in a connection, as its job does."""
    await api.hub.executor.execute(Job(JobType.CONVERGE, connection, resource.kind, resource.id))


@pytest.fixture
async def mira(api: Api) -> Resource:
    """A user, and a connection for her."""
    await api.create(enabled=True)
    return await api.hub.directory.create(ObjectKind.USER, MIRA, "entra")


@pytest.mark.parametrize("key", ["id", "mira@northwind.example", "MIRA@Northwind.example"])
async def test_a_user_is_found_by_id_and_by_user_name_whatever_its_case(api: Api, mira: Resource, key: str) -> None:
    answer = await api.client.get(f"/api/users/{mira.id if key == 'id' else key}")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["id"], told["document"], told["source"], told["exists"]) == (mira.id, MIRA, "entra", True)
    assert told["links"] == []


async def test_a_link_tells_the_account_and_that_it_is_in_step(api: Api, mira: Resource) -> None:
    await converge(api, mira)
    (link,) = (await api.client.get(f"/api/users/{mira.id}")).json()["links"]
    assert link["remote_id"] in api.target.accounts
    assert link == {
        **link,
        "connection": "target",
        "connection_name": "Target",
        "status": "applied",
        "remote_name": "mira@northwind.example",
        "active": True,
        "in_step": True,
        "code": "",
    }


async def test_a_link_behind_its_resource_is_not_in_step(api: Api, mira: Resource) -> None:
    await converge(api, mira)
    await api.hub.directory.replace(mira, {**MIRA, "title": "Lead"})
    (link,) = (await api.client.get(f"/api/users/{mira.id}")).json()["links"]
    assert link["in_step"] is False


async def test_why_there_is_no_account_is_told_with_what_to_do(api: Api, mira: Resource) -> None:
    api.target.failure = Rejected("The title is too long.", code="memory.tooLong", fix="Shorten it.")
    await converge(api, mira)
    (link,) = (await api.client.get(f"/api/users/{mira.id}")).json()["links"]
    assert (link["status"], link["code"], link["message"], link["fix"], link["in_step"]) == (
        "escrowed", "memory.tooLong", "The title is too long.", "Shorten it.", False,
    )  # fmt: skip


async def test_links_in_every_connection_are_told_in_disabled_ones_too(api: Api, mira: Resource) -> None:
    await api.create("also", enabled=True, settings={"directory": f"{api.directory}-2"})
    await converge(api, mira)
    await converge(api, mira, "also")
    await api.client.post("/api/connections/also/disable")
    links = (await api.client.get(f"/api/users/{mira.id}")).json()["links"]
    assert [link["connection"] for link in links] == ["also", "target"]


async def test_somebody_who_was_renamed_is_found_by_the_former_name(api: Api, mira: Resource) -> None:
    await api.hub.directory.replace(mira, {**MIRA, "userName": "mira.lind@northwind.example"})
    told = (await api.client.get("/api/users/mira@northwind.example")).json()
    assert told["id"] == mira.id
    assert told["document"]["userName"] == "mira.lind@northwind.example"


async def test_somebody_who_was_deleted_is_told_with_the_links_that_are_left(api: Api, mira: Resource) -> None:
    await converge(api, mira)
    await api.hub.directory.delete(mira)
    for key in (mira.id, "mira@northwind.example"):
        told = (await api.client.get(f"/api/users/{key}")).json()
        assert told["exists"] is False
        assert told["document"] == {}
        assert told["links"][0]["remote_name"] == "mira@northwind.example"
        assert told["links"][0]["in_step"] is False
    await converge(api, mira)
    told = (await api.client.get(f"/api/users/{mira.id}")).json()
    assert told["links"][0]["status"] == "deleted"
    assert told["links"][0]["in_step"] is True


async def test_a_name_that_several_once_had_is_told_with_their_ids(api: Api, mira: Resource) -> None:
    await api.hub.directory.delete(mira)
    second = await api.hub.directory.create(ObjectKind.USER, MIRA, "entra")
    await api.hub.directory.delete(second)
    answer = await api.client.get("/api/users/mira@northwind.example")
    assert answer.status_code == 404
    assert mira.id in answer.json()["detail"]
    assert second.id in answer.json()["detail"]


@pytest.mark.parametrize("name", ["Risk team", "Risk/EMEA", "Ünïon #7 100%", "a'b"])
async def test_a_group_is_found_by_id_and_by_name(api: Api, name: str) -> None:
    group = await api.hub.directory.create(ObjectKind.GROUP, {"displayName": name}, "entra")
    for key in (group.id, name):
        answer = await api.client.get("/api/groups/" + key.replace("%", "%25").replace("#", "%23"))
        assert answer.json()["id"] == group.id, answer.text
        assert answer.json()["kind"] == "Group"


@pytest.mark.parametrize("path", ["/api/users/nobody", "/api/users/u-0123", "/api/groups/nobody", "/api/groups/g-1"])
async def test_who_never_was_is_told(api: Api, path: str) -> None:
    answer = await api.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "resource.missing"
    assert path.rsplit("/", 1)[1] in answer.json()["detail"]


async def test_a_user_is_not_a_group(api: Api, mira: Resource) -> None:
    assert (await api.client.get(f"/api/groups/{mira.id}")).status_code == 404


async def test_a_key_beyond_the_bound_is_refused(api: Api) -> None:
    assert (await api.client.get("/api/users/" + "x" * 401)).status_code == 422
