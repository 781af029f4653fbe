"""The parameters of reads and searches as clients write them, in a query and in the body of ``/.search``. Pure.

Shapes, and where each is documented:

* ``aadOptscim062020`` and other parameters that SCIM does not know: part of Entra's Tenant URL ("Develop a SCIM
  endpoint"), passed over
* ``startindex``, ``Filter``: names in any case, as for attributes (RFC 7643 section 2.1)
* ``attributes=`` with nothing behind it asks for nothing
* ``attributes`` as one text in the body of a search, or as a list (RFC 7644 section 3.4.3 has the list)
* ``sortBy=department``: an attribute of an extension without its URN, as in filters

Filters and lists of attributes are those of ``filters``.
"""

from collections.abc import Mapping
from typing import Any

from scim2_models import InvalidFilterException, InvalidSyntaxException, InvalidValueException

from provisioning.scim.dialect.filters import normal_attributes, normal_filter
from provisioning.scim.limits import MOST_FILTER_CHARS
from provisioning.scim.schema.shape import Shape, Target

_NAMES = ("filter", "attributes", "excludedAttributes", "sortBy", "sortOrder", "startIndex", "count", "cursor")
_PATHS = frozenset({"attributes", "excludedAttributes", "sortBy"})
_PARAMETERS = {name.lower(): name for name in _NAMES}


def named(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that RFC 7644 section 3.4.2 and RFC 9865 know, under their names."""
    return {_PARAMETERS[key.lower()]: value for key, value in parameters.items() if key.lower() in _PARAMETERS}


def bounded(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known parameters, none longer than it may be: reading them costs by their length, and more.

    Raises ``InvalidFilterException`` and ``InvalidValueException``.
    """
    known = named(parameters)
    for name in _PATHS | {"filter"}:
        texts = known.get(name)
        given = texts if isinstance(texts, list) else [texts]
        if sum(len(text) + 1 for text in given if isinstance(text, str)) > MOST_FILTER_CHARS + 1:
            refused = InvalidFilterException if name == "filter" else InvalidValueException
            raise refused(detail=f"'{name}' has more than {MOST_FILTER_CHARS} characters")
    return known


def search_body(body: Any) -> dict[str, Any]:
    """Return the known parameters of a search's body, as ``bounded``. Raises ``InvalidSyntaxException`` as well."""
    if not isinstance(body, Mapping):
        raise InvalidSyntaxException(detail="The body must be a JSON object")
    return bounded(body)


def normal_query(shape: Shape, query: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a query in RFC form. Raises ``InvalidFilterException`` and ``InvalidValueException``."""
    known = bounded(query)
    return {name: _normal(shape, name, value) for name, value in known.items() if not _says_nothing(name, value)}


def normal_search(shape: Shape, body: Any) -> dict[str, Any]:
    """Return the body of a search in RFC form. Raises ``InvalidSyntaxException`` and ``InvalidFilterException``."""
    return {
        name: _normal(shape, name, value)
        for name, value in search_body(body).items()
        if value is not None and not _says_nothing(name, value)
    }


def _says_nothing(name: str, value: Any) -> bool:
    return name in {"attributes", "excludedAttributes"} and (
        value == [] or (isinstance(value, str) and not value.strip())
    )


def _normal(shape: Shape, name: str, value: Any) -> Any:
    if name in {"attributes", "excludedAttributes"}:
        texts = value if isinstance(value, list) else [value]
        if all(isinstance(text, str) for text in texts):
            return normal_attributes(shape, ",".join(texts))
    elif name == "filter" and isinstance(value, str):
        return normal_filter(shape, value)
    elif name == "sortBy" and isinstance(value, str):
        target = shape.resolve(value)
        if target is not None and target.attribute is not None:
            return str(Target(target.urn, target.attribute, part=target.part))
    return value
