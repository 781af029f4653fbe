"""Checking a token that Entra issued: read first, then matched with what sources trust, only then verified.

A JSON Web Token (RFC 7519) names its key and its algorithm itself, and is believed in neither: the algorithm is RS256,
the key is the tenant's. What is right is as Microsoft documents it for access tokens (signature, ``iss``, ``aud``,
``tid``, ``exp``, ``nbf``) and RFC 8725 for any.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioning.sources.errors import Reason, Refused
from provisioning.sources.signing_keys import SigningKeys
from provisioning.sources.source import Trust

SKEW = timedelta(minutes=5)
"""How far Entra's clock and ours may be apart."""
LONGEST_LIFE = timedelta(hours=30)
"""Entra's longest app-only tokens live 24 to 28 hours; one that claims more is not one of them."""

_ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True)
class Presented:
    """What a token says of itself, before anything of it is believed; its text is not kept."""

    kid: str
    tenant: str
    audience: str
    issuer: str
    app_id: str
    object_id: str
    subject: str
    delegated: bool

    def meets(self, trust: Trust) -> bool:
        """Tell whether it claims to be one that is trusted."""
        return (
            self.tenant == trust.tenant
            and self.audience == trust.audience
            and trust.app_id in ("", self.app_id)
            and trust.object_id in ("", self.object_id)
        )


def looks_like_a_jwt(text: str) -> bool:
    """Tell whether a bearer token has the form of a signed JWT: its header is a JSON object in base64url."""
    return text.startswith("eyJ") and text.count(".") == 2


def presented(text: str) -> Presented:
    """Read a token without believing it. Raises ``Refused``."""
    parts = text.split(".")
    if len(parts) != 3:
        raise Refused(Reason.MALFORMED)
    header, claims = _json(parts[0]), _json(parts[1])
    if header.get("alg") != _ALGORITHM:
        raise Refused(Reason.ALGORITHM)
    return Presented(
        _text(header, "kid"),
        _text(claims, "tid").lower(),
        _text(claims, "aud"),
        _text(claims, "iss"),
        (_text(claims, "appid") or _text(claims, "azp")).lower(),
        _text(claims, "oid").lower(),
        _text(claims, "sub"),
        "scp" in claims,
    )


def owner_of[Owner](token: Presented, trusts: Iterable[tuple[Owner, Trust]]) -> tuple[Owner, Trust]:
    """Return who trusts such a token. Raises ``Refused``, also where it could be two."""
    found = [(owner, trust) for owner, trust in trusts if token.meets(trust)]
    if not found:
        raise Refused(Reason.AUDIENCE)
    if len(found) > 1:
        raise Refused(Reason.AMBIGUOUS)
    return found[0]


async def verify(text: str, token: Presented, keys: SigningKeys, issuers: Sequence[str], now: datetime) -> datetime:
    """Return until when a token is good. Raises ``Refused`` and ``KeysUnreachable``.

    ``token`` is what ``text`` says, and must have met a trust: whose keys are asked for depends on its tenant.
    """
    if token.issuer not in issuers:
        raise Refused(Reason.ISSUER)
    if token.delegated:
        # A person signed in: with the audience that all custom apps share, everybody in the tenant could.
        raise Refused(Reason.DELEGATED)
    key = await keys.get(token.tenant, token.kid) if token.kid else None
    if key is None:
        raise Refused(Reason.UNKNOWN_KEY)
    claims = _verified(text, token, key)
    begins, ends = _moment(claims, "nbf"), _moment(claims, "exp")
    if ends + SKEW <= now:
        raise Refused(Reason.EXPIRED)
    if begins - SKEW > now:
        raise Refused(Reason.NOT_YET)
    if ends - now > LONGEST_LIFE:
        raise Refused(Reason.LIFETIME)
    return ends + SKEW


def _verified(text: str, token: Presented, key: Any) -> dict[str, Any]:
    import jwt

    try:
        # Times are compared by the caller, with the clock that it is handed.
        return jwt.decode(
            text,
            key,
            algorithms=[_ALGORITHM],
            audience=token.audience,
            issuer=token.issuer,
            options={
                "require": ["iss", "aud", "exp", "nbf"],
                "strict_aud": True,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.InvalidSignatureError:
        raise Refused(Reason.SIGNATURE) from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        # None: what a library says of a token may quote it.
        raise Refused(Reason.MALFORMED) from None


def _json(part: str) -> dict[str, Any]:
    try:
        raw = base64.urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))
        found = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        raise Refused(Reason.MALFORMED) from None
    if not isinstance(found, dict):
        raise Refused(Reason.MALFORMED)
    return found


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    return value if isinstance(value, str) and len(value) <= 300 else ""


def _moment(claims: dict[str, Any], name: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(claims[name]), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise Refused(Reason.MALFORMED) from None
