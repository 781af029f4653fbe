"""Entra's dialects made into RFC 7644, for each request and without a mode, in front of scim2-models. Pure.

What is well formed already keeps its meaning. The shapes, and where each is documented, stand in ``values``
(bodies and values), ``patches`` (operations and paths) and ``filters``; those of whole bodies are:

* the schema ``http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group``: "Develop a SCIM endpoint"
* an extension whose URN is not in ``schemas``: "Customize user provisioning attribute-mappings"
* ``...:extension:enterprise:2.0User`` without the colon, attributes of the extension at the top level, nulls and empty
  lists: samples of Microsoft's documentation
* ``id`` and ``meta`` sent by the client are ignored, as RFC 7644 section 3.3 asks
"""

from collections.abc import Mapping
from typing import Any

from scim2_models import InvalidSyntaxException, InvalidValueException

from provisioning.scim.dialect.values import is_blank, normal_value, without_blanks
from provisioning.scim.schema.shape import Shape, Target


def normal_resource(shape: Shape, body: Any) -> dict[str, Any]:
    """Return the body of a POST or PUT: known attributes under their names, blanks and read-only ones left out.

    An empty list stays, because a PUT with ``"members": []`` says more than one without ``members``.

    Raises ``InvalidSyntaxException`` and ``InvalidValueException``.
    """
    if not isinstance(body, Mapping):
        raise InvalidSyntaxException(detail="The body must be a JSON object")
    result: dict[str, Any] = {}
    for key, value in body.items():
        if key.lower() in {"schemas", "id", "meta"}:
            continue
        target = shape.resolve(key)
        if target is None or target.condition is not None:
            continue
        if target.attribute is not None:
            _put(result, target, value)
        elif isinstance(value, Mapping):
            for name, item in value.items():
                inner = shape.resolve(f"{target.urn}:{name}")
                if inner is not None and inner.attribute is not None and inner.condition is None:
                    _put(result, inner, item)
        elif not is_blank(value):
            raise InvalidValueException(detail=f"'{target.urn}' takes an object with the attributes of the extension")
    return {"schemas": [shape.urn, *(urn for urn in shape.extensions if urn in result)], **result}


def _put(result: dict[str, Any], target: Target, value: Any) -> None:
    attribute, part = target.attribute, target.part
    if attribute is None or attribute.read_only or (part is not None and (part.read_only or attribute.multi)):
        return
    if part is not None:
        value = {part.name: value}
    normal = without_blanks(normal_value(attribute, value))
    if is_blank(normal) or normal == {}:
        if value != [] or not attribute.multi:
            return
        normal = []
    place = result.setdefault(target.urn, {}) if target.urn else result
    if attribute.kind == "complex" and not attribute.multi:
        normal = {**place.get(attribute.name, {}), **normal}
    place[attribute.name] = normal
