"""A refused bind in words (RFC 4513, 5.1)."""

from collections.abc import Iterator

from connectors.errors import Misconfigured


def bind_refusal(bind_name: str, description: str, diagnostic: str) -> Misconfigured:
    """Return what a refused bind means. The diagnostic is each server's own, and not read here."""
    return _REFUSALS.get(description, _bind_refused)(bind_name, description)


def _bind_refused(bind_name: str, description: str) -> Misconfigured:
    return Misconfigured(
        f"The directory does not let {bind_name} bind ({description}).",
        code=f"ldap.{description}",
        fix="Look at the service account in the directory: that it exists, is not locked, and may bind with a "
        "password.",
    )


def _wrong_password(bind_name: str, description: str) -> Misconfigured:
    return Misconfigured(
        f"The directory does not accept the bind DN {bind_name} with this password.",
        code=f"ldap.{description}",
        fix="Enter bind DN and password again. Most directories do not tell whether the name is wrong, the password "
        "is, or the account is locked; to try it by hand: ldapwhoami -x -H ldaps://<host> -D <bind DN> -W.",
    )


def _needs_encryption(bind_name: str, description: str) -> Misconfigured:
    return Misconfigured(
        f"The directory takes the password of {bind_name} over an encrypted connection only.",
        code=f"ldap.{description}",
        fix="Set 'Security' of the connection to LDAPS (port 636) or StartTLS (port 389).",
    )


_REFUSALS = {
    "invalidCredentials": _wrong_password,
    "noSuchObject": _wrong_password,
    "invalidDNSyntax": _wrong_password,
    "confidentialityRequired": _needs_encryption,
    "strongerAuthRequired": _needs_encryption,
}


def examples() -> Iterator[Misconfigured]:
    """Yield an error of each code, for documents."""
    for description in ("invalidCredentials", "confidentialityRequired", "strongerAuthRequired", "unwillingToPerform"):
        yield bind_refusal("…", description, "")
