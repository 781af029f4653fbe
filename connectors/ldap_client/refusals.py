"""A refused bind in words (RFC 4513, 5.1)."""

from connectors.errors import Misconfigured


def bind_refusal(bind_name: str, description: str, diagnostic: str) -> Misconfigured:
    """Return what a refused bind means. The diagnostic is each server's own, and not read here."""
    return _REFUSALS.get(description, _bind_refused)(bind_name, description)


def _bind_refused(bind_name: str, description: str) -> Misconfigured:
    return Misconfigured(
        f"The directory does not let {bind_name} bind ({description}).",
        code=f"ldap.{description}",
        fix="Check the service account: that it exists, is not locked, and may bind this way.",
    )


def _wrong_password(bind_name: str, description: str) -> Misconfigured:
    return Misconfigured(
        f"The directory does not accept the bind DN {bind_name} with this password.",
        code=f"ldap.{description}",
        fix="Enter the bind DN and the password of the service account again.",
    )


def _needs_encryption(bind_name: str, description: str) -> Misconfigured:
    return Misconfigured(
        f"The directory wants {bind_name} to bind over an encrypted connection.",
        code=f"ldap.{description}",
        fix="Choose LDAPS or StartTLS.",
    )


_REFUSALS = {
    "invalidCredentials": _wrong_password,
    "noSuchObject": _wrong_password,
    "invalidDNSyntax": _wrong_password,
    "confidentialityRequired": _needs_encryption,
    "strongerAuthRequired": _needs_encryption,
}
