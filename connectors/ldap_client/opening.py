"""From settings to an open and bound connection, and what it means when that fails."""

import socket
import ssl
from collections.abc import Mapping
from typing import Any

from connectors.errors import ConnectorError, Misconfigured, Unavailable
from connectors.ldap_client.dialect import Dialect
from connectors.ldap_client.library import (
    NONE,
    SIMPLE,
    SYNC,
    Connection,
    LDAPException,
    LDAPStartTLSError,
    Server,
)
from connectors.ldap_client.password_policy import ASK_POLICY, PolicyResponse, cannot_bind, policy_response
from connectors.ldap_client.results import SUCCESS, is_transient
from connectors.ldap_client.settings import ServerSettings
from connectors.ldap_client.tls import VerifiedTls, tls_error
from connectors.ldap_client.wire import NO_LDAP, make_lean


def connect(settings: ServerSettings, context: ssl.SSLContext | None, host: str) -> Connection:
    """Open a connection with TLS as the settings say, not bound yet. Raises ``Unavailable`` or ``Misconfigured``."""
    port = settings.effective_port
    tls = VerifiedTls(context, host) if context else None
    # A server object of its own: ldap3 keeps the address in use in it, and confuses connections that share one.
    server = Server(
        host,
        port=port,
        use_ssl=settings.security == "ldaps",
        tls=tls,
        get_info=NONE,
        connect_timeout=settings.connect_timeout,
        allowed_referral_hosts=[],
    )
    connection = Connection(
        server,
        user=settings.bind_name,
        password=settings.bind_password.get_secret_value(),
        authentication=SIMPLE,
        client_strategy=SYNC,
        auto_referrals=False,
        check_names=False,
        auto_escape=False,
        auto_encode=False,
        return_empty_attributes=False,
        auto_range=False,  # who wants a list of any length reads it piece by piece
        receive_timeout=settings.response_timeout,
    )
    make_lean(connection)
    try:
        connection.open(read_server_info=False)
        if settings.security == "starttls":
            connection.start_tls(read_server_info=False)
        if context is not None and not isinstance(connection.socket, ssl.SSLSocket):
            raise LDAPStartTLSError("not encrypted")  # never bind on such a connection
    except (LDAPException, OSError) as error:
        failed = connection.result
        close(connection)
        raise _opening_error(error, tls, host, port, failed) from None
    return connection


def bind(connection: Connection, settings: ServerSettings, dialect: Dialect) -> PolicyResponse:
    """Authenticate (simple bind), and return what the password policy says about the account.

    Raises ``Misconfigured`` where the server refuses, or lets the account do nothing; or ``Unavailable``.
    """
    host, port = connection.server.host, connection.server.port
    try:
        connection.bind(read_server_info=False, controls=[ASK_POLICY] if dialect.asks_policy else None)
    except (LDAPException, OSError):
        raise Unavailable(
            f"{host}:{port} broke off the connection while binding.",
            code="ldap.connectionLost",
            fix="It is tried again. If it persists, look at the server.",
        ) from None
    result = connection.result
    policy = policy_response(result)
    if (unfit := cannot_bind(settings.bind_name, policy)) is not None:
        raise unfit  # also with success: an account that must change its password may do nothing else
    if result["result"] == SUCCESS:
        return policy
    if is_transient(result["result"]):
        raise Unavailable(
            f"{host}:{port} is busy or shutting down.",
            code=f"ldap.{result['description']}",
            fix="It is tried again. If it persists, look at the server.",
        )
    raise dialect.bind_refusal(settings.bind_name, result["description"], result["message"] or "")


def _opening_error(
    error: Exception, tls: VerifiedTls | None, host: str, port: int, result: Mapping[str, Any] | None
) -> ConnectorError:
    if tls is not None and tls.failure is not None:
        return tls_error(tls.failure, host, port)
    if isinstance(error, LDAPStartTLSError) and result and result.get("result"):
        return Misconfigured(
            f"{host}:{port} does not offer StartTLS ({result.get('description')}).",
            code="ldap.startTlsRefused",
            fix="Turn on TLS on the server (OpenLDAP: olcTLSCertificateFile and olcTLSCertificateKeyFile), or set "
            "'Security' of the connection to LDAPS.",
        )
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return Unavailable(
            f"The name {host} is not known (DNS).",
            code="ldap.hostUnknown",
            fix="Check the spelling of the host, and that the DNS servers of the hub's network know it: a private name "
            "needs the company's own DNS.",
        )
    why = "nothing listens on this port." if "refused" in str(error) else "no connection comes about."
    if NO_LDAP in str(error):
        why = "what answers on this port does not speak LDAP."
    return Unavailable(
        f"{host}:{port} cannot be reached: {why}",
        code="ldap.unreachable",
        fix="Check host and port, that the server is running, and that no firewall stands between the hub and it.",
    )


def close(connection: Connection) -> None:
    """Unbind if possible, and close the socket in any case."""
    stream = connection.socket
    try:
        if connection.bound and not connection.closed:
            connection.unbind()
        elif not connection.closed:
            connection.strategy.close()
    except (LDAPException, OSError, AttributeError):
        pass  # it is going away; what is left to close is below
    if stream is not None:
        stream.close()
