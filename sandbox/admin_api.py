"""Speaks to the hub's admin API as an operator's script would: JSON, the function key in a header."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.services import ServiceFailed

HEALTHZ_SECONDS = 60
"""How long the first answer of a host that is being indexed may take."""


class AdminRefused(ServiceFailed):
    """The admin API answered with an error; the message holds its words."""


@dataclass(frozen=True, slots=True)
class AdminApi:
    """The admin API of one host, on an open session."""

    session: aiohttp.ClientSession
    base_url: str
    key: str

    async def wait_healthy(self) -> str:
        """Wait until ``/healthz`` answers; return the version. Raises ``ServiceFailed``, at once for wrong settings."""
        deadline = time.monotonic() + HEALTHZ_SECONDS
        while time.monotonic() < deadline:
            try:
                async with self.session.get(f"{self.base_url}/healthz") as answer:
                    if answer.status == 200:
                        return str((await answer.json())["version"])
                    if answer.status == 503 and answer.content_type == "application/json":
                        raise ServiceFailed(
                            f"The hub's settings are wrong: {' '.join((await answer.json())['problems'])}"
                        )
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
        raise ServiceFailed(f"{self.base_url}/healthz did not answer within {HEALTHZ_SECONDS} s.")

    async def call(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        """Call ``/api`` + path and return the JSON answer. Raises ``AdminRefused``; a 404 is one with status 404."""
        headers = {"x-functions-key": self.key, "If-Match": "*"}
        url = f"{self.base_url}/api{path}"
        try:
            async with self.session.request(method, url, json=body, params=query, headers=headers) as answer:
                text = await answer.text()
                status = answer.status
        except aiohttp.ClientError as problem:
            raise AdminRefused(f"{method} {url}: no answer ({problem})") from problem
        if status >= 400:
            raise AdminRefused(f"{method} {url}: {status}: {text[:500]}")
        return dict(json.loads(text)) if text else {}
