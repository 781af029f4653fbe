"""What the SCIM library and pydantic refuse, in the words of the hub: where, what is wrong, and what is taken. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from scim2_models import Context, Error, PatchOp, Resource, SCIMException

from provisioning.scim.limits import echo

_NOT_THE_SCHEMAS = "is not an attribute of the schema"
_WORDS: Mapping[str, str] = {
    "string": "takes a text",
    "bool": "takes true or false",
    "int": "takes a whole number",
    "float": "takes a number",
    "decimal": "takes a number",
    "list": "takes a list of values",
    "model": "takes an object with sub-attributes",
    "dict": "takes an object with sub-attributes",
    "datetime": "takes a date and time such as 2026-01-31T09:30:00Z",
    "base64": "takes binary data in base64",
    "extra_forbidden": _NOT_THE_SCHEMAS,
    "missing": "is missing",
    "url": "takes a URI",
}
"""By the first word of pydantic's error type, or by the whole of it."""

_SEARCH_WORDS = {
    "filter": "the filter is not understood",
    "path": "the path is not understood",
    "sortBy": "'sortBy' is not understood",
    "attributes": "'attributes' is not understood",
    "excludedAttributes": "'excludedAttributes' is not understood",
}
_FILTER_EXAMPLE = 'It is written as in: userName eq "mira@northwind.example" and active eq true'


def reworded(error: ValidationError) -> SCIMException:
    """Return the refusal that a failed validation stands for, with the status and scimType of RFC 7644 section 3.12."""
    first = error.errors(include_url=False, include_input=False)[0]
    known = Error.from_validation_error(first)
    return SCIMException.from_error(Error(status=known.status, scim_type=known.scim_type, detail=_detail(first)))


def while_reading(model: "type[PatchOp[Any]]", operations: Sequence[Any], refused: SCIMException) -> SCIMException:
    """Return a refusal of a PATCH with the operation that it came of, found by reading them one by one."""
    for operation in operations:
        try:
            model.model_validate({"Operations": [operation]}, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
        except ValidationError as error:
            given = operation if isinstance(operation, Mapping) else {}
            return _at(given.get("op"), given.get("path"), reworded(error))
    return refused


def while_applying(patch_op: "PatchOp[Any]", resource: Resource[Any], refused: SCIMException) -> SCIMException:
    """Return a refusal of a PATCH with the operation that it came of, found by applying them one by one.

    The resource is changed by that, and of no more use.
    """
    for operation in patch_op.operations or ():
        try:
            type(patch_op).model_construct(operations=[operation]).patch(resource)
        except SCIMException as error:
            cause = error.__cause__
            return _at(operation.op, operation.path, reworded(cause) if isinstance(cause, ValidationError) else error)
    return refused


def _at(op: object, path: object, error: SCIMException) -> SCIMException:
    place = f"{str(op)[:20]} {echo(path)}" if path else f"{str(op)[:20]} without a path"
    said = error.detail
    detail = said if path and echo(path) in said else f"{place}: {said[:1].lower()}{said[1:]}"
    return SCIMException.from_error(Error(status=error.status, scim_type=error.scim_type or None, detail=detail))


def _detail(error: Mapping[str, Any]) -> str:
    kind, path, context = error["type"], _path(error["loc"]), error.get("ctx") or {}
    if kind.startswith("scim_"):
        return _of_library(error["msg"], path)
    match kind:
        case "required_error":
            name = context["field_name"]
            return f"{_quoted(f'{path}.{name}' if path else name)} is required and has no value"
        case "primary_uniqueness_error":
            return f"'{context['field_name']}' has {context['count']} values that are primary; at most one may be"
        case "schema_error":
            return f"'schemas' must name {context['schema']}"
        case "unknown_extension_schema":
            return f"'schemas' names {echo(context['schemas'])}, which the hub does not have"
        case "enum" | "literal_error":
            return f"{_quoted(path)} takes {context['expected']}"
        case "value_error":
            return _of_value(str(context.get("error", "")), path)
    if not path and kind in {"model_type", "dict_type", "model_attributes_type"}:
        return "The body must be a JSON object"
    words = _WORDS.get(kind) or _WORDS.get(kind.partition("_")[0], "has a value of the wrong form")
    return f"{_quoted(path)} {words}" if path else f"The value {words}"


def _of_value(message: str, path: str) -> str:
    if "mutually exclusive" in message:
        return "'attributes' and 'excludedAttributes' cannot be asked for at once"
    if message.startswith("Invalid URI"):
        return f"{_quoted(path)} takes a URI such as https://northwind.example/mira"
    return f"{_quoted(path)} takes a text"


def _of_library(message: str, path: str) -> str:
    """Return what the library says of paths and filters, as a sentence that names the parameter."""
    place = path.rpartition(".")[2].partition("[")[0]
    if (column := re.fullmatch(r"invalid syntax at column (\d+)", message)) is not None:
        words = _SEARCH_WORDS.get(place, "the path is not understood")
        sentence = f"{words[0].upper()}{words[1:]} at character {column[1]}"
        return f"{sentence}. {_FILTER_EXAMPLE}" if place == "filter" else sentence
    if (missing := re.fullmatch(r"Field not found: (.*)", message, re.DOTALL)) is not None:
        return f"{echo(missing[1])} {_NOT_THE_SCHEMAS}"
    return f"{message[:1].upper()}{message[1:]}"


def _path(location: Sequence[str | int]) -> str:
    """Return where in a body an error is, as a SCIM path; an index counts from 0 and stands in brackets."""
    return "".join(_steps(location)).lstrip(".")


def _steps(location: Sequence[str | int]) -> Iterator[str]:
    for step in location:
        if isinstance(step, int):
            yield f"[{step}]"
        elif "[" not in step and "(" not in step:  # pydantic's name of a type, which no attribute can have
            yield f".{re.sub(r'_([a-z])', lambda found: found[1].upper(), step)}"


def _quoted(path: str) -> str:
    return f"'{path[:200]}'" if path else "The value"
