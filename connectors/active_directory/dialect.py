"""What a domain controller means by its answers: Windows' own error codes in the diagnostic message, put into words.

Every diagnostic begins with an eight-digit code of Windows (MS-ERREF 2.2), which says more than LDAP's result code: a
``constraintViolation`` is a refused password, a taken name or a reference to nobody. A refused bind says why after the
word ``data``. Samba sends the same codes, if fewer of them.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from connectors.active_directory.delegation import PROTECTED, Task, allow, delegate
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from connectors.ldap_client import refusals, results
from connectors.ldap_client.dialect import Dialect
from connectors.ldap_client.names import parse_known_dn
from connectors.ldap_client.results import Operation, Result

_CODE = re.compile(r"^\s*([0-9A-Fa-f]{8}):")
_DATA = re.compile(r"\bdata ([0-9a-fA-F]{1,8})\b")
_ATTRIBUTE = re.compile(r"Att [0-9a-fA-F]+ \(([A-Za-z][A-Za-z0-9-]*)")
_ENTRY_EXISTS = 68

type _Rule = Callable[[Result], ConnectorError]


def windows_code(diagnostic: str) -> int | None:
    """Return the code of Windows that a diagnostic message begins with."""
    found = _CODE.match(diagnostic)
    return int(found[1], 16) if found else None


def error_of(result: Result) -> ConnectorError:
    """Return the error of a result that is no success."""
    if result.code == results.REFERRAL:
        return _referral(result)
    if result.operation is Operation.ADD and result.code == results.NO_SUCH_OBJECT:
        return _no_parent(result)
    rule = _RULES.get(windows_code(result.diagnostic) or 0)
    if rule is None and result.code == _ENTRY_EXISTS and result.operation in (Operation.ADD, Operation.RENAME):
        rule = _name_taken  # Samba gives no code for that
    if rule is None and result.code == results.INSUFFICIENT_ACCESS:
        rule = _no_right
    return rule(result) if rule else results.error_of(result)


def bind_refusal(bind_name: str, description: str, diagnostic: str) -> ConnectorError:
    """Return what a refused bind means."""
    data = _DATA.search(diagnostic)
    told = _BINDS.get(int(data[1], 16)) if data and description == "invalidCredentials" else None
    if told is None:
        return refusals.bind_refusal(bind_name, description, diagnostic)
    code, what, fix = told
    return Misconfigured(f"The domain controller does not let {bind_name} sign in: {what}.", code=code, fix=fix)


def attribute_of(result: Result) -> str | None:
    """Return the attribute that the controller complains about: ``Att 9026a (mail)``, or one of the request."""
    found = _ATTRIBUTE.search(result.diagnostic)
    return found[1] if found else result.attribute


def _what(result: Result) -> str:
    return f"The domain controller refused to {result.operation} {result.dn}"


def _rejected(code: str, why: str, fix: str) -> _Rule:
    def rule(result: Result) -> ConnectorError:
        attribute = attribute_of(result)
        about = f" (attribute {attribute})" if attribute else ""
        return Rejected(f"{_what(result)}: {why}{about}.", code=code, fix=fix, attribute=attribute)

    return rule


def _taken(code: str, what: str, attribute: str | None = None) -> _Rule:
    def rule(result: Result) -> ConnectorError:
        return AlreadyExists(
            f"{_what(result)}: {what}.",
            code=code,
            fix="Let the matching attributes find that account, or change one of both.",
            attribute=attribute or attribute_of(result),
        )

    return rule


def _name_taken(result: Result) -> ConnectorError:
    """A name below a parent; Samba says the same of a sAMAccountName, also of one that a userPrincipalName implies."""
    diagnostic = result.diagnostic.lower()
    if "implied by userprincipalname" in diagnostic:
        return _UPN_TAKEN(result)
    if "samaccountname" in diagnostic:
        return _ACCOUNT_NAME_TAKEN(result)
    return _taken("ad.nameTaken", "there is an object of that name in that place already")(result)


def _constraint(result: Result) -> ConnectorError:
    """Samba says so of names that are not unique."""
    diagnostic = result.diagnostic.lower()
    if "already in use" in diagnostic:
        upn = "userprincipalname" in diagnostic and "implied by samaccountname" not in diagnostic
        return (_UPN_TAKEN if upn else _ACCOUNT_NAME_TAKEN)(result)
    return _rejected("ad.constraint", "a value violates a constraint of the domain", _CORRECT)(result)


def _no_parent(result: Result) -> ConnectorError:
    return Misconfigured(
        f"{_what(result)}: the organizational unit above it is not there.",
        code="ad.placeMissing",
        fix="Create the organizational unit, correct the connection's OUs, or turn on 'Create missing OUs'.",
    )


def _gone(result: Result) -> ConnectorError:
    if result.operation is Operation.ADD:
        return _no_parent(result)
    if result.operation is Operation.SEARCH:
        return results.error_of(replace(result, code=results.NO_SUCH_OBJECT, description="noSuchObject"))
    return NotFound(f"There is no object {result.dn} in the domain.", code="ad.noSuchObject")


def _no_right(result: Result) -> ConnectorError:
    """One account may be protected (AdminSDHolder); but who may neither search nor add can do nothing at all."""
    message = f"{_what(result)}: the service account has no right to do that."
    code, place = "ad.insufficientRights", parse_known_dn(result.dn).parent or "the connection's OUs"
    if result.operation is Operation.SEARCH:
        return Misconfigured(message, code=code, fix=allow("Read", result.dn))
    fix = delegate(place, Task.USERS, Task.GROUPS)
    if result.operation is Operation.ADD:
        return Misconfigured(message, code=code, fix=fix)
    if result.operation is Operation.SET_PASSWORD or {"unicodepwd"} & {name.lower() for name in result.attributes}:
        fix = delegate(place, Task.PASSWORDS)
    return Rejected(message, code=code, fix=f"{fix} {PROTECTED}", attribute=attribute_of(result))


def _referral(result: Result) -> ConnectorError:
    """Referrals are not followed: they would carry the password to a host that nobody configured."""
    if result.dn.startswith("<GUID="):
        # The global catalogue on the same controller knows that object: one account has moved, not the connection.
        return Rejected(
            f"The object {result.dn} lies in another domain of the forest now.",
            code="ad.movedToOtherDomain",
            fix="Move it back, or provision this person by a connection to that domain.",
        )
    if result.operation is Operation.SEARCH:
        return other_domain(result.dn)
    return read_only_controller("The domain controller")


def other_domain(dn: str) -> Misconfigured:
    """Return the error for a place that is not of the controller's domain."""
    return Misconfigured(
        f"The domain controller does not hold {dn}: it lies in another domain.",
        code="ad.otherDomain",
        fix="Enter OUs of the domain whose controllers the connection names; another domain needs a connection of its "
        "own.",
    )


