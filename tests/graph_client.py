"""A plain HTTP client of the simulated Graph, and the bodies it sends. Nothing is retried or interpreted."""

from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.graph.server import Served

PUBLIC = "https://graph.microsoft.com/v1.0"


@dataclass(frozen=True)
class Reply:
    """What was answered."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.body["error"]["message"])

    @property
    def details(self) -> list[tuple[str, str]]:
        return [(detail["code"], detail["target"]) for detail in self.body["error"].get("details", [])]

    @property
    def ids(self) -> list[str]:
        return [item["id"] for item in self.body["value"]]


class GraphClient:
    """Sends requests with a token."""

    def __init__(self, served: Served, session: aiohttp.ClientSession) -> None:
        self.served = served
        self.session = session
        self.token = ""

    async def fetch_token(self, **changes: str) -> Reply:
        """Ask the token endpoint, and keep the token."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.served.client_id,
            "client_secret": self.served.client_secret,
            "scope": "https://graph.microsoft.com/.default",
        } | changes
        tenant = form.pop("tenant", self.served.tenant_id)
        async with self.session.post(f"{self.served.authority}/{tenant}/oauth2/v2.0/token", data=form) as response:
            reply = Reply(response.status, await response.json(), dict(response.headers))
        self.token = reply.body.get("access_token", self.token)
        return reply

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send one request; ``path`` is relative to the base URL, or a whole URL as in a nextLink."""
        url = path if path.startswith("https://") else self.served.base_url + path
        sent = {"Authorization": f"Bearer {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        async with self.session.request(method, url, json=body, headers=sent) as response:
            text = await response.read()
            return Reply(response.status, await response.json() if text else None, dict(response.headers))

    async def batch(self, *items: dict[str, Any]) -> dict[str, Any]:
        """Send a $batch and return the answers by id."""
        reply = await self("POST", "/$batch", {"requests": list(items)})
        assert reply.status == 200, reply.body
        return {item["id"]: item for item in reply.body["responses"]}

    async def user(self, name: str = "mira", **more: Any) -> str:
        """Create a user and return its id."""
        reply = await self("POST", "/users", user(name, **more))
        assert reply.status == 201, reply.body
        return str(reply.body["id"])

    async def group(self, name: str = "staff", **more: Any) -> str:
        """Create a security group and return its id."""
        reply = await self("POST", "/groups", group(name, **more))
        assert reply.status == 201, reply.body
        return str(reply.body["id"])

    async def members(self, key: str) -> list[str]:
        """Return the ids of the members of a group, in order."""
        return (await self("GET", f"/groups/{key}/members?$select=id")).ids


def user(name: str = "mira", **more: Any) -> dict[str, Any]:
    """What it takes to create a user."""
    return {
        "accountEnabled": True,
        "displayName": name.title(),
        "mailNickname": name,
        "userPrincipalName": f"{name}@contoso.example",
        "passwordProfile": {"password": "Correct-Horse-7", "forceChangePasswordNextSignIn": False},
    } | more


def group(name: str = "staff", **more: Any) -> dict[str, Any]:
    """What it takes to create a security group."""
    return {
        "displayName": name.title(),
        "mailEnabled": False,
        "mailNickname": name,
        "securityEnabled": True,
    } | more


UNIFIED = {"mailEnabled": True, "securityEnabled": False, "groupTypes": ["Unified"]}
"""What makes a group a Microsoft 365 group."""


def reference(key: str, kind: str = "directoryObjects") -> dict[str, str]:
    """The body of a ``$ref`` request."""
    return {"@odata.id": f"{PUBLIC}/{kind}/{key}"}


def references(*keys: str) -> list[str]:
    """The value of ``@odata.bind``."""
    return [f"{PUBLIC}/directoryObjects/{key}" for key in keys]


def bound(name: str, *keys: str) -> dict[str, Any]:
    """The property that binds members or owners in the same request."""
    return {f"{name}@odata.bind": references(*keys)}
