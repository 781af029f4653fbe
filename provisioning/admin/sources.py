"""Routes under ``/api/sources``: which SCIM clients may write, and the tokens by which they are known."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from provisioning.admin.requests import KnownToken, NewSource, NewToken
from provisioning.admin.views import TheHub, View
from provisioning.sources.sources import Source, Token

router = APIRouter(prefix="/api/sources", tags=["sources"])

Id = Annotated[str, Path(max_length=100, description="The source's id.")]
TokenId = Annotated[str, Path(max_length=100, description="The id of the token, which is not the token.")]


class TokenView(View):
    """One token, without its text."""

    id: str
    label: str
    created: datetime

    @classmethod
    def of(cls, token: Token) -> "TokenView":
        """Show a token."""
        return cls(id=token.id, label=token.label, created=token.created)


class IssuedToken(TokenView):
    """A new token."""

    token: str = Field(description="The token itself. It is shown here and never again.")


class SourceView(View):
    """One SCIM client: an Entra enterprise app, with its own tokens."""

    id: str
    name: str
    enabled: bool
    created: datetime
    tokens: list[TokenView]

    @classmethod
    def of(cls, source: Source) -> "SourceView":
        """Show a source."""
        return cls(
            id=source.id,
            name=source.name,
            enabled=source.enabled,
            created=source.created,
            tokens=[TokenView.of(token) for token in source.tokens],
        )


class SourceList(View):
    """Every source, by id."""

    sources: list[SourceView]


@router.get("", summary="List sources")
async def list_sources(hub: TheHub) -> SourceList:
    """Every source by id, with its tokens' ids and labels."""
    return SourceList(sources=[SourceView.of(source) for source in await hub.sources.list()])


@router.post("", status_code=201, summary="Create a source")
async def create_source(hub: TheHub, body: NewSource, response: Response) -> SourceView:
    """Enabled and without tokens: issue one, and paste it into Entra as the secret token."""
    source = await hub.sources.create(body.id, body.name)
    response.headers["Location"] = f"/api/sources/{source.id}"
    return SourceView.of(source)


@router.get("/{id}", summary="Read a source")
async def read_source(hub: TheHub, id: Id) -> SourceView:  # noqa: A002 - the route's own word
    """With its tokens' ids and labels."""
    return SourceView.of(await hub.sources.get(id))


@router.post("/{id}/enable", summary="Enable a source")
async def enable_source(hub: TheHub, id: Id) -> SourceView:  # noqa: A002 - the route's own word
    """Its tokens are taken again."""
    return SourceView.of(await hub.sources.enable(id))


@router.post("/{id}/disable", summary="Disable a source")
async def disable_source(hub: TheHub, id: Id) -> SourceView:  # noqa: A002 - the route's own word
    """None of its tokens is taken any more, within 30 seconds; what it has written stays."""
    return SourceView.of(await hub.sources.enable(id, enabled=False))


@router.post("/{id}/tokens", status_code=201, summary="Issue a token")
async def issue_token(hub: TheHub, id: Id, response: Response, body: NewToken | None = None) -> IssuedToken:  # noqa: A002 - the route's own word
    """The token is in this answer alone: only its SHA-256 is stored. A source may have ten, to rotate them."""
    token, text = await hub.sources.issue(id, (body or NewToken()).label)
    response.headers["Cache-Control"] = "no-store"
    return IssuedToken(**TokenView.of(token).model_dump(), token=text)


@router.post("/{id}/tokens/register", status_code=201, summary="Register a token that was made elsewhere")
async def register_token(hub: TheHub, id: Id, body: KnownToken) -> TokenView:  # noqa: A002 - the route's own word
    """By its SHA-256, so that the hub never sees it before its first use. Repeating it is harmless."""
    return TokenView.of(await hub.sources.register(id, body.sha256.lower(), body.label))


@router.delete("/{id}/tokens/{token}", status_code=204, summary="Revoke a token")
async def revoke_token(hub: TheHub, id: Id, token: TokenId) -> None:  # noqa: A002 - the route's own word
    """Kept out at once, by other instances of the hub within 30 seconds."""
    await hub.sources.revoke(id, token)
