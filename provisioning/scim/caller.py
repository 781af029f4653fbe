"""Who calls: the id of the source whose request is being served in this task."""

from contextvars import ContextVar

caller: ContextVar[str] = ContextVar("caller", default="")
"""Set by the endpoint once the token is known; empty outside of a request."""
