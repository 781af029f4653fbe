"""What may be declared as an extension, and what is said to whoever declares something else. Pure."""

from typing import Any

import pytest

from connectors.contract import ObjectKind
from provisioning.scim.published import published
from provisioning.scim.schema.extensions import (
    MOST_ATTRIBUTES,
    MOST_EXTENSIONS,
    InvalidSchema,
    check_beside,
    extension,
)
from provisioning.scim.schema.schemas import ENTERPRISE_USER, USER
from tests.scim.own_extension import ATTRIBUTES, HR, declared

STRING = {"name": "grade", "type": "string"}


def refused(attributes: Any, urn: str = HR, **members: Any) -> dict[str, str]:
    """What is said of each part of a schema that is refused."""
    with pytest.raises(InvalidSchema) as error:
        extension(ObjectKind.USER, urn, {"attributes": attributes, **members})
    return {each.field: each.message for each in error.value.errors}


def test_what_is_not_given_takes_the_rfcs_default() -> None:
    (made,) = declared([{"name": "grade"}]).definition["attributes"]
    assert made == {
        "name": "grade",
        "type": "string",
        "multiValued": False,
        "description": "grade",
        "required": False,
        "mutability": "readWrite",
        "returned": "default",
        "caseExact": False,
        "uniqueness": "none",
    }


def test_what_schemas_answers_may_be_declared_again() -> None:
    shown = declared().definition
    meta = {"resourceType": "Schema", "location": "https://hub.example/scim/v2/Schemas/x"}
    assert extension(ObjectKind.USER, HR, shown | {"meta": meta}) == declared()


@pytest.mark.parametrize(
    ("attribute", "field", "words"),
    [
        ({"name": "9lives"}, "name", "begins with a letter"),
        ({"name": "a b"}, "name", "letters, digits"),
        ({"name": "x" * 101}, "name", "at most 100"),
        ({}, "name", "begins with a letter"),
        ({"name": 5}, "name", "begins with a letter"),
        ({"name": "$ref"}, "name", "begins with a letter"),
        ({"name": "Members"}, "name", "means something in every resource"),
        ({"name": "password"}, "name", "means something in every resource"),
        (STRING | {"type": "text"}, "type", "string, boolean, decimal"),
        (STRING | {"type": {"a": 1}}, "type", "string, boolean, decimal"),
        (STRING | {"type": "complex"}, "subAttributes", "one or more sub-attributes"),
        (STRING | {"subAttributes": [STRING]}, "subAttributes", "Only a complex attribute"),
        (STRING | {"required": True}, "required", "a leaver's too"),
        (STRING | {"uniqueness": "server"}, "uniqueness", "Only 'none'"),
        (STRING | {"multiValued": "yes"}, "multiValued", "true or false"),
        (STRING | {"mutability": "sometimes"}, "mutability", "readWrite, immutable"),
        (STRING | {"returned": ["default"]}, "returned", "default, always"),
        (STRING | {"mutability": "writeOnly"}, "returned", "returned never"),
        (STRING | {"mutability": "readOnly", "returned": "never"}, "returned", "of use to nobody"),
        (STRING | {"canonicalValues": "a"}, "canonicalValues", "a list"),
        (STRING | {"canonicalValues": [5]}, "canonicalValues", "a text"),
        (STRING | {"canonicalValues": ["\ud800"]}, "canonicalValues", "printable"),
        (STRING | {"type": "reference", "referenceTypes": ["Device"]}, "referenceTypes", "external, uri, User, Group"),
        (STRING | {"description": "a\x00b"}, "description", "printable"),
        (STRING | {"case_exact": True}, "case_exact", "no such characteristic"),
        ("grade", "", "an object"),
    ],
)
def test_an_attribute_is_refused_in_words(attribute: Any, field: str, words: str) -> None:
    place = f"attributes.0.{field}".rstrip(".")
    assert words in refused([attribute])[place]


@pytest.mark.parametrize(
    ("part", "field", "words"),
    [
        ({"name": "a", "type": "complex"}, "type", "one of string"),
        ({"name": "a", "multiValued": True}, "multiValued", "has one value"),
        ({"name": "a", "subAttributes": [STRING]}, "subAttributes", "Only a complex"),
    ],
)
def test_there_is_one_level_of_sub_attributes(part: Any, field: str, words: str) -> None:
    whole = {"name": "cost", "type": "complex", "subAttributes": [part]}
    assert words in refused([whole])[f"attributes.0.subAttributes.0.{field}"]


def test_names_differ_by_more_than_case() -> None:
    assert "case does not tell" in refused([STRING, {"name": "GRADE"}])["attributes.1.name"]


@pytest.mark.parametrize("attributes", [None, [], {}, "x"])
def test_there_is_at_least_one_attribute(attributes: Any) -> None:
    assert "one or more" in refused(attributes)["attributes"]


def test_there_are_at_most_two_hundred_attributes_parts_counted() -> None:
    parts = [{"name": f"p{n}"} for n in range(MOST_ATTRIBUTES)]
    assert "at most 200" in refused([{"name": "cost", "type": "complex", "subAttributes": parts}])["attributes"]
    assert "at most 200" in refused([{"name": f"a{n}"} for n in range(100_000)])["attributes"]


