"""A few connections and the threads that use them: one verb at a time on each, and what survives a lost one.

ldap3 blocks, so every verb runs as a whole in a thread of this pool; there are as many threads as connections. A
connection that broke is thrown away. The verb is then run once more, but only if nothing that it has sent could have
changed the directory: a search, or a write that never left this machine. Otherwise the answer is
``Unavailable(may_have_happened=True)``.
"""

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from time import monotonic

from connectors.errors import ConnectorError, Misconfigured, Unavailable
from connectors.ldap_client.dialect import STANDARD, Dialect
from connectors.ldap_client.session import ConnectionLost, Session
from connectors.ldap_client.settings import ServerSettings
from connectors.ldap_client.tls import client_context

log = logging.getLogger(__name__)

IDLE_SECONDS = 120
"""A connection that was not used for longer is not trusted: load balancers forget idle ones without a word."""

ARRIVED_SECONDS = 900.0
"""After a change of servers, absence proves nothing for so long: replication takes seconds within a site of Active
Directory, and 15 minutes between two unless somebody has set more."""

DOUBT_SECONDS = 60.0
"""So long a write whose answer was lost is left alone where another server may be asked: it hears of it meanwhile."""


SUBSTITUTE_SECONDS = 60
"""How long a session to another server than the first one is used before the first one is tried again."""


class Alone:
    """A session of somebody who reads for long and wants to stay with one server. ``host``: which one, if it may be."""

    def __init__(self, host: str | None = None) -> None:
        self.host = host
        self.session: Session | None = None
        self.in_use = threading.Lock()

    def close(self) -> None:
        """Unbind."""
        session, self.session = self.session, None
        if session is not None:
            session.close()


