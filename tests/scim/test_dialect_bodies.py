"""POST and PUT bodies as Entra and others write them, one row a shape, with what RFC 7643 means by it."""

from typing import Any

import pytest
from scim2_models import InvalidSyntaxException, InvalidValueException, PayloadTooLargeException

from provisioning.scim.dialect.bodies import normal_resource
from provisioning.scim.limits import MOST_VALUES
from provisioning.scim.published import published
from provisioning.scim.schema.schemas import ENTERPRISE_USER, GROUP, USER

TYPO = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"
MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"

USER_SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "what is well formed stays": (
        {"userName": "m", "name": {"givenName": "M"}, "emails": [{"value": "m@x", "type": "work", "primary": True}]},
        {"userName": "m", "name": {"givenName": "M"}, "emails": [{"value": "m@x", "type": "work", "primary": True}]},
    ),
    "values are stored as they were sent": (
        {"phoneNumbers": [{"value": " +44 (131) 555-0101 ", "type": "work"}], "title": "Ünïcode 𝄞"},
        {"phoneNumbers": [{"value": " +44 (131) 555-0101 ", "type": "work"}], "title": "Ünïcode 𝄞"},
    ),
    "active as the string True": ({"active": "True"}, {"active": True}),
    "active as the string false": ({"active": "false"}, {"active": False}),
    "primary as a string": (
        {"emails": [{"value": "m@x", "primary": "True"}]},
        {"emails": [{"value": "m@x", "primary": True}]},
    ),
    "names in another case": (
        {"UserName": "m", "EMAILS": [{"Value": "m@x", "Type": "work", "Primary": False}]},
        {"userName": "m", "emails": [{"value": "m@x", "type": "work", "primary": False}]},
    ),
    "id and meta are the server's": (
        {"id": "x", "meta": {"resourceType": "User", "version": "1"}, "userName": "m"},
        {"userName": "m"},
    ),
    "read-only groups are ignored": ({"groups": [{"value": "g-1"}]}, {}),
    "nulls and empty strings are absent": (
        {"title": None, "nickName": "", "name": {"familyName": "", "givenName": "M"}, "addresses": None},
        {"name": {"givenName": "M"}},
    ),
    "an object of blanks is absent": ({"name": {"familyName": None, "givenName": ""}}, {}),
    "an empty list stays empty": ({"roles": []}, {"roles": []}),
    "an empty list where one value may stand is absent": ({"name": [], "title": [], "active": []}, {}),
    "an e-mail without a value is none": (
        {"emails": [{"type": "work", "value": ""}, {"type": "home", "value": "h@x"}, None]},
        {"emails": [{"type": "home", "value": "h@x"}]},
    ),
    "an address of blanks is none": (
        {"addresses": [{"type": "work", "locality": "", "country": None}, {"type": "home", "locality": "Leith"}]},
        {"addresses": [{"type": "home", "locality": "Leith"}]},
    ),
    "a single value where several may stand": (
        {"emails": {"value": "m@x", "type": "work"}, "phoneNumbers": "+44"},
        {"emails": [{"value": "m@x", "type": "work"}], "phoneNumbers": [{"value": "+44"}]},
    ),
    "a scalar as a list of one value": ({"displayName": [{"value": "Mira"}]}, {"displayName": "Mira"}),
    "a scalar as an object with a value": ({"displayName": {"Value": "Mira"}}, {"displayName": "Mira"}),
    "a role as a JSON string": (
        {"roles": [{"value": '{"id":"7","value":"Admin","displayName":"Administrator"}', "primary": "False"}]},
        {"roles": [{"value": "Admin", "display": "Administrator", "primary": False}]},
    ),
    "a role as a bare JSON string": ({"roles": ['{"id":"7","value":"Admin"}']}, {"roles": [{"value": "Admin"}]}),
    "a role value that only looks like JSON": ({"roles": [{"value": "{Admin"}]}, {"roles": [{"value": "{Admin"}]}),
    "displayName of a value is its display": (
        {"roles": [{"value": "Admin", "displayName": "Administrator"}]},
        {"roles": [{"value": "Admin", "display": "Administrator"}]},
    ),
    "the manager as a string": (
        {ENTERPRISE_USER: {"manager": "u-1"}},
        {ENTERPRISE_USER: {"manager": {"value": "u-1"}}},
    ),
    "the manager as a list": (
        {ENTERPRISE_USER: {"manager": [{"$ref": "https://h/Users/u-1", "value": "u-1"}]}},
        {ENTERPRISE_USER: {"manager": {"value": "u-1"}}},
    ),
    "the manager as an object in another case": (
        {ENTERPRISE_USER: {"Manager": {"Value": "u-1"}, "Department": "Risk"}},
        {ENTERPRISE_USER: {"manager": {"value": "u-1"}, "department": "Risk"}},
    ),
    "the manager by its URL alone": (
        {ENTERPRISE_USER: {"manager": {"$ref": "https://h/scim/v2/Users/u-1/"}}},
        {ENTERPRISE_USER: {"manager": {"value": "u-1"}}},
    ),
    "the manager's name is the server's": (
        {ENTERPRISE_USER: {"manager": {"value": "u-1", "displayName": "Boss"}}},
        {ENTERPRISE_USER: {"manager": {"value": "u-1"}}},
    ),
    "an empty manager": (
        {ENTERPRISE_USER: {"manager": "", "department": "Risk"}},
        {ENTERPRISE_USER: {"department": "Risk"}},
    ),
    "the manager as an empty list": ({ENTERPRISE_USER: {"manager": []}}, {}),
    "a manager with an empty value": ({ENTERPRISE_USER: {"manager": {"value": ""}}}, {}),
    "attributes of the extension at the top level": (
        {"manager": "u-1", "department": "Risk", "costCenter": None},
        {ENTERPRISE_USER: {"manager": {"value": "u-1"}, "department": "Risk"}},
    ),
    "the extension without its last colon": (
        {TYPO: {"department": "Risk"}},
        {ENTERPRISE_USER: {"department": "Risk"}},
    ),
    "the extension in another case": (
        {ENTERPRISE_USER.upper(): {"department": "Risk"}},
        {ENTERPRISE_USER: {"department": "Risk"}},
    ),
    "the core schema as an object": (
        {USER: {"title": "Lead", "schemas": ["x"], "id": "x"}},
        {"title": "Lead"},
    ),
    "a name that is empty": ({"": {"title": "Lead"}}, {}),
    "the extension as null": ({ENTERPRISE_USER: None}, {}),
    "dotted names": (
        {"name.givenName": "Mira", "name": {"familyName": "Okafor"}},
        {"name": {"givenName": "Mira", "familyName": "Okafor"}},
    ),
    "names with their URN": (
        {f"{ENTERPRISE_USER}:department": "Risk", f"{ENTERPRISE_USER}:manager.value": "u-1", f"{USER}:title": "Lead"},
        {ENTERPRISE_USER: {"department": "Risk", "manager": {"value": "u-1"}}, "title": "Lead"},
    ),
    "what the schema does not know is left out": (
        {"entitlementz": 1, "password": "s", "urn:x:y": {"a": 1}, "emails": [{"value": "m@x", "colour": "red"}]},
        {"emails": [{"value": "m@x"}]},
    ),
}


