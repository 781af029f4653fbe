"""References: values that point at a resource become values that point at its account, as far as it has one."""

from collections.abc import Mapping

from connectors.contract import Reference, Value
from provisioning.connections.mapping import Pending
from provisioning.engine.link_store import LinkStore
from provisioning.engine.links import Wanted


async def resolve(
    links: LinkStore, connection: str, values: Mapping[str, Wanted]
) -> tuple[dict[str, Value], list[Pending]]:
    """Return the values to write, and the references whose accounts do not exist yet: those are left out."""
    resolved: dict[str, Value] = {}
    missing: list[Pending] = []
    for name, value in values.items():
        if not isinstance(value, Pending):
            resolved[name] = value
            continue
        other = await links.get(connection, value.resource_id)
        if other is not None and other.remote_id:
            resolved[name] = Reference(value.kind, other.remote_id)
        else:
            missing.append(value)
    return resolved, missing
