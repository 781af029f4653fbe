"""Which hosts a Graph connection may talk to: Microsoft's clouds, and those that the deployment has named. Pure."""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from connectors.errors import Misconfigured

TRUSTED_HOSTS_SETTING = "LOCKSTEP_TRUSTED_HOSTS"
"""Where the deployment names the hosts that it vouches for. For words only: a connection cannot add to it."""

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Cloud:
    """One of Microsoft's clouds: where tokens come from, and where Graph is."""

    name: str
    authorities: tuple[str, ...]
    graph: str


CLOUDS = (
    Cloud("Microsoft Cloud", ("login.microsoftonline.com",), "graph.microsoft.com"),
    Cloud("US Government (GCC High)", ("login.microsoftonline.us",), "graph.microsoft.us"),
    Cloud("US Government (DoD)", ("login.microsoftonline.us",), "dod-graph.microsoft.us"),
    Cloud(
        "China (21Vianet)",
        ("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
        "microsoftgraph.chinacloudapi.cn",
    ),
)
"""National cloud deployments of Microsoft Graph, as Microsoft documents them."""


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL. Raises ``ValueError`` for what has none, or hides a user in it."""
    parts: SplitResult = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise ValueError("not an absolute URL")
    default = HTTPS_PORT if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname.lower(), parts.port or default


def check_addresses(authority: str, base_url: str, trusted: frozenset[tuple[str, int]]) -> None:
    """Raise ``Misconfigured`` unless secrets and tokens may be sent to both hosts.

    ``trusted`` are the hosts that the deployment vouches for. Two of Microsoft's hosts must be of the same cloud: a
    token of one is worth nothing in another.
    """
    authorities = {host for cloud in CLOUDS for host in cloud.authorities}
    _check("Authority", authority, authorities, trusted)
    _check("Graph address", base_url, {cloud.graph for cloud in CLOUDS}, trusted)
    login, graph = origin(authority)[1], origin(base_url)[1]
    known = [cloud for cloud in CLOUDS if cloud.graph == graph]
    if known and login in authorities and not any(login in cloud.authorities for cloud in known):
        raise Misconfigured(
            f"The authority {login} and the Graph address {graph} belong to different clouds.",
            code="graph.cloudMismatch",
            fix=f"For {graph} use the authority https://{known[0].authorities[0]}.",
        )


def _check(field: str, url: str, microsoft: set[str], trusted: frozenset[tuple[str, int]]) -> None:
    scheme, host, port = origin(url)
    if scheme == "https" and ((host in microsoft and port == HTTPS_PORT) or (host, port) in trusted):
        return
    raise Misconfigured(
        f"{field}: {host}:{port} is not one of Microsoft's clouds, and the deployment does not trust it.",
        code="graph.untrustedHost",
        fix=f"Correct the address, or have {host}:{port} added to the deployment's setting {TRUSTED_HOSTS_SETTING}.",
    )


def scope(authority: str, base_url: str) -> str:
    """Return the scope of app-only tokens: everything that was consented to in the cloud at hand.

    A host that is not Microsoft's (a proxy, a simulator) stands for the Graph of the authority's cloud.
    """
    login, graph = origin(authority)[1], origin(base_url)[1]
    for cloud in CLOUDS:
        if cloud.graph == graph:
            return f"https://{graph}/.default"
    for cloud in CLOUDS:
        if login in cloud.authorities:
            return f"https://{cloud.graph}/.default"
    return f"https://{CLOUDS[0].graph}/.default"
