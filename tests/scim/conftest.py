"""The SCIM endpoint over a directory of its own, called as the platform calls it."""

import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import pytest

from provisioning.directory.directory import Directory
from provisioning.directory.outbox import Announcement
from provisioning.scim.endpoint import ScimEndpoint
from provisioning.sources.rates import HIGHEST
from provisioning.sources.sources import Sources
from provisioning.storage.store import Storage

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class Answer:
    """An HTTP answer with its JSON body."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Client:
    """A SCIM client of one source."""

    endpoint: ScimEndpoint
    token: str
    announced: list[Announcement] = field(default_factory=list)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        **query: Any,
    ) -> Answer:
        """Send one request; ``raw`` is a body as it is."""
        url = f"https://hub.example/scim/v2{path}"
        request = func.HttpRequest(
            method=method,
            url=f"{url}?{urlencode(query)}" if query else url,
            headers={
                "authorization": f"Bearer {self.token}",
                "content-type": "application/scim+json",
                **(headers or {}),
            },
            params={name: str(value) for name, value in query.items()},
            route_params={"path": path.strip("/")},
            body=raw if raw is not None else b"" if body is None else json.dumps(body).encode(),
        )
        response = await self.endpoint.serve(request)
        text = response.get_body()
        headers_sent = {**response.headers, "content-type": response.mimetype}
        return Answer(response.status_code, headers_sent, json.loads(text) if text else None)

    async def user(self, name: str = "mira", **attributes: Any) -> dict[str, Any]:
        """Create a user and return it."""
        answer = await self.send("POST", "/Users", {"schemas": [USER], "userName": name, **attributes})
        assert answer.status == 201, answer
        return dict(answer.body)

    async def group(self, name: str = "Risk", *members: str) -> dict[str, Any]:
        """Create a group and return it."""
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members]}
        answer = await self.send("POST", "/Groups", body)
        assert answer.status == 201, answer
        return dict(answer.body)

    async def patch(self, path: str, *operations: dict[str, Any], **named: Any) -> Answer:
        """Send a PATCH."""
        return await self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **named)

    async def get(self, path: str, **query: Any) -> Any:
        """Return the body of a GET that succeeds."""
        answer = await self.send("GET", path, **query)
        assert answer.status == 200, answer
        return answer.body

    async def members(self, group_id: str) -> list[str]:
        """Return the ids of a group's members."""
        return [each["value"] for each in (await self.get(f"/Groups/{group_id}")).get("members", [])]


async def open_client(storage: Storage) -> Client:
    """Return a client whose source is ``entra``, of an endpoint over a storage account."""
    announced: list[Announcement] = []

    async def announce(announcement: Announcement) -> None:
        announced.append(announcement)

    sources = Sources(storage)
    await sources.create("entra", "Entra")
    await sources.change("entra", lambda source: replace(source, rate=HIGHEST))
    _, token = await sources.issue("entra")
    return Client(ScimEndpoint(Directory(storage, announce), sources, 4_194_304), token, announced)


@pytest.fixture
async def client(storage: Storage) -> Client:
    """A client whose source is ``entra``."""
    return await open_client(storage)
