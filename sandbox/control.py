"""A small door into a running local system: stop and start one of its services, ask what runs.

One JSON object a line over a Unix socket in the state folder; its owner alone may open it.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

from sandbox.services import LOCAL, ServiceFailed

SOCKET = "control.sock"

type Control = Callable[[str, str], Awaitable[str]]
"""Does ``stop``, ``start`` or ``status`` to a named service and says in words what was done."""


@contextlib.contextmanager
def _address(folder: Path) -> Iterator[str]:
    """Yield a short name of the socket: a Unix socket's path is limited to 108 bytes, a checkout's is not."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET}"
    finally:
        os.close(handle)


@contextlib.asynccontextmanager
async def listening(control: Control, folder: Path = LOCAL) -> AsyncIterator[None]:
    """Answer commands as long as the context lasts."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            command = json.loads(await reader.readline())
            reply = {"words": await control(str(command["do"]), str(command.get("service", "")))}
        except ServiceFailed as problem:
            reply = {"error": str(problem)}
        except (ValueError, KeyError, TypeError):
            reply = {"error": "A command is one line of JSON: {do: stop|start|status, service: name}."}
        writer.write(json.dumps(reply).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    # A run that was killed leaves its socket behind; the checkout's lock says that nobody listens on it.
    (folder / SOCKET).unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        with _address(folder) as address:
            door.bind(address)
    finally:
        os.umask(before)
    server = await asyncio.start_unix_server(answer, sock=door, cleanup_socket=False)
    try:
        yield
    finally:
        server.close()
        (folder / SOCKET).unlink(missing_ok=True)


def ask(do: str, service: str = "", folder: Path = LOCAL) -> str:
    """Send one command to the running local system; return its words. Raises ``ServiceFailed``."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            with _address(folder) as address:
                line.connect(address)
        except OSError:
            raise ServiceFailed("No local system of this checkout runs. Start one: make up") from None
        line.sendall(json.dumps({"do": do, "service": service}).encode() + b"\n")
        with line.makefile() as stream:
            reply = json.loads(stream.readline() or '{"error": "The local system went away."}')
    if "error" in reply:
        raise ServiceFailed(reply["error"])
    return str(reply["words"])
