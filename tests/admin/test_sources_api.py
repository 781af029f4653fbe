"""Sources and their tokens through the admin API."""

import hashlib
from typing import Any

import pytest

from provisioning.directory.store import Storage
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
    found = await api.hub.sources.authenticate(f"Bearer {token}")
    return found.source if found else None


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
    assert read.json()["tokens"] == [{name: issued[name] for name in ("id", "label", "created")}]
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
     ("DELETE", "/tokens/0123456789abcdef"), ("DELETE", "/tokens/a%23b")],
)  # fmt: skip
@pytest.mark.parametrize("source_id", ["none", "a%2Fb%23", "x" * 41])
async def test_a_source_that_is_not_there_is_told(api: Api, verb: str, path: str, source_id: str) -> None:
    body = {"sha256": "0" * 64} if path.endswith("register") else {}
    answer = await api.client.request(verb, f"/api/sources/{source_id}{path}", json=body)
    assert answer.status_code == 404, answer.text
