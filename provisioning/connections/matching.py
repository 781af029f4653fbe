"""Matching: which questions find an existing account, the first time that a resource meets a connection. Pure."""

from collections.abc import Mapping, Sequence

from connectors.contract import AttributeMapping, Defaults, Match, ObjectKind
from provisioning.connections.connection import Connection
from provisioning.connections.mapping import Mapped


def matching_attributes(connection: Connection, kind: ObjectKind, defaults: Defaults) -> tuple[str, ...]:
    """Return the target attributes to match by, in order: the connection's, else the connector's default.

    Empty: no account is ever taken over.
    """
    return connection.matching.get(kind, defaults.matching)


def questions(kind: ObjectKind, attributes: Sequence[str], values: Mapping[str, Mapped]) -> list[Match]:
    """Return what to ask the target for, in order. Attributes without a value ask nothing; of several values each."""
    asked: list[Match] = []
    for attribute in attributes:
        value = values.get(attribute)
        if isinstance(value, tuple):
            asked += [Match(kind, attribute, each) for each in value]
        elif isinstance(value, str) and value:
            asked.append(Match(kind, attribute, value))
        elif isinstance(value, int) and not isinstance(value, bool):
            asked.append(Match(kind, attribute, str(value)))
    return asked


def matchable(mappings: Sequence[AttributeMapping]) -> list[str]:
    """Return the target attributes that can be matched by: those that are mapped, and not as references."""
    return [mapping.target for mapping in mappings if mapping.reference is None]
