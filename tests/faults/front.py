"""A second address of a server, which passes everything on and can be cut off: the server itself goes on."""

import asyncio
from dataclasses import dataclass, field


@dataclass
class Front:
    """Listens on an address, and passes what comes to the same port of another one."""

    address: str
    server: str
    port: int
    _listener: asyncio.Server | None = field(default=None, init=False)
    _open: set[asyncio.StreamWriter] = field(default_factory=set, init=False)

    async def start(self) -> None:
        """Listen."""
        self._listener = await asyncio.start_server(self._pass_on, self.address, self.port)

    async def cut(self) -> None:
        """Break all connections without a word, and take no more."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_connection(self.server, self.port)
        both = {writer, behind_writer}
        self._open |= both
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, behind_writer))
                group.create_task(_pump(behind_reader, writer))
        except* (OSError, EOFError):
            pass  # one side is gone: so goes the other
        finally:
            self._open -= both
            for each in both:
                each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    raise EOFError
