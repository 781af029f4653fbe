"""What a source is: a SCIM client, what it may do, and by which credentials it is known. No input or output."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from connectors.contract import ObjectKind
from provisioning.sources.caller import EVERY_KIND, Caller, Profile
from provisioning.sources.rates import Rate

CUSTOM_APPS = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
"""The audience of the tokens that Entra issues for every enterprise app that is not from its gallery."""

WARNED_BEFORE = timedelta(days=30)
"""How long before its end a credential is warned of."""


class CredentialKind(StrEnum):
    """A bearer token is sent with each request; a client secret gets access tokens at ``/oauth/token``."""

    TOKEN = "token"  # noqa: S105 - a kind, not a token
    SECRET = "secret"  # noqa: S105 - a kind, not a secret


@dataclass(frozen=True, slots=True)
class Credential:
    """A token or a client secret, without its text. ``id`` is the beginning of its SHA-256.

    ``expires`` is ``None`` for one that stays good. ``used`` is right to about an hour.
    """

    id: str
    kind: CredentialKind
    label: str
    created: datetime
    expires: datetime | None = None
    used: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Tell whether it is past its end."""
        return self.expires is not None and self.expires <= now


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose tokens, issued by Entra, stand for a source: all that is given here must be in the token.

    ``tenant`` is its ``tid``, ``audience`` its ``aud``, ``app_id`` its ``appid`` or ``azp``, ``object_id`` its ``oid``.
    """

    tenant: str
    audience: str
    app_id: str = ""
    object_id: str = ""

    @property
    def tells_apart(self) -> bool:
        """Whether it names an app or an object: an audience alone may be shared by every app of the tenant."""
        return bool(self.app_id or self.object_id)

    def overlaps(self, other: "Trust") -> bool:
        """Tell whether one token could be meant by both."""
        return (
            (self.tenant, self.audience) == (other.tenant, other.audience)
            and (not self.app_id or not other.app_id or self.app_id == other.app_id)
            and (not self.object_id or not other.object_id or self.object_id == other.object_id)
        )


@dataclass(frozen=True, slots=True)
class Access:
    """What a source may do, and how it is answered; the fields are those of ``Caller``."""

    kinds: frozenset[ObjectKind] = EVERY_KIND
    writes: bool = True
    own_only: bool = False
    profile: Profile = field(default_factory=Profile)


@dataclass(frozen=True, slots=True)
class Source:
    """One SCIM client: an Entra enterprise app, with its own credentials.

    ``entra`` are tokens that Entra issues and the client sends as bearer tokens; ``federation`` are those that it shows
    at ``/oauth/token`` as a client assertion (RFC 7523).
    """

    id: str
    name: str
    enabled: bool
    created: datetime
    access: Access = Access()
    rate: Rate = field(default_factory=Rate)
    entra: tuple[Trust, ...] = ()
    federation: tuple[Trust, ...] = ()
    tokens: tuple[Credential, ...] = ()
    secrets: tuple[Credential, ...] = ()

    def caller(self) -> Caller:
        """Return the caller that this source is."""
        access = self.access
        return Caller(self.id, access.kinds, access.writes, access.own_only, access.profile, self.rate)


@dataclass(frozen=True, slots=True)
class Warned:
    """A credential that somebody must look at, by ids only."""

    source: str
    kind: CredentialKind
    id: str
    expires: datetime


def warnings(sources: Iterable[Source], now: datetime) -> tuple[tuple[Warned, ...], tuple[Warned, ...]]:
    """Return the credentials of enabled sources that expire within 30 days, and those that have expired."""
    found = [
        Warned(source.id, each.kind, each.id, each.expires)
        for source in sources
        if source.enabled
        for each in (*source.tokens, *source.secrets)
        if each.expires is not None and each.expires <= now + WARNED_BEFORE
    ]
    found.sort(key=lambda each: each.expires)
    return tuple(each for each in found if each.expires > now), tuple(each for each in found if each.expires <= now)
