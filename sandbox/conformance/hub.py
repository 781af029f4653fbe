"""One hub with nothing in it: storage and the Functions host of the local system, and one source."""

import contextlib
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from sandbox.admin_api import AdminApi
from sandbox.registration import SOURCE, register_source
from sandbox.services import free_ports
from sandbox.state import Choices
from sandbox.system import System

UNHURRIED = {"per_second": 10_000, "burst": 100_000}
"""The highest rate that a source may have. A suite sends more than the default of 100 requests in a second."""


@contextlib.asynccontextmanager
async def empty_hub(folder: Path, source: Mapping[str, Any]) -> AsyncIterator[Choices]:
    """Start a hub over storage of its own in ``folder``, which is new; stop it at the end. Raises ``ServiceFailed``.

    ``source`` is what the admin API is told about the source, beyond what one has by default.
    """
    (port,) = free_ports(1)
    choices = Choices(port, secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    system = System(choices, folder, lambda words: print(words, file=sys.stderr))
    try:
        await system.start_services(targets=False)
        await system.start_host()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            admin = AdminApi(session, choices.base_url, choices.admin_key)
            await admin.wait_healthy()
            await register_source(admin, choices.scim_token)
            await admin.call("PATCH", f"/sources/{SOURCE}", {"rate": UNHURRIED, **source})
        yield choices
    finally:
        await system.stop()
