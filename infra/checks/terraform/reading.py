"""What the readers of azurerm's resources share. A reader returns what one resource becomes in Azure.

Where azurerm leaves something out, its own default stands in the reader.
"""

from collections.abc import Mapping
from typing import Any

from infra.checks.tokens import is_known

Values = Mapping[str, Any]
Resource = tuple[str, str, dict[str, Any]]
"""Kind, name (``parent/name`` for what is inside another), body."""


NO_VALUE = ("id", "name", "resource_group_name")
"""Arguments that say where a resource is, which Bicep says otherwise."""


class Watched(dict[str, Any]):
    """The arguments of a resource, and which of them its reader has asked for."""

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return an argument, noted as asked for."""
        self.asked.add(key)
        return super().get(key, default)

    def unread(self) -> dict[str, Any]:
        """Return the arguments that the template gives and the reader did not look at: nobody would compare them."""
        return {
            f"(azurerm) {key}": value
            for key, value in self.items()
            if key not in self.asked and key not in NO_VALUE and value not in (None, "", [], {}) and is_known(value)
        }


def common(values: Values, **properties: Any) -> dict[str, Any]:
    """Return a body with what most resources have."""
    body: dict[str, Any] = {"properties": properties}
    for key in ("location", "tags"):
        if values.get(key) is not None:
            body[key] = values[key]
    return body


def name_in(word: str) -> str:
    """Return the name of the resource that a word for an id names."""
    return word.strip("«»").split(" ")[1]


def one(values: Values, block: str) -> Values:
    """Return a block that may be there once."""
    found = values.get(block) or [{}]
    first: Values = found[0] if isinstance(found, list) else found
    return first


def switch(on: Any, yes: str = "Enabled", no: str = "Disabled") -> str:
    """Return Azure's word for a switch; azurerm's switches are on by default."""
    return no if on is False else yes
