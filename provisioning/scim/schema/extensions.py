"""An organisation's own extension of User or Group: what may be declared (RFC 7643 section 7) and changed. Pure.

Everything that is not given takes the RFC's default. Refused is what the hub could not keep its word on: ``required``
(a leaver's PATCH must not fail because of it), uniqueness, and names that SCIM itself uses in every resource.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contract import ObjectKind
from provisioning.scim.schema.schemas import ENTERPRISE_USER, Definition, Extension

MOST_EXTENSIONS = 20
MOST_ATTRIBUTES = 200
"""Of one extension, sub-attributes counted."""
MOST_BYTES = 256 * 1024
LONGEST_URN = 200
LONGEST_NAME = 100
LONGEST_DESCRIPTION = 1000
MOST_CANONICAL = 100

TYPES = ("string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex")
_TEXTS = frozenset({"string", "reference", "binary"})
_MUTABILITY = ("readWrite", "immutable", "readOnly", "writeOnly")
_RETURNED = ("default", "always", "request", "never")
_REFERENCES = ("external", "uri", "User", "Group")
_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
_RESERVED = ("urn:ietf:params:scim:schemas:core:", "urn:ietf:params:scim:api:", f"{ENTERPRISE_USER.lower()}:")
_URN = re.compile(r"urn(?::[A-Za-z0-9][A-Za-z0-9._-]*){2,}", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_PART_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*|\$ref")
_TAKEN = frozenset({"schemas", "id", "externalid", "meta", "members", "groups", "password"})
"""Names of SCIM's own: an attribute so called would be mistaken for them, or hold what the hub does not keep."""

