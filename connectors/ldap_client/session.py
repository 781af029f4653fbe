"""One bound connection to one server: LDAP's operations with octets in and out, and what a broken one means.

Sessions belong to one thread at a time. They do not retry, do not follow referrals (a referral would carry the
password to a host that nobody configured) and do not know users or groups.
"""

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any, Literal

from connectors.errors import ConnectorError
from connectors.ldap_client.dialect import STANDARD, Dialect
from connectors.ldap_client.entry import Answer as Answer  # callers ask this module for both
from connectors.ldap_client.entry import Entry as Entry
from connectors.ldap_client.entry import text_of
from connectors.ldap_client.library import (
    BASE,
    DEREF_NEVER,
    LEVEL,
    SUBTREE,
    Connection,
    LDAPException,
    LDAPSocketOpenError,
    LDAPSocketSendError,
)
from connectors.ldap_client.opening import bind, close, connect
from connectors.ldap_client.password_policy import ASK_POLICY, NO_POLICY, PolicyResponse, policy_response
from connectors.ldap_client.results import (
    INVALID_DN_SYNTAX,
    NO_SUCH_OBJECT,
    SIZE_LIMIT_EXCEEDED,
    SUCCESS,
    Operation,
    Result,
    is_transient,
)
from connectors.ldap_client.settings import ServerSettings
from connectors.ldap_client.wire import add_request, attribute_list, modify_request

POST_READ = "1.3.6.1.1.13.2"
PAGE = 500
"""Entries per page (RFC 2696); usual size limits of servers are 500 or 1,000."""

type Changes = Mapping[str, Sequence[tuple[str, Sequence[bytes]]]]
"""Attribute -> changes (MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE) with their values, as ldap3 wants them."""


type Controls = Sequence[tuple[str, bool, bytes | None]]
"""Controls of a request (RFC 4511, 4.1.11): number, whether the server must know it, and its encoded value."""


