"""The client's headers, its patience and what it takes for success, against a real HTTP server."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.entra import requests
from sandbox.entra.client import CONTENT_TYPE, TRIES, Client, Refused
from sandbox.entra.requests import Dialect

FOUND = '{"totalResults": 0}'


class Provider:
    """A SCIM provider that gives prepared answers and remembers what it was sent."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.seen: list[web.Request] = []
        self.bodies: list[bytes] = []

    async def serve(self, request: web.Request) -> web.Response:
        """Give the next answer, the last one for ever."""
        self.seen.append(request)
        self.bodies.append(await request.read())
        return self.answers.pop(0) if self.answers else scim(FOUND)


def scim(text: str, status: int = 200, **headers: str) -> web.Response:
    """An answer of the right type."""
    return web.Response(text=text, status=status, content_type=CONTENT_TYPE, headers=headers)


@pytest.fixture
async def provider() -> Provider:
    """A provider that answers with an empty list unless told otherwise."""
    return Provider()


@pytest.fixture
async def client(provider: Provider) -> AsyncIterator[Client]:
    """A client of the provider."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", provider.serve)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Client(session, str(server.make_url("/scim/v2")), "a-token")


async def test_the_request_goes_over_the_wire_as_entra_encodes_it(client: Client, provider: Provider) -> None:
    await client.send(requests.find_user("o'neill@northwind.example", Dialect.OPTSCIM), 200)
    (seen,) = provider.seen
    assert seen.raw_path == "/scim/v2/Users?aadOptscim062020&filter=userName+eq+%22o%27neill%40northwind.example%22"
    assert seen.headers["Authorization"] == "Bearer a-token"
    assert seen.headers["Accept"] == CONTENT_TYPE


async def test_a_body_is_sent_as_scim_json(client: Client, provider: Provider) -> None:
    provider.answers = [scim("", 204)]
    assert await client.send(requests.set_active("u-1", False, Dialect.OPTSCIM), 204) == {}
    assert provider.seen[0].content_type == CONTENT_TYPE
    assert b'"value": false' in provider.bodies[0]


async def test_throttling_and_server_errors_are_sat_out(client: Client, provider: Provider) -> None:
    provider.answers = [scim("", 429, **{"Retry-After": "0"}), scim("", 503, **{"Retry-After": "0"})]
    await client.send(requests.find_user("x", Dialect.DEFAULT), 200)
    assert len(provider.seen) == 3


async def test_patience_has_an_end(client: Client, provider: Provider) -> None:
    provider.answers = [scim("broken", 500, **{"Retry-After": "0"}) for _ in range(TRIES)]
    with pytest.raises(Refused, match=r"500, expected .*broken"):
        await client.send(requests.find_user("x", Dialect.DEFAULT), 200)
    assert len(provider.seen) == TRIES


async def test_a_refusal_is_not_tried_again_and_its_words_are_kept(client: Client, provider: Provider) -> None:
    provider.answers = [scim('{"detail": "userName is taken"}', 409)]
    with pytest.raises(Refused, match=r"409.*userName is taken"):
        await client.send(requests.find_user("x", Dialect.DEFAULT), 201)
    assert len(provider.seen) == 1


async def test_an_answer_of_another_type_is_refused_as_entra_does(client: Client, provider: Provider) -> None:
    provider.answers = [web.Response(text=FOUND, content_type="application/json")]
    with pytest.raises(Refused, match="application/json, not application/scim"):
        await client.send(requests.find_user("x", Dialect.DEFAULT), 200)
