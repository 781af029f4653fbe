"""What tells two schemas apart beyond what a file manages: a restore writes that too, so its plan shows it. Pure."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from provisioning.entra.schema import Json, places, without_annotations

_MANAGED = ("enabled", "flowTypes")
_MANAGED_OF_ATTRIBUTES = ("source", "defaultValue", "matchingPriority", "flowType", "flowBehavior")
_COUNTED = ("version", "discoveryDateTime")
"""What Entra counts up itself."""
_NAMES = ("targetAttributeName", "sourceObjectName", "name", "key", "id")
"""What tells one thing in a list from the others."""
_SCOPES = ("groupFilter", "containerFilter", "inputFilterGroups", "categoryFilterGroups")
LONGEST = 120
"""Characters of a value that are shown."""


def differences(live: Json, wanted: Json) -> Iterator[tuple[str, str]]:
    """Yield the path of each difference and its line in a plan. Nothing and null are the same."""
    shared = {place.key for place in places(live)} & {place.key for place in places(wanted)}
    both = [_rest(schema, shared, other) for schema, other in ((live, wanted), (wanted, live))]
    yield from _differences(both[0], both[1], "")


def dangers(paths: list[str]) -> Iterator[str]:
    """Yield a sentence for each difference that decides who is synchronized."""
    for path in paths:
        if not {*path.split("/")}.isdisjoint(_SCOPES):
            yield f"{path} decides who is synchronized, and changes. Whoever falls out may be treated as a leaver."


def _rest(schema: Json, shared: set[str], other: Json) -> Json:
    """Return a schema without what a plan of its object mappings shows."""
    rest = copy.deepcopy(without_annotations(schema))
    elsewhere = {place.key: place.mapping for place in places(other)}
    for place in places(rest):
        if place.key not in shared:
            continue
        mapping = place.mapping
        for name in _MANAGED:
            mapping.pop(name, None)
        (mapping.get("scope") or {}).pop("groups", None)
        known = {each.get("targetAttributeName") for each in elsewhere[place.key].get("attributeMappings") or []}
        kept = [each for each in mapping.get("attributeMappings") or [] if each.get("targetAttributeName") in known]
        mapping["attributeMappings"] = kept
        for each in kept:
            for name in _MANAGED_OF_ATTRIBUTES:
                each.pop(name, None)
    return rest


def _differences(live: Any, wanted: Any, path: str) -> Iterator[tuple[str, str]]:
    before, after = _members(live), _members(wanted)
    if before is None or after is None:
        if live != wanted and (live or wanted):
            yield path, f"  ~ {path}: {_short(live)}  ->  {_short(wanted)}"
        return
    listed = isinstance(live, list) or isinstance(wanted, list)
    for name in {**before, **after}:
        each = f"{path}/{name}" if path else name
        if listed and name not in before:
            yield each, f"  + {each}: {_short(after[name])}"
        elif listed and name not in after:
            yield each, f"  - {each}: {_short(before[name])}"
        elif name not in _COUNTED:
            yield from _differences(before.get(name), after.get(name), each)


def _members(value: Any) -> dict[str, Any] | None:
    """Return the members of an object, or of a list of objects by what names them; ``None`` for what has none."""
    if value is None or isinstance(value, dict):
        return value or {}
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return None
    found: dict[str, Any] = {}
    for each in value:
        name = next((str(each[key]) for key in _NAMES if each.get(key)), "")
        if name in found or not name:
            name = f"{name}#{len(found) + 1}"
        found[name] = each
    return found


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."
