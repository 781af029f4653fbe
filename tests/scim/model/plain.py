"""SCIM as plain dictionaries in memory: what a directory of users and groups must show after any sequence of requests.

Written for the test from RFC 7643 and 7644 alone; it knows nothing of the product. It covers the attributes below and
keeps to them: single values, parts of a name, e-mails of one type each, the enterprise extension, memberships.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

type Attributes = dict[str, Any]
"""A user's attributes, flat: ``title``, ``name.givenName``, ``emails:work``, ``E.department``, ``E.manager``."""

type Filter = tuple[Any, ...]
"""``("eq", name, value)``, ``("pr", name)``, ``("and", left, right)``, ``("not", inner)``."""

CASE_EXACT = {"externalId", "E.manager", "id"}


@dataclass
class Group:
    """A group: its attributes, and the ids of who is in it."""

    attributes: Attributes
    members: set[str] = field(default_factory=set)


class Conflict(Exception):
    """Another resource of the kind has the unique name."""


class Circle(Exception):
    """A group would contain itself."""


@dataclass
class Plain:
    """Every user and group by id. ``deleted`` are ids that were in use once."""

    users: dict[str, Attributes] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    def may_be_called(self, user_name: str, but: str = "") -> bool:
        """Whether a userName is free; ``but`` is whose it may be."""
        return all(each["userName"].lower() != user_name.lower() for key, each in self.users.items() if key != but)

    def may_be_named(self, display_name: str, but: str = "") -> bool:
        """Whether a group's displayName is free."""
        return all(
            each.attributes["displayName"].lower() != display_name.lower()
            for key, each in self.groups.items()
            if key != but
        )

    def changed_user(self, user_id: str, changes: Mapping[str, Any]) -> Attributes:
        """Return a user with changes made; ``None`` clears. Raises ``Conflict``."""
        changed = deepcopy(self.users.get(user_id, {}))
        for name, value in changes.items():
            if value is None:
                changed.pop(name, None)
            else:
                changed[name] = value
        if not self.may_be_called(changed["userName"], user_id):
            raise Conflict
        return changed

    def check_circle(self, group_id: str, added: set[str]) -> None:
        """Raise ``Circle`` where a group would contain itself."""
        if group_id in added or any(group_id in self.below(each) for each in added & self.groups.keys()):
            raise Circle

    def below(self, group_id: str) -> set[str]:
        """The groups inside a group, whatever their depth."""
        found: set[str] = set()
        waiting = [group_id]
        while waiting:
            for each in self.groups[waiting.pop()].members & self.groups.keys() - found:
                found.add(each)
                waiting.append(each)
        return found

    def groups_of(self, member_id: str) -> set[str]:
        """The groups that somebody is in directly."""
        return {key for key, group in self.groups.items() if member_id in group.members}

    def delete(self, resource_id: str) -> None:
        """Remove a user or a group."""
        self.users.pop(resource_id, None)
        self.groups.pop(resource_id, None)
        self.deleted.add(resource_id)

    def found(self, wanted: Filter) -> set[str]:
        """The ids of the users that a filter matches."""
        return {key for key, user in self.users.items() if matches({**user, "id": key}, wanted)}


def matches(user: Mapping[str, Any], wanted: Filter) -> bool:
    """Whether a filter matches a user (RFC 7644 section 3.4.2.2): an attribute without a value matches nothing."""
    match wanted:
        case ("and", left, right):
            return matches(user, left) and matches(user, right)
        case ("or", left, right):
            return matches(user, left) or matches(user, right)
        case ("not", inner):
            return not matches(user, inner)
        case ("pr", name):
            return any(True for _ in values(user, name))
        case (operator, name, value):
            return any(compares(operator, name, each, value) for each in values(user, name))
    raise ValueError(wanted)


def values(user: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Yield the values of an attribute; ``emails`` are those of every type."""
    if name == "emails":
        yield from (value for key, value in user.items() if key.startswith("emails:"))
    elif name in user:
        yield user[name]


def compares(operator: str, name: str, have: Any, want: Any) -> bool:
    """Compare two values; strings by the case that the attribute's schema names."""
    if isinstance(have, str) and name not in CASE_EXACT:
        have, want = have.lower(), want.lower()
    match operator:
        case "eq":
            return bool(have == want)
        case "co":
            return want in have
        case "sw":
            return bool(have.startswith(want))
        case "ew":
            return bool(have.endswith(want))
    raise ValueError(operator)


def as_scim(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Write flat attributes as a SCIM resource."""
    resource: dict[str, Any] = {}
    for name, value in attributes.items():
        head, _, part = name.partition(".")
        if head == "E":
            extension = resource.setdefault(ENTERPRISE, {})
            extension[part] = {"value": value} if part == "manager" else value
        elif part:
            resource.setdefault(head, {})[part] = value
        elif name.startswith("emails:"):
            resource.setdefault("emails", []).append({"type": name.partition(":")[2], "value": value})
        else:
            resource[name] = value
    return resource


def from_scim(resource: Mapping[str, Any]) -> Attributes:
    """Read a SCIM resource as flat attributes, without what the server makes."""
    flat: Attributes = {}
    for name, value in resource.items():
        if name in {"schemas", "id", "meta", "members", "groups"}:
            continue
        if name == ENTERPRISE:
            flat |= {f"E.{part}": each["value"] if part == "manager" else each for part, each in value.items()}
        elif name == "emails":
            # One whose value was removed by its path may stand there with its type alone (RFC 7644 section 3.5.2.2).
            flat |= {f"emails:{each['type']}": each["value"] for each in value if "value" in each}
            assert len(value) == len({each["type"] for each in value}), "an e-mail appeared twice"
        elif isinstance(value, dict):
            flat |= {f"{name}.{part}": each for part, each in value.items()}
        else:
            flat[name] = value
    return flat
