"""How a JSON document becomes the properties of one entity, and back. Pure.

A string property holds 64 KiB of UTF-16. A document up to that is kept readable in ``doc``; a larger one is deflated
into binary properties ``doc0``, ``doc1``... of 64 KiB each.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from provisioning.storage.entities import MAX_ENTITY_BYTES, MAX_PROPERTY_BYTES, TooLarge

_READABLE_CHARS = MAX_PROPERTY_BYTES // 2 - 1
_CHUNK = MAX_PROPERTY_BYTES
_MOST_CHUNKS = MAX_ENTITY_BYTES // MAX_PROPERTY_BYTES - 1
_MOST_BYTES = 32 * MAX_ENTITY_BYTES
"""Bound on what a stored document may inflate to."""


def pack(document: Mapping[str, Any], name: str = "doc") -> dict[str, Any]:
    """Return the properties that hold a document. Raises ``TooLarge`` when it would not fit into an entity."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode("utf-16-le")) <= 2 * _READABLE_CHARS:
        return {name: text}
    deflated = zlib.compress(text.encode())
    if len(deflated) > _CHUNK * _MOST_CHUNKS or len(text) > _MOST_BYTES:
        raise TooLarge("The resource is larger than the 1 MiB that one record can hold.")
    return {
        f"{name}{number}": deflated[start : start + _CHUNK]
        for number, start in enumerate(range(0, len(deflated), _CHUNK))
    }


def unpack(properties: Mapping[str, Any], name: str = "doc") -> dict[str, Any]:
    """Return the document that ``pack`` put into properties; an empty one where there is none."""
    text = properties.get(name)
    if text is None:
        chunks: list[bytes] = []
        while (chunk := properties.get(f"{name}{len(chunks)}")) is not None:
            chunks.append(bytes(chunk))
        if not chunks:
            return {}
        text = zlib.decompressobj().decompress(b"".join(chunks), _MOST_BYTES).decode()
    document = json.loads(text)
    if not isinstance(document, dict):
        raise TypeError("A stored document is not an object")
    return document
