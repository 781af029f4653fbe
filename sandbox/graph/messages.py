"""A request to Graph and its answer, free of any web framework: the items of a $batch are the same things."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.graph.errors import bad_request


@dataclass(frozen=True, slots=True)
class Request:
    """One call. ``path`` and ``segments`` are decoded and stand behind the version; header names are lower case.

    ``base`` is what absolute links start with: ``https://localhost:8443/v1.0``.
    """

    method: str
    segments: tuple[str, ...]
    base: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def path(self) -> str:
        """The decoded path behind the version: ``/users/mira@contoso.example``."""
        return "/" + "/".join(self.segments)

    def json_object(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object."""
        if not isinstance(self.body, dict):
            raise bad_request(
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid "
                "JSON format.",
                code="BadRequest",
            )
        return self.body


@dataclass(slots=True)
class Answer:
    """Status, JSON body (``None``: no body) and headers beyond those that every answer has."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def parse_url(url: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Split a relative URL into its decoded segments and its query options.

    Graph takes query options with and without the dollar sign; here they all carry it.
    """
    parts = urlsplit(url)
    segments = tuple(unquote(segment) for segment in parts.path.split("/") if segment)
    query: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name.startswith("@"):
            continue
        name = name if name.startswith("$") else f"${name}"
        if name in query:
            raise bad_request(
                f"Query option '{name}' was specified more than once, but it must be specified at most once.",
                code="BadRequest",
            )
        query[name] = value
    return segments, query
