"""How the errors of the directory and of storage become SCIM errors (RFC 7644 section 3.12), in words for operators."""

from azure.core.exceptions import AzureError
from scim2_models import NotFoundException, PayloadTooLargeException, SCIMException, UniquenessException

from provisioning.directory.entities import StoreError, TooLarge
from provisioning.directory.resources import ResourceChanged, ResourceMissing, Taken


class BusyException(SCIMException):
    """The service cannot take the request now; the same request will do later. Answered with Retry-After."""

    status = 503
    _default_detail = "The service cannot take this request now. Send it again later."

    retry_after = 5
    """Seconds."""


class UnauthenticatedException(SCIMException):
    """The request carries no token, or one that no enabled source has."""

    status = 401
    _default_detail = (
        "The Authorization header must carry the bearer token of an enabled source. "
        "Issue one for the source and paste it as the secret token."
    )


def scim_error(error: Exception) -> SCIMException | None:
    """Return the SCIM error that an expected failure stands for, or ``None`` for what should not have happened."""
    match error:
        case SCIMException():
            return error
        case ResourceMissing():
            return NotFoundException(detail="The resource does not exist")
        case Taken():
            return UniquenessException(detail=f"Another resource has this {error.attribute} already")
        case ResourceChanged():
            return BusyException(
                detail="The resource is being changed by many requests at once. Send the request again."
            )
        case TooLarge():
            return PayloadTooLargeException(detail=str(error))
        case StoreError() | AzureError():
            return BusyException(detail="The hub's storage does not answer. Nothing is lost: send the request again.")
    return None
