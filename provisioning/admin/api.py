"""The admin API put together: routes, problem documents, the guard, an OpenAPI document that says what is needed."""

from functools import cache
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.security import APIKeyHeader

from provisioning.admin import (
    connections,
    health,
    kinds,
    matching_attributes,
    reports,
    resources,
    schemas,
    sources,
)
from provisioning.admin.guard import Guard
from provisioning.admin.problems import MEDIA_TYPE, Problem, register
from provisioning.admin.views import Provider
from provisioning.hub import hub
from provisioning.version import VERSION

DESCRIPTION = """\
Configures and watches a Lockstep hub. Every request needs the function key of the function `admin`, or the app's host
key, in the header `x-functions-key`; the Azure Functions host checks it. Problems are told as
`application/problem+json`, in words.
"""

_KEY = APIKeyHeader(
    name="x-functions-key",
    scheme_name="functionKey",
    description="A function or host key of the app.",
    auto_error=False,
)

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    422: {"model": Problem, "description": "Fields are not valid; `errors` names each."},
    "default": {"model": Problem, "description": "The request was not served; `detail` says why and what to do."},
}


def build(provider: Provider) -> FastAPI:
    """Return the app over a hub, without the guard. ``provider`` is awaited by every request that needs the hub."""
    api = FastAPI(
        title="Lockstep admin API",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(_KEY)],
        responses=_PROBLEMS,
        servers=[{"url": "/"}],
    )
    api.state.hub = provider
    register(api)
    for room in (kinds, connections, sources, schemas, matching_attributes, resources, reports, health):
        api.include_router(room.router)
    _tell_media_type(api)
    return api


def _tell_media_type(api: FastAPI) -> None:
    """Say in the OpenAPI document that problems have a media type of their own, which FastAPI cannot be told."""
    made = api.openapi()
    for path in made["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if status == "default" or status.startswith(("4", "5")):
                    answer["content"] = {MEDIA_TYPE: answer["content"]["application/json"]}
    api.openapi_schema = made


@cache
def app() -> Guard:
    """Return this process's admin API, built with the first call."""
    return Guard(build(hub))
