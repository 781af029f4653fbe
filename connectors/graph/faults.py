"""What went wrong on the way to a host, from the exceptions of ssl, sockets, httpx and aiohttp. Pure."""

import socket
import ssl
from collections.abc import Iterator

from connectors.errors import ConnectorError, Misconfigured, Unavailable

_TLS_FIX = (
    "If a proxy of your network re-signs TLS, or the host has a private certificate, name its certificate authority "
    "in the CA file. Otherwise somebody else may be answering: do not go on."
)


CONNECTION_LOST = "graph.connectionLost"
"""The code of a connection that was lost after the request was sent on it."""


def connection_error(error: BaseException, host: str, *, sent: bool = False, writes: bool = False) -> ConnectorError:
    """Return what a failed exchange with ``host`` (words) means.

    ``sent``: the connection stood, and the request may have reached the host. ``writes``: it would change something.
    """
    for link in _chain(error):
        # aiohttp's error is one, too, but without the reason.
        if isinstance(link, ssl.SSLCertVerificationError) and (reason := getattr(link, "verify_message", "")):
            return Misconfigured(
                f"The certificate of {host} is not trusted: {reason}.",
                code="graph.certificateNotTrusted",
                fix=_TLS_FIX,
            )
    for link in _chain(error):
        if isinstance(link, ssl.SSLError):
            return Unavailable(
                f"No TLS connection with {host} comes about.",
                code="graph.tls",
                fix="Check the address, its port, and that TLS 1.2 or later passes the way.",
                may_have_happened=sent and writes,
            )
        if isinstance(link, socket.gaierror):
            return Unavailable(
                f"The host name of {host} is not known.",
                code="graph.unknownHost",
                fix="Check the address for typing errors, and the name resolution of the network.",
            )
    return Unavailable(
        f"{host[0].upper()}{host[1:]} {'did not answer: the connection was lost' if sent else 'cannot be reached'}.",
        code=CONNECTION_LOST if sent else "graph.unreachable",
        fix="Check the address, the firewall and the proxy between the hub and it.",
        may_have_happened=sent and writes,
    )


def unreadable(*, wrote: bool = False) -> Unavailable:
    """Return the error for a success without what a success holds; ``wrote``: it was a write."""
    return Unavailable(
        "Microsoft Graph gave an answer that cannot be read.",
        code="graph.unreadable",
        fix="Check that the Graph address is Graph's, and that no proxy stands in for it.",
        may_have_happened=wrote,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        yield link
        seen.add(id(link))
        link = link.__cause__ or link.__context__ or getattr(link, "inner_exception", None)
