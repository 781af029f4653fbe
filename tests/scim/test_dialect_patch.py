"""PATCH operations as Entra and others write them, one row a shape, with the RFC 7644 operations they mean."""

from typing import Any

import pytest
from scim2_models import InvalidSyntaxException, InvalidValueException, MutabilityException, PayloadTooLargeException

from provisioning.scim.dialect.patches import normal_operations
from provisioning.scim.limits import MOST_PATCH_OPERATIONS
from provisioning.scim.published import published
from provisioning.scim.schema.schemas import ENTERPRISE_USER, USER

TYPO = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"
MANAGER = f"{ENTERPRISE_USER}:manager"


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def remove(path: str, *value: Any) -> dict[str, Any]:
    return {"op": "remove", "path": path, **({"value": value[0]} if value else {})}


USER_SHAPES: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "what is well formed stays": (replace("displayName", "Mira"), [replace("displayName", "Mira")]),
    "Replace": ({"op": "Replace", "path": "displayName", "value": "M"}, [replace("displayName", "M")]),
    "Add": ({"op": "Add", "path": "nickName", "value": "Mi"}, [add("nickName", "Mi")]),
    "Remove": ({"op": "Remove", "path": "nickName"}, [remove("nickName")]),
    "members of an operation in another case": (
        {"OP": "ADD", "Path": "nickName", "Value": "Mi", "name": "x"},
        [add("nickName", "Mi")],
    ),
    "attribute names in another case": (replace("DisplayName", "M"), [replace("displayName", "M")]),
    "a core attribute with its URN": (replace(f"{USER}:name.givenName", "M"), [replace("name.givenName", "M")]),
    "active as False": (replace("active", "False"), [replace("active", False)]),
    "active as a list of one value": (replace("active", [{"value": "false"}]), [replace("active", False)]),
    "a scalar as a list of one value": (replace("userName", [{"value": "m"}]), [replace("userName", "m")]),
    "a value path": (
        replace('emails[type eq "work"].value', "m@x"),
        [replace('emails[type eq "work"].value', "m@x")],
    ),
    "a value path with a boolean in quotes": (
        add('roles[primary eq "True"].value', "Admin"),
        [add("roles[primary eq true].value", "Admin")],
    ),
    "a value path joined by and": (
        add('emails[Type EQ "work" and Primary eq True].Value', "m@x"),
        [add('emails[type eq "work" and primary eq true].value', "m@x")],
    ),
    "a value path with a bracket inside quotes": (
        replace('emails[display eq "a]b.c"].value', "m@x"),
        [replace('emails[display eq "a]b.c"].value', "m@x")],
    ),
    "a value path whose element is given as a string": (
        replace('emails[type eq "work"]', "m@x"),
        [replace('emails[type eq "work"]', {"value": "m@x"})],
    ),
    "a boolean at the end of a value path": (
        replace('emails[type eq "work"].primary', "True"),
        [replace('emails[type eq "work"].primary', True)],
    ),
    "an attribute of the extension": (
        replace(f"{ENTERPRISE_USER}:employeeNumber", "7"),
        [replace(f"{ENTERPRISE_USER}:employeeNumber", "7")],
    ),
    "the extension without its last colon": (
        replace(f"{TYPO}:department", "Risk"),
        [replace(f"{ENTERPRISE_USER}:department", "Risk")],
    ),
    "an attribute of the extension without its URN": (
        replace("department", "Risk"),
        [replace(f"{ENTERPRISE_USER}:department", "Risk")],
    ),
    "no path": (
        {"op": "replace", "value": {"displayName": "M", "active": "True"}},
        [replace("displayName", "M"), replace("active", True)],
    ),
    "no path, said as an empty one": ({"op": "add", "path": "", "value": {"title": "Lead"}}, [add("title", "Lead")]),
    "no path, said as null": ({"op": "add", "path": None, "value": {"title": "Lead"}}, [add("title", "Lead")]),
    "no path and dotted keys": (
        {"op": "add", "value": {"name.givenName": "Mira", "name.formatted": "Mira O.", "title": "Lead"}},
        [add("name.givenName", "Mira"), add("name.formatted", "Mira O."), add("title", "Lead")],
    ),
    "no path and URN keys": (
        {"op": "replace", "value": {f"{ENTERPRISE_USER}:employeeNumber": "7", f"{MANAGER}.value": "u-1"}},
        [replace(f"{ENTERPRISE_USER}:employeeNumber", "7"), replace(f"{MANAGER}.value", "u-1")],
    ),
    "no path and value-path keys": (
        {"op": "replace", "value": {'emails[type eq "work"].value': "m@x", 'roles[primary eq "True"].value': "A"}},
        [replace('emails[type eq "work"].value', "m@x"), replace("roles[primary eq true].value", "A")],
    ),
    "no path and a nested extension": (
        {"op": "replace", "value": {ENTERPRISE_USER: {"department": "Risk", "Manager": "u-1"}}},
        [replace(f"{ENTERPRISE_USER}:department", "Risk"), replace(MANAGER, {"value": "u-1"})],
    ),
    "no path, with what is the server's": (
        {"op": "replace", "value": {"id": "x", "meta": {}, "schemas": [USER], "groups": [], "title": "Lead"}},
        [replace("title", "Lead")],
    ),
    "no path and unknown keys": (
        {"op": "replace", "value": {"shoeSize": 42, "title": "Lead"}},
        [replace("title", "Lead")],
    ),
    "the extension as the path": (
        replace(ENTERPRISE_USER, {"department": "Risk"}),
        [replace(f"{ENTERPRISE_USER}:department", "Risk")],
    ),
    "the extension removed": ({"op": "Remove", "path": ENTERPRISE_USER}, [remove(ENTERPRISE_USER)]),
    "the extension replaced by null": (replace(ENTERPRISE_USER, None), [remove(ENTERPRISE_USER)]),
    "replaced by an empty string": (replace("title", ""), [remove("title")]),
    "replaced by null": (replace("title", None), [remove("title")]),
    "added as an empty string": (add("title", ""), [remove("title")]),
    "no path and a null": ({"op": "replace", "value": {"title": None}}, [remove("title")]),
    "a value path replaced by an empty string": (
        replace('emails[type eq "work"].value', ""),
        [remove('emails[type eq "work"].value')],
    ),
    "several values replaced by none": (replace("emails", []), [remove("emails")]),
    "several values replaced by blanks": (replace("emails", [{"type": "work", "value": ""}]), [remove("emails")]),
    "nothing added to several values": (add("emails", []), []),
    "a sub-attribute cleared inside an object": (
        replace("name", {"familyName": "", "givenName": "M"}),
        [replace("name", {"familyName": None, "givenName": "M"})],
    ),
    "the manager as a string": (add(MANAGER, "u-1"), [add(MANAGER, {"value": "u-1"})]),
    "the manager without its URN, as a list": (
        add("manager", [{"$ref": "https://h/scim/Users/u-1", "value": "u-1"}]),
        [add(MANAGER, {"value": "u-1"})],
    ),
    "the manager as an object": (replace(MANAGER, {"value": "u-1"}), [replace(MANAGER, {"value": "u-1"})]),
    "the manager cleared by an empty string": (replace(MANAGER, ""), [remove(MANAGER)]),
    "the manager cleared by an empty value": (replace(MANAGER, {"value": ""}), [remove(MANAGER)]),
    "the manager cleared by an empty list": (replace(MANAGER, []), [remove(MANAGER)]),
    "the manager's value cleared": (replace(f"{MANAGER}.value", ""), [remove(MANAGER)]),
    "the manager's value removed": ({"op": "Remove", "path": f"{MANAGER}.value"}, [remove(MANAGER)]),
    "the manager removed with its value": ({"op": "Remove", "path": MANAGER, "value": "u-1"}, [remove(MANAGER)]),
    "roles as JSON strings": (
        {"op": "Add", "path": "roles", "value": [{"value": '{"id":"7","value":"Admin","displayName":"A"}'}]},
        [add("roles", [{"value": "Admin", "display": "A"}])],
    ),
    "roles replaced as a whole": (
        replace(
            "roles", [{"primary": "False", "type": "WindowsAzureActiveDirectoryRole", "display": "A", "value": "A"}]
        ),
        [
            replace(
                "roles", [{"primary": False, "type": "WindowsAzureActiveDirectoryRole", "display": "A", "value": "A"}]
            )
        ],
    ),
    "a value removed by its value": (
        {"op": "Remove", "path": "roles", "value": [{"value": "Admin", "display": "A", "primary": False}]},
        [remove("roles", [{"value": "Admin"}])],
    ),
    "a value without a value removed": (
        {"op": "Remove", "path": "addresses", "value": {"type": "work"}},
        [remove("addresses", [{"type": "work"}])],
    ),
    "none of several values removed": ({"op": "Remove", "path": "roles", "value": []}, []),
    "all of several values removed": ({"op": "Remove", "path": "roles"}, [remove("roles")]),
    "a remove without a path": ({"op": "remove"}, [{"op": "remove"}]),
    "an attribute that is not known": (replace("shoeSize", 42), [replace("shoeSize", 42)]),
}


