"""Every server of a connection tried at once, for "Verify Credentials": who answers, over TLS, and lets us sign in."""

import ssl
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from time import monotonic

from connectors.contract import Check, Verification
from connectors.errors import ConnectorError, Unavailable
from connectors.ldap_client.dialect import Dialect
from connectors.ldap_client.opening import bind, close, connect
from connectors.ldap_client.password_policy import PolicyError, PolicyResponse, cannot_bind, runs_out
from connectors.ldap_client.session import ConnectionLost, Session
from connectors.ldap_client.settings import ServerSettings
from connectors.ldap_client.tls import client_context

ANSWER_SECONDS = 10
"""No answer is waited for longer, whatever the settings say: all of a verification ends within a minute."""

REACH_SECONDS = 20.0
"""After so long, servers that have not answered count as out of reach."""

LOOK_SECONDS = 30.0
"""After so long, what was not looked at yet is left out, and that is said."""

_AT_ONCE = 16
_HOW = {"ldaps": "over LDAPS", "starttls": "with StartTLS", "plain": "without encryption"}


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one host: its checks, and a session where it let us in. Who gets it closes it."""

    host: str
    where: str
    checks: tuple[Check, ...]
    session: Session | None = None


def verified[S: ServerSettings](
    settings: S, dialect: Dialect, look: Callable[[Session, S, list[Tried]], Iterator[Check]]
) -> Verification:
    """Connect to every server, and look around through the first that works. Does not raise for findings."""
    started, settings = monotonic(), hurried(settings)
    try:
        tried = try_hosts(settings, dialect)
    except ConnectorError as error:
        return Verification((failed("CA certificate", error),))
    checks = [check for each in tried for check in each.checks]
    try:
        if session := first_session(tried):
            checks += in_time(look(session, settings, tried), started)
    finally:
        close_all(tried)
    return Verification(tuple(checks))


def hurried[S: ServerSettings](settings: S) -> S:
    """Return the settings with timeouts that leave time for all of a verification."""
    limits = {
        "connect_timeout": min(settings.connect_timeout, ANSWER_SECONDS),
        "response_timeout": min(settings.response_timeout, ANSWER_SECONDS),
    }
    return settings.model_copy(update=limits)


def try_hosts(settings: ServerSettings, dialect: Dialect) -> list[Tried]:
    """Connect and sign in everywhere at the same time. Raises ``Misconfigured`` for a CA that is of no use."""
    context = client_context(settings) if settings.security != "plain" else None
    hosts = settings.hosts
    threads = ThreadPoolExecutor(min(len(hosts), _AT_ONCE), thread_name_prefix="ldap-verify")
    try:
        futures = [threads.submit(_try_host, settings, context, host, dialect) for host in hosts]
        wait(futures, REACH_SECONDS)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    return [_outcome(future, settings, host) for future, host in zip(futures, hosts, strict=True)]


def in_time(checks: Iterator[Check], started: float) -> Iterator[Check]:
    """Yield checks as long as there is time; what then breaks off is a check, too."""
    try:
        for check in checks:
            yield check
            if monotonic() - started > LOOK_SECONDS:
                late = Unavailable(
                    "The server answers too slowly: the rest was not looked at.",
                    code="ldap.timeout",
                    fix="Verify again. If it persists, look at the server's load and at the network between.",
                )
                yield failed("Time", late)
                return
    except ConnectionLost:
        lost = Unavailable(
            "The server broke off the connection, or did not answer.",
            code="ldap.connectionLost",
            fix="Verify again. If it persists, look at the server's log and at what lies between.",
        )
        yield failed("Connection", lost)
    except ConnectorError as error:
        yield failed("Directory", error)


def failed(name: str, error: ConnectorError) -> Check:
    """Return a failed check with an error's own words: a verb that meets the same says the same."""
    fix = error.fix or "Verify again. If it persists, look at the server."
    return Check(name, ok=False, detail=str(error), fix=fix)


def first_session(tried: Iterable[Tried]) -> Session | None:
    """Return the session of the first host that let us in."""
    return next((each.session for each in tried if each.session is not None), None)


def close_all(tried: Iterable[Tried]) -> None:
    """Close every session."""
    for each in tried:
        if each.session is not None:
            each.session.close()


def _try_host(settings: ServerSettings, context: ssl.SSLContext | None, host: str, dialect: Dialect) -> Tried:
    where = f"{host}:{settings.effective_port}"
    try:
        connection = connect(settings, context, host)
    except ConnectorError as error:
        return Tried(host, where, (failed(f"Connection to {where}", error),))
    reached = Check(f"Connection to {where}", ok=True, detail=f"The server answers {_HOW[settings.security]}.")
    try:
        policy = bind(connection, settings, dialect)
    except ConnectorError as error:
        close(connection)
        return Tried(host, where, (reached, failed(f"Sign-in at {where}", error)))
    name = f"Sign-in at {where}"
    signed_in = Check(name, ok=True, detail=f"Signed in as {settings.bind_name}. {runs_out(policy)}".strip())
    expired = cannot_bind(settings.bind_name, PolicyResponse(PolicyError.PASSWORD_EXPIRED))
    if policy.graces_left is not None and expired is not None:
        signed_in = Check(name, ok=False, detail=f"{expired} {runs_out(policy)}", fix=expired.fix)
    session = Session(connection, settings.response_timeout, dialect, policy)
    return Tried(host, where, (reached, signed_in), session)


def _outcome(future: "Future[Tried]", settings: ServerSettings, host: str) -> Tried:
    if future.done() and not future.cancelled():
        return future.result()
    future.add_done_callback(lambda late: None if late.cancelled() or late.exception() else close_all([late.result()]))
    where = f"{host}:{settings.effective_port}"
    silent = Unavailable(
        f"{where} did not answer within {REACH_SECONDS:.0f} s.",
        code="ldap.unreachable",
        fix="Check host, port and firewalls (one that drops packets silently looks like this), and that the server is "
        "running.",
    )
    return Tried(host, where, (failed(f"Connection to {where}", silent),))
