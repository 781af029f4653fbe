"""A proxy in front of a directory server that reads LDAP messages, so that tests can lose exactly one answer."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sandbox.samba import LDAPS_PORT, Samba
from sandbox.slapd import Slapd

ADD_ANSWER = 0x69
WRITE_ANSWERS = frozenset({0x67, ADD_ANSWER, 0x6B, 0x6D})
"""Tags of modifyResponse, addResponse, delResponse and modDNResponse (RFC 4511, 4.6 - 4.9)."""
MODIFY_REQUEST = 0x66
EXTENDED_ANSWER = 0x78
BUSY = 51


def tag_of(message: bytes) -> int:
    """Return the tag of the operation in an LDAP message: SEQUENCE { messageID INTEGER, operation, ... }."""
    start = 2 + (message[1] & 0x7F if message[1] & 0x80 else 0)
    return message[start + 2 + message[start + 1]]


def id_of(message: bytes) -> bytes:
    """Return the message id with its tag and length."""
    start = 2 + (message[1] & 0x7F if message[1] & 0x80 else 0)
    return message[start : start + 2 + message[start + 1]]


async def read_message(stream: asyncio.StreamReader) -> bytes:
    """Read one whole LDAP message."""
    head = await stream.readexactly(2)
    length = head[1]
    if length & 0x80:
        long = await stream.readexactly(length & 0x7F)
        head, length = head + long, int.from_bytes(long)
    return head + await stream.readexactly(length)


@dataclass
class LdapProxy[Server: Slapd | Samba = Slapd]:
    """LDAPS on ``port``; to slapd plain LDAP, to a domain controller LDAPS. The switches may be turned at any time."""

    server: Server
    port: int = 0
    lose_answers: bool = False
    """Pass requests on, and break the connection in place of the answer to a write."""
    losing: frozenset[int] = WRITE_ANSWERS
    """The tags of the answers that are lost then."""
    lose_extended: bool = False
    """The same for extended operations, such as a change of a password."""
    hold_answers: bool = False
    """Pass requests on, and keep the answers to writes back."""
    busy: bool = False
    """Answer modifications with "busy", without passing them on."""
    requests: list[int] = field(default_factory=list)
    """The tags of all requests."""
    connections: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["LdapProxy[Server]"]:
        """Serve while the block runs."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server.certificates.certificate, self.server.certificates.key)
        listener = await asyncio.start_server(self._client, "127.0.0.1", 0, ssl=context)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listener.close()
            self.cut()
            await asyncio.sleep(0)

    @asynccontextmanager
    async def busy_for(self, seconds: float) -> AsyncIterator[None]:
        """Be busy for so long, from now on; the block may go on for longer."""
        self.busy = True

        async def relent() -> None:
            await asyncio.sleep(seconds)
            self.busy = False

        relenting = asyncio.create_task(relent())
        yield
        await relenting

    def cut(self) -> None:
        """Break every connection without a word."""
        for writer in list(self.connections):
            writer.transport.abort()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(writer)
        try:
            upstream_reader, upstream_writer = await self._upstream()
        except OSError:
            writer.transport.abort()
            self.connections.discard(writer)
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, upstream_writer, lambda m: self._request(m, writer)))
                group.create_task(self._pump(upstream_reader, writer, self._answer))
        except* (OSError, asyncio.IncompleteReadError, EOFError):
            pass  # one side is gone: so goes the other
        finally:
            self.connections.discard(writer)
            upstream_writer.transport.abort()
            writer.transport.abort()

    async def _upstream(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.server, Slapd):
            return await asyncio.open_connection("127.0.0.1", self.server.ldap_port)
        context = ssl.create_default_context(cafile=self.server.certificates.ca)
        return await asyncio.open_connection(self.server.address, LDAPS_PORT, ssl=context)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, judge: Callable[[bytes], bool]
    ) -> None:
        while True:
            message = await read_message(reader)
            if judge(message):
                writer.write(message)
                await writer.drain()

    def _request(self, message: bytes, client: asyncio.StreamWriter) -> bool:
        self.requests.append(tag_of(message))
        if self.busy and tag_of(message) == MODIFY_REQUEST:
            body = id_of(message) + bytes([0x67, 7, 0x0A, 1, BUSY, 4, 0, 4, 0])
            client.write(bytes([0x30, len(body)]) + body)
            return False
        return True

    def _answer(self, message: bytes) -> bool:
        if self.lose_extended and tag_of(message) == EXTENDED_ANSWER:
            raise EOFError
        if self.lose_answers and tag_of(message) in self.losing:
            raise EOFError
        return not (self.hold_answers and tag_of(message) in WRITE_ANSWERS)
