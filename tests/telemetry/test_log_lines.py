"""A log line of the hub is one object of JSON, found by its correlation, and tells no secret and no person."""

import json
import logging
from io import StringIO
from threading import Thread

import pytest

from connectors.errors import Unavailable
from provisioning.correlation import begin, correlation
from provisioning.telemetry.logs import HubRecord, structure
from sandbox.host.logs import Lines


@pytest.fixture
def printed() -> StringIO:
    """What a handler like the worker's prints: it formats with logging's default, and hands on the text."""
    structure()
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    for name in ("provisioning.tests", "connectors.tests", "somebody.else"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate, logger.level = False, logging.INFO
    return stream


def test_a_line_is_one_object_with_message_correlation_and_fields(printed: StringIO) -> None:
    begin("entra-run-0001")
    fields = {"connection": "ldap", "ms": 12}
    logging.getLogger("provisioning.tests").info("job %s", "done", extra={"fields": fields})
    (line,) = printed.getvalue().splitlines()
    assert json.loads(line) == {"message": "job done", "correlation": "entra-run-0001", "connection": "ldap", "ms": 12}


def test_a_connectors_line_has_the_correlation_although_it_knows_nothing_of_the_hub(printed: StringIO) -> None:
    begin("entra-run-0002")
    logging.getLogger("connectors.tests").warning("throttled")
    assert json.loads(printed.getvalue())["correlation"] == "entra-run-0002"


def test_a_thread_without_a_context_has_no_correlation(printed: StringIO) -> None:
    begin("entra-run-0003")
    thread = Thread(target=lambda: logging.getLogger("connectors.tests").info("on its own"))
    thread.start()
    thread.join()
    assert json.loads(printed.getvalue())["correlation"] == ""


def test_lines_of_others_stay_as_they_are(printed: StringIO) -> None:
    logging.getLogger("somebody.else").info("%d bytes", 7)
    assert printed.getvalue() == "7 bytes\n"


def test_an_exception_is_told_by_types_and_places_never_by_its_text(printed: StringIO) -> None:
    def broken() -> None:
        try:
            int("mira@northwind.example has the password s3cret")
        except ValueError as error:
            raise Unavailable("no answer to mira", code="x.y") from error

    try:
        broken()
    except Unavailable:
        logging.getLogger("provisioning.tests").exception("it failed")
    (text,) = printed.getvalue().splitlines()
    line = json.loads(text)
    assert line["exception"] == "Unavailable < ValueError"
    assert line["where"].startswith("test_log_lines.py:")
    assert "mira" not in text
    assert "s3cret" not in text


def test_a_line_is_bounded(printed: StringIO) -> None:
    fields = {f"f{number}": "x" * 5000 for number in range(100)}
    logging.getLogger("provisioning.tests").info("m" * 50_000, extra={"fields": fields})
    line = json.loads(printed.getvalue())
    assert len(line["message"]) == 2000
    assert {len(value) for name, value in line.items() if name.startswith("f")} == {2000}
    assert len(line) == 32


class Unspeakable:
    """A value that cannot be written."""

    def __str__(self) -> str:
        raise RuntimeError("s3cret")


class Rim(logging.Handler):
    """A handler like the worker's, which formats outside of any ``try``."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


@pytest.mark.parametrize(
    ("message", "arguments", "fields"),
    [
        ("%s of %s", ("one",), {}),
        ("none", ("one",), {}),
        ("%s", (Unspeakable(),), {}),
        ("field", (), {"value": Unspeakable()}),
        ("key", (), {("a", "b"): 1}),
        ("fields", (), "no mapping"),
        ("number", (), {"value": 10**5000}),
    ],
)
def test_what_cannot_be_written_is_told_and_not_raised_into_who_logs(
    printed: StringIO, message: str, arguments: tuple[object, ...], fields: object
) -> None:
    rim = Rim()
    logger = logging.getLogger("provisioning.tests")
    logger.handlers[:] = [rim]
    begin("entra-run-0006")
    logger.info(message, *arguments, extra={"fields": fields})
    (text,) = rim.texts
    line = json.loads(text)
    assert (line["message"], line["correlation"]) == (message, "entra-run-0006")
    assert line["unwritten"]
    assert "s3cret" not in text


def test_half_of_a_surrogate_pair_does_not_keep_a_line_from_being_sent(printed: StringIO) -> None:
    rim = Rim()
    logger = logging.getLogger("provisioning.tests")
    logger.handlers[:] = [rim]
    logger.info("é\ud800", extra={"fields": {"value": "\udfff"}})
    line = json.loads(rim.texts[0].encode())
    assert (line["message"], line["value"]) == ("é?", "?")


def test_a_field_does_not_stand_in_for_the_correlation(printed: StringIO) -> None:
    begin("entra-run-0004")
    logging.getLogger("provisioning.tests").info("told", extra={"fields": {"correlation": "forged", "message": "no"}})
    assert json.loads(printed.getvalue()) == {"message": "told", "correlation": "entra-run-0004"}


def test_the_local_host_prints_the_fields_and_no_json_within_json() -> None:
    begin("entra-run-0005")
    record = HubRecord("provisioning.x", logging.INFO, "f", 1, "job %s", ("done",), None)
    record.fields = {"connection": "ldap"}
    line = json.loads(Lines().format(record))
    assert (line["message"], line["correlation"], line["connection"]) == ("job done", "entra-run-0005", "ldap")
    assert correlation.get() == "entra-run-0005"
