"""Sources over a table of their own, clocks that tests move, and an Entra that signs with real keys over real TLS."""

import base64
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from provisioning.setting_rules import origins
from provisioning.sources.authority import Authority
from provisioning.sources.errors import Reason, Refused
from provisioning.sources.source import CUSTOM_APPS, Source, Trust
from provisioning.sources.sources import Sources
from provisioning.sources.token_endpoint import TokenEndpoint
from provisioning.storage.store import Storage
from sandbox.certificates import Certificates, ensure_certificates

TENANT = "7f6c0c3e-2f64-4c7b-9f52-0d1f3c1b7a90"
SERVICE = "b1a7c9de-0000-4c7b-9f52-0d1f3c1b7a90"
"""The object id of the provisioning service's principal."""
WORKLOAD = "api://1c2d3e4f-2f64-4c7b-9f52-0d1f3c1b7a90"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Time:
    """The time of day and a clock that goes forward, moved by hand."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 1000.0

    def now(self) -> datetime:
        """The time of day."""
        return self.moment

    def clock(self) -> float:
        """Seconds since some time."""
        return self.seconds

    def forward(self, by: timedelta) -> None:
        """Let time pass."""
        self.moment += by
        self.seconds += by.total_seconds()


@pytest.fixture
def time() -> Time:
    """The time, which stands still unless it is moved."""
    return Time()


@dataclass
class Entra:
    """Signs tokens and publishes its keys. ``asked`` are the paths that were asked for."""

    origin: str = ""
    asked: list[str] = field(default_factory=list)
    down: bool = False
    answer: Any = None
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)

    def new_key(self, kid: str, *, bits: int = 2048) -> rsa.RSAPrivateKey:
        """Make a key and publish it."""
        self.keys[kid] = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        return self.keys[kid]

    def published(self, **more: Any) -> dict[str, Any]:
        """Return the key set."""
        return {"keys": [{**self.public(kid), **more} for kid in self.keys]}

    def public(self, kid: str) -> dict[str, Any]:
        """Return one public key as it is published."""
        made: dict[str, Any] = RSAAlgorithm.to_jwk(self.keys[kid].public_key(), as_dict=True)
        return {"kid": kid, "use": "sig", "kty": "RSA", "n": made["n"], "e": made["e"]}

    def claims(self, now: datetime, **changed: Any) -> dict[str, Any]:
        """Return the claims of a token that the provisioning service shows; ``None`` leaves one out."""
        claims = {
            "iss": f"https://sts.windows.net/{TENANT}/",
            "aud": CUSTOM_APPS,
            "tid": TENANT,
            "oid": SERVICE,
            "sub": SERVICE,
            "appid": "00000014-0000-0000-c000-000000000000",
            "nbf": int(now.timestamp()) - 60,
            "iat": int(now.timestamp()) - 60,
            "exp": int((now + timedelta(minutes=65)).timestamp()),
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def assertion(self, now: datetime, **changed: Any) -> str:
        """Return a signed client assertion for ``WORKLOAD``."""
        issuer = f"https://login.microsoftonline.com/{TENANT}/v2.0"
        return self.sign(self.claims(now, **{"iss": issuer, "aud": WORKLOAD, **changed}))

    def sign(self, claims: dict[str, Any], kid: str = "k1") -> str:
        """Sign claims with a published key."""
        signer = jwt.PyJWS()  # lets claims through that are wrong
        return signer.encode(json.dumps(claims).encode(), self.keys[kid], algorithm="RS256", headers={"kid": kid})

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with the key set."""
        self.asked.append(request.path)
        if self.down:
            return web.Response(status=503)
        return web.json_response(self.published() if self.answer is None else self.answer)


@pytest.fixture(scope="session")
def entra_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A CA and a server certificate for this session."""
    return ensure_certificates(tmp_path_factory.mktemp("entra-tls"))


@pytest.fixture(scope="session")
def signing_key() -> rsa.RSAPrivateKey:
    """One key for the session: they take long to make."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
async def entra(entra_certificates: Certificates, signing_key: rsa.RSAPrivateKey) -> AsyncIterator[Entra]:
    """A running Entra with the key ``k1``."""
    made = Entra(keys={"k1": signing_key})
    app = web.Application()
    app.router.add_get("/{path:.*}", made.serve)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(entra_certificates.certificate, entra_certificates.key)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "localhost", 0, ssl_context=tls)
    await site.start()
    made.origin = f"https://localhost:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def sources(
    storage: Storage, time: Time, entra: Entra, entra_certificates: Certificates
) -> AsyncIterator[Sources]:
    """Sources whose authority is the Entra of the test; ``entra`` is one of them."""
    authority = Authority.chosen(entra.origin, origins(entra.origin.removeprefix("https://")))
    made = Sources(storage, authority, ca_file=entra_certificates.ca, now=time.now, clock=time.clock)
    await made.create("entra", "Entra")
    yield made
    await made.close()


def trusting(*trusts: Trust) -> Any:
    """Return the change that has a source take tokens of Entra's."""
    return lambda source: replace(source, entra=trusts)


def federated(*trusts: Trust) -> Any:
    """Return the change that has a source take assertions of Entra's."""
    return lambda source: replace(source, federation=trusts)


async def reason(sources: Sources, token: str) -> Reason | None:
    """Return why a bearer token is refused, or ``None`` where it is taken."""
    try:
        await sources.authenticate(f"Bearer {token}")
    except Refused as refused:
        return refused.reason
    return None


async def source_of(sources: Sources, token: str) -> str:
    """Return the source that a bearer token is taken as."""
    return (await sources.authenticate(f"Bearer {token}")).source


@dataclass
class Answer:
    """An answer of the token endpoint."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class TokenClient:
    """A client of ``/oauth/token``."""

    sources: Sources

    async def post(
        self,
        form: dict[str, Any] | str | bytes,
        *,
        basic: tuple[str, str] | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request."""
        sent = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
        if basic:
            sent["authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        body = form if isinstance(form, bytes) else (form if isinstance(form, str) else urlencode(form)).encode()
        request = func.HttpRequest(
            method="POST", url="https://hub.example/oauth/token", headers=sent, params=query or {}, body=body
        )
        answer = await TokenEndpoint(self.sources.clients).serve(request)
        return Answer(answer.status_code, dict(answer.headers), json.loads(answer.get_body()))

    async def with_secret(self, client_id: str, secret: str, **more: str) -> Answer:
        """Ask with a secret in the body."""
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret, **more}
        return await self.post(form)

    async def with_assertion(self, assertion: str, client_id: str = "entra", **more: str) -> Answer:
        """Ask with an assertion, as Entra does."""
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
            "scope": "scim",
            **more,
        }
        return await self.post({name: value for name, value in form.items() if value})


@pytest.fixture
def tokens(sources: Sources) -> TokenClient:
    """A client of the token endpoint."""
    return TokenClient(sources)


@pytest.fixture
async def source(sources: Sources) -> Source:
    """The source ``entra``."""
    return await sources.get("entra")