_SCHEMA_MEMBERS = frozenset({"schemas", "id", "name", "description", "attributes", "meta"})
_ATTRIBUTE_MEMBERS = frozenset(
    {"name", "type", "multiValued", "description", "required", "canonicalValues", "caseExact", "mutability", "returned",
     "uniqueness", "referenceTypes", "subAttributes"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WrongPart:
    """What is wrong with one part of a schema: where (``attributes.2.type``), and in words."""

    field: str
    message: str


class InvalidSchema(ValueError):
    """What was given is not a schema that the hub takes; ``errors`` has every part that is wrong."""

    def __init__(self, errors: Sequence[WrongPart]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = tuple(errors)


def extension(kind: ObjectKind, urn: str, schema: Mapping[str, Any]) -> Extension:
    """Return what a SCIM schema JSON declares as an extension of a kind. Raises ``InvalidSchema``.

    ``schema`` may be what ``/Schemas`` answers; its ``id`` may be left out and must otherwise be ``urn``.
    """
    errors = [*_wrong_urn(urn), *_wrong_schema(urn, schema)]
    given = schema.get("attributes")
    attributes = given if isinstance(given, list) else []
    errors += _wrong_attributes(attributes, "attributes")
    if errors:
        raise InvalidSchema(errors[:50])
    definition: Definition = {
        "schemas": [_SCHEMA],
        "id": urn,
        "name": schema.get("name") or urn,
        "description": schema.get("description") or schema.get("name") or urn,
        "attributes": [_completed(each) for each in attributes],
    }
    text = schema_text(definition)
    if len(text.encode()) > MOST_BYTES:
        raise InvalidSchema([WrongPart("attributes", f"The schema has more than {MOST_BYTES} bytes.")])
    return Extension(kind, urn, text)


def schema_text(definition: Definition) -> str:
    """Return a schema as the JSON by which extensions are compared."""
    return json.dumps(definition, ensure_ascii=False, separators=(",", ":"))


def check_beside(new: Extension, others: Sequence[Extension]) -> None:
    """Check an extension against those that are in force. Raises ``InvalidSchema``.

    An attribute that is there already keeps its type and plurality: values that are stored would no longer be shown.
    """
    wrong: list[WrongPart] = []
    old = next((each for each in others if each.urn.lower() == new.urn.lower()), None)
    if old is None and len(others) >= MOST_EXTENSIONS:
        wrong.append(WrongPart("urn", f"There are {MOST_EXTENSIONS} extensions; no more are taken."))
    wrong += [
        WrongPart("urn", f"Of this URN and '{each.urn}' one begins with the other: paths would be mixed up.")
        for each in others
        if each is not old and _within(each.urn, new.urn)
    ]
    if old is not None:
        if (old.urn, old.kind) != (new.urn, new.kind):
            message = f"The extension is '{old.urn}' of {old.kind}. Delete it first to declare it as another's."
            wrong.append(WrongPart("urn", message))
        wrong += _changed(old.definition["attributes"], new.definition["attributes"])
    if wrong:
        raise InvalidSchema(wrong)


def _changed(old: Sequence[Definition], new: Sequence[Definition], of: str = "") -> Iterator[WrongPart]:
    known = {each["name"].lower(): each for each in old}
    for each in new:
        before = known.get(each["name"].lower())
        if before is None:
            continue
        name = f"{of}{each['name']}"
        if (before["type"], before["multiValued"]) != (each["type"], each["multiValued"]):
            yield WrongPart(
                name,
                f"It is {_plurality(before)} {before['type']}: values that are stored would no longer be shown. Give "
                "the new attribute another name, or delete the extension and declare it again.",
            )
        yield from _changed(before.get("subAttributes", ()), each.get("subAttributes", ()), f"{name}.")


def _plurality(attribute: Definition) -> str:
    return "a multi-valued" if attribute["multiValued"] else "a single"


def _within(one: str, other: str) -> bool:
    shorter, longer = sorted((one.lower(), other.lower()), key=len)
    return longer.startswith(f"{shorter}:")


def _wrong_urn(urn: str) -> Iterator[WrongPart]:
    if len(urn) > LONGEST_URN or not _URN.fullmatch(urn):
        example = "urn:ietf:params:scim:schemas:extension:northwind:2.0:User"
        yield WrongPart(
            "urn",
            f"A URN has at most {LONGEST_URN} characters, and parts of letters, digits, '.', '_' and '-': {example}.",
        )
    elif urn[:4] != "urn:" or any(f"{urn.lower()}:".startswith(each) for each in _RESERVED):
        yield WrongPart("urn", "This URN is SCIM's own. Choose one of the organisation's; it begins with 'urn:'.")


def _wrong_schema(urn: str, schema: Mapping[str, Any]) -> Iterator[WrongPart]:
    for name in sorted(schema.keys() - _SCHEMA_MEMBERS):
        yield WrongPart(_shown(name), "A schema has no such member: it has name, description and attributes.")
    if schema.get("id", urn) != urn:
        yield WrongPart("id", "The schema's id is not the URN that it is declared under.")
    yield from _wrong_words(schema, "")
    if not schema.get("name", urn):
        yield WrongPart("name", "A name has one or more characters.")
    attributes = schema.get("attributes")
    if not isinstance(attributes, list) or not attributes:
        yield WrongPart("attributes", "Give a list of one or more attributes.")
        return
    count = sum(1 + len(parts) for parts in map(_parts, attributes))
    if count > MOST_ATTRIBUTES:
        message = f"There are {count} attributes and sub-attributes; at most {MOST_ATTRIBUTES} are taken."
        yield WrongPart("attributes", message)


def _wrong_words(given: Mapping[str, Any], at: str) -> Iterator[WrongPart]:
    for name, longest in (("name", LONGEST_NAME), ("description", LONGEST_DESCRIPTION)):
        value = given.get(name, "")
        # Not printable: control characters, and surrogates without their other half, which no storage can encode.
        if not isinstance(value, str) or len(value) > longest or not value.replace("\n", " ").isprintable():
            yield WrongPart(f"{at}{name}", f"Give a text of at most {longest} printable characters.")


def _shown(name: str) -> str:
    return name[:LONGEST_NAME] if name.isprintable() else "?"


def _parts(attribute: Any) -> list[Any]:
    parts = attribute.get("subAttributes") if isinstance(attribute, Mapping) else None
    return parts if isinstance(parts, list) else []


def _wrong_attributes(attributes: Sequence[Any], at: str, *, inside: bool = False) -> Iterator[WrongPart]:
    seen: set[str] = set()
    for number, each in enumerate(attributes[: MOST_ATTRIBUTES + 1]):
        place = f"{at}.{number}"
        if not isinstance(each, Mapping):
            yield WrongPart(place, "An attribute is an object with name and type.")
            continue
        yield from _wrong_attribute(each, place, inside=inside)
        name = str(each.get("name", "")).lower()
        if name in seen:
            yield WrongPart(f"{place}.name", "Another attribute has this name; case does not tell them apart.")
        seen.add(name)


def _wrong_attribute(given: Mapping[str, Any], at: str, *, inside: bool) -> Iterator[WrongPart]:
    for unknown in sorted(given.keys() - _ATTRIBUTE_MEMBERS):
        yield WrongPart(f"{at}.{_shown(unknown)}", "RFC 7643 section 7 knows no such characteristic.")
    yield from _wrong_words(given, f"{at}.")
    name = given.get("name")
    if not isinstance(name, str) or not (_PART_NAME if inside else _NAME).fullmatch(name):
        yield WrongPart(f"{at}.name", "A name has letters, digits, '_' and '-', and begins with a letter.")
    elif not inside and name.lower() in _TAKEN:
        yield WrongPart(f"{at}.name", f"'{name}' means something in every resource; choose another name.")
    yield from _wrong_characteristics(given, at)
    kind = given.get("type", "string")
    if kind not in TYPES or (inside and kind == "complex"):
        which = ", ".join(each for each in TYPES if not (inside and each == "complex"))
        yield WrongPart(f"{at}.type", f"The type is one of {which}.")
    parts = given.get("subAttributes")
    if kind == "complex" and not inside:
        if not isinstance(parts, list) or not parts:
            yield WrongPart(f"{at}.subAttributes", "A complex attribute has one or more sub-attributes.")
        else:
            yield from _wrong_attributes(parts, f"{at}.subAttributes", inside=True)
    elif parts not in (None, []):
        yield WrongPart(f"{at}.subAttributes", "Only a complex attribute has sub-attributes, and they have none.")
    if inside and given.get("multiValued", False) is not False:
        yield WrongPart(f"{at}.multiValued", "A sub-attribute has one value.")


def _wrong_characteristics(given: Mapping[str, Any], at: str) -> Iterator[WrongPart]:
    for name in ("multiValued", "required", "caseExact"):
        if not isinstance(given.get(name, False), bool):
            yield WrongPart(f"{at}.{name}", "Give true or false.")
    if given.get("required") is True:
        message = "An extension's attribute cannot be required: changes of users without it would fail, a leaver's too."
        yield WrongPart(f"{at}.required", message)
    if given.get("uniqueness", "none") != "none":
        yield WrongPart(f"{at}.uniqueness", "Only 'none' is taken: the hub keeps no uniqueness for extensions.")
    for name, choices in (("mutability", _MUTABILITY), ("returned", _RETURNED)):
        if given.get(name, choices[0]) not in choices:
            yield WrongPart(f"{at}.{name}", f"Give one of {', '.join(choices)}.")
    if given.get("mutability") == "writeOnly" and given.get("returned") != "never":
        yield WrongPart(f"{at}.returned", "What is writeOnly is returned never.")
    if given.get("mutability") == "readOnly" and given.get("returned") == "never":
        yield WrongPart(f"{at}.returned", "What is readOnly and returned never is of use to nobody.")
    yield from _wrong_list(given.get("canonicalValues", []), f"{at}.canonicalValues")
    yield from _wrong_list(given.get("referenceTypes", []), f"{at}.referenceTypes", _REFERENCES)


def _wrong_list(values: Any, at: str, choices: Sequence[str] = ()) -> Iterator[WrongPart]:
    if not isinstance(values, list) or len(values) > MOST_CANONICAL:
        yield WrongPart(at, f"Give a list of at most {MOST_CANONICAL} texts.")
    elif choices and any(each not in choices for each in values):
        yield WrongPart(at, f"Give some of {', '.join(choices)}.")
    elif not all(isinstance(each, str) and 0 < len(each) <= LONGEST_NAME and each.isprintable() for each in values):
        yield WrongPart(at, f"Each is a text of 1 to {LONGEST_NAME} printable characters.")


def _completed(given: Mapping[str, Any]) -> Definition:
    """Return an attribute with every characteristic: Entra's discovery refuses a schema with nulls."""
    kind = given.get("type", "string")
    made: Definition = {
        "name": given["name"],
        "type": kind,
        "multiValued": given.get("multiValued", False),
        "description": given.get("description") or given["name"],
        "required": False,
        "mutability": given.get("mutability", "readWrite"),
        "returned": given.get("returned", "default"),
    }
    if kind in _TEXTS:
        made |= {"caseExact": given.get("caseExact", kind != "string"), "uniqueness": "none"}
    if kind == "reference":
        made["referenceTypes"] = given.get("referenceTypes") or ["uri"]
    if given.get("canonicalValues"):
        made["canonicalValues"] = given["canonicalValues"]
    if kind == "complex":
        made["subAttributes"] = [_completed(each) for each in given["subAttributes"]]
    return made
