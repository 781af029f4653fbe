"""Routes under ``/api/sources``: which SCIM clients may write, and the tokens by which they are known."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from connectors.contract import ObjectKind
from provisioning.admin.requests import KnownToken, NewSource, NewToken, SourceChange
from provisioning.admin.views import TheHub, View
from provisioning.sources.source import Credential, CredentialKind, Source

router = APIRouter(prefix="/api/sources", tags=["sources"])

Id = Annotated[str, Path(max_length=100, description="The source's id.")]
TokenId = Annotated[str, Path(max_length=100, description="The id of the token, which is not the token.")]
SecretId = Annotated[str, Path(max_length=100, description="The id of the secret, which is not the secret.")]


class TokenView(View):
    """One token or client secret, without its text."""

    id: str
    label: str
    created: datetime
    expires: datetime | None = Field(description="Until when it is good; empty: it stays good.")
    last_used: datetime | None = Field(description="When it was last used, to an hour; empty: never.")

    @classmethod
    def of(cls, token: Credential) -> "TokenView":
        """Show a token or a client secret."""
        return cls(id=token.id, label=token.label, created=token.created, expires=token.expires, last_used=token.used)


class IssuedToken(TokenView):
    """A new token."""

    token: str = Field(description="The token itself. It is shown here and never again.")


class IssuedSecret(TokenView):
    """A new client secret."""

    client_id: str = Field(description="The client id that goes with it: the source's id.")
    secret: str = Field(description="The secret itself. It is shown here and never again.")


class ProfileView(View):
    """How a source is answered where SCIM leaves a choice."""

    strict: bool
    patch_answers_resource: bool | None


class RateView(View):
    """How much a source may send to each instance of the app."""

    per_second: float
    burst: int


class TrustView(View):
    """Whose tokens, issued by Entra, stand for the source."""

    tenant: str
    audience: str
    app_id: str
    object_id: str


class SourceView(View):
    """One SCIM client: an Entra enterprise app, with its own credentials, and what it may do."""

    id: str
    name: str
    enabled: bool
    created: datetime
    kinds: list[ObjectKind]
    writes: bool
    own_only: bool
    profile: ProfileView
    rate: RateView
    entra: list[TrustView]
    federation: list[TrustView]
    tokens: list[TokenView]
    secrets: list[TokenView]

    @classmethod
    def of(cls, source: Source) -> "SourceView":
        """Show a source."""
        access = source.access
        return cls(
            id=source.id,
            name=source.name,
            enabled=source.enabled,
            created=source.created,
            kinds=sorted(access.kinds),
            writes=access.writes,
            own_only=access.own_only,
            profile=ProfileView(**asdict(access.profile)),
            rate=RateView(**asdict(source.rate)),
            entra=[TrustView(**asdict(trust)) for trust in source.entra],
            federation=[TrustView(**asdict(trust)) for trust in source.federation],
            tokens=[TokenView.of(token) for token in source.tokens],
            secrets=[TokenView.of(secret) for secret in source.secrets],
        )


class SourceList(View):
    """Every source, by id."""

    sources: list[SourceView]


@router.get("", summary="List sources")
async def list_sources(hub: TheHub) -> SourceList:
    """Every source by id, with what it may do and its credentials' ids and labels."""
    return SourceList(sources=[SourceView.of(source) for source in await hub.sources.list()])


@router.post("", status_code=201, summary="Create a source")
async def create_source(hub: TheHub, body: NewSource, response: Response) -> SourceView:
    """Enabled, free to do everything, and without tokens: issue one, and paste it into Entra as the secret token."""
    source = await hub.sources.create(body.id, body.name)
    response.headers["Location"] = f"/api/sources/{source.id}"
    return SourceView.of(source)


@router.get("/{id}", summary="Read a source")
async def read_source(hub: TheHub, id: Id) -> SourceView:  # noqa: A002 - the route's own word
    """With what it may do and its credentials' ids and labels."""
    return SourceView.of(await hub.sources.get(id))


@router.patch("/{id}", summary="Change a source")
async def change_source(hub: TheHub, id: Id, body: SourceChange) -> SourceView:  # noqa: A002 - the route's own word
    """Changes what is given: what it may do, its rate, whose tokens of Entra's count. In force within 30 seconds."""
    return SourceView.of(await hub.sources.change(id, body.over))


@router.post("/{id}/enable", summary="Enable a source")
async def enable_source(hub: TheHub, id: Id) -> SourceView:  # noqa: A002 - the route's own word
    """Its credentials are taken again."""
    return SourceView.of(await hub.sources.enable(id))


@router.post("/{id}/disable", summary="Disable a source")
async def disable_source(hub: TheHub, id: Id) -> SourceView:  # noqa: A002 - the route's own word
    """None of its credentials is taken any more, within 30 seconds; what it has written stays."""
    return SourceView.of(await hub.sources.enable(id, enabled=False))


@router.post("/{id}/tokens", status_code=201, summary="Issue a token")
async def issue_token(hub: TheHub, id: Id, response: Response, body: NewToken | None = None) -> IssuedToken:  # noqa: A002 - the route's own word
    """The token is in this answer alone: only its SHA-256 is stored. A source may have ten, to rotate them."""
    asked = body or NewToken()
    token, text = await hub.sources.issue(id, asked.label, asked.end())
    response.headers["Cache-Control"] = "no-store"
    return IssuedToken(**TokenView.of(token).model_dump(), token=text)


@router.post("/{id}/tokens/register", status_code=201, summary="Register a token that was made elsewhere")
async def register_token(hub: TheHub, id: Id, body: KnownToken) -> TokenView:  # noqa: A002 - the route's own word
    """By its SHA-256, so that the hub never sees it before its first use. Repeating it is harmless."""
    return TokenView.of(await hub.sources.register(id, body.sha256.lower(), body.label, body.end()))


@router.delete("/{id}/tokens/{token}", status_code=204, summary="Revoke a token")
async def revoke_token(hub: TheHub, id: Id, token: TokenId) -> None:  # noqa: A002 - the route's own word
    """Kept out at once, by other instances of the hub within 30 seconds."""
    await hub.sources.revoke(id, token)


@router.post("/{id}/secrets", status_code=201, summary="Issue a client secret")
async def issue_secret(hub: TheHub, id: Id, response: Response, body: NewToken | None = None) -> IssuedSecret:  # noqa: A002 - the route's own word
    """For `/oauth/token`, with the source's id as client id. Good for a year unless said otherwise, three at most."""
    asked = body or NewToken()
    secret, text = await hub.sources.issue_secret(id, asked.label, asked.end())
    response.headers["Cache-Control"] = "no-store"
    return IssuedSecret(**TokenView.of(secret).model_dump(), client_id=id, secret=text)


@router.delete("/{id}/secrets/{secret}", status_code=204, summary="Revoke a client secret")
async def revoke_secret(hub: TheHub, id: Id, secret: SecretId) -> None:  # noqa: A002 - the route's own word
    """Kept out with every access token got by it: at once, by other instances of the hub within 30 seconds."""
    await hub.sources.revoke(id, secret, CredentialKind.SECRET)