@pytest.mark.parametrize(("body", "meant"), USER_SHAPES.values(), ids=USER_SHAPES)
def test_a_user_means(body: dict[str, Any], meant: dict[str, Any]) -> None:
    """Each shape becomes what it means; ``schemas`` says what is there."""
    schemas = [USER, ENTERPRISE_USER] if ENTERPRISE_USER in meant else [USER]
    assert normal_resource(published().shapes["User"], body) == {"schemas": schemas, **meant}


@pytest.mark.parametrize(("body", "meant"), USER_SHAPES.values(), ids=USER_SHAPES)
def test_what_was_normalised_once_stays(body: dict[str, Any], meant: dict[str, Any]) -> None:
    """Well-formed bodies pass unchanged, the normaliser's own included."""
    normal = normal_resource(published().shapes["User"], body)
    assert normal_resource(published().shapes["User"], normal) == normal


@pytest.mark.parametrize("schemas", [[], None, [USER], [USER, "urn:other"], "nonsense"])
def test_an_extension_needs_no_mention_in_schemas(schemas: Any) -> None:
    """Entra does not list the URN of an extension that it sends."""
    body = {"schemas": schemas, "userName": "m", ENTERPRISE_USER: {"department": "Risk"}}
    assert normal_resource(published().shapes["User"], body)["schemas"] == [USER, ENTERPRISE_USER]


