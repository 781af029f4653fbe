"""The admin API as the Azure function serves it: Microsoft's middleware, host-shaped requests."""

import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import azure.functions as func
import pytest

from provisioning import hub as hub_module
from provisioning.admin.endpoint import serve
from provisioning.settings import settings


@dataclass(frozen=True, slots=True)
class _Context:
    """What of an invocation's context the middleware reads."""

    invocation_id: str = "7f1c"
    function_name: str = "admin"
    function_directory: str = "/home/site/wwwroot"
    thread_local_storage: Any = None
    trace_context: Any = None
    retry_context: Any = None


async def call(method: str, path: str, body: Any = None, **headers: str) -> func.HttpResponse:
    """Call the function as the host does: with its key in the header."""
    request = func.HttpRequest(
        method,
        f"https://hub.example{path}",
        headers={"X-Functions-Key": "k", "Content-Type": "application/json", **headers},
        body=b"" if body is None else json.dumps(body).encode(),
    )
    return await serve(request, _Context())  # type: ignore[arg-type]  # what the middleware reads of a context


@pytest.fixture(autouse=True)
async def deployed(azurite_connection: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The settings of a deployment, and its hub closed in the end."""
    monkeypatch.setenv("AzureWebJobsStorage", azurite_connection)
    monkeypatch.setenv("LOCKSTEP_SWEEP_SCHEDULE", "0 * * * * *")
    settings.cache_clear()
    yield
    if hub_module._opening:
        await (await hub_module.hub()).close()
    hub_module._opening.clear()
    settings.cache_clear()


async def test_a_connection_is_created_and_read_through_the_function() -> None:
    body = {"id": "through-function", "name": "Ünïcode", "kind": "memory", "settings": {}}
    created = await call("POST", "/api/connections", body)
    assert created.status_code == 201, created.get_body()
    assert created.headers["location"] == "/api/connections/through-function"
    assert created.mimetype == "application/json"
    read = await call("GET", "/api/connections/through-function")
    assert json.loads(read.get_body()) == json.loads(created.get_body())
    changed = await call(
        "PATCH", "/api/connections/through-function", {"name": "New"}, **{"If-Match": read.headers["etag"]}
    )
    assert json.loads(changed.get_body())["name"] == "New"
    deleted = await call("DELETE", "/api/connections/through-function?confirm=through-function")
    assert (deleted.status_code, deleted.get_body()) == (204, b"")


async def test_wrong_settings_of_the_app_are_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_REPORT_DAY", "30")
    settings.cache_clear()
    answer = await call("GET", "/api/connections")
    told = json.loads(answer.get_body())
    assert (answer.status_code, told["code"]) == (503, "settings.wrong")
    assert "LOCKSTEP_REPORT_DAYS?" in told["detail"]


async def test_a_problem_keeps_its_media_type_through_the_function() -> None:
    answer = await call("GET", "/api/connections/none")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.get_body())["code"] == "connection.missing"


async def test_header_names_in_any_case_and_the_offered_correlation_id_are_taken() -> None:
    answer = await call("GET", "/api/connections/none", **{"X-Correlation-ID": "asked-by-me"})
    assert json.loads(answer.get_body())["correlation"] == "asked-by-me"


@pytest.mark.parametrize("path", ["/api/users/a%2Fb", "/api/users/M%C3%BCller", "/api/groups/A%20B%3F"])
async def test_encoded_names_reach_the_route(path: str) -> None:
    answer = await call("GET", path)
    assert answer.status_code == 404
    assert json.loads(answer.get_body())["code"] == "resource.missing"


async def test_a_path_that_is_no_utf_8_is_told() -> None:
    answer = await call("GET", "/api/users/%FF")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"


async def test_without_a_key_nothing_is_served() -> None:
    assert (await call("GET", "/api/connections", **{"X-Functions-Key": ""})).status_code == 401


async def test_the_openapi_document_is_served_and_says_that_a_key_is_needed() -> None:
    document = json.loads((await call("GET", "/api/openapi.json")).get_body())
    assert document["components"]["securitySchemes"]["functionKey"]["name"] == "x-functions-key"
    assert document["paths"]["/api/connections"]["get"]["security"] == [{"functionKey": []}]


async def test_an_issued_token_is_in_no_log_at_any_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await call("POST", "/api/sources", {"id": "logged", "name": "Logged"})
    issued = json.loads((await call("POST", "/api/sources/logged/tokens")).get_body())
    assert issued["token"]
    assert issued["token"] not in caplog.text


def test_the_function_is_guarded_by_a_key_and_takes_every_method() -> None:
    from function_app import app

    (admin,) = [each for each in app.get_functions() if each.get_function_name() == "admin"]
    trigger = admin.get_trigger()
    assert trigger is not None
    told = trigger.get_dict_repr()
    assert told["route"] == "api/{*path}"
    assert told["authLevel"] is func.AuthLevel.FUNCTION
    assert not told.get("methods")


def test_importing_the_endpoint_imports_neither_fastapi_nor_a_connectors_library() -> None:
    code = (
        "import sys, provisioning.admin.endpoint, provisioning.hub;"
        "print([name for name in ('fastapi', 'ldap3', 'msgraph') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
