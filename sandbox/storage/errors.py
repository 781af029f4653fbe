"""What the services refuse, by the codes of the public protocol."""

from dataclasses import dataclass


@dataclass(eq=False)
class Refused(Exception):
    """A request is refused. ``index`` is the operation of a transaction that was."""

    status: int
    code: str
    message: str
    index: int | None = None


def table_missing() -> Refused:
    """Return the refusal of what is done to a table that is not there."""
    return Refused(404, "TableNotFound", "The table specified does not exist.")


def entity_missing() -> Refused:
    """Return the refusal of what needs an entity that is not there."""
    return Refused(404, "ResourceNotFound", "The specified resource does not exist.")


def bad(message: str, code: str = "InvalidInput") -> Refused:
    """Return the refusal of a request that is not right in itself."""
    return Refused(400, code, message)
