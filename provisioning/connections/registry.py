"""The registry: which kinds of system there are. The only place where the hub names a particular connector.

A connector's module, and with it its client library, is imported when a connection of its kind is first used: cold
start pays for none of them.
"""

import asyncio
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from connectors.contract import Connector
from connectors.errors import Misconfigured

KINDS: Mapping[str, str] = {
    "active_directory": "connectors.active_directory:ActiveDirectoryConnector",
    "graph": "connectors.graph:GraphConnector",
    "ldap": "connectors.ldap:LdapConnector",
}
"""Kinds that an administrator can choose, as module:class."""

_FOR_TESTS: Mapping[str, str] = {"memory": "connectors.memory:MemoryConnector"}


@cache
def connector_class(kind: str) -> type[Connector]:
    """Return the connector of a kind. Raises ``Misconfigured`` for a kind that this version does not have."""
    place = KINDS.get(kind) or _FOR_TESTS.get(kind)
    if place is None:
        raise Misconfigured(
            f"There is no connector for '{kind}'.",
            code="connection.unknownKind",
            fix=f"Choose one of: {', '.join(sorted(KINDS))}.",
        )
    module, _, name = place.partition(":")
    found = getattr(import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, Connector)):
        raise TypeError(f"{place} is not a Connector")
    return found


async def load(kind: str) -> type[Connector]:
    """Return the connector of a kind, importing it the first time without holding up the event loop."""
    module = (KINDS.get(kind) or "").partition(":")[0]
    if module and module not in sys.modules:
        return await asyncio.to_thread(connector_class, kind)
    return connector_class(kind)