GROUP_SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "as Entra creates one": (
        {
            "schemas": [GROUP, MICROSOFT_GROUP],
            "externalId": "7",
            "displayName": "Risk",
            "meta": {"resourceType": "Group"},
        },
        {"externalId": "7", "displayName": "Risk"},
    ),
    "members with null references": (
        {"members": [{"$ref": None, "value": "u-1"}, {"$ref": None, "value": "u-2"}]},
        {"members": [{"value": "u-1"}, {"value": "u-2"}]},
    ),
    "members as bare strings": ({"members": ["u-1", "u-2"]}, {"members": [{"value": "u-1"}, {"value": "u-2"}]}),
    "one member as a bare string": ({"members": "u-1"}, {"members": [{"value": "u-1"}]}),
    "no members said aloud": ({"members": []}, {"members": []}),
    "a member by its URL": ({"members": [{"$ref": "../Users/u-1"}]}, {"members": [{"value": "u-1"}]}),
}


@pytest.mark.parametrize(("body", "meant"), GROUP_SHAPES.values(), ids=GROUP_SHAPES)
def test_a_group_means(body: dict[str, Any], meant: dict[str, Any]) -> None:
    """Each shape becomes what it means."""
    assert normal_resource(published().shapes["Group"], body) == {"schemas": [GROUP], **meant}


@pytest.mark.parametrize("active", ["banana", "", "yes", 1, 0, {"value": "banana"}, ["true", "false"], 3.5])
def test_what_is_no_boolean_is_refused_or_absent(active: Any) -> None:
    """Never stored: a blank is absent, everything else is refused with the attribute's name."""
    if active == "":
        assert "active" not in normal_resource(published().shapes["User"], {"active": active})
        return
    with pytest.raises(InvalidValueException, match="active"):
        normal_resource(published().shapes["User"], {"active": active})


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Mira"},
        {"displayName": {"givenName": "Mira"}},
        {"displayName": ["a", "b"]},
        {"displayName": [["a"]]},
        {"addresses": ["4 Quay"]},
        {ENTERPRISE_USER: "Risk"},
        {ENTERPRISE_USER: {"manager": [{"value": "u-1"}, {"value": "u-2"}]}},
        {ENTERPRISE_USER: {"manager": 7}},
    ],
)
def test_a_value_of_the_wrong_form_is_refused(body: dict[str, Any]) -> None:
    """400 invalidValue, with the name of the attribute."""
    with pytest.raises(InvalidValueException):
        normal_resource(published().shapes["User"], body)


@pytest.mark.parametrize("value", ["***", "YQ", "YWJj_-8=", 7, {"a": 1}])
def test_what_is_no_base64_is_refused(value: Any) -> None:
    """RFC 7643 section 2.3.6: it would otherwise be kept as something else."""
    with pytest.raises(InvalidValueException, match="'value'"):
        normal_resource(published().shapes["User"], {"x509Certificates": [{"value": value}]})


def test_the_number_of_values_is_bounded_but_for_members() -> None:
    """413, before one of them is looked at."""
    values = [{"value": str(number)} for number in range(MOST_VALUES + 1)]
    with pytest.raises(PayloadTooLargeException, match="emails"):
        normal_resource(published().shapes["User"], {"emails": values})
    assert len(normal_resource(published().shapes["Group"], {"members": values})["members"]) == MOST_VALUES + 1


@pytest.mark.parametrize("body", [[], "x", 1, None, True])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    """400 invalidSyntax."""
    with pytest.raises(InvalidSyntaxException):
        normal_resource(published().shapes["User"], body)


def test_the_body_that_was_given_is_not_changed() -> None:
    """The normaliser is pure."""
    body = {"active": "True", "name": {"givenName": ""}, ENTERPRISE_USER: {"manager": "u-1"}}
    normal_resource(published().shapes["User"], body)
    assert body == {"active": "True", "name": {"givenName": ""}, ENTERPRISE_USER: {"manager": "u-1"}}
