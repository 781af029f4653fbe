"""The table from Graph's answers to the error tree, and what an error may say."""

from datetime import UTC, datetime

import pytest

from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from connectors.graph.errors import Context, error_of
from connectors.graph.permissions import Operation
from connectors.graph.reply import Reply, reply_of, seconds

WRITE = Context(Operation.WRITE_USERS, "user 1", writes=True, granted=frozenset({"User.ReadWrite.All"}))
READ = Context(Operation.READ_USERS, "user 1")


def refusal(status: int, code: str = "", *details: tuple[str, str], message: str = "", **headers: str) -> Reply:
    given = [{"code": detail, "target": target, "message": message} for detail, target in details]
    error = {"code": code, "message": message, "details": given, "innerError": {"request-id": "r-1"}}
    return Reply(status, {"error": error}, headers)


@pytest.mark.parametrize(
    ("reply", "wanted", "code"),
    [
        (
            refusal(400, "Request_BadRequest", ("ObjectConflict", "userPrincipalName")),
            AlreadyExists,
            "graph.ObjectConflict",
        ),
        (refusal(400, "Request_MultipleObjectsWithSameKeyValue"), AlreadyExists, None),
        (refusal(409, "Conflict"), AlreadyExists, None),
        (refusal(400, "Request_BadRequest", message="Another object with the same value exists."), Rejected, None),
        (refusal(400, "Request_BadRequest", ("InvalidValue", "jobTitle")), Rejected, "graph.Request_BadRequest"),
        (refusal(400, "Directory_QuotaExceeded"), Misconfigured, None),
        (refusal(409, "Directory_ConcurrencyViolation"), Unavailable, None),
        (refusal(401, "InvalidAuthenticationToken"), Misconfigured, None),
        (refusal(404, "Request_ResourceNotFound"), NotFound, None),
        (refusal(429, "TooManyRequests"), Unavailable, "graph.throttled"),
        (refusal(500), Unavailable, "graph.500"),
        (refusal(503, "serviceUnavailable"), Unavailable, None),
        (Reply(502), Unavailable, "graph.502"),
        (Reply(302, None, {"location": "https://elsewhere.example"}), Misconfigured, "graph.302"),
        (Reply(418, ["not", "an", "error"]), Rejected, "graph.418"),
    ],
)
def test_an_answer_becomes_an_error(reply: Reply, wanted: type[ConnectorError], code: str | None) -> None:
    error = error_of(reply, WRITE)
    assert type(error) is wanted
    assert code in (None, error.code)
    assert str(error)
    assert error.fix or isinstance(error, NotFound)


def test_a_conflict_names_the_property() -> None:
    details = (("ConflictingObjects", ""), ("ObjectConflict", "proxyAddresses"))
    error = error_of(refusal(400, "Request_BadRequest", *details), WRITE)
    assert isinstance(error, AlreadyExists)
    assert error.attribute == "proxyAddresses"


def test_a_refused_value_names_the_property() -> None:
    error = error_of(refusal(400, "Request_BadRequest", ("InvalidValue", "jobTitle")), WRITE)
    assert isinstance(error, Rejected)
    assert error.attribute == "jobTitle"
    assert "jobTitle" in str(error)


def test_403_without_the_permission_is_about_the_application() -> None:
    for granted in (None, frozenset({"User.Read.All"})):
        context = Context(Operation.WRITE_USERS, "user 1", writes=True, granted=granted)
        error = error_of(refusal(403, "Authorization_RequestDenied"), context)
        assert isinstance(error, Misconfigured)
        assert "User.ReadWrite.All" in error.fix


def test_403_with_the_permission_is_about_the_object() -> None:
    error = error_of(refusal(403, "Authorization_RequestDenied"), WRITE)
    assert isinstance(error, Rejected)
    assert "administrator role" in error.fix


@pytest.mark.parametrize(("status", "unsure"), [(429, False), (500, True), (503, True), (504, True)])
def test_a_write_that_met_a_5xx_may_have_happened(status: int, unsure: bool) -> None:
    error = error_of(refusal(status), WRITE)
    assert isinstance(error, Unavailable)
    assert error.may_have_happened is unsure
    read = error_of(refusal(status), READ)
    assert isinstance(read, Unavailable)
    assert not read.may_have_happened


def test_an_error_shows_codes_targets_and_the_request_id_and_nothing_else() -> None:
    reply = refusal(
        400,
        "Request_BadRequest",
        ("InvalidValue", "jobTitle"),
        ("<script>", "mira.okafor said: this is free text and longer than any name of a property may ever become"),
        message="mira.okafor@contoso.example is not welcome",
    )
    error = error_of(reply, WRITE)
    assert "[400 Request_BadRequest, InvalidValue (jobTitle), request-id r-1]" in str(error)
    assert "mira" not in str(error) + error.fix + error.code
    assert "script" not in str(error)


def test_retry_after_is_carried() -> None:
    error = error_of(refusal(429, "TooManyRequests", **{"retry-after": "17"}), WRITE)
    assert isinstance(error, Unavailable)
    assert error.retry_after == 17


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("10", 10.0),
        ("2.128", 2.128),
        ("0", 0.0),
        ("-5", 0.0),
        ("Mon, 23 Nov 2026 10:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(given: str | None, wanted: float | None) -> None:
    assert seconds(given, datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) == wanted


@pytest.mark.parametrize("content", [b"<html>Bad Gateway</html>", b"\xff\xfe", b"", b"[]", b'{"error": "text"}'])
def test_any_body_can_be_read(content: bytes) -> None:
    reply = reply_of(502, {"Content-Type": "text/html"}, content)
    assert (reply.code, reply.details, reply.message, reply.request_id) == ("", (), "", "")
    assert isinstance(error_of(reply, WRITE), Unavailable)
