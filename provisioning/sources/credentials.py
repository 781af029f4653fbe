"""Texts that let somebody in: made of 256 random bits, known afterwards by their SHA-256 only. Pure but for chance.

Nothing can be guessed from a plain SHA-256 of 256 random bits, so a slow hash would protect nothing and cost each
request. A text begins with what it is, so that a scanner of leaked secrets can know it.
"""

import hashlib
import hmac
import re
import secrets

from provisioning.sources.source import CredentialKind

PREFIXES = {CredentialKind.TOKEN: "ls_", CredentialKind.SECRET: "lss_"}
ACCESS_PREFIX = "lsa_"
LONGEST = 8192
"""Characters of a credential that are looked at; a token that Entra issues for an app has about 1,500."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{16}")


def new_text(prefix: str) -> str:
    """Return a new text of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def sha256(text: str) -> str:
    """Return the SHA-256 of a text in hex; of any text that a request may hold, lone surrogates too."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_sha256(text: str) -> bool:
    """Tell whether a text is a SHA-256 in lower-case hex."""
    return _SHA256.fullmatch(text) is not None


def is_credential_id(text: str) -> bool:
    """Tell whether a text could be the id of a credential."""
    return _ID.fullmatch(text) is not None


def credential_id(digest: str) -> str:
    """Return the id by which people name a credential: long enough to be one, of no use to get in."""
    return digest[:16]


def mark(credential: str, body: str) -> str:
    """Return what tells that a text was made by whoever knows a credential's SHA-256: 128 bits of an HMAC of it."""
    return hmac.new(credential.encode(), body.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def bearer(authorization: str | None) -> str | None:
    """Return what an Authorization header carries as a bearer token (RFC 6750 section 2.1), or ``None``."""
    scheme, _, text = (authorization or "").strip().partition(" ")
    text = text.strip()
    return text if scheme.lower() == "bearer" and 0 < len(text) <= LONGEST else None
