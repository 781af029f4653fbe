"""LDAP result codes (RFC 4511, appendix A) as errors of the one tree, in words and without attribute values."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from connectors.ldap_client.library import RESULT_CODES
from connectors.ldap_client.password_policy import PolicyError

SUCCESS, SIZE_LIMIT_EXCEEDED, REFERRAL, NO_SUCH_ATTRIBUTE, VALUE_EXISTS = 0, 4, 10, 16, 20
NO_SUCH_OBJECT, INVALID_DN_SYNTAX, INSUFFICIENT_ACCESS = 32, 34, 50
OBJECT_CLASS_VIOLATION = 65


class Operation(StrEnum):
    """What was asked of the server; the words stand in messages."""

    SEARCH = "search"
    ADD = "add"
    MODIFY = "modify"
    RENAME = "rename"
    DELETE = "delete"
    SET_PASSWORD = "set the password of"  # noqa: S105 - words


@dataclass(frozen=True, slots=True)
class Result:
    """The server's answer to one operation. ``values`` are the texts of the request, which no message may repeat."""

    operation: Operation
    dn: str
    code: int
    description: str
    diagnostic: str = field(default="", repr=False)
    attributes: Collection[str] = ()
    values: Collection[str] = field(default=(), repr=False)
    refused_by_policy: PolicyError | None = None
    """Why the password policy refused, where it was asked."""

    @property
    def attribute(self) -> str | None:
        """The attribute of the request that the server complains about, where it names one."""
        known = {name.lower(): name for name in self.attributes}
        for word in re.findall(r"[A-Za-z][A-Za-z0-9-]*", self.diagnostic):
            if word.lower() in known:
                return known[word.lower()]
        return None

    @property
    def said(self) -> str:
        """The server's own words, unless they repeat what was written: ``The server said: ...``, or nothing."""
        text = " ".join(self.diagnostic.split())
        # Compared without spaces and before it is cut: part of a secret is a secret.
        bare = _bare(text)
        if not text or any(len(value) > 2 and _bare(value) in bare for value in self.values):
            return ""
        return f" The server said: {text[:200]}."


def _bare(text: str) -> str:
    return "".join(text.split()).casefold()


def error_of(result: Result) -> ConnectorError:
    """Return the error of a result that is no success."""
    return _TABLE.get(result.code, _rejected("the directory refused it"))(result)


def is_transient(code: int) -> bool:
    """Whether the server asks to come back later."""
    return code in _TRANSIENT


def _what(result: Result) -> str:
    return f"The directory refused to {result.operation} {result.dn}"


def _code(result: Result) -> str:
    return f"ldap.{result.description}"


type _Rule = Callable[[Result], ConnectorError]


def _rejected(why: str, fix: str = "Correct the value or the mapping of this attribute.") -> _Rule:
    def rule(result: Result) -> ConnectorError:
        attribute = result.attribute
        about = f" (attribute {attribute})" if attribute else ""
        message = f"{_what(result)}: {why}{about}.{result.said}"
        return Rejected(message, code=_code(result), fix=fix, attribute=attribute)

    return rule


def _misconfigured(why: str, fix: str) -> _Rule:
    def rule(result: Result) -> ConnectorError:
        return Misconfigured(f"{_what(result)}: {why}.{result.said}", code=_code(result), fix=fix)

    return rule


def _unavailable(why: str) -> _Rule:
    def rule(result: Result) -> ConnectorError:
        message = f"The directory did not {result.operation} {result.dn}: {why}.{result.said}"
        return Unavailable(message, code=_code(result), fix="It is tried again. If it persists, look at the server.")

    return rule


def _not_found(result: Result) -> ConnectorError:
    if result.operation in (Operation.SEARCH, Operation.ADD):
        # The entry itself cannot be missing here: its place is.
        return missing_place(result.dn)
    return NotFound(f"There is no entry {result.dn}.", code=_code(result))


def missing_place(dn: str) -> Misconfigured:
    """Return the error for a base that is not there. Many servers say the same of one that may not be read."""
    return Misconfigured(
        f"There is no place {dn} in the directory, or it may not be read.",
        code="ldap.noSuchObject",
        fix="Correct the base DN in the connection, create the entry, or give the service account the right to read "
        "it.",
    )


def _already_exists(result: Result) -> ConnectorError:
    return AlreadyExists(
        f"There is an entry {result.dn} already.",
        code=_code(result),
        fix="Let the matching attributes find it, or rename or remove it.",
        attribute=result.attribute,
    )


