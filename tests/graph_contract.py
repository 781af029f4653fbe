"""Holds what is said to and by the Graph simulator against Microsoft's metadata: every request, every answer.

``graph-openapi.json`` is as lenient as Microsoft's own contract; its strict twin closes the bodies. Both are derived
from Microsoft's CSDL. They prove shapes, never behaviour.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from sandbox.graph.simulator import Exchange

DATA = Path(__file__).parents[2] / "shared" / "data"
CONTRACTS = {"lenient": "graph-openapi.json", "strict": "graph-openapi-strict.json"}

ALIASES = {
    "/microsoft.graph.delta()": "/delta()",
    "/microsoft.graph.delta": "/delta",
    "/deletedItems/microsoft.graph.": "/deletedItems/graph.",
}
"""Full names of functions and casts, and how the contract writes them."""

OUTSIDE = (
    # Domains: likewise.
    ("GET", "domains"),
    # Owners: in Graph's documentation and in msgraph-sdk, not in the slice of the metadata.
    ("GET", "groups/*/owners"),
    ("POST", "groups/*/owners/$ref"),
    ("DELETE", "groups/*/owners/*/$ref"),
    # Synchronization: likewise; of it the slice has bulkUpload alone.
    ("GET", "servicePrincipals/*/synchronization/jobs"),
    ("GET", "servicePrincipals/*/synchronization/jobs/*"),
    ("POST", "servicePrincipals/*/synchronization/jobs/*/start"),
    ("POST", "servicePrincipals/*/synchronization/jobs/*/pause"),
    ("POST", "servicePrincipals/*/synchronization/jobs/*/restart"),
    ("GET", "servicePrincipals/*/synchronization/jobs/*/schema"),
    ("PUT", "servicePrincipals/*/synchronization/jobs/*/schema"),
    ("POST", "servicePrincipals/*/synchronization/jobs/*/schema/parseExpression"),
    ("GET", "servicePrincipals/*/synchronization/templates"),
    ("GET", "servicePrincipals/*/synchronization/templates/*"),
    ("GET", "servicePrincipals/*/synchronization/templates/*/schema"),
    ("PUT", "servicePrincipals/*/synchronization/secrets"),
)
"""What the simulator offers and the contract does not hold. The token endpoint and /_simulator are not Graph."""


def present() -> bool:
    """Whether the contract files are at hand."""
    return all((DATA / name).exists() for name in CONTRACTS.values())


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that the contract does not allow."""

    contract: str
    side: str
    operation: str
    status: int
    reason: str

    def __str__(self) -> str:
        return f"{self.contract} contract, {self.side} of {self.operation} ({self.status}): {self.reason}"


@dataclass(slots=True)
class ContractRecorder:
    """An observer of the simulator. ``violations`` are answers that break the contract, and requests that do although
    the simulator carried them out; ``refused`` are requests that break the contract and that it refused.
    """

    violations: list[Violation] = field(default_factory=list)
    refused: list[Violation] = field(default_factory=list)
    checked: int = 0

    def observe(self, exchange: Exchange) -> None:
        """Check one exchange, and each item of a $batch as an exchange of its own."""
        self._check(exchange)
        if (
            urlsplit(exchange.url).path.removeprefix("/v1.0").replace("%24", "$") == "/$batch"
            and exchange.status == 200
        ):
            for item in _items(exchange):
                self._check(item)

    def assert_kept(self) -> None:
        """Fail if a request or an answer broke the contract."""
        broken = self.violations + self.refused
        assert not broken, "\n".join(str(violation) for violation in broken)

    def assert_answers_kept(self) -> None:
        """Fail if an answer broke the contract, or if a request that breaks it was carried out."""
        assert not self.violations, "\n".join(str(violation) for violation in self.violations)

    def _check(self, exchange: Exchange) -> None:
        path = unquote(urlsplit(exchange.url).path.removeprefix("/v1.0"))
        if _outside(exchange.method, path):
            return
        self.checked += 1
        for contract, name in CONTRACTS.items():
            api, request, answer = _api(name), _Request(exchange), _Answer(exchange)
            operation = f"{exchange.method} {exchange.url}"
            try:
                api.validate_request(request)
            except OpenAPIError as error:
                # A fault knob's answer, or a 404, says nothing about the request; a 4xx does refuse it.
                violation = Violation(contract, "request", operation, exchange.status, _reason(error))
                (self.refused if 400 <= exchange.status < 500 else self.violations).append(violation)
                if _unknown_operation(error):
                    continue
            if not exchange.answered:
                continue
            try:
                api.validate_response(request, answer)
            except OpenAPIError as error:
                self.violations.append(Violation(contract, "answer", operation, exchange.status, _reason(error)))


@functools.lru_cache
def _api(name: str) -> OpenAPI:
    return OpenAPI.from_file_path(str(DATA / name))


def _plain(path: str) -> str:
    for name, written in ALIASES.items():
        path = path.replace(name, written)
    return path


def _outside(method: str, path: str) -> bool:
    segments = path.strip("/").split("/")
    patterns = [pattern.split("/") for other, pattern in OUTSIDE if other == method]
    return any(
        len(parts) == len(segments) and all(p in ("*", s) for p, s in zip(parts, segments, strict=True))
        for parts in patterns
    )


def _unknown_operation(error: OpenAPIError) -> bool:
    return type(error).__name__ in ("PathNotFound", "OperationNotFound", "ServerNotFound")


def _reason(error: BaseException) -> str:
    texts = [str(error)]
    texts += [str(getattr(item, "message", item)) for item in getattr(error.__cause__, "schema_errors", ())]
    if error.__cause__ and not getattr(error.__cause__, "schema_errors", ()):
        texts.append(str(error.__cause__))
    return "; ".join(texts)


def _items(exchange: Exchange) -> list[Exchange]:
    answers = {answer["id"]: answer for answer in json.loads(exchange.answer_body)["responses"]}
    return [
        Exchange(
            item["method"],
            "/v1.0/" + item["url"].lstrip("/"),
            {"authorization": exchange.request_headers.get("authorization", "")}
            | {name.casefold(): value for name, value in item.get("headers", {}).items()},
            json.dumps(item["body"]).encode() if "body" in item else b"",
            answers[item["id"]]["status"],
            answers[item["id"]].get("headers", {}),
            json.dumps(answers[item["id"]]["body"]).encode() if "body" in answers[item["id"]] else b"",
        )
        for item in json.loads(exchange.request_body)["requests"]
    ]


class _Request:
    """openapi-core's protocol of a request. The contract is written for Microsoft's host, so that is what it sees.

    An empty $deltatoken is documented (where a 410 sends its reader), but no value of a parameter to openapi-core.
    """

    def __init__(self, exchange: Exchange) -> None:
        parts = urlsplit(exchange.url)
        query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair != ("$deltatoken", "")]
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(query), header=Headers(list(exchange.request_headers.items()))
        )
        self.host_url = "https://graph.microsoft.com"
        self.path = _plain(unquote(parts.path))
        self.full_url_pattern = self.host_url + self.path
        self.method = exchange.method.lower()
        self.body = exchange.request_body or None
        self.content_type = exchange.request_headers.get("content-type", "")


class _Answer:
    """openapi-core's protocol of a response."""

    def __init__(self, exchange: Exchange) -> None:
        headers: Mapping[str, Any] = exchange.answer_headers
        self.data = exchange.answer_body
        self.status_code = exchange.status
        self.headers = Headers(list(headers.items()))
        self.content_type = self.headers.get("Content-Type", "")