@pytest.mark.parametrize(("operation", "meant"), USER_SHAPES.values(), ids=USER_SHAPES)
def test_an_operation_on_a_user_means(operation: dict[str, Any], meant: list[dict[str, Any]]) -> None:
    """Each shape becomes plain operations with a path."""
    assert normal_operations(published().shapes["User"], {"Operations": [operation]}) == meant


@pytest.mark.parametrize("meant", [meant for _, meant in USER_SHAPES.values() if meant], ids=str)
def test_operations_that_were_normalised_once_stay(meant: list[dict[str, Any]]) -> None:
    """Well-formed operations pass unchanged."""
    assert normal_operations(published().shapes["User"], {"Operations": meant}) == meant


GROUP_SHAPES: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "a rename": ({"op": "Replace", "path": "displayName", "value": "R"}, [replace("displayName", "R")]),
    "members added": (
        {"op": "Add", "path": "members", "value": [{"$ref": None, "value": "u-1"}, {"$ref": None, "value": "u-2"}]},
        [add("members", [{"value": "u-1"}, {"value": "u-2"}])],
    ),
    "a member added as a bare string": (
        {"name": "addMember", "op": "add", "path": "members", "value": "u-1"},
        [add("members", [{"value": "u-1"}])],
    ),
    "a member added without a path": (
        {"op": "add", "value": {"members": [{"value": "u-1"}], "externalId": "7"}},
        [add("members", [{"value": "u-1"}]), add("externalId", "7")],
    ),
    "these members removed": (
        {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "u-1"}]},
        [remove("members", [{"value": "u-1"}])],
    ),
    "a member removed as a bare string": (
        {"op": "Remove", "path": "members", "value": "u-1"},
        [remove("members", [{"value": "u-1"}])],
    ),
    "a member removed by a value path": (
        {"op": "remove", "path": 'members[value eq "u-1"]'},
        [remove('members[value eq "u-1"]')],
    ),
    "all members removed": ({"op": "remove", "path": "members"}, [remove("members")]),
    "no member removed": ({"op": "Remove", "path": "members", "value": []}, []),
    "all members replaced": (
        {"op": "replace", "path": "members", "value": ["u-1"]},
        [replace("members", [{"value": "u-1"}])],
    ),
    "all members replaced by none": ({"op": "replace", "path": "members", "value": []}, [remove("members")]),
}


