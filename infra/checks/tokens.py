"""Words for what is known only after deployment: ``«kind name attribute»``, as part of any string.

Both readers write them, so that a role assignment's scope can be compared although no storage account has an id yet.
"""

import re
from collections.abc import Callable
from typing import Any

TOKEN = re.compile(r"«([^ »]+) ([^»]*?) ([^ »]+)»")


def token(kind: str, name: str, attribute: str) -> str:
    """Return the word for an attribute of a resource."""
    return f"«{kind} {name} {attribute}»"


def is_known(value: Any) -> bool:
    """Whether nothing in a value waits for the deployment."""
    if isinstance(value, dict):
        return all(is_known(each) for each in value.values())
    if isinstance(value, list):
        return all(is_known(each) for each in value)
    return not (isinstance(value, str) and "«" in value)


def translated(value: Any, rule: Callable[[str, str, str], str]) -> Any:
    """Return a value with each word for something unknown put into other words."""
    if isinstance(value, dict):
        return {translated(key, rule): translated(each, rule) for key, each in value.items()}
    if isinstance(value, list):
        return [translated(each, rule) for each in value]
    if isinstance(value, str) and "«" in value:
        return TOKEN.sub(lambda match: rule(match[1], match[2], match[3]), value)
    return value