class ConnectionLost(Exception):
    """The connection broke, or no answer came in time (``timed_out``). ``Session.writes_sent`` tells what was sent."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("timed out" if timed_out else "broken")
        self.timed_out = timed_out


class Session:
    """An open and bound connection. Every operation raises ``ConnectionLost`` or an error of the tree."""

    def __init__(
        self,
        connection: Connection,
        response_timeout: int,
        dialect: Dialect = STANDARD,
        policy: PolicyResponse = NO_POLICY,
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        self.policy = policy
        """What the password policy said when the service account was bound."""
        self._response_timeout = response_timeout
        self._opened = self._used = monotonic()
        self.writes_sent = 0
        """How many writes may have reached the server, over the life of the session."""

    @classmethod
    def open(
        cls, settings: ServerSettings, context: ssl.SSLContext | None, host: str, dialect: Dialect = STANDARD
    ) -> "Session":
        """Connect, start TLS, and bind. Raises ``Unavailable`` or ``Misconfigured``."""
        connection = connect(settings, context, host)
        try:
            policy = bind(connection, settings, dialect)
        except BaseException:
            close(connection)
            raise
        return cls(connection, settings.response_timeout, dialect, policy)

    def close(self) -> None:
        """Unbind and close, whatever state the connection is in."""
        close(self._connection)

    @property
    def host(self) -> str:
        """The server's name, as it was configured."""
        return str(self._connection.server.host)

    @property
    def idle(self) -> float:
        """Seconds since the last operation."""
        return monotonic() - self._used

    @property
    def age(self) -> float:
        """Seconds since it was opened."""
        return monotonic() - self._opened

    def is_usable(self) -> bool:
        """Whether the connection is still open, as far as can be told without sending anything.

        On an idle connection nothing may arrive but the server's good-bye or the end of the stream. TLS 1.3 sends
        tickets, which are read and forgotten.
        """
        stream = self._connection.socket
        if stream is None or self._connection.closed:
            return False
        try:
            stream.setblocking(False)
            stream.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            stream.settimeout(self._response_timeout)
            return True
        except OSError:
            return False
        return False

    def search(
        self,
        base: str,
        search_filter: str,
        attributes: Sequence[str],
        *,
        scope: Literal["BASE", "LEVEL", "SUBTREE"] = SUBTREE,
        controls: Controls = (),
        missing_ok: bool = False,
    ) -> Iterator[Entry]:
        """Yield every entry, page by page. A base that is not there raises ``Misconfigured``, or holds nothing."""
        cookie: bytes | None = None
        while True:
            search = partial(
                self._connection.search, paged_size=PAGE, paged_cookie=cookie, controls=list(controls) or None
            )
            self._ask(partial(search, base, search_filter, scope, DEREF_NEVER, list(attributes)))
            result, entries = self._connection.result, self._entries()
            if missing_ok and result["result"] == NO_SUCH_OBJECT:
                return
            if result["result"] != SUCCESS:
                raise self.error_of(self._result(Operation.SEARCH, base))
            yield from entries
            page = result.get("controls", {}).get("1.2.840.113556.1.4.319", {}).get("value", {})
            cookie = page.get("cookie") or None
            if cookie is None:
                return

    def ask(self, base: str, search_filter: str, attributes: Sequence[str], controls: Controls) -> Answer:
        """Send one search as it is, and return all that comes back, whatever it is. Raises for busy servers."""
        search = partial(self._connection.search, controls=list(controls) or None)
        self._ask(partial(search, base, search_filter, SUBTREE, DEREF_NEVER, list(attributes)))
        result = self._result(Operation.SEARCH, base)
        if is_transient(result.code):
            raise self.error_of(result)
        held = self._connection.result.get("controls") or {}
        return Answer(result, self._entries(), {number: control["value"] for number, control in held.items()})

    def first(
        self, base: str, search_filter: str, attributes: Sequence[str], limit: int, controls: Controls = ()
    ) -> list[Entry]:
        """Return at most ``limit`` entries, in one request."""
        search = partial(self._connection.search, controls=list(controls) or None)
        self._ask(partial(search, base, search_filter, SUBTREE, DEREF_NEVER, list(attributes), size_limit=limit))
        if self._connection.result["result"] not in (SUCCESS, SIZE_LIMIT_EXCEEDED):
            raise self.error_of(self._result(Operation.SEARCH, base))
        return self._entries()[:limit]

    def read(
        self, dn: str, attributes: Sequence[str], *, search_filter: str = "(objectClass=*)", controls: Controls = ()
    ) -> Entry | None:
        """Return the entry with this DN, or ``None`` where there is none that may be read and fits the filter."""
        search = partial(self._connection.search, controls=list(controls) or None)
        self._ask(partial(search, dn, search_filter, BASE, DEREF_NEVER, list(attributes)))
        code = self._connection.result["result"]
        if code in (NO_SUCH_OBJECT, INVALID_DN_SYNTAX):
            return None
        if code != SUCCESS:
            raise self.error_of(self._result(Operation.SEARCH, dn))
        return next(iter(self._entries()), None)

    def children(self, base: str, search_filter: str, attributes: Sequence[str]) -> Iterator[Entry]:
        """Return the entries directly below ``base``; none where ``base`` is not there."""
        return self.search(base, search_filter, attributes, scope=LEVEL, missing_ok=True)

    def add(
        self, dn: str, classes: Sequence[str], values: Mapping[str, Sequence[bytes]], id_attribute: str
    ) -> str | None:
        """Add an entry; return its id where the server can say it in the same answer (RFC 4527, post-read)."""
        control = (POST_READ, False, attribute_list([id_attribute]))
        request = add_request(dn, classes, values)
        self._write(lambda: self._connection.strategy.exchange(request, [control]))
        self._must_succeed(self._result(Operation.ADD, dn, values))
        read = self._connection.result.get("controls", {}).get(POST_READ, {}).get("value", {}).get("result", {})
        for name, held in read.items():
            if name.lower() == id_attribute.lower() and held:
                return text_of(held[0])
        return None

    def modify(self, dn: str, changes: Changes, controls: Controls = ()) -> None:
        """Change an entry's attributes, all or none."""
        result = self.try_modify(dn, changes, controls)
        self._must_succeed(result)

    def try_modify(self, dn: str, changes: Changes, controls: Controls = ()) -> Result:
        """Change an entry's attributes, all or none, and return what the server says; raises for busy servers."""
        request = modify_request(dn, changes)
        self._write(lambda: self._connection.strategy.exchange(request, controls))
        written = {name: [v for _, values in parts for v in values] for name, parts in changes.items()}
        result = self._result(Operation.MODIFY, dn, written)
        if is_transient(result.code):
            raise self.error_of(result)
        return result

    def rename(self, dn: str, rdn: str, *, keep_old_value: bool = False, parent: str | None = None) -> None:
        """Give an entry a new first component, and a new parent where one is given."""
        self._write(partial(self._connection.modify_dn, dn, rdn, not keep_old_value, parent))
        self._must_succeed(self._result(Operation.RENAME, dn))

    def delete(self, dn: str, controls: Controls = ()) -> None:
        """Delete an entry that has none below it, unless a control says otherwise."""
        self._write(partial(self._connection.delete, dn, list(controls) or None))
        self._must_succeed(self._result(Operation.DELETE, dn))

    def extended(self, name: str, value: bytes, dn: str, operation: Operation, secrets: Sequence[str]) -> Result:
        """Ask for an extended operation on an entry; no message repeats ``secrets``. Raises for busy servers."""
        self._write(partial(self._connection.extended, name, value, [ASK_POLICY]))
        result = self._result(operation, dn, {"": [secret.encode() for secret in secrets]})
        if is_transient(result.code):
            raise self.error_of(result)
        return result

    def error_of(self, result: Result) -> ConnectorError:
        """Return the error of a result that is no success, in the words for this make of server."""
        return self._dialect.error_of(result)

    def _must_succeed(self, result: Result) -> None:
        if result.code != SUCCESS:
            raise self.error_of(result)

    def _ask(self, operation: Callable[[], Any]) -> None:
        try:
            operation()
        except (LDAPException, OSError) as error:
            raise self._lost(error) from error
        self._used = monotonic()

    def _write(self, operation: Callable[[], Any]) -> None:
        try:
            operation()
        except (LDAPSocketSendError, LDAPSocketOpenError) as error:
            # Not all of the request left this machine: the server cannot have read a whole one.
            raise self._lost(error) from error
        except (LDAPException, OSError) as error:
            self.writes_sent += 1
            raise self._lost(error) from error
        self.writes_sent += 1
        self._used = monotonic()

    def _lost(self, error: Exception) -> ConnectionLost:
        self.close()
        # ldap3 makes its exceptions of the socket's: a timeout is told by its name.
        timed_out = isinstance(error, TimeoutError) or "timed out" in str(error)
        return ConnectionLost(timed_out=timed_out)

    def _entries(self) -> list[Entry]:
        found = [item for item in self._connection.response or [] if item["type"] == "searchResEntry"]
        return [Entry(item["dn"], item["raw_attributes"]) for item in found]

    def _result(self, operation: Operation, dn: str, values: Mapping[str, Sequence[bytes]] | None = None) -> Result:
        result, values = self._connection.result, values or {}
        said = result["message"] or ""
        # Most answers say nothing, and then there is nothing to hide in them.
        texts = {text for held in values.values() for value in held if (text := text_of(value))} if said else ()
        refused = policy_response(result).error if result["result"] != SUCCESS else None
        return Result(operation, dn, result["result"], result["description"], said, tuple(values), texts, refused)
