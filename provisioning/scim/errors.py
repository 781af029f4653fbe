"""How the errors of the directory and of storage become SCIM errors (RFC 7644 section 3.12), in words for operators."""

import logging
from http import HTTPStatus

from pydantic import ValidationError
from scim2_models import (
    ExpiredCursorException,
    InvalidCursorException,
    InvalidValueException,
    NotFoundException,
    PayloadTooLargeException,
    PreconditionFailedException,
    SCIMException,
    TooManyException,
    UniquenessException,
)

from provisioning.correlation import correlation
from provisioning.directory.nesting import Circle, TooManyGroups
from provisioning.directory.resources import ResourceChanged, ResourceMissing, Taken
from provisioning.scim.wording import reworded
from provisioning.sources.errors import KeysUnreachable, RateExceeded, Refused
from provisioning.storage.entities import StoreError, TooLarge
from provisioning.telemetry.logs import described

log = logging.getLogger(__name__)


class BusyException(SCIMException):
    """The service cannot take the request now; the same request will do later. Answered with Retry-After."""

    status = 503
    _default_detail = "The service cannot take this request now. Send it again later."

    retry_after = 5
    """Seconds."""


class TooManyRequestsException(SCIMException):
    """The source sends more than its rate allows (RFC 6585 section 4). Answered with Retry-After."""

    status = 429
    _default_detail = "The source sends more requests than its rate allows. Send this one again later."

    retry_after = 1
    """Seconds."""


class UnauthenticatedException(SCIMException):
    """The request carries no token, or one that no enabled source has; which it is, is not told."""

    status = 401
    _default_detail = (
        "The Authorization header must carry the bearer token of an enabled source. "
        "Issue one for the source and paste it as the secret token, or check the client's OAuth settings."
    )


def scim_error(error: Exception) -> SCIMException | None:
    """Return the SCIM error that an expected failure stands for, or ``None`` for what should not have happened."""
    match error:
        case SCIMException() if isinstance(error.__cause__, ValidationError):
            return reworded(error.__cause__)
        case PreconditionFailedException():
            return PreconditionFailedException(
                detail="The resource has another version than the request names. Read it again, and send the change "
                "with the version that meta.version then has"
            )
        case InvalidCursorException():
            return InvalidCursorException(
                detail="The cursor is not of this endpoint, or of another query. Begin again with an empty cursor"
            )
        case ExpiredCursorException():
            return ExpiredCursorException(detail="The cursor is older than a day. Begin again with an empty cursor")
        case SCIMException():
            return error
        case Refused():
            return UnauthenticatedException()
        case RateExceeded():
            too_many = TooManyRequestsException()
            too_many.retry_after = error.retry_after
            return too_many
        case KeysUnreachable():
            return BusyException(
                detail="The signing keys that the token needs cannot be read from Entra now. Send the request again."
            )
        case ResourceMissing():
            return NotFoundException(detail="The resource does not exist")
        case Taken():
            return UniquenessException(detail=f"Another resource has this {error.attribute} already")
        case ResourceChanged():
            return BusyException(
                detail="The resource is being changed by many requests at once. Send the request again."
            )
        case Circle():
            return InvalidValueException(detail=str(error))
        case TooManyGroups():
            return TooManyException(detail=f"{error} Take groups out of groups, or leave out the attribute groups.")
        case TooLarge():
            return PayloadTooLargeException(detail=str(error))
        case StoreError():
            return BusyException(detail="The hub's storage does not answer. Nothing is lost: send the request again.")
    return None


def answered(error: Exception) -> SCIMException:
    """Return the SCIM error to answer an exception with; one that should not have happened is logged and is a 500."""
    known = scim_error(error)
    if known is not None:
        return known
    # Where it happened, not what was in it: the text of an unexpected error may hold somebody's data.
    log.error("scim request failed", extra={"fields": described(error)})
    internal = SCIMException(
        detail=f"Internal error. The app's log has it under the correlation id {correlation.get()}"
    )
    internal.status = HTTPStatus.INTERNAL_SERVER_ERROR
    return internal
