"""The one error tree of every connector; the engine's whole retry policy is a table over it.

ConnectorError
+- Unavailable      throttled, timeout, 5xx, connection lost   the same job, later; repeated: the circuit opens
+- Misconfigured    credentials, permission, TLS, base DN      the connection is quarantined, with the fix in words
+- Rejected         this one object is refused                 its link is escrowed and backs off, 1 min .. 24 h
+- NotFound         the account is not there                   repaired inline (update: recreate, delete: success)
+- AlreadyExists    an account with that name is there         repaired inline (look up and link)

A message is written for the administrator who reads it in the report: what happened, then what to do. It never holds
a secret, and of personal data only the identifier of the object it is about.
"""

from connectors.values import Account


class ConnectorError(Exception):
    """The external system could not do what it was asked to.

    ``code`` is stable and short (``ldap.constraintViolation``, ``graph.Request_BadRequest``): reports are searched and
    documentation is written by it. ``fix`` is the recommended action in words, or empty where there is none.
    ``may_have_happened`` is true when the request was sent and its answer was lost, or was done in part: an account
    was made, and something of it failed. A create must then be looked up before it is tried again, unless ``created``
    is that account: the hub links it, and goes on with updates. It tells whether the account is ``active``; where that
    is not sure, it is better looked up.
    """

    may_have_happened = False
    created: Account | None = None

    def __init__(self, message: str, *, code: str, fix: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.fix = fix


class Unavailable(ConnectorError):
    """The system cannot answer now. Nothing is wrong with the object.

    ``retry_after`` is in seconds, where the system named one. ``one_object`` says that the system works and only this
    object cannot be served now, so that the circuit of the connection stays closed.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        fix: str = "",
        retry_after: float | None = None,
        may_have_happened: bool = False,
        one_object: bool = False,
    ) -> None:
        super().__init__(message, code=code, fix=fix)
        self.retry_after = retry_after
        self.one_object = one_object
        self.may_have_happened = may_have_happened


class Misconfigured(ConnectorError):
    """Every request would fail: credentials, permission, TLS trust, a base DN that is not there."""


class Rejected(ConnectorError):
    """This one object is refused; others are not concerned. ``attribute`` names the culprit where the system does."""

    def __init__(self, message: str, *, code: str, fix: str = "", attribute: str | None = None) -> None:
        super().__init__(message, code=code, fix=fix)
        self.attribute = attribute


class NotFound(ConnectorError):
    """The account that was named by its remote id does not exist (any more)."""


class AlreadyExists(ConnectorError):
    """Another account holds a name that must be unique. ``attribute`` names it where the system does."""

    def __init__(self, message: str, *, code: str, fix: str = "", attribute: str | None = None) -> None:
        super().__init__(message, code=code, fix=fix)
        self.attribute = attribute
