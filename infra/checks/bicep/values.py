"""What a Bicep expression may be besides plain JSON: a resource, or a module with its outputs."""

from dataclasses import dataclass, field
from typing import Any

from infra.checks.findings import Unreadable
from infra.checks.tokens import token


class NotEvaluated(Unreadable):
    """A template that cannot be evaluated; the text begins with file and line."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A resource that would be deployed. ``scope`` is what an extension resource is attached to."""

    kind: str
    version: str
    name: str
    body: dict[str, Any]
    existing: bool
    place: str

    def attribute(self, path: str) -> Any:
        """Return what an expression sees: a declared value, or the word for what Azure will say."""
        if path == "name":
            return self.name.rpartition("/")[2]
        if path in ("id", "type", "apiVersion"):
            return token(self.kind, self.name, path)
        value: Any = self.body
        for step in path.split("."):
            if not isinstance(value, dict) or step not in value:
                return token(self.kind, self.name, path)
            value = value[step]
        return value


@dataclass(frozen=True, slots=True)
class Reference:
    """A resource in an expression, and how far into it the expression went."""

    placed: Placed
    path: str = ""
    inner: dict[str, "Reference"] = field(default_factory=dict)

    def into(self, step: str) -> Any:
        """Return one of its attributes, or a resource that is declared inside it."""
        if step in self.inner:
            return self.inner[step]
        path = f"{self.path}.{step}" if self.path else step
        if path == "properties":
            return Reference(self.placed, path)
        found = self.placed.attribute(path)
        return Reference(self.placed, path) if found == token(self.placed.kind, self.placed.name, path) else found

    def value(self) -> Any:
        """Return the word for it."""
        return token(self.placed.kind, self.placed.name, self.path or "id")


@dataclass(frozen=True, slots=True)
class Outputs:
    """A module in an expression."""

    name: str
    values: dict[str, Any]


def plain(value: Any) -> Any:
    """Return a value without references: words in their place."""
    match value:
        case Reference():
            return value.value()
        case Outputs():
            return value.values
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list():
            return [plain(each) for each in value]
    return value
