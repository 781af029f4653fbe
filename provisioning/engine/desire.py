"""What a connection wants of a resource: its document through the connection's mappings. Pure."""

from collections.abc import Sequence

from connectors.contract import AttributeMapping, ObjectKind
from provisioning.connections.mapping import desired as evaluate
from provisioning.directory.index import name_of
from provisioning.directory.resources import Resource
from provisioning.engine.links import GONE, Link
from provisioning.engine.planner import Desired


def desire(
    kind: ObjectKind, resource: Resource | None, link: Link | None, mappings: Sequence[AttributeMapping]
) -> Desired:
    """Return what the account of a resource should be; a resource that is gone wants none."""
    if resource is None:
        return Desired(kind, exists=False, generation=GONE, name=link.name if link else "")
    return Desired(
        kind,
        exists=True,
        generation=resource.generation,
        name=name_of(kind, resource.document),
        active=resource.document.get("active") is not False,
        values=evaluate(resource.document, mappings),
        create_only=frozenset(mapping.target for mapping in mappings if mapping.create_only),
        required=frozenset(mapping.target for mapping in mappings if mapping.required),
        while_active=frozenset(mapping.target for mapping in mappings if mapping.while_active),
    )
