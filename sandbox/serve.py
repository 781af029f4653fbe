"""Runs one local system from start to end: lock, choices, parts, registration, table, play, Ctrl-C."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine
from pathlib import Path

import aiohttp
from rich.console import Console

from sandbox.admin_api import AdminApi
from sandbox.control import listening
from sandbox.registration import register
from sandbox.state import check_port, choose, only_one, read_env, start_afresh, write_env
from sandbox.system import System
from sandbox.table import environment, show

WIDTH = 170
"""Columns where there is no terminal to ask: tables are read in logs too."""

INTERRUPTED = 130
"""The exit code of a play that was not played to its end, as shells have it for Ctrl-C."""


async def run(local: Path, *, demo: bool = False, once: bool = False, outage: bool = False) -> int:
    """Serve until Ctrl-C, or until the play is over; return the exit code. Raises ``ServiceFailed``.

    ``local`` keeps the state. A demonstration starts from nothing, in a folder of its own below it.
    """
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    with only_one(local):
        choices = choose(os.environ, read_env(local / "env"))
        check_port(choices.port)
        folder = start_afresh(local, "demo") if demo else local
        system = System(choices, folder, lambda words: console.print(words, style="yellow", highlight=False))
        stopped = asyncio.create_task(_signal())
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
            admin = AdminApi(session, choices.base_url, choices.admin_key)
            try:
                await _guarded(_start(system, admin, local, console), stopped)
                if not stopped.done():
                    play = _play(system, admin, session, console, outage=outage) if demo else None
                    return await _serve(system, local, console, play, stopped, once=once)
                return INTERRUPTED if demo else 0
            finally:
                console.print("Stopping: the host finishes what runs, then the rest ends.")
                await system.stop()
                console.print("Everything is stopped.")


async def _start(system: System, admin: AdminApi, local: Path, console: Console) -> None:
    with console.status("Starting storage and targets"):
        await system.start_services()
    with console.status("Starting the Functions host"):
        await system.start_host()
        version = await admin.wait_healthy()
    write_env(local / "env", environment(system))
    with console.status("Registering source and connections"):
        targets = await register(admin, system)
    show(console, system, targets, version, local)


async def _serve(
    system: System,
    local: Path,
    console: Console,
    play: Coroutine[None, None, int] | None,
    stopped: asyncio.Task[None],
    *,
    once: bool,
) -> int:
    watch = asyncio.create_task(system.watch())
    try:
        async with listening(system.control, local):
            code = 0
            if play:
                played = await _guarded(play, stopped, watch)
                code = INTERRUPTED if played is None else played
                if once or played is None:
                    return code
            console.print("Serving until Ctrl-C.")
            await _guarded(stopped, watch)
            return code
    finally:
        watch.cancel()


async def _play(
    system: System, admin: AdminApi, session: aiohttp.ClientSession, console: Console, *, outage: bool
) -> int:
    from sandbox.entra.demo import Demo  # its libraries are for those who play

    if outage and system.slapd is None:
        console.print("[yellow]There is no LDAP server to stop; the play goes on without an outage.[/]")
    return await Demo(system, admin, session, console, outage).run()


async def _guarded[T](work: Coroutine[None, None, T] | asyncio.Task[T], *ends: asyncio.Task[None]) -> T | None:
    """Do some work until it is done or one of ``ends`` is; then it is ``None``, or the end's exception is raised."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task, *ends}, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            if end.done():
                end.result()
        return task.result() if task.done() else None
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


async def _signal() -> None:
    """Wait for Ctrl-C, SIGTERM or the end of the terminal. A second Ctrl-C then ends everything at once."""
    loop, arrived = asyncio.get_running_loop(), asyncio.Event()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, arrived.set)
    try:
        await arrived.wait()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
