"""Connections through the admin API: created, read, changed, deleted, enabled, disabled."""

import asyncio
from datetime import timedelta

import pytest

from provisioning.admin.connections import CONFIGURATION_DELAY as DELAY_AS_IMPORTED
from provisioning.connections.store import ACTIVE_SECONDS
from provisioning.engine.jobs import JobType
from provisioning.storage.store import Storage
from tests.admin.conftest import Api


async def test_a_created_connection_is_disabled_and_has_the_defaults_of_its_kind(api: Api) -> None:
    answer = await api.client.post("/api/connections", json=api.body())
    assert answer.status_code == 201
    made = answer.json()
    assert made["enabled"] is False
    assert made["matching"] == {"User": ["login"], "Group": ["name"]}
    assert all(made["features"].values())
    assert made["deletion"] == "delete"
    assert made["state"]["status"] == "ok"
    assert answer.headers["Location"] == "/api/connections/target"
    assert answer.headers["ETag"] == f'"{made["revision"]}"'


async def test_a_connection_is_read_as_it_was_created(api: Api) -> None:
    made = await api.create(deletion="deactivate", features={"delete_groups": False}, matching={"Group": []})
    answer = await api.client.get("/api/connections/target")
    assert answer.json() == made
    assert answer.headers["ETag"] == f'"{made["revision"]}"'
    assert made["matching"] == {"User": ["login"], "Group": []}
    assert made["features"]["delete_groups"] is False


async def test_connections_are_listed_by_id(api: Api) -> None:
    assert (await api.client.get("/api/connections")).json() == {"connections": []}
    made = [await api.create("b"), await api.create("a")]
    assert (await api.client.get("/api/connections")).json() == {"connections": [made[1], made[0]]}


async def test_a_second_connection_with_an_id_is_a_conflict(api: Api) -> None:
    await api.create()
    answer = await api.client.post("/api/connections", json=api.body())
    assert answer.status_code == 409
    assert answer.json()["code"] == "connection.exists"


async def test_a_patch_changes_what_is_given_and_nothing_else(api: Api) -> None:
    made = await api.create(features={"delete_users": False})
    answer = await api.client.patch(
        "/api/connections/target",
        json={"name": "Renamed", "features": {"create_groups": False}},
        headers={"If-Match": f'"{made["revision"]}"'},
    )
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["revision"] != made["revision"]
    assert changed == {
        **made,
        "name": "Renamed",
        "revision": changed["revision"],
        "features": {**made["features"], "create_groups": False},
    }


async def test_null_in_a_patch_takes_a_setting_back_to_its_default(api: Api) -> None:
    made = await api.create()
    answer = await api.client.patch(
        "/api/connections/target", json={"settings": {"directory": None}}, headers={"If-Match": made["revision"]}
    )
    assert answer.json()["settings"] == {}


async def test_a_put_replaces_and_what_is_not_given_takes_its_default(api: Api) -> None:
    made = await api.create(features={"delete_users": False}, matching={"User": []}, deletion="deactivate")
    answer = await api.client.put(
        "/api/connections/target",
        json={"name": "Again", "settings": made["settings"]},
        headers={"If-Match": f'"{made["revision"]}"'},
    )
    changed = answer.json()
    assert changed["features"]["delete_users"] is True
    assert changed["matching"]["User"] == ["login"]
    assert changed["deletion"] == "delete"
    assert (changed["id"], changed["kind"], changed["enabled"]) == ("target", "memory", False)


@pytest.mark.parametrize("verb", ["PATCH", "PUT"])
async def test_a_change_without_the_revision_that_was_read_is_refused(api: Api, verb: str) -> None:
    made = await api.create()
    body = {"name": "X", "settings": made["settings"]}
    answer = await api.client.request(verb, "/api/connections/target", json=body)
    assert answer.status_code == 428
    assert "If-Match" in answer.json()["detail"]


@pytest.mark.parametrize("verb", ["PATCH", "PUT", "DELETE"])
async def test_a_change_of_an_outdated_revision_is_refused_and_changes_nothing(api: Api, verb: str) -> None:
    made = await api.create()
    answer = await api.client.request(
        verb,
        "/api/connections/target?confirm=target",
        json={"name": "X", "settings": made["settings"]},
        headers={"If-Match": '"0123456789abcdef"'},
    )
    assert answer.status_code == 412
    assert answer.json()["code"] == "connection.changed"
    assert (await api.client.get("/api/connections/target")).json() == made


async def test_of_patches_at_the_same_time_one_wins_and_the_others_are_told(api: Api) -> None:
    made = await api.create()
    answers = await asyncio.gather(
        *(
            api.client.patch(
                "/api/connections/target", json={"name": f"N{number}"}, headers={"If-Match": made["revision"]}
            )
            for number in range(6)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412, 412]


async def test_a_change_that_changes_nothing_writes_nothing(api: Api) -> None:
    made = await api.create(enabled=True)
    await api.jobs()
    answer = await api.client.patch(
        "/api/connections/target", json={"name": made["name"]}, headers={"If-Match": made["revision"]}
    )
    assert answer.json() == made
    assert await api.jobs() == []


async def test_a_star_matches_any_revision(api: Api) -> None:
    await api.create()
    answer = await api.client.patch("/api/connections/target", json={"name": "X"}, headers={"If-Match": "*"})
    assert answer.json()["name"] == "X"


async def test_deleting_asks_for_the_id_once_more_and_says_what_it_means(api: Api) -> None:
    await api.create()
    for query in ("", "?confirm=", "?confirm=other"):
        answer = await api.client.delete(f"/api/connections/target{query}")
        assert answer.status_code == 400
        assert "?confirm=target" in answer.json()["detail"]
    answer = await api.client.delete("/api/connections/target?confirm=target")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await api.client.get("/api/connections/target")).status_code == 404


