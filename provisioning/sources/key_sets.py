"""Reading a tenant's published signing keys (a JSON Web Key Set, RFC 7517) over verified TLS. Imports on first use."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioning.sources.errors import KeysUnreachable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

PATIENCE_SECONDS = 5.0
LARGEST = 256 * 1024
MOST_KEYS = 100
SMALLEST_KEY = 2048
"""Bits of an RSA key (RFC 7518 section 3.3)."""


async def read_key_set(url: str, ca_file: Path | None = None) -> Any:
    """Return the JSON at an address. Raises ``KeysUnreachable`` for whatever is not a 200 with JSON in 5 s."""
    import aiohttp

    try:
        tls = await asyncio.to_thread(ssl.create_default_context)
        if ca_file:
            tls.load_verify_locations(cafile=ca_file)
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS),
                trust_env=True,
            ) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise KeysUnreachable(f"{url} answered {answer.status}.")
            body = b""
            async for part in answer.content.iter_any():
                body += part
                if len(body) > LARGEST:
                    raise KeysUnreachable(f"{url} answered more than {LARGEST} bytes.")
        return json.loads(body)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError) as error:
        raise KeysUnreachable(f"{url} could not be read: {type(error).__name__}.") from error


def usable_keys(key_set: Any, issuers: tuple[str, str], tenant: str) -> "Mapping[str, RSAPublicKey]":
    """Return the RSA signing keys of a key set by their ``kid``; everything else in it is passed over.

    A key that names its issuer signs for that issuer only: Microsoft publishes keys of other tenants' issuers beside.
    """
    from jwt.algorithms import RSAAlgorithm
    from jwt.exceptions import InvalidKeyError

    found: dict[str, RSAPublicKey] = {}
    listed = key_set.get("keys") if isinstance(key_set, dict) else None
    for key in listed[:MOST_KEYS] if isinstance(listed, list) else []:
        if not isinstance(key, dict) or key.get("kty") != "RSA" or key.get("use", "sig") != "sig":
            continue
        issuer = str(key.get("issuer") or issuers[0]).replace("{tenantid}", tenant)
        if issuer not in issuers or not isinstance(key.get("kid"), str):
            continue
        try:
            made = RSAAlgorithm.from_jwk({name: str(key.get(name, "")) for name in ("kty", "n", "e")})
        except (InvalidKeyError, ValueError):
            continue
        if made.key_size >= SMALLEST_KEY:
            found[key["kid"]] = made  # type: ignore[assignment]  # made of n and e alone, so a public key
    return found