class Pool:
    """Sessions to the servers of one connection."""

    def __init__(self, settings: ServerSettings, dialect: Dialect = STANDARD, *, sticky: bool = False) -> None:
        """Make a pool without connecting. ``sticky``: all servers are equal, so stay with the one that answered."""
        self._settings = settings
        self._sticky = sticky
        self._last_host = settings.hosts[0]
        self._moved: float | None = None
        self._left = monotonic()
        """When the first server was left, or was last found not to answer."""
        self._dialect = dialect
        self._context: ssl.SSLContext | None = None
        self._idle: list[Session] = []
        self._lock = threading.Lock()
        self._closed = False
        self._threads = ThreadPoolExecutor(settings.connections, thread_name_prefix="ldap")

    async def run[T](self, verb: Callable[[Session], T]) -> T:
        """Run a verb in a thread, on a session of its own."""
        return await self.run_apart(lambda: self._run(verb))

    async def run_apart[T](self, work: Callable[[], T]) -> T:
        """Run what opens connections of its own in a thread of the pool."""
        # With the caller's context, so that log lines tell what they are about.
        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, work)

    async def run_alone[T](self, held: "Alone", verb: Callable[[Session], T]) -> T:
        """Run a verb that only reads on a session that nobody else uses, and that stays for the next one.

        It is opened anew where it broke; which server that is may change then, and ``held.host`` says.
        """
        return await self.run_apart(lambda: self._run_alone(held, verb))

    async def end_alone(self, held: "Alone") -> None:
        """Close such a session; a verb that still runs, because nobody waits for it any more, ends first."""

        def end() -> None:
            with held.in_use:
                held.close()

        await asyncio.to_thread(end)  # the pool itself may be closed already

    @property
    def moved_lately(self) -> bool:
        """Whether a sticky pool has changed servers: this one may not know yet what the other one was told."""
        return self._moved is not None and monotonic() - self._moved < ARRIVED_SECONDS

    async def close(self) -> None:
        """Close what is idle now, and what is in use when it comes back."""
        with self._lock:
            self._closed = True
        self._threads.shutdown(wait=False)
        await asyncio.to_thread(self._forget_idle)

    def _run_alone[T](self, held: "Alone", verb: Callable[[Session], T]) -> T:
        with held.in_use:
            return self._attempts_alone(held, verb)

    def _attempts_alone[T](self, held: "Alone", verb: Callable[[Session], T]) -> T:
        last = ConnectionLost(timed_out=False)
        for _ in range(2):
            if held.session is None or held.session.idle > IDLE_SECONDS or not held.session.is_usable():
                held.close()
                held.session = self._open(held.host)
                held.host = held.session.host
            try:
                return verb(held.session)
            except ConnectionLost as lost:
                held.close()
                last = lost
                if lost.timed_out:
                    break
        raise _unavailable(last, may_have_happened=False) from last

    def _run[T](self, verb: Callable[[Session], T]) -> T:
        try:
            return self._attempt(verb)
        except ConnectionLost:
            self._forget_idle()  # what broke this one has broken them, too
        try:
            return self._attempt(verb)
        except ConnectionLost as lost:
            raise self._lost(lost, may_have_happened=False) from lost

    def _lost(self, lost: ConnectionLost, *, may_have_happened: bool) -> Unavailable:
        """Return what is told of a lost connection. Where there are several servers, one does not speak for all."""
        several = len(self._settings.hosts) > 1
        doubt = DOUBT_SECONDS if several and self._sticky and may_have_happened else None
        alone = several and not lost.timed_out
        return _unavailable(lost, may_have_happened=may_have_happened, retry_after=doubt, one_object=alone)

    def _attempt[T](self, verb: Callable[[Session], T]) -> T:
        """Run the verb once. ``ConnectionLost`` is raised only where it may be run again."""
        session = self._take()
        before = session.writes_sent
        try:
            answer = verb(session)
        except ConnectionLost as lost:
            session.close()
            wrote = session.writes_sent > before
            if wrote or lost.timed_out:
                raise self._lost(lost, may_have_happened=wrote) from lost
            raise
        except ConnectorError as error:
            self._give_back(session)
            if isinstance(error, Misconfigured) and self._is_substitute(session):
                raise _without_the_first(self._settings.hosts[0], session.host, error) from error
            raise
        except BaseException:
            session.close()
            raise
        self._give_back(session)
        return answer

    def _take(self) -> Session:
        while True:
            with self._lock:
                session = self._idle.pop() if self._idle else None
            if session is None:
                return self._open()
            if session.idle < IDLE_SECONDS and self._is_current(session) and session.is_usable():
                return session
            session.close()

    def _give_back(self, session: Session) -> None:
        with self._lock:
            if not self._closed and self._is_current(session):
                self._idle.append(session)
                return
        session.close()

    @property
    def _returns(self) -> bool:
        """Whether a sticky pool is to try the first server again, so that all processes are at one again some day."""
        return self._last_host != self._settings.hosts[0] and monotonic() - self._left >= ARRIVED_SECONDS

    def _is_current(self, session: Session) -> bool:
        """Whether all verbs should now go where this session leads."""
        if self._sticky:
            return session.host == self._last_host and not self._returns
        return not self._is_substitute(session) or session.age < SUBSTITUTE_SECONDS

    def _is_substitute(self, session: Session) -> bool:
        """Whether a session leads to a server that is only used because the first one does not answer."""
        return not self._sticky and session.host != self._settings.hosts[0]

    def _forget_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()

    def _open(self, preferred: str | None = None) -> Session:
        """Connect to the first server that answers; what is wrong with the last one is told.

        A sticky pool begins with the server that it used last: the others learn of what was written a while later. It
        tries the first one again when that is sure to know.
        """
        if self._settings.security != "plain" and self._context is None:
            self._context = client_context(self._settings)
        hosts = self._settings.hosts
        if self._sticky and self._returns:
            self._left = monotonic()
        elif self._sticky:
            start = hosts.index(self._last_host)
            hosts = (*hosts[start:], *hosts[:start])
        hosts = tuple(sorted(hosts, key=lambda host: host != preferred))
        *others, last = hosts
        for host in others:
            try:
                return self._open_at(host, preferred)
            except Unavailable as error:
                log.warning("a server does not answer; the next one is tried", extra=_fields(host, code=error.code))
        return self._open_at(last, preferred)

    def _open_at(self, host: str, preferred: str | None) -> Session:
        session = Session.open(self._settings, self._context, host, self._dialect)
        log.info("connected", extra=_fields(host))
        if preferred is None:
            if self._sticky and host != self._last_host:
                self._moved = self._left = monotonic()
            self._last_host = host
        return session


def _fields(host: str, **more: str) -> dict[str, dict[str, str]]:
    return {"fields": {"server": host, **more}}


def _without_the_first(first: str, host: str, error: Misconfigured) -> Unavailable:
    """Return what a fault of a substitute means, such as a read-only copy's refusal: that the first one is missed."""
    return Unavailable(
        f"{first} does not answer, and {host} cannot stand in for it. {error}",
        code=error.code,
        fix=f"It is tried again. If it persists, bring {first} back. {error.fix}".strip(),
    )


def _unavailable(
    lost: ConnectionLost, *, may_have_happened: bool, retry_after: float | None = None, one_object: bool = False
) -> Unavailable:
    what = "did not answer in time" if lost.timed_out else "broke off the connection"
    consequence = " It is not known whether it did what it was asked to." if may_have_happened else ""
    return Unavailable(
        f"The directory {what}.{consequence}",
        code="ldap.timeout" if lost.timed_out else "ldap.connectionLost",
        fix="It is tried again. If it persists, look at the server and at what lies between.",
        may_have_happened=may_have_happened,
        retry_after=retry_after,
        one_object=one_object,
    )
