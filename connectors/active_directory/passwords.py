"""Passwords: ``unicodePwd``, written over an encrypted connection only and never read (MS-ADTS 3.1.1.3.1.5.1)."""

import secrets
import string

from pydantic import SecretStr

from connectors.active_directory.activation import PASSWORD_NOT_REQUIRED, change_flags, is_unfinished
from connectors.active_directory.directory import USER, Directory
from connectors.errors import Misconfigured, Rejected
from connectors.ldap_client.library import MODIFY_REPLACE
from connectors.ldap_client.session import Entry

READ = ("userAccountControl", "pwdLastSet", "lockoutTime")
"""What has to be known of an account before its password is set."""

_RANDOM_LENGTH, _LONGEST = 40, 256
_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!+:")


def set_password(directory: Directory, remote_id: str, password: SecretStr, *, must_change: bool) -> None:
    """Reset a user's password, and unlock the account where the settings say so."""
    entry = directory.locate(USER, remote_id, READ)
    changes = _change(directory, password.get_secret_value(), must_change=must_change)
    if directory.settings.unlock_with_password and entry.values("lockoutTime") not in ([], ["0"]):
        changes["lockoutTime"] = [(MODIFY_REPLACE, [b"0"])]
    if is_unfinished(entry):
        # It has a password now, and the next activation must not replace it.
        change_flags(directory, entry, off=PASSWORD_NOT_REQUIRED, along=changes)
    else:
        directory.session.modify(entry.dn, changes)


def give_first_password(directory: Directory, entry: Entry, *, on: int, off: int) -> None:
    """Give a new account a random password that nobody knows and, in the same request, flags: both or none."""
    changes = _change(directory, random_password(), must_change=directory.settings.must_change_password)
    change_flags(directory, entry, on=on, off=off | PASSWORD_NOT_REQUIRED, along=changes)


def random_password() -> str:
    """Return a password that every policy takes: 40 characters of all kinds, more than 200 bits."""
    characters = [secrets.choice(kind) for kind in _KINDS]
    characters += [secrets.choice("".join(_KINDS)) for _ in range(_RANDOM_LENGTH - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def must_be_encrypted(directory: Directory) -> None:
    """Raise ``Misconfigured`` where a password would be sent in clear text."""
    if directory.settings.security == "plain":
        raise Misconfigured(
            "A password may not be sent over an unencrypted connection.",
            code="ad.passwordChannel",
            fix="Set 'Security' of the connection to LDAPS (port 636) or StartTLS (port 389).",
        )


def _change(directory: Directory, password: str, *, must_change: bool) -> dict[str, list[tuple[str, list[bytes]]]]:
    must_be_encrypted(directory)
    if not 0 < len(password) <= _LONGEST:
        raise Rejected(
            f"The password is empty or longer than {_LONGEST} characters.",
            code="ad.passwordPolicy",
            fix="Choose a password that the domain's password policy takes.",
        )
    changes: dict[str, list[tuple[str, list[bytes]]]] = {
        "unicodePwd": [(MODIFY_REPLACE, [f'"{password}"'.encode("utf-16-le")])]
    }
    if must_change:
        changes["pwdLastSet"] = [(MODIFY_REPLACE, [b"0"])]
    return changes