async def test_the_id_of_a_deleted_connection_is_not_used_again(api: Api) -> None:
    await api.create()
    await api.client.delete("/api/connections/target?confirm=target")
    answer = await api.client.post("/api/connections", json=api.body())
    assert answer.status_code == 409
    assert "cannot be used again" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", "?confirm=none"), ("POST", "/enable"), ("POST", "/disable"),
        ("POST", "/verify"), ("POST", "/retry"),
    ],
)  # fmt: skip
async def test_what_is_not_there_is_told_by_its_id(api: Api, verb: str, path: str) -> None:
    body = {} if verb == "POST" else {"name": "X", "settings": {}}
    answer = await api.client.request(verb, f"/api/connections/none{path}", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "connection.missing"
    assert "none" in answer.json()["detail"]


@pytest.mark.parametrize("connection_id", ["a%23b", "a%3Fb", "a%5Cb", "a%00b", "A", "%C3%A9", "a%0Ab", "~"])
async def test_an_id_that_could_not_be_one_is_missing(api: Api, connection_id: str) -> None:
    answer = await api.client.get(f"/api/connections/{connection_id}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "connection.missing"


@pytest.mark.parametrize(
    "key", ["a%23b", "a%3Fb", "a%5Cb", "a%00b", "u-%00", "u-..%2F..", "%F0%9F%98%80", "u-" + "x" * 390]
)
@pytest.mark.parametrize("kind", ["users", "groups"])
async def test_a_key_with_any_character_is_missing_and_not_a_fault(api: Api, kind: str, key: str) -> None:
    await api.create()
    answer = await api.client.get(f"/api/{kind}/{key}")
    assert answer.status_code == 404, answer.text
    assert answer.json()["code"] == "resource.missing"
    assert (await api.client.get(f"/api/reports?person={key}")).json()["entries"] == []


async def test_enabling_and_disabling_change_that_alone_and_may_be_repeated(api: Api) -> None:
    made = await api.create()
    for _ in range(2):
        enabled = (await api.client.post("/api/connections/target/enable")).json()
        assert enabled == {**made, "enabled": True, "revision": enabled["revision"]}
    assert [each.id for each in await api.hub.connections.active()] == ["target"]
    for _ in range(2):
        assert (await api.client.post("/api/connections/target/disable")).json()["enabled"] is False
    assert list(await api.hub.connections.active()) == []


async def test_a_connection_that_is_enabled_or_created_enabled_is_brought_in_step(api: Api) -> None:
    await api.create("one", enabled=True)
    await api.create("two")
    assert [(job.type, job.connection) for job in await api.jobs()] == [(JobType.RESYNC, "one")]
    await api.client.post("/api/connections/two/enable")
    await api.client.post("/api/connections/two/enable")
    assert [(job.type, job.connection) for job in await api.jobs()] == [(JobType.RESYNC, "two")]


@pytest.mark.parametrize(
    "change",
    [{"features": {"delete_users": False}}, {"deletion": "deactivate"}, {"matching": {"User": ["mail"]}},
     {"settings": {"directory": "other"}}],
)  # fmt: skip
async def test_what_changes_the_outcome_brings_an_enabled_connection_in_step_again(
    api: Api, change: dict[str, object]
) -> None:
    await api.create(enabled=True)
    await api.jobs()
    await api.client.patch("/api/connections/target", json=change, headers={"If-Match": "*"})
    assert [(job.type, job.connection) for job in await api.jobs()] == [(JobType.RESYNC, "target")]


async def test_a_new_name_or_a_change_of_a_disabled_connection_sends_nothing(api: Api) -> None:
    await api.create("one", enabled=True)
    await api.create("two")
    await api.jobs()
    await api.client.patch("/api/connections/one", json={"name": "X"}, headers={"If-Match": "*"})
    await api.client.patch("/api/connections/two", json={"deletion": "deactivate"}, headers={"If-Match": "*"})
    await api.client.post("/api/connections/one/disable")
    assert await api.jobs() == []


def test_a_resync_waits_until_no_instance_has_the_old_configuration_any_more() -> None:
    assert timedelta(seconds=ACTIVE_SECONDS) < DELAY_AS_IMPORTED


async def test_what_was_created_stands_in_the_table_for_the_engine(api: Api, storage: Storage) -> None:
    made = await api.create(enabled=True)
    (connection,) = await api.hub.connections.active()
    assert connection.revision == made["revision"]
    assert await storage.table("connections").get("connections", "target") is not None