def read_only_controller(where: str) -> Misconfigured:
    """Return the error for a controller that takes no writes."""
    return Misconfigured(
        f"{where} is a read-only domain controller (RODC).",
        code="ad.readOnlyController",
        fix="Enter the host name of a domain controller that accepts writes.",
    )


def _busy(result: Result) -> ConnectorError:
    return Unavailable(
        f"The domain controller did not {result.operation} {result.dn}: it is busy.",
        code="ad.busy",
        fix="It is tried again. If it persists, look at the domain controller.",
    )


def _no_identifiers(result: Result) -> ConnectorError:
    return Unavailable(
        f"{_what(result)}: it has no relative identifiers (RIDs) left for new accounts.",
        code="ad.noIdentifiers",
        fix="Look at the RID master of the domain and at replication with it (dcdiag /test:ridmanager). It is tried "
        "again.",
    )


_CORRECT = "Correct the value or the mapping of this attribute."
_ACCOUNT_NAME_TAKEN = _taken("ad.accountNameTaken", "another account has this sAMAccountName", "sAMAccountName")
_UPN_TAKEN = _taken("ad.principalNameTaken", "another account has this userPrincipalName", "userPrincipalName")
_PASSWORD = _rejected(
    "ad.passwordPolicy",
    "the password does not meet the domain's policy (length, complexity, history, age)",
    "Choose a longer password of several kinds of characters that was not used before.",
)
_NOT_MEMBER = _rejected("ad.notMember", "the account is no member of the group", "Nothing to do.")

