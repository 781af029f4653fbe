"""One line of JSON for each log record, with the invocation that wrote it."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from azure_functions_runtime import invocation_id_cv  # type: ignore[import-untyped]  # it ships no types

invocation: ContextVar[str | None] = ContextVar("invocation", default=None)
"""The id of the running invocation. The worker has one of its own, which it sets in threads only."""


class Lines(logging.Formatter):
    """Writes ``{"time", "level", "logger", "invocation"?, "message", ...fields, "exception"?}``.

    ``fields`` are what a record carries in ``extra={"fields": {...}}``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        running = invocation.get() or invocation_id_cv.get()
        if running:
            line["invocation"] = running
        structured = getattr(record, "line", None)  # the hub's own records, whose text is JSON already
        line |= structured() if structured else {"message": record.getMessage(), **getattr(record, "fields", {})}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure(level: int) -> None:
    """Send every log record to standard output. Storage clients and the worker itself speak up on warnings only."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Lines())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for chatty in ("azure", "azure.functions", "aiohttp.access", "asyncio"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
