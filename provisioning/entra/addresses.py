"""Where Entra and Graph are: Microsoft's clouds, and the hosts that the deployment trusts. Pure.

A token goes to no other host. Source: National cloud deployments (Microsoft Graph's documentation).
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from provisioning.entra.errors import Unusable

CLOUDS = {
    "graph.microsoft.com": "login.microsoftonline.com",
    "graph.microsoft.us": "login.microsoftonline.us",
    "dod-graph.microsoft.us": "login.microsoftonline.us",
    "microsoftgraph.chinacloudapi.cn": "login.partner.microsoftonline.cn",
}
"""Graph's hosts, and the authority of each one's cloud."""

type Origin = tuple[str, int]
"""A host in lower case and its port."""

HTTPS_PORT = 443
PUBLIC = "graph.microsoft.com"


@dataclass(frozen=True, slots=True)
class Addresses:
    """``graph`` has no version and no slash at its end. ``microsoft``: both are Microsoft's own hosts."""

    authority: str
    graph: str
    scope: str
    microsoft: bool

    @classmethod
    def chosen(cls, graph: str, authority: str, trusted: Collection[Origin] = ()) -> Self:
        """Return the addresses of two options; an empty authority is that of Graph's cloud.

        ``trusted`` are the hosts of LOCKSTEP_TRUSTED_HOSTS. Raises ``Unusable``.
        """
        graph_host = _host("--graph", graph, CLOUDS, trusted)
        if not authority and graph_host not in CLOUDS:
            raise Unusable("--graph is not one of Microsoft's clouds: name its --authority too.")
        authority = authority or f"https://{CLOUDS[graph_host]}"
        login = _host("--authority", authority, CLOUDS.values(), trusted)
        if graph_host in CLOUDS and login in CLOUDS.values() and CLOUDS[graph_host] != login:
            raise Unusable(
                f"--graph {graph_host} and --authority {login} are of different clouds: use {CLOUDS[graph_host]}."
            )
        audience = graph_host if graph_host in CLOUDS else PUBLIC
        microsoft = graph_host in CLOUDS and login in CLOUDS.values()
        return cls(f"https://{login}", f"https://{graph_host}", f"https://{audience}/.default", microsoft)


def _host(option: str, url: str, microsoft: Collection[str], trusted: Collection[Origin]) -> str:
    """Return host and port as a URL has them; port 443 goes without saying."""
    scheme, host, port, more = "", "", 0, True
    with suppress(ValueError):
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, (parts.hostname or "").lower(), parts.port or HTTPS_PORT
        more = bool(parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment)
    if more or not host or scheme != "https":
        raise Unusable(f"{option} must be https://HOST, such as https://{PUBLIC}.")
    if (host, port) not in {*((each, HTTPS_PORT) for each in microsoft), *trusted}:
        raise Unusable(
            f"{option}: {host}:{port} is not one of Microsoft's clouds, and LOCKSTEP_TRUSTED_HOSTS does not name it. "
            "No token is sent there."
        )
    return host if port == HTTPS_PORT else f"{host}:{port}"