_RULES: dict[int, _Rule] = {
    0x00000005: _no_right,
    0x0000001F: _rejected(
        "ad.passwordChannel",
        "it takes passwords over an encrypted connection only",
        "Set 'Security' of the connection to LDAPS or StartTLS.",
    ),
    0x00000057: _rejected("ad.invalidValue", "a value does not have the form of its attribute", _CORRECT),
    0x00000523: _rejected("ad.invalidAccountName", "the sAMAccountName has a form that is not allowed", _CORRECT),
    0x00000524: _ACCOUNT_NAME_TAKEN,
    0x00000526: _ACCOUNT_NAME_TAKEN,
    0x0000052D: _PASSWORD,
    0x00000529: _NOT_MEMBER,
    0x00000561: _NOT_MEMBER,
    0x00000563: _ACCOUNT_NAME_TAKEN,
    0x0000200B: _rejected("ad.invalidValue", "a value does not have the form of its attribute", _CORRECT),
    0x0000200D: _rejected("ad.singleValued", "the attribute takes one value only", "Map one value to it."),
    0x0000200E: _busy,
    0x00002010: _no_identifiers,
    0x00002015: _rejected(
        "ad.notEmpty",
        "there are other objects below it",
        "Move or delete those first, or turn on 'Delete what is below a user'.",
    ),
    0x00002024: _rejected(
        "ad.tooManyValues", "the object holds more values than the domain can keep", "Map fewer values to it."
    ),
    0x0000202F: _constraint,
    0x00002030: _gone,
    0x00002071: _name_taken,
    0x00002081: _rejected("ad.singleValued", "the attribute takes one value only", "Map one value to it."),
    0x00002082: _rejected("ad.valueLength", "a value is too long, too short, or out of range", _CORRECT),
    0x00002089: _no_parent,
    0x0000208D: _gone,
    0x00002095: _no_parent,
    0x00002098: _no_right,
    0x000020B5: _rejected(
        "ad.referenceMissing",
        "it points at an account that is not in the domain",
        "It is written when that account has been provisioned; check that it is in scope.",
    ),
    0x000021C7: _taken("ad.principalNameTaken", "another account has this servicePrincipalName"),
    0x000021C8: _UPN_TAKEN,
}

_CHECK = (
    "Enter the service account and its password again. The name may be user@domain, DOMAIN\\user or the distinguished "
    "name; to try it: runas /user:<service account> cmd."
)
_PROPERTIES = "Active Directory Users and Computers, Properties of the service account, Account: "
_BINDS = {
    0x525: ("ad.bindUserUnknown", "there is no such account in the domain", _CHECK),
    0x52E: ("ad.bindCredentials", "the name or the password is wrong", _CHECK),
    0x52F: (
        "ad.bindRestricted",
        "a restriction of the account forbids it",
        "Take the service account out of the group Protected Users and out of authentication policies that forbid it.",
    ),
    0x530: ("ad.bindHours", "it may not sign in at this time", f"{_PROPERTIES}Logon Hours, permit all of them."),
    0x531: (
        "ad.bindWorkstation",
        "it may sign in from certain computers only",
        f"{_PROPERTIES}Log On To, choose 'All computers', or add the domain controllers.",
    ),
    0x532: (
        "ad.bindPasswordExpired",
        "its password has expired",
        f"Set a new password and enter it in the connection. {_PROPERTIES}tick 'Password never expires'.",
    ),
    0x533: (
        "ad.bindDisabled",
        "the account is disabled",
        "Enable it: Active Directory Users and Computers, right-click the service account, Enable Account.",
    ),
    0x534: (
        "ad.bindLogonType",
        "a policy denies it this kind of logon",
        "Look at 'Deny access to this computer from the network' in the policies of the domain controllers.",
    ),
    0x701: ("ad.bindAccountExpired", "the account has expired", f"{_PROPERTIES}set 'Account expires' to Never."),
    0x773: (
        "ad.bindMustChange",
        "its password must be changed first",
        f"{_PROPERTIES}untick 'User must change password at next logon'; or set a new password without it, and enter "
        "that in the connection.",
    ),
    0x775: (
        "ad.bindLocked",
        "the account is locked after too many wrong passwords",
        f"{_PROPERTIES}tick 'Unlock account'. Then find out who signs in with a wrong password (event 4740 on the PDC "
        "emulator): an old connection or service locks it again.",
    ),
}

ACTIVE_DIRECTORY = Dialect(error_of, bind_refusal)
"""Domain controllers of Windows and of Samba."""


def examples() -> Iterator[ConnectorError]:
    """Yield an error of each code, for documents."""
    for code in _RULES:
        yield error_of(Result(Operation.MODIFY, "…", 1, "", f"{code:08X}: …"))
    for data in _BINDS:
        yield bind_refusal("…", "invalidCredentials", f"data {data:x}")
