"""The correlation id that joins a SCIM request, its jobs and their report entries."""

import re
import uuid

from connectors.contract import correlation

__all__ = ["begin", "correlation"]

_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}")


def begin(offered: str | None = None) -> str:
    """Start a correlation: the caller's id where it is short and harmless, else a new one. Returns it."""
    chosen = offered if offered and _ACCEPTABLE.fullmatch(offered) else uuid.uuid4().hex
    correlation.set(chosen)
    return chosen
