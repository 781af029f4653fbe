"""Passwords: set by the server's own operation (RFC 3062) where it has one, and what its policy says against one."""

from pydantic import SecretStr

from connectors.errors import ConnectorError, Misconfigured, NotFound, Rejected
from connectors.ldap.activation import LOCK_ATTRIBUTE
from connectors.ldap.directory import USER, Directory
from connectors.ldap_client.ber import SEQUENCE, element
from connectors.ldap_client.library import MODIFY_REPLACE
from connectors.ldap_client.password_policy import ASK_POLICY, PolicyError
from connectors.ldap_client.results import NO_SUCH_OBJECT, SUCCESS, Operation, Result

MODIFY_PASSWORD = "1.3.6.1.4.1.4203.1.11.1"  # noqa: S105 - the number of the operation
MUST_CHANGE = "pwdReset"
_USER_IDENTITY, _NEW_PASSWORD = 0x80, 0x82
_CONSTRAINT, _UNWILLING = 19, 53

_WORDS = {
    PolicyError.PASSWORD_MOD_NOT_ALLOWED: ("the policy lets nobody change this password", "Look at the user's policy."),
    PolicyError.MUST_SUPPLY_OLD_PASSWORD: (
        "the policy demands the old password",
        "Turn pwdSafeModify off in the policy of these users: the old password is not known here.",
    ),
    PolicyError.INSUFFICIENT_PASSWORD_QUALITY: (
        "the password is too simple for the policy",
        "Choose one with more kinds of characters.",
    ),
    PolicyError.PASSWORD_TOO_SHORT: ("the password is too short for the policy", "Choose a longer one."),
    PolicyError.PASSWORD_TOO_LONG: ("the password is too long for the policy", "Choose a shorter one."),
    PolicyError.PASSWORD_TOO_YOUNG: (
        "the last password is too young to be changed",
        "Wait as long as the policy says (pwdMinAge).",
    ),
    PolicyError.PASSWORD_IN_HISTORY: ("the password was used before", "Choose one that is new."),
    PolicyError.ACCOUNT_LOCKED: ("the account is locked", "Unlock the account first."),
    PolicyError.PASSWORD_EXPIRED: ("the policy refused it (passwordExpired)", "Look at the user's policy."),
    PolicyError.CHANGE_AFTER_RESET: (
        "the service account must change its own password first",
        "Change the service account's password as the account itself, and enter the new one here.",
    ),
}


def is_locked(directory: Directory, remote_id: str) -> bool:
    """Whether a user is deactivated by a lock, which the server ends when the password is set."""
    if directory.switch.attribute != LOCK_ATTRIBUTE:
        return False
    return not directory.switch.is_active(directory.locate(USER, remote_id, directory.switch.attributes))


def set_password(directory: Directory, remote_id: str, password: SecretStr, *, must_change: bool) -> None:
    """Set a user's password. Raises ``Rejected`` where the policy refuses it; nothing is changed then."""
    must_be_encrypted(directory)
    if must_change and not directory.schema.has_attribute(MUST_CHANGE):
        raise Rejected(
            f"The directory cannot make users change their password: it has no password policy ({MUST_CHANGE}).",
            code="ldap.mustChangeUnsupported",
            fix="Turn on the server's password policy, or do not ask for a change at the next sign-in.",
        )
    dn = directory.locate(USER, remote_id, ["1.1"]).dn
    result = _written(directory, dn, password.get_secret_value())
    if result.code != SUCCESS:
        raise _refusal(directory, result, dn)
    if must_change:
        directory.session.modify(dn, {MUST_CHANGE: [(MODIFY_REPLACE, [b"TRUE"])]})


def must_be_encrypted(directory: Directory) -> None:
    """Raise ``Misconfigured`` where a password would be sent in clear text."""
    if directory.settings.security == "plain":
        raise Misconfigured(
            "Passwords are not sent over an unencrypted connection.",
            code="ldap.passwordNeedsTls",
            fix="Set 'Security' of the connection to LDAPS (port 636) or StartTLS (port 389).",
        )


def _written(directory: Directory, dn: str, password: str) -> Result:
    if MODIFY_PASSWORD in directory.schema.offers:
        content = element(_USER_IDENTITY, dn.encode()) + element(_NEW_PASSWORD, password.encode())
        request = element(SEQUENCE, content)
        return directory.session.extended(MODIFY_PASSWORD, request, dn, Operation.SET_PASSWORD, [password])
    change = {"userPassword": [(MODIFY_REPLACE, [password.encode()])]}
    return directory.session.try_modify(dn, change, [ASK_POLICY])


def _refusal(directory: Directory, result: Result, dn: str) -> ConnectorError:
    """Return why a password was refused: by the policy's control, or by codes that servers without it give."""
    if result.code == NO_SUCH_OBJECT:
        return NotFound(f"There is no entry {dn}.", code="ldap.noSuchObject")
    if result.refused_by_policy is None and result.code not in (_CONSTRAINT, _UNWILLING):
        return directory.session.error_of(result)
    why, fix = "a rule of the server refused it", "Choose another password, or look at the server's password rules."
    if result.refused_by_policy is not None:
        why, fix = _WORDS[result.refused_by_policy]
    return Rejected(
        f"The directory refused to set the password of {dn}: {why}.{result.said}", code="ldap.passwordPolicy", fix=fix
    )
