"""Sources and their tokens through the admin API."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import ObjectKind
from provisioning.sources.caller import Caller, Profile
from provisioning.sources.errors import Refused
from provisioning.sources.rates import Rate
from provisioning.sources.source import CUSTOM_APPS
from provisioning.storage.store import Storage
from tests.admin.conftest import Api


@pytest.fixture
async def source(api: Api) -> dict[str, Any]:
    """A source without tokens."""
    answer = await api.client.post("/api/sources", json={"id": "entra", "name": "Lockstep for Northwind"})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == "/api/sources/entra"
    made: dict[str, Any] = answer.json()
    return made


async def who(api: Api, token: str) -> str | None:
    """Return the id of the source that a token is taken as."""
    try:
        return (await api.hub.sources.authenticate(f"Bearer {token}")).source
    except Refused:
        return None


async def test_a_source_is_created_enabled_and_without_tokens(api: Api, source: dict[str, Any]) -> None:
    assert (source["id"], source["name"], source["enabled"], source["tokens"]) == (
        "entra", "Lockstep for Northwind", True, [],
    )  # fmt: skip
    assert (await api.client.get("/api/sources/entra")).json() == source
    assert (await api.client.get("/api/sources")).json() == {"sources": [source]}


@pytest.mark.usefixtures("source")
async def test_a_second_source_with_an_id_is_a_conflict(api: Api) -> None:
    answer = await api.client.post("/api/sources", json={"id": "entra", "name": "Again"})
    assert (answer.status_code, answer.json()["code"]) == (409, "source.exists")


@pytest.mark.parametrize(
    "body", [{"id": "A", "name": "X"}, {"id": "a"}, {"id": "a", "name": ""}, {"id": "a", "name": "X", "more": 1}]
)
async def test_a_source_that_cannot_be_is_told(api: Api, body: dict[str, Any]) -> None:
    answer = await api.client.post("/api/sources", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.usefixtures("source")
async def test_an_issued_token_is_shown_once_and_stored_nowhere(api: Api, storage: Storage) -> None:
    answer = await api.client.post("/api/sources/entra/tokens", json={"label": "since November"})
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    issued = answer.json()
    assert await who(api, issued["token"]) == "entra"
    read = await api.client.get("/api/sources/entra")
    assert read.json()["tokens"] == [{name: value for name, value in issued.items() if name != "token"}]
    assert issued["label"] == "since November"
    rows = await storage.table("sources").query("sources", "a", "~")
    assert issued["token"] not in read.text + str(rows)


@pytest.mark.usefixtures("source")
async def test_a_token_may_be_issued_without_a_body(api: Api) -> None:
    assert (await api.client.post("/api/sources/entra/tokens")).json()["label"] == ""


@pytest.mark.usefixtures("source")
async def test_two_tokens_are_valid_side_by_side_until_one_is_revoked(api: Api) -> None:
    first, second = [(await api.client.post("/api/sources/entra/tokens")).json() for _ in range(2)]
    assert await who(api, first["token"]) == await who(api, second["token"]) == "entra"
    assert (await api.client.delete(f"/api/sources/entra/tokens/{first['id']}")).status_code == 204
    assert await who(api, first["token"]) is None
    assert await who(api, second["token"]) == "entra"
    assert (await api.client.delete(f"/api/sources/entra/tokens/{first['id']}")).status_code == 404


@pytest.mark.usefixtures("source")
async def test_a_token_made_elsewhere_is_registered_by_its_hash_and_repeating_it_is_harmless(api: Api) -> None:
    digest = hashlib.sha256(b"made-elsewhere").hexdigest()
    for shown in (digest, digest.upper()):
        answer = await api.client.post("/api/sources/entra/tokens/register", json={"sha256": shown, "label": "x"})
        assert answer.status_code == 201
    assert await who(api, "made-elsewhere") == "entra"
    assert len((await api.client.get("/api/sources/entra")).json()["tokens"]) == 1


@pytest.mark.usefixtures("source")
async def test_a_token_belongs_to_one_source(api: Api) -> None:
    await api.client.post("/api/sources", json={"id": "other", "name": "Other"})
    body = {"sha256": hashlib.sha256(b"made-elsewhere").hexdigest()}
    await api.client.post("/api/sources/entra/tokens/register", json=body)
    assert (await api.client.post("/api/sources/other/tokens/register", json=body)).status_code == 409


@pytest.mark.usefixtures("source")
async def test_a_token_given_where_its_hash_belongs_is_refused_and_not_repeated(api: Api) -> None:
    answer = await api.client.post("/api/sources/entra/tokens/register", json={"sha256": "ls_the-token-itself"})
    assert answer.status_code == 422
    assert "ls_the-token-itself" not in answer.text


@pytest.mark.usefixtures("source")
async def test_a_disabled_source_is_kept_out_until_it_is_enabled(api: Api) -> None:
    token = (await api.client.post("/api/sources/entra/tokens")).json()["token"]
    assert (await api.client.post("/api/sources/entra/disable")).json()["enabled"] is False
    assert await who(api, token) is None
    assert (await api.client.post("/api/sources/entra/enable")).json()["enabled"] is True
    assert await who(api, token) == "entra"


@pytest.mark.parametrize(
    ("verb", "path"),
    [("GET", ""), ("POST", "/enable"), ("POST", "/disable"), ("POST", "/tokens"), ("POST", "/tokens/register"),
     ("DELETE", "/tokens/0123456789abcdef"), ("DELETE", "/tokens/a%23b"), ("PATCH", ""), ("POST", "/secrets"),
     ("DELETE", "/secrets/0123456789abcdef")],
)  # fmt: skip
@pytest.mark.parametrize("source_id", ["none", "a%2Fb%23", "x" * 41])
async def test_a_source_that_is_not_there_is_told(api: Api, verb: str, path: str, source_id: str) -> None:
    body = {"sha256": "0" * 64} if path.endswith("register") else {}
    answer = await api.client.request(verb, f"/api/sources/{source_id}{path}", json=body)
    assert answer.status_code == 404, answer.text


TENANT = "7f6c0c3e-2f64-4c7b-9f52-0d1f3c1b7a90"
APP = "00000014-0000-0000-c000-000000000000"


async def test_a_new_source_may_do_everything_at_a_rate_well_above_what_entra_sends(source: dict[str, Any]) -> None:
    assert {
        name: source[name] for name in ("kinds", "writes", "own_only", "profile", "rate", "entra", "federation")
    } == {
        "kinds": ["Group", "User"],
        "writes": True,
        "own_only": False,
        "profile": {"strict": False, "patch_answers_resource": None},
        "rate": {"per_second": 100, "burst": 200},
        "entra": [],
        "federation": [],
    }


@pytest.mark.usefixtures("source")
async def test_what_a_source_may_do_is_changed_by_what_is_given(api: Api) -> None:
    token = (await api.client.post("/api/sources/entra/tokens")).json()["token"]
    body = {"kinds": ["User"], "writes": False, "own_only": True, "profile": {"strict": True}, "rate": {"burst": 5}}
    answer = await api.client.patch("/api/sources/entra", json=body)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed["rate"] == {"per_second": 100, "burst": 5}
    assert (await api.client.get("/api/sources/entra")).json() == changed
    caller = await api.hub.sources.authenticate(f"Bearer {token}")
    users = frozenset({ObjectKind.USER})
    assert caller == Caller("entra", users, False, True, Profile(strict=True), Rate(burst=5))
    again = (await api.client.patch("/api/sources/entra", json={"name": "Renamed"})).json()
    assert again == {**changed, "name": "Renamed"}


@pytest.mark.usefixtures("source")
async def test_how_patch_is_answered_can_be_set_and_left_to_the_kind_again(api: Api) -> None:
    for value in (True, False, None):
        body = {"profile": {"patch_answers_resource": value}}
        changed = (await api.client.patch("/api/sources/entra", json=body)).json()
        assert changed["profile"] == {"strict": False, "patch_answers_resource": value}


@pytest.mark.usefixtures("source")
async def test_tokens_and_assertions_of_entra_are_declared_and_taken_back(api: Api) -> None:
    body = {
        "entra": [{"tenant": TENANT.upper(), "app_id": APP}],
        "federation": [{"tenant": TENANT, "audience": "api://hub", "object_id": TENANT}],
    }
    changed = (await api.client.patch("/api/sources/entra", json=body)).json()
    assert changed["entra"] == [{"tenant": TENANT, "audience": CUSTOM_APPS, "app_id": APP, "object_id": ""}]
    assert changed["federation"] == [{"tenant": TENANT, "audience": "api://hub", "app_id": "", "object_id": TENANT}]
    assert (await api.client.patch("/api/sources/entra", json={"entra": []})).json()["entra"] == []


@pytest.mark.usefixtures("source")
async def test_tokens_that_could_be_two_sources_are_a_conflict(api: Api) -> None:
    await api.client.post("/api/sources", json={"id": "other", "name": "Other"})
    body = {"entra": [{"tenant": TENANT, "app_id": APP}]}
    assert (await api.client.patch("/api/sources/entra", json=body)).status_code == 200
    answer = await api.client.patch("/api/sources/other", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "source.exists")
    assert "app_id" in answer.json()["detail"]


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kinds": []}, "User, Group or both"),
        ({"kinds": ["Device"]}, "kinds"),
        ({"name": ""}, "1 to 100"),
        ({"rate": {"per_second": 0}}, "requests per second"),
        ({"rate": {"burst": 1_000_000}}, "requests per second"),
        ({"entra": [{"tenant": "northwind", "app_id": APP}]}, "GUID"),
        ({"entra": [{"tenant": TENANT}]}, "every app of the tenant"),
        ({"entra": [{"tenant": TENANT, "audience": "a b", "app_id": APP}]}, "audience"),
        ({"federation": [{"tenant": TENANT, "audience": "api://hub"}]}, "required"),
        ({"federation": [{"tenant": TENANT, "audience": "api://hub", "object_id": ""}]}, "object id"),
        ({"entra": [{"tenant": TENANT, "audience": f"api://{n}", "app_id": APP} for n in range(6)]}, "at most 5"),
        ({"enabled": False}, "no such field"),
        ({"writes": "sometimes"}, "writes"),
    ],
)
async def test_a_change_that_cannot_be_is_told_in_words_and_changes_nothing(
    api: Api, body: dict[str, Any], words: str
) -> None:
    before = (await api.client.get("/api/sources/entra")).json()
    answer = await api.client.patch("/api/sources/entra", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert (await api.client.get("/api/sources/entra")).json() == before


@pytest.mark.usefixtures("source")
async def test_a_token_may_have_an_end(api: Api) -> None:
    in_days = (await api.client.post("/api/sources/entra/tokens", json={"expires_in_days": 90})).json()
    assert datetime.fromisoformat(in_days["expires"]) - datetime.now(UTC) > timedelta(days=89)
    date = (datetime.now(UTC) + timedelta(days=10)).isoformat()
    on_date = (await api.client.post("/api/sources/entra/tokens", json={"expires": date})).json()
    assert datetime.fromisoformat(on_date["expires"]) == datetime.fromisoformat(date)
    assert (await api.client.post("/api/sources/entra/tokens")).json()["expires"] is None


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize(
    "body",
    [
        {"expires": "2020-01-01T00:00:00Z"},
        {"expires": "2999-01-01T00:00:00Z"},
        {"expires": "2030-01-01T00:00:00"},
        {"expires_in_days": 0},
        {"expires_in_days": 5, "expires": "2030-01-01T00:00:00Z"},
    ],
)
@pytest.mark.parametrize("sort", ["tokens", "secrets"])
async def test_an_end_that_cannot_be_is_told(api: Api, sort: str, body: dict[str, Any]) -> None:
    assert (await api.client.post(f"/api/sources/entra/{sort}", json=body)).status_code == 422


@pytest.mark.usefixtures("source")
async def test_an_issued_secret_is_shown_once_with_its_client_id(api: Api, storage: Storage) -> None:
    answer = await api.client.post("/api/sources/entra/secrets", json={"label": "2026"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    issued = answer.json()
    client = await api.hub.sources.clients.by_secret(issued["client_id"], issued["secret"])
    assert client.source.id == "entra"
    read = await api.client.get("/api/sources/entra")
    assert [each["id"] for each in read.json()["secrets"]] == [issued["id"]]
    assert timedelta(days=364) < datetime.fromisoformat(issued["expires"]) - datetime.now(UTC) < timedelta(days=366)
    assert issued["secret"] not in read.text + str(await storage.table("sources").query("sources", "a", "~"))
    assert (await api.client.delete(f"/api/sources/entra/secrets/{issued['id']}")).status_code == 204
    with pytest.raises(Refused):
        await api.hub.sources.clients.by_secret(issued["client_id"], issued["secret"])


@pytest.mark.usefixtures("source")
async def test_health_warns_of_what_expires_and_tells_what_was_refused_by_ids_only(api: Api) -> None:
    before = (await api.client.get("/api/health")).json()
    assert (before["ok"], before["expiring"], before["expired"], before["refused"]) == (True, [], [], [])
    soon = (await api.client.post("/api/sources/entra/tokens", json={"expires_in_days": 29})).json()
    await api.client.post("/api/sources/entra/tokens", json={"expires_in_days": 31})
    await who(api, "made-up")
    answer = await api.client.get("/api/health")
    health = answer.json()
    assert health["ok"] is True
    assert health["expiring"] == [{"source": "entra", "kind": "token", "id": soon["id"], "expires": soon["expires"]}]
    assert health["refused"] == [{"reason": "unknown", "source": "", "count": 1}]
    assert soon["token"] not in answer.text


@pytest.mark.usefixtures("source")
async def test_health_is_not_ok_while_an_expired_credential_stands(api: Api) -> None:
    end = datetime.now(UTC) + timedelta(milliseconds=300)
    token, _ = await api.hub.sources.issue("entra", expires=end)
    await asyncio.sleep(0.35)
    health = (await api.client.get("/api/health")).json()
    assert (health["ok"], [each["id"] for each in health["expired"]]) == (False, [token.id])
    await api.client.delete(f"/api/sources/entra/tokens/{token.id}")
    assert (await api.client.get("/api/health")).json()["ok"] is True
