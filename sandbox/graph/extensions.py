"""Directory extensions: properties that applications have added to users and groups (Graph: directory extensions).

The knob ``directory_extensions`` says which there are. They are read with $select alone, and only where they are set.
"""

import functools
from dataclasses import replace

from sandbox.graph.entities import ENTITIES, EQ, ORDERED, TEXT
from sandbox.graph.properties import Entity, Property, Type
from sandbox.graph.state import Tenant

TYPES = {
    "String": Property(operators=TEXT, longest=256),
    "Boolean": Property(Type.BOOLEAN, EQ),
    "Integer": Property(Type.INTEGER, ORDERED),
    "DateTime": Property(Type.MOMENT, ORDERED),
    "String[]": Property(Type.STRINGS, frozenset({"eq", "not", "ge", "le", "startswith"}), longest=256, default=()),
}
"""What an extension can hold, by the name of its type."""


def extended(tenant: Tenant, entity: Entity) -> Entity:
    """Return an entity type with the extensions of a tenant among its properties."""
    if not tenant.knobs.directory_extensions:
        return entity
    return _extended(entity.collection, frozenset(tenant.knobs.directory_extensions.items()))


@functools.lru_cache
def _extended(collection: str, extensions: frozenset[tuple[str, str]]) -> Entity:
    entity = ENTITIES[collection]
    added = {name: TYPES[kind] for name, kind in extensions}
    return replace(entity, properties={**entity.properties, **added})
