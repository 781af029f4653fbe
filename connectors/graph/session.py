"""Making the connection: Microsoft's request adapter and credential, over verified TLS.

msgraph-sdk's default client repeats POSTs on 503 and follows redirections. Ours is built from the same parts without
those two: what is repeated, and when, is decided in ``connectors.graph.client`` alone. Microsoft's libraries are
imported here and in ``tokens``, on first use.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from connectors.errors import Misconfigured, Unavailable
from connectors.graph.clouds import origin, scope
from connectors.graph.faults import connection_error
from connectors.graph.reply import Reply, reply_of
from connectors.graph.settings import GraphSettings
from connectors.graph.tokens import Credential, Tokens

if TYPE_CHECKING:
    import httpx
    from msgraph_core import BaseGraphRequestAdapter  # type: ignore[import-untyped]  # has no py.typed

CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0
"""A lease on a link is a minute: an answer that takes longer is of no use to the job that asked."""

CONNECTIONS = 40


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. ``body`` is JSON to be. ``repeatable``: running it twice does no harm."""

    method: str
    url: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return self.method != "GET"


class Session:
    """An open adapter, its HTTP client, and the tokens that it sends."""

    def __init__(self, settings: GraphSettings) -> None:
        tls = _tls(settings.ca_file)
        self.tokens = Tokens(lambda: _credential(settings, tls))
        self._http = _http_client(tls)
        self.adapter = _adapter(settings, self._http, self.tokens)

    @classmethod
    async def open(cls, settings: GraphSettings) -> Self:
        """Import what is needed and build the adapter, without holding up the event loop."""
        return await asyncio.to_thread(cls, settings)

    async def exchange(self, call: Call) -> Reply:
        """Send a request once. Raises ``Unavailable`` and ``Misconfigured`` where there is no answer."""
        import httpx
        from kiota_abstractions.method import Method
        from kiota_abstractions.native_response_handler import NativeResponseHandler
        from kiota_abstractions.request_information import RequestInformation
        from kiota_http.middleware.options import ResponseHandlerOption

        request = RequestInformation(Method(call.method))
        request.url = call.url
        request.headers.try_add("Accept", "application/json")
        for name, value in call.headers.items():
            request.headers.try_add(name, value)
        if call.body is not None:
            request.set_stream_content(json.dumps(call.body).encode(), "application/json")
        # The native answer: kiota itself takes a redirection for an empty success, and an error for a model.
        request.add_request_options([ResponseHandlerOption(NativeResponseHandler())])
        try:
            answer: httpx.Response | None = await self.adapter.send_primitive_async(request, "bytes", None)
        except _unsent() as error:
            raise connection_error(error, "Microsoft Graph") from error
        except httpx.TimeoutException as error:
            raise Unavailable(
                "Microsoft Graph did not answer in time.",
                code="graph.timeout",
                fix="Nothing to do: it is tried again.",
                may_have_happened=call.writes,
            ) from error
        except httpx.RequestError as error:
            raise connection_error(error, "Microsoft Graph", sent=True, writes=call.writes) from error
        if answer is None:
            raise TypeError("the request adapter gave no answer")
        return reply_of(answer.status_code, answer.headers, answer.content)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        await self.tokens.close()


def _unsent() -> tuple[type[Exception], ...]:
    """Return the exceptions after which a request surely has not reached the host."""
    import httpx

    return (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


def _tls(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(cafile=Path(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise Misconfigured(
                f"The CA file cannot be used: {error.strerror or 'there is no certificate in it'}.",
                code="graph.caFile",
                fix="Name a PEM file with certificates that the hub can read.",
            ) from None
    return context


def _http_client(tls: ssl.SSLContext) -> "httpx.AsyncClient":
    import httpx

    # httpx logs every URL as information, and a $filter holds people's names. Who sets the level keeps it.
    requests = logging.getLogger("httpx")
    if requests.level == logging.NOTSET:
        requests.setLevel(logging.WARNING)
    # HTTP/1.1 on purpose: httpcore sees that an idle connection was cut before it sends on it, and so no create is
    # lost to a dead connection; its HTTP/2 finds out only afterwards.
    return httpx.AsyncClient(
        verify=tls,
        http2=False,
        follow_redirects=False,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
    )


def _adapter(settings: GraphSettings, http: "httpx.AsyncClient", tokens: Tokens) -> "BaseGraphRequestAdapter":
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from kiota_http.kiota_client_factory import KiotaClientFactory
    from kiota_http.middleware.user_agent_handler import UserAgentHandler
    from msgraph.graph_request_adapter import GraphRequestAdapter

    # Not msgraph_core's factory: its transport does not close the connections (1.5.2), and its telemetry tells every
    # host the versions of operating system and Python.
    client = KiotaClientFactory.create_with_custom_middleware([UserAgentHandler()], client=http)
    provider = AzureIdentityAuthenticationProvider(
        tokens,
        scopes=[scope(settings.authority, settings.base_url)],
        # Left out, kiota sends the token to any host.
        allowed_hosts=[origin(settings.base_url)[1]],
    )
    adapter = GraphRequestAdapter(provider, client)
    adapter.base_url = settings.base_url
    # Spans would carry whole URLs, and with them the names in filters.
    adapter.observability_options.include_euii_attributes = False
    return adapter


async def _credential(settings: GraphSettings, tls: ssl.SSLContext) -> Credential:
    await asyncio.to_thread(_import_identity)
    import aiohttp
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.identity.aio import ClientSecretCredential, ManagedIdentityCredential

    # Our own retries are the only ones; IMDS keeps its own, as it needs them.
    if settings.credential == "managed_identity":
        return ManagedIdentityCredential(client_id=settings.client_id or None)
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=True,
        auto_decompress=False,
    )
    secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
    return ClientSecretCredential(
        settings.tenant_id,
        settings.client_id,
        secret,
        authority=settings.authority,
        disable_instance_discovery=origin(settings.authority)[1] != "login.microsoftonline.com",
        transport=AioHttpTransport(session=session),
        retry_total=0,
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )


def _import_identity() -> None:
    import azure.core.pipeline.transport
    import azure.identity.aio  # noqa: F401 - for the cache of modules, off the event loop
