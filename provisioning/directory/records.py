"""How a resource becomes the entity that holds it, and back. Pure."""

import json

from connectors.contract import ObjectKind
from provisioning.directory.documents import pack, unpack
from provisioning.directory.outbox import PARTITIONS
from provisioning.directory.resources import Resource
from provisioning.storage.entities import Entity, etag_of


def entity_of(resource: Resource) -> Entity:
    """Return the entity of a resource. Raises ``TooLarge``.

    ``active`` has a column beside the document, as far as it is set, so that the store can be asked for it.
    """
    active = resource.document.get("active")
    return {
        "PartitionKey": PARTITIONS[resource.kind],
        "RowKey": f"d:{resource.id}",
        "generation": resource.generation,
        "created": resource.created,
        "modified": resource.modified,
        "source": resource.source,
        **({"active": active} if isinstance(active, bool) else {}),
        "index": json.dumps(sorted(resource.index_keys), ensure_ascii=False),
        **pack(resource.document),
    }


def resource_of(kind: ObjectKind, entity: Entity) -> Resource:
    """Return the resource that an entity holds."""
    return Resource(
        kind,
        entity["RowKey"].removeprefix("d:"),
        unpack(entity),
        entity["generation"],
        entity["created"],
        entity["modified"],
        entity["source"],
        etag_of(entity),
        frozenset(json.loads(entity["index"])),
    )
