"""Who may pass, how large a request may be, and what a fault looks like from outside."""

import httpx
import pytest

from provisioning.admin.api import build
from provisioning.admin.guard import MOST_BODY_BYTES, Guard
from provisioning.hub import Hub
from tests.admin.conftest import Api, Invoked


async def _no_hub() -> Hub:
    raise RuntimeError("storage at AccountKey=s3cret is away")


def client(app: Guard | Invoked, **options: object) -> httpx.AsyncClient:
    """Return a client without a key."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://hub.example")


async def test_the_app_refuses_everything_that_did_not_come_through_its_function() -> None:
    async with client(Guard(build(_no_hub))) as http:
        for path in ("/api/connections", "/api/openapi.json", "/nowhere"):
            answer = await http.get(path, headers={"x-functions-key": "k"})
            assert answer.status_code == 403
            assert answer.json()["code"] == "host.missing"


async def test_a_header_cannot_pretend_to_be_the_function() -> None:
    async with client(Guard(build(_no_hub))) as http:
        headers = {"x-functions-key": "k", "azure_functions.invocation_id": "1", "azure-functions-invocation-id": "1"}
        assert (await http.get("/api/connections", headers=headers)).status_code == 403


async def test_a_request_without_any_key_is_refused_even_where_the_host_let_it_through() -> None:
    async with client(Invoked(Guard(build(_no_hub)))) as http:
        for path in ("/api/connections", "/api/openapi.json", "/api/kinds?code="):
            answer = await http.get(path)
            assert answer.status_code == 401
            assert "x-functions-key" in answer.json()["detail"]


async def test_the_key_may_come_in_the_query_as_the_host_allows() -> None:
    async with client(Invoked(Guard(build(_no_hub)))) as http:
        assert (await http.get("/api/openapi.json?code=k")).status_code == 200


async def test_a_body_beyond_the_bound_is_refused(api: Api) -> None:
    answer = await api.client.post("/api/connections", content=b" " * (MOST_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_fault_is_told_without_its_reason_and_with_the_correlation_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with client(Invoked(Guard(build(_no_hub)))) as http:
        answer = await http.get("/api/connections", headers={"x-functions-key": "k", "x-correlation-id": "look-here-1"})
    assert answer.status_code == 500
    assert answer.json()["correlation"] == "look-here-1"
    assert "s3cret" not in answer.text
    assert "the admin API failed" in caplog.text


@pytest.mark.parametrize(("path", "verb", "status"), [("/api/nothing", "GET", 404), ("/api/kinds", "DELETE", 405)])
async def test_an_unknown_route_or_method_is_a_problem_document(api: Api, path: str, verb: str, status: int) -> None:
    answer = await api.client.request(verb, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
