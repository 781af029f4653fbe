"""A storage account whose connections fail on demand: a proxy before the real emulator."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientSession, web
from yarl import URL

from sandbox.azurite import ACCOUNT, ACCOUNT_KEY, Azurite

KEPT = ("content-type", "etag", "x-ms-")
"""How the headers of an answer begin that are passed on."""


@dataclass
class FaultyAccount:
    """``faults`` are used up, one for each request; without one, a request simply passes.

    ``drop``: the connection ends before the request gets through. ``lose``: it ends after the request is done.
    ``empty``: an empty page that is not the last. A number: that status, at once.
    """

    connection: str
    faults: list[str | int] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """Of an answer that is only a status."""
    meanwhile: Callable[[], Awaitable[object]] | None = None
    """What others do between a request whose answer is lost and its repetition."""


@asynccontextmanager
async def faulty_account(azurite: Azurite) -> AsyncIterator[FaultyAccount]:
    """Start the proxy on a free port."""
    async with ClientSession(auto_decompress=False) as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            account.requests.append(f"{request.method} {request.path.rpartition('/')[2]}")
            fault = account.faults.pop(0) if account.faults else None
            if isinstance(fault, int):
                return web.Response(status=fault, headers=account.headers)
            if fault == "empty":
                more = {"x-ms-continuation-NextPartitionKey": "cA==", "x-ms-continuation-NextRowKey": "IQ=="}
                return web.json_response({"value": []}, headers=more)
            if fault != "drop":
                port = azurite.queue_port if request.path.endswith("/messages") else azurite.table_port
                url = URL(f"http://127.0.0.1:{port}{request.raw_path}", encoded=True)
                headers = {name: value for name, value in request.headers.items() if name != "Host"}
                async with session.request(request.method, url, headers=headers, data=await request.read()) as real:
                    content = await real.read()
                if fault is None:
                    kept = {name: value for name, value in real.headers.items() if name.lower().startswith(KEPT)}
                    return web.Response(status=real.status, headers=kept, body=content)
                if account.meanwhile is not None:
                    await account.meanwhile()
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        application = web.Application(client_max_size=8 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        endpoints = "".join(f"{kind}Endpoint=http://127.0.0.1:{port}/{ACCOUNT};" for kind in ("Table", "Queue"))
        account = FaultyAccount(f"AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};{endpoints}")
        yield account
        await runner.cleanup()
