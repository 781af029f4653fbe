"""Runs one local system from start to end: lock, choices, parts, registration, table, play, Ctrl-C."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

from sandbox.admin_api import AdminApi
from sandbox.control import listening
from sandbox.registration import Target, register
from sandbox.services import ServiceFailed
from sandbox.state import Choices, check_port, choose, only_one, read_env, start_afresh, write_env
from sandbox.system import System

WIDTH = 150
"""Columns where there is no terminal to ask: tables are read in logs too."""


def make_console() -> Console:
    """Return the console that everything is printed to."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


async def run(local: Path, *, demo: bool = False, once: bool = False, outage: bool = False) -> int:
    """Serve until Ctrl-C, or until the play is over; return the exit code. Raises ``ServiceFailed``.

    ``local`` keeps the state. A demonstration starts from nothing, in a folder of its own below it.
    """
    console = make_console()
    with only_one(local):
        choices = choose(os.environ, read_env(local / "env"))
        check_port(choices.port)
        folder = start_afresh(local, "demo") if demo else local
        system = System(choices, folder, lambda words: console.print(words, style="yellow", highlight=False))
        try:
            return await _serve(system, local, console, demo=demo, once=once, outage=outage)
        except asyncio.CancelledError:
            # Ctrl-C, SIGTERM, SIGHUP: the way in which serving ends.
            return 0
        finally:
            with console.status("Stopping"):
                await _uninterrupted(system.stop())
            console.print("Everything is stopped.")


async def _serve(
    system: System, local: Path, console: Console, *, demo: bool, once: bool, outage: bool
) -> int:
    _cancel_on_signals()
    with console.status("Starting storage, targets and host"):
        await system.start_services()
        await system.start_host()
    write_env(local / "env", environment(system))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        admin = AdminApi(session, system.choices.base_url, system.choices.admin_key)
        version = await admin.wait_healthy()
        with console.status("Registering source and connections"):
            targets = await register(admin, system)
        show(system, targets, version, local, console)
        async with listening(system.control, local):
            watch = asyncio.create_task(system.watch())
            try:
                code = 0
                if demo:
                    code = await _beside(watch, _play(system, admin, session, console, outage=outage))
                    if once:
                        return code
                console.print("Serving until Ctrl-C.")
                with contextlib.suppress(asyncio.CancelledError):
                    await watch
                return code
            finally:
                watch.cancel()


async def _play(
    system: System, admin: AdminApi, session: aiohttp.ClientSession, console: Console, *, outage: bool
) -> int:
    from sandbox.entra.demo import Demo  # ldap3 is for those who play

    if outage and system.slapd is None:
        console.print("[yellow]There is no LDAP server to stop; the play goes on without an outage.[/]")
    return await Demo(system, admin, session, console, outage).run()


async def _beside(watch: asyncio.Task[None], play: "asyncio.Future[int] | object") -> int:
    """Wait for the play, unless the system dies meanwhile."""
    playing = asyncio.ensure_future(play)  # type: ignore[call-overload]
    try:
        await asyncio.wait({watch, playing}, return_when=asyncio.FIRST_COMPLETED)
        if watch.done():
            watch.result()
        return int(await playing)
    finally:
        playing.cancel()
