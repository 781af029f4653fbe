"""Lockstep's own function app, which kills itself (SIGKILL) at a chosen step of a change.

Steps are counted over storage requests and connector calls of the one change whose correlation id is
LOCKSTEP_TEST_KILL_MARK; at step LOCKSTEP_TEST_KILL_STEP the process is gone. Before each request and around each
connector call is a step; with LOCKSTEP_CRASH_WHOLE also after each request. Each step is written to the log.
"""

import functools
import importlib.util
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aiohttp import ClientSession, TraceConfig, TraceRequestEndParams, TraceRequestStartParams

ROOT = Path(os.environ["LOCKSTEP_TEST_ROOT"])
sys.path.insert(0, str(ROOT))

from connectors.ldap import LdapConnector  # noqa: E402 - after the root is on the path
from provisioning import hub  # noqa: E402
from provisioning.correlation import correlation  # noqa: E402
from provisioning.storage.store import Storage  # noqa: E402

MARK = os.environ["LOCKSTEP_TEST_KILL_MARK"]
STEP = int(os.environ["LOCKSTEP_TEST_KILL_STEP"])
LOG = Path(os.environ["LOCKSTEP_TEST_KILL_LOG"])
WHOLE = bool(os.environ.get("LOCKSTEP_CRASH_WHOLE"))
VERBS = ("find", "create", "update", "activate", "deactivate", "delete", "change_members")

_taken = 0


def step(name: str) -> None:
    """Count a step of the marked change, and die when it is the one."""
    global _taken
    if correlation.get() != MARK:
        return
    _taken += 1
    with LOG.open("a") as log:
        log.write(f"{MARK} {_taken} {name}\n")
    if _taken == STEP:
        os.kill(os.getpid(), signal.SIGKILL)


def kill_at_step() -> TraceConfig:
    """Return what counts every storage request: before it is sent and, in a soak, after it is answered."""
    config = TraceConfig()

    async def before(_: ClientSession, __: SimpleNamespace, request: TraceRequestStartParams) -> None:
        step(f"before {shown(request)}")

    async def after(_: ClientSession, __: SimpleNamespace, request: TraceRequestEndParams) -> None:
        step(f"after {shown(request)}")

    config.on_request_start.append(before)
    if WHOLE:
        config.on_request_end.append(after)
    return config


def shown(request: TraceRequestStartParams | TraceRequestEndParams) -> str:
    """Return a request without its keys and its signature."""
    return f"{request.method} {request.url.path.rpartition('/')[2].partition('(')[0]}"


def dying(verb: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Return a verb that counts before and after itself."""

    @functools.wraps(verb)
    async def counted(*arguments: Any, **named: Any) -> Any:
        step(f"before {verb.__name__}")
        answer = await verb(*arguments, **named)
        step(f"after {verb.__name__}")
        return answer

    return counted


for name in VERBS:
    setattr(LdapConnector, name, dying(getattr(LdapConnector, name)))


def open_storage(chosen: Any) -> Storage:
    """Open the storage account with the trace that kills."""
    return Storage.from_connection_string(chosen.storage_connection, traces=[kill_at_step()])


hub.open_storage = open_storage

spec = importlib.util.spec_from_file_location("lockstep_function_app", ROOT / "function_app.py")
assert spec is not None
assert spec.loader is not None
loaded = importlib.util.module_from_spec(spec)
spec.loader.exec_module(loaded)
app = loaded.app
