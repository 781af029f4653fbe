"""The order of a bulk request's operations, and the references between them (RFC 7644 section 3.7.2). Pure.

A POST runs before what refers to it by ``bulkId:``, and everything else as it was sent. Of a circle, the operation that
closes it stays in front of what it refers to, and is answered with 409 as section 3.7.1 allows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scim2_models import ConflictException, InvalidValueException

from provisioning.scim.limits import echo

_PREFIX = "bulkId:"


@dataclass(frozen=True, slots=True)
class Part:
    """One operation as it was sent. ``data`` is its body."""

    method: str
    path: str
    bulk_id: str | None = None
    version: str | None = None
    data: Any = None


class Plan:
    """What runs when. ``parts`` has ``None`` where an operation's own form was refused."""

    def __init__(self, parts: Sequence[Part | None]) -> None:
        self._parts = parts
        self._creations: dict[str, int] = {}
        for index, part in enumerate(parts):
            if part is not None and part.method == "POST" and part.bulk_id is not None:
                self._creations.setdefault(part.bulk_id, index)
        self._created: dict[str, str] = {}
        self._ended: set[int] = set()

    def order(self) -> list[int]:
        """Return the positions of the operations in the order in which they run."""
        needs = [
            list(dict.fromkeys(self._creations[name] for name in _references(part) if name in self._creations))
            for part in self._parts
        ]
        placed: dict[int, None] = {}
        opened: set[int] = set()
        for root in range(len(needs)):
            walk = [] if root in opened else [root]
            while walk:
                opened.add(walk[-1])
                following = next((each for each in needs[walk[-1]] if each not in opened), None)
                if following is None:
                    placed[walk.pop()] = None
                else:
                    walk.append(following)
        return list(placed)

    def resolved(self, index: int, part: Part) -> Part:
        """Return an operation with ids for its references.

        Raises ``ConflictException`` for what was not created, and ``InvalidValueException`` for a bulkId used again.
        """
        if part.method == "POST" and part.bulk_id is not None and self._creations[part.bulk_id] != index:
            raise InvalidValueException(detail=f"The bulkId {echo(part.bulk_id)} stands at another POST already")
        path = "/".join(str(_replaced(segment, self._id)) for segment in part.path.split("/"))
        return replace(part, path=path, data=_replaced(part.data, self._id))

    def end(self, index: int, created: str | None = None) -> None:
        """Note that an operation has run, and the id of what it created."""
        part = self._parts[index]
        self._ended.add(index)
        if created is not None and part is not None and part.bulk_id is not None:
            self._created[part.bulk_id] = created

    def _id(self, bulk_id: str) -> str:
        if bulk_id in self._created:
            return self._created[bulk_id]
        waits = self._creations.get(bulk_id, -1) not in self._ended and bulk_id in self._creations
        why = "is part of a circle of references" if waits else "names nothing that was created"
        raise ConflictException(detail=f"The bulkId {echo(bulk_id)} {why}")


def _references(part: Part | None) -> Iterator[str]:
    waiting: list[Any] = [] if part is None else [*part.path.split("/"), part.data]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str) and each.startswith(_PREFIX):
            yield each.removeprefix(_PREFIX)
        elif isinstance(each, Mapping):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _replaced(value: Any, identify: Callable[[str], str]) -> Any:
    """Return a value with ids for its references; the depth of a body is bounded where it is read."""
    if isinstance(value, str):
        return identify(value.removeprefix(_PREFIX)) if value.startswith(_PREFIX) else value
    if isinstance(value, Mapping):
        return {name: _replaced(item, identify) for name, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, identify) for item in value]
    return value
