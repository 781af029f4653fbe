"""What a request to ``/oauth/token`` asks for (RFC 6749 sections 2.3.1 and 4.4, RFC 7523 section 2.2). Pure."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MOST_BYTES = 16 * 1024
_MOST_FIELDS = 20
_SECRET_FIELDS = {"client_secret", "client_assertion"}


class BadTokenRequest(Exception):
    """A request that is answered with an error of RFC 6749 section 5.2. The text never holds what was sent."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True, repr=False)
class TokenRequest:
    """One request, read. Either ``secret`` or ``assertion`` is empty, or both are."""

    client_id: str
    secret: str
    assertion: str
    scope: str


def read_token_request(
    content_type: str, authorization: str | None, query: Mapping[str, str], body: bytes
) -> TokenRequest:
    """Read a request. Raises ``BadTokenRequest``."""
    if _SECRET_FIELDS & set(query):
        raise _invalid("Credentials must be in the body or the Authorization header, never in the address.")
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise _invalid("The body must be application/x-www-form-urlencoded.")
    form = _form(body)
    if not form.get("grant_type"):
        raise _invalid("grant_type is missing; it must be client_credentials.")
    if form["grant_type"] != "client_credentials":
        raise BadTokenRequest("unsupported_grant_type", "The grant_type must be client_credentials.")
    client_id, secret = _client(authorization, form)
    assertion = form.get("client_assertion", "")
    if assertion or "client_assertion_type" in form:
        if form.get("client_assertion_type") != ASSERTION_TYPE or not assertion:
            raise _invalid(f"A client_assertion needs the client_assertion_type {ASSERTION_TYPE}, and it needs one.")
        if secret:
            raise _invalid("Send a client secret or a client_assertion, not both.")
    return TokenRequest(client_id, secret, assertion, form.get("scope", ""))


def _form(body: bytes) -> dict[str, str]:
    if len(body) > MOST_BYTES:
        raise _invalid(f"The body has more than {MOST_BYTES} bytes.")
    try:
        fields = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:  # what is not UTF-8, and too many fields
        raise _invalid("The body is not a form in UTF-8 with few fields.") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise _invalid("A parameter is given more than once.")
    return {name: value for name, value in form.items() if value}  # RFC 6749 section 3.2: without a value is left out


def _client(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str]:
    """Return the client's id and secret, from the header or the body; from both where they say the same."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if not authorization:
        return client_id, secret
    scheme, _, encoded = authorization.strip().partition(" ")
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        raise _invalid("The Authorization header is not Basic with a client id and a secret.") from None
    if scheme.lower() != "basic" or not colon:
        raise _invalid("The Authorization header is not Basic with a client id and a secret.")
    header_id, header_secret = unquote_plus(user), unquote_plus(password)
    if (client_id and client_id != header_id) or (secret and secret != header_secret):
        raise _invalid("The Authorization header and the body name different clients.")
    return header_id, header_secret


def _invalid(description: str) -> BadTokenRequest:
    return BadTokenRequest("invalid_request", description)