def _constraint_violation(result: Result) -> ConnectorError:
    """Overlays that keep values unique (OpenLDAP's unique, 389's attribute uniqueness) answer with this code."""
    if re.search(r"not unique|already exists", result.diagnostic, re.IGNORECASE):
        attribute = result.attribute
        return AlreadyExists(
            f"{_what(result)}: another entry has a value that must be unique.",
            code="ldap.notUnique",
            fix="Let the matching attributes find that entry, or change its value.",
            attribute=attribute,
        )
    return _rejected("a value violates a constraint")(result)


def _insufficient_access(result: Result) -> ConnectorError:
    """One entry may be protected on purpose; but who may neither search nor add can do nothing at all."""
    fix = (
        f"Give the service account the right to {result.operation} entries there, with all their attributes. OpenLDAP: "
        'an olcAccess rule for that part of the tree with: by dn.exact="<bind DN>" write. 389 Directory Server: an aci.'
    )
    if result.operation in (Operation.SEARCH, Operation.ADD):
        return _misconfigured("the service account has no right to do that", fix)(result)
    return _rejected("the service account has no right to do that", fix)(result)


def _unwilling(result: Result) -> ConnectorError:
    if re.search(r"operation restricted|shadow context|read.?only", result.diagnostic, re.IGNORECASE):
        return _read_only(result)
    return _rejected("it is unwilling to perform this", "Look at the server's policies and overlays.")(result)


_read_only = _misconfigured(
    "this server is a read-only copy",
    "Enter the host name of the server that accepts writes (the provider) first in the connection.",
)


def _referral(result: Result) -> ConnectorError:
    """A referral is not followed: it would carry the password to a host that nobody configured."""
    if result.operation is Operation.SEARCH:
        return Misconfigured(
            f"Another server keeps {result.dn}: this one only refers to it.",
            code=_code(result),
            fix="Correct the base DN in the connection, or enter the host name of the server that keeps that part of "
            "the tree.",
        )
    return _read_only(result)


_SECURITY = "Choose LDAPS or StartTLS, or a stronger way to bind."
_TRANSIENT = frozenset({3, 11, 51, 52, 80})

_TABLE: dict[int, _Rule] = {
    1: _unavailable("it had an internal problem (operationsError)"),
    3: _unavailable("its time limit was exceeded; an index may be missing"),
    SIZE_LIMIT_EXCEEDED: _misconfigured(
        "its size limit was exceeded", "Raise the size limit of the service account, or allow it paged searches."
    ),
    7: _misconfigured("it does not know this way to authenticate", _SECURITY),
    8: _misconfigured("it demands a stronger authentication", _SECURITY),
    REFERRAL: _referral,
    11: _unavailable("an administrative limit was exceeded"),
    12: _misconfigured("it does not support an extension that is needed", "Turn on paged results on the server."),
    13: _misconfigured("it demands an encrypted connection", _SECURITY),
    NO_SUCH_ATTRIBUTE: _rejected("a value that should go is not there"),
    17: _rejected("it does not know this attribute", "Map to an attribute that the server's schema has."),
    19: _constraint_violation,
    VALUE_EXISTS: _rejected("a value is there twice"),
    21: _rejected("a value does not have the syntax of its attribute"),
    NO_SUCH_OBJECT: _not_found,
    INVALID_DN_SYNTAX: _rejected("the name is not a valid DN"),
    48: _misconfigured("it does not accept this bind", "Check the bind DN and that the account has a password."),
    49: _misconfigured("the credentials are wrong", "Enter the bind DN and password again."),
    INSUFFICIENT_ACCESS: _insufficient_access,
    51: _unavailable("it is busy"),
    52: _unavailable("it is shutting down or starting"),
    53: _unwilling,
    64: _rejected("the name is not allowed there", "Check the naming attribute and the server's structure rules."),
    OBJECT_CLASS_VIOLATION: _rejected(
        "the object classes do not allow this, or demand an attribute that is missing",
        "Map every attribute that the object classes demand, and none that they do not know.",
    ),
    66: _rejected("the entry has entries below it", "Move or delete those first."),
    67: _rejected("the naming attribute cannot be changed so"),
    68: _already_exists,
    71: _rejected("the entry cannot move to another server"),
    80: _unavailable("it had an internal problem (other)"),
}


def examples() -> Iterator[ConnectorError]:
    """Yield an error of each code, for documents."""
    for code in _TABLE:
        yield error_of(Result(Operation.MODIFY, "…", code, RESULT_CODES[code]))
    for code in (NO_SUCH_OBJECT, INSUFFICIENT_ACCESS):  # these say something else of a new entry
        yield error_of(Result(Operation.ADD, "…", code, RESULT_CODES[code]))