@pytest.mark.parametrize(("operation", "meant"), GROUP_SHAPES.values(), ids=GROUP_SHAPES)
def test_an_operation_on_a_group_means(operation: dict[str, Any], meant: list[dict[str, Any]]) -> None:
    """Removing a member by value is never removing all of them."""
    assert normal_operations(published().shapes["Group"], {"id": "g-1", "Operations": [operation]}) == meant


@pytest.mark.parametrize("name", ["Operations", "operations", "OPERATIONS"])
def test_operations_keep_their_order(name: str) -> None:
    """The body's member may be written in any case."""
    given = [add("title", "a"), remove("title"), add("title", "b")]
    assert normal_operations(published().shapes["User"], {"schemas": [], name: given}) == given


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "move", "path": "title", "value": "x"},
        {"path": "title", "value": "x"},
        {"op": None, "path": "title"},
        {"op": "add", "path": 7, "value": "x"},
        {"op": "add", "path": "title"},
        {"op": "replace", "value": "x"},
        {"op": "replace"},
        replace("active", "banana"),
        {"op": "replace", "value": {"active": "banana"}},
        replace(MANAGER, [{"value": "u-1"}, {"value": "u-2"}]),
        replace("name", "Mira"),
    ],
)
def test_an_operation_without_sense_is_refused(operation: dict[str, Any]) -> None:
    """400 invalidValue."""
    with pytest.raises(InvalidValueException):
        normal_operations(published().shapes["User"], {"Operations": [operation]})


@pytest.mark.parametrize(
    "path", ["id", "ID", "meta", "meta.version", "groups", 'groups[value eq "g-1"]', f"{MANAGER}.displayName"]
)
@pytest.mark.parametrize("verb", ["Add", "Replace", "Remove"])
def test_a_path_to_what_is_read_only_is_refused(verb: str, path: str) -> None:
    """400 mutability (RFC 7644 section 3.5.2); as a key of a value without a path it is passed over."""
    with pytest.raises(MutabilityException, match="read-only"):
        normal_operations(published().shapes["User"], {"Operations": [{"op": verb, "path": path, "value": "x"}]})


@pytest.mark.parametrize("body", [None, [], "x", {"Operations": ["x"]}, {"Operations": [[]]}])
def test_a_body_of_another_form_is_refused(body: Any) -> None:
    """400 invalidSyntax."""
    with pytest.raises(InvalidSyntaxException):
        normal_operations(published().shapes["User"], body)


@pytest.mark.parametrize("body", [{}, {"Operations": []}, {"Operations": {}}, {"Operations": None}])
def test_a_patch_without_operations_is_refused(body: dict[str, Any]) -> None:
    """400 invalidValue."""
    with pytest.raises(InvalidValueException):
        normal_operations(published().shapes["User"], body)


def test_the_number_of_operations_is_bounded() -> None:
    """413, before any of them is looked at."""
    with pytest.raises(PayloadTooLargeException):
        normal_operations(published().shapes["User"], {"Operations": [add("title", "x")] * (MOST_PATCH_OPERATIONS + 1)})
