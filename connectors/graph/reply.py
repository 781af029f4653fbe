"""An answer of Graph, taken apart: status, JSON, Retry-After, and of an error only what may be shown. Pure.

Error messages of Graph quote names and values of people. Codes, targets and the request id do not, and are all that
Microsoft's support asks for.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_WORD = re.compile(r"[A-Za-z0-9_.@/ -]{1,64}")
_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, of a request or of an item of a $batch. Header names are in lower case."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the request was carried out."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """``error.code``, or empty."""
        return _word(self._error.get("code"))

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        """``error.details`` as pairs of code and target."""
        given = self._error.get("details")
        items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
        return tuple((_word(item.get("code")), _word(item.get("target"))) for item in items)

    @property
    def message(self) -> str:
        """``error.message``, to be looked at and never to be shown."""
        return str(self._error.get("message") or "")

    @property
    def request_id(self) -> str:
        """What Microsoft's support asks for, or empty."""
        inner = self._error.get("innerError")
        for given in (self.headers.get("request-id"), inner.get("request-id") if isinstance(inner, dict) else None):
            if isinstance(given, str) and _REQUEST_ID.fullmatch(given):
                return given
        return ""

    @property
    def retry_after(self) -> float | None:
        """Retry-After in seconds, which Graph also gives with decimals, or ``None``."""
        return seconds(self.headers.get("retry-after"))

    @property
    def quota_used(self) -> float | None:
        """x-ms-throttle-limit-percentage: the share of the limit that is used up, told from 0.8 on; 1 is all of it."""
        try:
            used = float(self.headers.get("x-ms-throttle-limit-percentage", ""))
        except ValueError:
            return None
        return used if math.isfinite(used) and used > 0 else None

    @property
    def _error(self) -> Mapping[str, Any]:
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return error if isinstance(error, dict) else {}


def reply_of(status: int, headers: Mapping[str, str], content: bytes) -> Reply:
    """Read an HTTP answer; a body that is not JSON is ``None``."""
    try:
        body = json.loads(content) if content else None
    except ValueError:
        body = None
    return Reply(status, body, {name.lower(): value for name, value in headers.items()})


def seconds(retry_after: object, now: datetime | None = None) -> float | None:
    """Read a Retry-After: seconds or an HTTP date (RFC 9110 10.2.3)."""
    if not isinstance(retry_after, str):
        return None
    try:
        given = float(retry_after)
    except ValueError:
        try:
            moment = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        given = (moment - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, given) if math.isfinite(given) else None


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""