@pytest.mark.parametrize(
    "urn",
    ["", "northwind", "urn:x", "urn::x:y", "urn:x:a b", "urn:x:y/z", "urn:x:é", "urn:x:y:", f"urn:x:{'y' * 200}",
     "http://schemas.northwind.example/user", "URN:x:y"],
)  # fmt: skip
def test_a_name_that_is_no_urn_is_refused(urn: str) -> None:
    assert "urn" in refused([STRING], urn)


@pytest.mark.parametrize(
    "urn",
    [USER, ENTERPRISE_USER, ENTERPRISE_USER.upper().replace("URN", "urn"), f"{USER}:grade",
     "urn:ietf:params:scim:api:messages:2.0:PatchOp"],
)  # fmt: skip
def test_scims_own_urns_are_refused(urn: str) -> None:
    assert "SCIM's own" in refused([STRING], urn)["urn"]


def test_an_unknown_member_and_another_id_are_refused() -> None:
    said = refused([STRING], id="urn:x:y", attribute=[])
    assert "not the URN" in said["id"]
    assert "no such member" in said["attribute"]


def test_at_most_twenty_extensions_stand_beside_each_other() -> None:
    others = [declared([STRING], f"urn:northwind:{n:02}:User") for n in range(MOST_EXTENSIONS)]
    check_beside(others[3], others)
    with pytest.raises(InvalidSchema, match="20 extensions"):
        check_beside(declared([STRING]), others)


def test_no_urn_begins_with_another() -> None:
    with pytest.raises(InvalidSchema, match="begins with the other"):
        check_beside(declared([STRING], f"{HR}:more"), [declared()])
    check_beside(declared([STRING], f"{HR}2"), [declared()])


@pytest.mark.parametrize(
    ("attribute", "says"),
    [
        ({"name": "badge", "type": "string"}, "a single integer"),
        ({"name": "Badge", "type": "integer", "multiValued": True}, "a single integer"),
        ({"name": "tags", "type": "string"}, "a multi-valued string"),
        (
            {"name": "cost", "type": "complex", "subAttributes": [{"name": "share"}]},
            "cost.share: It is a single integer",
        ),
    ],
)
def test_an_attribute_keeps_its_type_and_plurality(attribute: Any, says: str) -> None:
    with pytest.raises(InvalidSchema, match=says):
        check_beside(declared([attribute]), [declared()])


def test_all_else_may_change() -> None:
    check_beside(declared([{"name": "badge", "type": "integer", "returned": "request"}, {"name": "new"}]), [declared()])


def test_an_extension_stays_with_its_resource_type_and_its_spelling() -> None:
    for other in (declared(kind=ObjectKind.GROUP), declared(urn=HR.replace("northwind", "Northwind"))):
        with pytest.raises(InvalidSchema, match="Delete it first"):
            check_beside(other, [declared()])


TAKEN = "copy json class schema model_config model-dump validate self None a-b a_b A1 get title name userName fields"


@pytest.mark.parametrize("name", TAKEN.split())
def test_a_name_that_is_taken_is_declared_all_the_same(name: str) -> None:
    """Names of Python's, of pydantic's and of the core schema's."""
    made = declared([{"name": name, "type": "integer"}, *ATTRIBUTES])
    model = published((made,)).provider.model_for("User")
    assert model is not None
    body = {"schemas": [USER, HR], "userName": "m", HR: {name: 5}}
    assert model.model_validate(body).model_dump() == body


@pytest.mark.parametrize("name", ["Meta", "schemas", "copy", "model_config", "EnterpriseUser", "__x__", "Name", "é ü"])
def test_an_extension_is_called_what_its_organisation_calls_it(name: str) -> None:
    """Whatever the library has classes and fields of."""
    made = extension(ObjectKind.USER, HR, {"name": name, "attributes": [STRING]})
    provider = published((made,)).provider
    assert [schema.name for schema in provider.schemas if schema.id == HR] == [name]
    model = provider.model_for("User")
    assert model is not None
    body = {"schemas": [USER, HR], "userName": "m", "name": {"givenName": "M"}, HR: {"grade": "a"}}
    assert model.model_validate(body).model_dump() == body


def test_names_that_differ_by_a_dash_or_an_underscore_are_told_apart() -> None:
    made = declared([{"name": name} for name in ("employeeId", "employee_id", "employee-Id")])
    model = published((made,)).provider.model_for("User")
    assert model is not None
    body = {"schemas": [USER, HR], "userName": "m", HR: {"employeeId": "1", "employee_id": "2", "employee-Id": "3"}}
    assert model.model_validate(body).model_dump() == body


def test_two_extensions_of_one_name_and_attribute_are_told_apart() -> None:
    other = "urn:northwind:other:User"
    model = published((declared([STRING]), declared([STRING], other))).provider.model_for("User")
    assert model is not None
    body = {"schemas": [USER, HR, other], "userName": "m", HR: {"grade": "a"}, other: {"grade": "b"}}
    assert model.model_validate(body).model_dump() == body
