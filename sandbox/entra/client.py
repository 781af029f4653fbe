"""Sends one request as Entra's provisioning service does: its headers, its patience, and its idea of success."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from sandbox.entra.requests import Request

CONTENT_TYPE = "application/scim+json"
TRIES = 4
"""How often a request is sent that was throttled, failed on the server's side or got no answer at all."""


class Refused(Exception):
    """The hub answered other than a provider must. The message is what Entra's provisioning log would show."""


@dataclass(frozen=True, slots=True)
class Client:
    """One enterprise app: a Tenant URL and its secret token, on an open session."""

    session: aiohttp.ClientSession
    tenant_url: str
    token: str

    async def send(self, request: Request, *expected: int) -> Mapping[str, Any]:
        """Send a request, retry what may pass, and return the body. Raises ``Refused`` for any other status."""
        for tries in range(1, TRIES + 1):
            try:
                status, wait, body = await self._send_once(request)
            except (aiohttp.ClientError, TimeoutError) as problem:
                status, wait, body = 0, 1.0, f"no answer ({problem or type(problem).__name__})"
            if status in expected:
                return _parsed(request, body)
            if tries == TRIES or (status and status != 429 and status < 500):
                break
            await asyncio.sleep(min(wait, 30))
        raise Refused(f"{request.method} {request.target}: {status or 'no status'}, expected {expected}: {body[:500]}")

    async def _send_once(self, request: Request) -> tuple[int, float, str]:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": CONTENT_TYPE}
        data = None
        if request.body is not None:
            headers["Content-Type"] = f"{CONTENT_TYPE}; charset=utf-8"
            data = json.dumps(request.body).encode()
        url = URL(self.tenant_url + request.target, encoded=True)
        async with self.session.request(request.method, url, data=data, headers=headers) as answer:
            body = await answer.text()
            after = answer.headers.get("Retry-After", "1")
            if body and answer.content_type != CONTENT_TYPE:
                body = f"the answer is {answer.content_type}, not {CONTENT_TYPE}: {body}"
            return answer.status, float(after) if after.isdigit() else 1.0, body


def _parsed(request: Request, body: str) -> Mapping[str, Any]:
    if not body:
        return {}
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise Refused(f"{request.method} {request.target}: the answer is no JSON object: {body[:200]}")
    return parsed
