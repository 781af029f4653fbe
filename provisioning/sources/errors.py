"""What the sources raise: towards an administrator, in words; towards whoever calls, by a reason only.

SourceError                 an administrator asked for what cannot be
+- SourceMissing, SourceExists, SourceRefused
CallError                   a call is not served
+- Refused(reason, source)  not authenticated; the caller is told the same text whatever the reason
+- RateExceeded(retry_after)
+- KeysUnreachable          the authority's signing keys cannot be read at the moment
"""

from enum import StrEnum


class SourceError(Exception):
    """What was asked of the sources cannot be done; the text says why."""


class SourceMissing(SourceError):
    """No source, or no credential of it, has that id."""


class SourceExists(SourceError):
    """The id of a source, a credential, or what would tell two sources apart, is taken."""


class SourceRefused(SourceError):
    """An id, a name, a hash or a setting is not acceptable, or there are too many."""


class Reason(StrEnum):
    """Why a call was refused: for the log and the health counts, never for the caller."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    DISABLED = "disabled"
    REVOKED = "revoked"
    CLIENT = "client"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    AUDIENCE = "audience"
    AMBIGUOUS = "ambiguous"
    DELEGATED = "delegated"
    ISSUER = "issuer"
    UNKNOWN_KEY = "unknownKey"
    SIGNATURE = "signature"
    NOT_YET = "notYet"
    LIFETIME = "lifetime"


class CallError(Exception):
    """A call is not served."""


class Refused(CallError):
    """The call's credentials are not good. ``source`` is the one they name, or empty where they name none."""

    def __init__(self, reason: Reason, source: str = "") -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.source = source


class RateExceeded(CallError):
    """Too many calls. ``retry_after`` is in whole seconds; ``source`` is empty where no source is known yet."""

    def __init__(self, retry_after: int, source: str = "") -> None:
        super().__init__(f"Too many requests. Send this one again in {retry_after} s.")
        self.retry_after = retry_after
        self.source = source


class KeysUnreachable(CallError):
    """The signing keys that a token needs cannot be read now, and none are known from before."""


def told(error: CallError) -> dict[str, str]:
    """Return an error for the log and for metrics: its reason, and the source that the call named."""
    match error:
        case Refused():
            return {"reason": error.reason.value, "source": error.source}
        case RateExceeded():
            return {"reason": "rate", "source": error.source}
    return {"reason": "keysUnreachable", "source": ""}
