"""Structured logs: every record of the hub and its connectors is one line of JSON, whoever prints it.

The Functions host takes a record's text and nothing else (its worker's handler formats it as ``logging`` does by
default, and drops the rest), so the text itself is the JSON. A connector knows nothing of the hub, so the correlation
is added here, in whatever thread or task the record is made. ``extra={"fields": {...}}`` are its fields: identifiers,
words and numbers. Of an exception the types and places are told, not the texts, which may name somebody or hold a
secret.
"""

import json
import logging
import traceback
from typing import Any

from provisioning.correlation import correlation

OURS = frozenset({"provisioning", "connectors", "function_app"})
CHATTY = ("azure.core", "azure.identity", "azure.monitor", "opentelemetry")
"""Libraries that log every request they make as information."""

MOST_CHARACTERS = 2000
"""The longest text of a line; Application Insights cuts the whole of it at 32,768."""
MOST_FIELDS = 30
_MOST_FRAMES = 12

_plain = logging.getLogRecordFactory()


class HubRecord(logging.LogRecord):
    """A record whose text is ``{"message", "correlation", ...fields, "exception"?, "where"?}``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.correlation = correlation.get()
        # Taken away: a formatter would write it behind the JSON, over many lines.
        self.raised, self.exc_info = self.exc_info, None

    def line(self) -> dict[str, Any]:
        """Return what the line tells."""
        told: dict[str, Any] = {"message": _bounded(super().getMessage()), "correlation": self.correlation}
        fields: dict[str, Any] = getattr(self, "fields", {})
        for name, value in list(fields.items())[:MOST_FIELDS]:
            told.setdefault(name, value if isinstance(value, int | float) or value is None else _bounded(str(value)))
        if self.raised and self.raised[1] is not None:
            told |= described(self.raised[1])
        return told

    def getMessage(self) -> str:  # noqa: N802 - logging's name
        """Return the line as JSON. Never raises: the worker's handler would raise that into whoever logs."""
        try:
            text = json.dumps(self.line(), ensure_ascii=False)
        except Exception as error:  # noqa: BLE001 - arguments that do not fit, or a value that cannot be written
            plain = self.msg if isinstance(self.msg, str) else type(self.msg).__name__
            told = {"message": _bounded(plain), "correlation": self.correlation, "unwritten": type(error).__name__}
            text = json.dumps(told, ensure_ascii=False)
        # Half of a surrogate pair cannot be sent.
        return text if text.isascii() else text.encode("utf-8", "replace").decode()


def described(error: BaseException) -> dict[str, str]:
    """Return what a log may have of an exception: its type and its causes', and where it came from."""
    types, cause = [type(error).__name__], error.__cause__
    while cause is not None and len(types) < 5:
        types.append(type(cause).__name__)
        cause = cause.__cause__
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    where = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)
    return {"exception": " < ".join(types), "where": _bounded(where)}


def structure() -> None:
    """Make the records of our loggers lines of JSON from now on. Again: no change."""
    logging.setLogRecordFactory(_record)


def install() -> None:
    """Structure our records, and quieten libraries whose level nobody has set. Again: no change."""
    structure()
    for name in CHATTY:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.WARNING)


def _record(name: str | None, *args: Any, **kwargs: Any) -> logging.LogRecord:
    made = HubRecord if name and name.partition(".")[0] in OURS else _plain
    return made(name, *args, **kwargs)


def _bounded(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
