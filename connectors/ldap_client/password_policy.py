"""What a server's password policy says in its response control (draft-behera-ldap-password-policy-10, 6.2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from connectors.errors import Misconfigured
from connectors.ldap_client.ber import elements

PASSWORD_POLICY = "1.3.6.1.4.1.42.2.27.8.5.1"  # noqa: S105 - the number of the control
ASK_POLICY = (PASSWORD_POLICY, False, None)
"""The request control: servers that have no policy pass over it."""

_WARNING, _ERROR, _SECONDS_LEFT, _GRACES_LEFT = 0xA0, 0x81, 0x80, 0x81


class PolicyError(IntEnum):
    """Why the policy refused, as the draft numbers it."""

    PASSWORD_EXPIRED = 0
    ACCOUNT_LOCKED = 1
    CHANGE_AFTER_RESET = 2
    PASSWORD_MOD_NOT_ALLOWED = 3
    MUST_SUPPLY_OLD_PASSWORD = 4
    INSUFFICIENT_PASSWORD_QUALITY = 5
    PASSWORD_TOO_SHORT = 6
    PASSWORD_TOO_YOUNG = 7
    PASSWORD_IN_HISTORY = 8
    PASSWORD_TOO_LONG = 9


@dataclass(frozen=True, slots=True)
class PolicyResponse:
    """The control's content: an error, or a warning in seconds or binds that are left."""

    error: PolicyError | None = None
    seconds_left: int | None = None
    graces_left: int | None = None


NO_POLICY = PolicyResponse()


def policy_response(result: Mapping[str, Any]) -> PolicyResponse:
    """Return what the policy said with an answer; nothing where it said nothing, or nothing that can be read."""
    value = ((result.get("controls") or {}).get(PASSWORD_POLICY) or {}).get("value")
    try:
        return decoded(bytes(value)) if value else NO_POLICY
    except ValueError:
        return NO_POLICY


def decoded(value: bytes) -> PolicyResponse:
    """Read ``SEQUENCE { warning [0] CHOICE { timeBeforeExpiration [0], graceAuthNsRemaining [1] }, error [1] }``."""
    error, seconds, graces = None, None, None
    for _, content in elements(value):
        for tag, part in elements(content):
            if tag == _ERROR:
                error = PolicyError(int.from_bytes(part))
            elif tag == _WARNING:
                for kind, number in elements(part):
                    seconds = int.from_bytes(number) if kind == _SECONDS_LEFT else seconds
                    graces = int.from_bytes(number) if kind == _GRACES_LEFT else graces
    return PolicyResponse(error, seconds, graces)


_CANNOT_BIND = {
    PolicyError.PASSWORD_EXPIRED: (
        "The password of {0} has expired.",
        "ldap.passwordExpired",
        "Set a new password for the service account and enter it in the connection. Best give the account a password "
        "policy of its own without expiry (pwdPolicySubentry, pwdMaxAge: 0).",
    ),
    PolicyError.ACCOUNT_LOCKED: (
        "The account {0} is locked by the directory's password policy.",
        "ldap.accountLocked",
        "Unlock the service account (OpenLDAP: delete its pwdAccountLockedTime), and find out who else signs in with "
        "it and a wrong password: an old connection or script locks it again.",
    ),
    PolicyError.CHANGE_AFTER_RESET: (
        "{0} must change its password before it may do anything else.",
        "ldap.passwordMustChange",
        "Change the password as the account itself (ldappasswd -x -D <bind DN> -W -S), or delete its pwdReset, and "
        "enter the password in the connection.",
    ),
}


def cannot_bind(bind_name: str, response: PolicyResponse) -> Misconfigured | None:
    """Return why the policy does not let an account work, if that is so."""
    if response.error not in _CANNOT_BIND:
        return None
    message, code, fix = _CANNOT_BIND[response.error]
    return Misconfigured(message.format(bind_name), code=code, fix=fix)


def runs_out(response: PolicyResponse) -> str:
    """Return a sentence about a password that will soon be of no use, or nothing."""
    if response.graces_left is not None:
        return f"It may sign in {response.graces_left} more times."
    if response.seconds_left is not None:
        days, hours = divmod(response.seconds_left // 3600, 24)
        return f"Its password expires in {days} days and {hours} hours."
    return ""


def examples() -> Iterator[Misconfigured]:
    """Yield an error of each code, for documents."""
    for message, code, fix in _CANNOT_BIND.values():
        yield Misconfigured(message.format("…"), code=code, fix=fix)
