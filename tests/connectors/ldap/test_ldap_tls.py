"""TLS: what is not verified gets no password, and what is wrong is told by the verbs, too."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Match, ObjectKind
from connectors.errors import ConnectorError, Misconfigured, Unavailable
from connectors.ldap import LdapConnector
from connectors.ldap_client.ber import ENUMERATED, INTEGER, SEQUENCE, element
from connectors.ldap_client.library import Connection
from connectors.ldap_client.session import Session
from connectors.ldap_client.tls import client_context
from sandbox.certificates import Certificates, ensure_certificates
from sandbox.slapd import Slapd
from tests.connectors.ldap.conftest import settings_for
from tests.connectors.ldap.ldap_proxy import id_of

pytestmark = pytest.mark.slapd

ANYBODY = Match(ObjectKind.USER, "uid", "anybody")


async def error_of(server: Slapd, **changes: Any) -> ConnectorError:
    connector = LdapConnector.open(settings_for(server, **changes))
    try:
        with pytest.raises(ConnectorError) as caught:
            await connector.find(ANYBODY)
    finally:
        await connector.close()
    return caught.value


@pytest.mark.parametrize("security", ["ldaps", "starttls"])
async def test_a_certificate_of_another_authority_stops_every_verb(slapd: Slapd, tmp_path: Path, security: str) -> None:
    error = await error_of(slapd, security=security, ca_file=str(ensure_certificates(tmp_path).ca))
    assert isinstance(error, Misconfigured)
    assert error.code == "ldap.tlsUnknownCa"
    assert error.fix


@pytest.mark.parametrize("security", ["ldaps", "starttls"])
async def test_a_certificate_for_another_host_stops_every_verb(slapd: Slapd, security: str) -> None:
    error = await error_of(slapd, security=security, host="0.0.0.0")  # noqa: S104 - connected to, not listened on
    assert isinstance(error, Misconfigured)
    assert error.code == "ldap.tlsHostMismatch"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("security", ["ldaps", "starttls"])
async def test_names_and_addresses_in_the_certificate_are_accepted(slapd: Slapd, host: str, security: str) -> None:
    connector = LdapConnector.open(settings_for(slapd, host=host, security=security))
    assert await connector.find(ANYBODY) == []
    await connector.close()


@asynccontextmanager
async def eavesdropper(certificates: Certificates | None, answer: bytes) -> AsyncIterator[tuple[int, bytearray]]:
    """A server that notes all it hears and gives one answer; with TLS where it has certificates."""
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            heard.extend(data)
            writer.write(answer)
        writer.close()

    context = None
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates.certificate, certificates.key)
    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


async def test_an_impostor_hears_no_password(slapd: Slapd, tmp_path: Path) -> None:
    async with eavesdropper(ensure_certificates(tmp_path), b"") as (port, heard):
        error = await error_of(slapd, port=port)
    assert error.code == "ldap.tlsUnknownCa"
    assert heard == b""


async def test_a_server_that_refuses_starttls_hears_no_password(slapd: Slapd) -> None:
    """As somebody in the middle would do who wants the password in clear text."""
    refusal = bytes([0x30, 12, 2, 1, 1, 0x78, 7, 0x0A, 1, 2, 4, 0, 4, 0])  # extendedResp, protocolError
    async with eavesdropper(None, refusal) as (port, heard):
        error = await error_of(slapd, port=port, security="starttls")
    assert b"1.3.6.1.4.1.1466.20037" in heard, "it was asked for StartTLS"
    assert slapd.service_password.encode() not in heard
    assert not isinstance(error, Unavailable) or not error.may_have_happened


async def test_a_plain_port_is_not_spoken_to_in_tls_for_long(slapd: Slapd) -> None:
    error = await error_of(slapd, port=slapd.ldap_port)
    assert "636" in error.fix


async def test_nothing_is_bound_when_starttls_ends_without_tls(slapd: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    """ldap3 returns false instead of raising where it thinks that TLS cannot be started now."""
    monkeypatch.setattr(Connection, "start_tls", lambda *_, **__: False)
    error = await error_of(slapd, security="starttls")
    assert error.code == "ldap.unreachable"


def answer(tag: int, number: int, code: int) -> bytes:
    """Return the answer to a request: SEQUENCE { messageID, [tag] { code, nothing, nothing } }."""
    body = element(INTEGER, number.to_bytes(4)) + element(tag, bytes([ENUMERATED, 1, code]) + b"\4\0\4\0")
    return element(SEQUENCE, body)


def serve_once(listener: socket.socket, certificates: Certificates) -> None:
    """Start TLS, with a bind's success behind the answer in clear text; and then refuse the bind."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    stream, _ = listener.accept()
    with stream:
        number = int.from_bytes(id_of(stream.recv(1000))[2:])
        stream.sendall(answer(0x78, number, 0) + answer(0x61, number + 1, 0))
        with context.wrap_socket(stream, server_side=True) as encrypted:
            assert int.from_bytes(id_of(encrypted.recv(1000))[2:]) == number + 1
            encrypted.sendall(answer(0x61, number + 1, 49))
            encrypted.recv(1000)


def test_what_comes_before_the_handshake_answers_nothing_that_is_asked_behind_it(slapd: Slapd) -> None:
    """Whoever stands in between could put answers behind that of StartTLS, which is not encrypted yet."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve_once, args=(listener, slapd.certificates), daemon=True)
        server.start()
        settings = settings_for(slapd, security="starttls", port=listener.getsockname()[1])
        with pytest.raises(Misconfigured) as caught:
            Session.open(settings, client_context(settings), "localhost")
        assert caught.value.code == "ldap.invalidCredentials"
        server.join(5)
