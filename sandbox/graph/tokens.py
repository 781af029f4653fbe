"""The token endpoint of one tenant (OAuth 2.0 client credentials, RFC 6749 4.4) and the check of its bearer tokens.

Tokens are JWTs with the claims of Entra's own (aud, appid, roles, tid, exp), signed with a secret of this process.
Refusals carry Entra's AADSTS codes, which is what clients and people tell them apart by.
"""

import hmac
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

from sandbox.graph.errors import unauthenticated
from sandbox.graph.knobs import Knobs

_GRAPH = frozenset({"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"})


@dataclass(frozen=True, slots=True)
class Application:
    """The one app registration that may get tokens."""

    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What the token endpoint answers."""

    status: int
    body: dict[str, Any]


class Tokens:
    """Issues and checks the tokens of one tenant. ``origin`` is this server's own: ``https://localhost:8443``."""

    def __init__(self, tenant_id: str, application: Application, knobs: Knobs) -> None:
        self._tenant_id = tenant_id
        self._application = application
        self._knobs = knobs
        self._key = secrets.token_bytes(32)

    def issue(self, tenant_id: str, form: Mapping[str, str], now: datetime, origin: str) -> TokenAnswer:
        """Answer a POST to /{tenant}/oauth2/v2.0/token."""
        if tenant_id.casefold() != self._tenant_id.casefold():
            text = f"Tenant '{tenant_id}' not found. Check to make sure you have the correct tenant ID."
            return _refused(400, "invalid_request", 90002, text, now)
        missing = [name for name in ("grant_type", "client_id", "scope") if not form.get(name)]
        if missing:
            text = f"The request body must contain the following parameter: '{missing[0]}'."
            return _refused(400, "invalid_request", 900144, text, now)
        if form["grant_type"] != "client_credentials":
            return _refused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.", now)
        if form["client_id"].casefold() != self._application.client_id.casefold():
            text = f"Application with identifier '{form['client_id']}' was not found in the directory."
            return _refused(400, "unauthorized_client", 700016, text, now)
        if not form.get("client_secret"):
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            return _refused(401, "invalid_client", 7000218, text, now)
        if not hmac.compare_digest(form["client_secret"].encode(), self._application.client_secret.encode()):
            text = f"Invalid client secret provided for app '{self._application.client_id}'."
            return _refused(401, "invalid_client", 7000215, text, now)
        if self._knobs.secret_expired:
            text = f"The provided client secret keys for app '{self._application.client_id}' are expired."
            return _refused(401, "invalid_client", 7000222, text, now)
        if self._knobs.sign_in_refusal is not None:
            text = "The sign-in was refused by the tenant's administrator."
            return _refused(400, "invalid_grant", self._knobs.sign_in_refusal, text, now)
        scope = form["scope"]
        audience = scope.removesuffix("/.default")
        if audience == scope or audience not in _GRAPH | {origin}:
            text = f"The provided value for the input parameter 'scope' is not valid: {scope}."
            return _refused(400, "invalid_scope", 1002012, text, now)
        lifetime = int(self._knobs.token_lifetime)
        token = self._token(audience, now, self._knobs.token_lifetime)
        body = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}
        return TokenAnswer(200, body)

    def _token(self, audience: str, now: datetime, lifetime: float) -> str:
        issued = now.timestamp()
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self._tenant_id}/",
            "iat": int(issued),
            "nbf": int(issued),
            "exp": issued + lifetime,
            "appid": self._application.client_id,
            "idtyp": "app",
            "roles": sorted(self._knobs.permissions),
            "tid": self._tenant_id,
            "uti": secrets.token_urlsafe(16),
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def check(self, authorization: str | None, now: datetime, origin: str) -> None:
        """Raise 401 unless the header carries a token of this tenant that has not expired."""
        found = re.fullmatch(r"[Bb]earer +(\S+)", authorization or "")
        if not found:
            raise unauthenticated("Access token is empty.")
        try:
            # The tenant's own clock decides, not the machine's.
            options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
            claims = jwt.decode(found[1], self._key, algorithms=["HS256"], audience=[*_GRAPH, origin], options=options)
        except jwt.InvalidAudienceError as error:
            raise unauthenticated("Access token validation failure. Invalid audience.") from error
        except jwt.InvalidTokenError as error:
            raise unauthenticated("Access token validation failure. Invalid signature or form.") from error
        if claims["exp"] <= now.timestamp():
            raise unauthenticated("Lifetime validation failed, the token is expired.")


def discovery(tenant_id: str, origin: str) -> dict[str, Any]:
    """Return the OpenID configuration document, which MSAL reads before it asks for a token."""
    base = f"{origin}/{tenant_id}"
    return {
        "issuer": f"{base}/v2.0",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": None,
    }


def _refused(status: int, error: str, code: int, text: str, now: datetime) -> TokenAnswer:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
    description = f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
    body = {
        "error": error,
        "error_description": description,
        "error_codes": [code],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    return TokenAnswer(status, body)
