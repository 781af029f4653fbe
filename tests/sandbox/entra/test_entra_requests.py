"""Request shapes of Entra's two dialects. Expected bodies are written out: they are the contract with a real tenant."""

from dataclasses import replace

import pytest
from scim2_models import EnterpriseUser, Group, PatchOp, User

from sandbox.entra import requests
from sandbox.entra.people import northwind
from sandbox.entra.requests import Dialect, Request

PATCH = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def operations(request: Request) -> object:
    """The operations of a PATCH that is otherwise as it must be."""
    assert request.method == "PATCH"
    assert request.body is not None
    assert request.body.keys() == {"schemas", "Operations"}
    assert request.body["schemas"] == PATCH
    return request.body["Operations"]


def test_matching_query_encodes_spaces_as_plus_and_quotes_the_value() -> None:
    assert (
        requests.find_user("mira.okafor@northwind.example", Dialect.DEFAULT).target
        == "/Users?filter=userName+eq+%22mira.okafor%40northwind.example%22"
    )


def test_the_flag_rides_on_every_request_as_a_key_without_a_value() -> None:
    assert requests.read_user("u-1", Dialect.OPTSCIM).target == "/Users/u-1?aadOptscim062020"
    assert requests.find_user("a", Dialect.OPTSCIM).target.startswith("/Users?aadOptscim062020&filter=")


def test_groups_are_asked_for_without_their_members() -> None:
    assert "excludedAttributes=members" in requests.find_group("Sales", Dialect.DEFAULT).target
    assert requests.read_group("g-1", Dialect.DEFAULT).target == "/Groups/g-1?excludedAttributes=members"


def test_a_quote_in_a_filter_value_is_escaped() -> None:
    assert requests.find_group('The "A" team', Dialect.DEFAULT).query[1] == (
        "filter",
        r'displayName eq "The \"A\" team"',
    )


@pytest.mark.parametrize("dialect", Dialect)
def test_a_user_is_created_with_the_enterprise_extension_and_no_manager(dialect: Dialect) -> None:
    person = northwind().people["sosullivan"]
    body = requests.create_user(person, dialect).body
    assert body is not None
    assert body["schemas"] == [User.__schema__, ENTERPRISE]
    assert body["externalId"] == "sosullivan"
    assert body["name"] == {
        "formatted": "Siobhán O'Súilleabháin",
        "familyName": "O'Súilleabháin",
        "givenName": "Siobhán",
    }
    assert body[ENTERPRISE] == {"employeeNumber": "70402", "department": "Engineering"}
    assert "password" not in body


def test_a_group_is_created_empty_and_names_a_schema_that_scim_does_not_know() -> None:
    body = requests.create_group("Sales", "0c1d", Dialect.DEFAULT).body
    assert body is not None
    assert "members" not in body
    assert body["schemas"] == [
        Group.__schema__,
        "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
    ]


def test_the_default_dialect_disables_with_a_string() -> None:
    assert operations(requests.set_active("u-1", False, Dialect.DEFAULT)) == [
        {"op": "Replace", "path": "active", "value": "False"}
    ]


def test_with_the_flag_a_user_is_disabled_with_a_boolean() -> None:
    assert operations(requests.set_active("u-1", False, Dialect.OPTSCIM)) == [
        {"op": "replace", "path": "active", "value": False}
    ]


def test_the_default_dialect_sends_one_operation_for_each_value() -> None:
    values = {"displayName": "Mira O.", "name.familyName": "O."}
    assert operations(requests.update_user("u-1", values, Dialect.DEFAULT)) == [
        {"op": "Replace", "path": "displayName", "value": "Mira O."},
        {"op": "Replace", "path": "name.familyName", "value": "O."},
    ]


def test_with_the_flag_values_ride_in_one_object_with_dotted_keys_beside_the_filtered_paths() -> None:
    values = {
        "displayName": "Mira O.",
        'emails[type eq "work"].value': "m@northwind.example",
        "name.familyName": "O.",
        f"{ENTERPRISE}:department": "",
    }
    assert operations(requests.update_user("u-1", values, Dialect.OPTSCIM)) == [
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "m@northwind.example"},
        {
            "op": "replace",
            "value": {"displayName": "Mira O.", "name.familyName": "O.", f"{ENTERPRISE}:department": ""},
        },
    ]


def test_the_manager_is_a_bare_string_in_the_default_dialect_and_complex_with_the_flag() -> None:
    path = f"{ENTERPRISE}:manager"
    assert operations(requests.set_manager("u-1", "u-2", Dialect.DEFAULT)) == [
        {"op": "Add", "path": path, "value": "u-2"}
    ]
    assert operations(requests.set_manager("u-1", "u-2", Dialect.OPTSCIM)) == [
        {"op": "replace", "path": path, "value": {"value": "u-2"}}
    ]


def test_members_are_added_with_a_null_ref() -> None:
    assert operations(requests.add_members("g-1", ["u-1", "u-2"], Dialect.DEFAULT)) == [
        {"op": "Add", "path": "members", "value": [{"$ref": None, "value": "u-1"}, {"$ref": None, "value": "u-2"}]}
    ]


def test_the_default_dialect_removes_a_member_by_a_value_beside_the_path() -> None:
    assert operations(requests.remove_member("g-1", "u-1", Dialect.DEFAULT)) == [
        {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "u-1"}]}
    ]


def test_with_the_flag_a_member_is_removed_by_a_filter_in_the_path() -> None:
    assert operations(requests.remove_member("g-1", "u-1", Dialect.OPTSCIM)) == [
        {"op": "remove", "path": 'members[value eq "u-1"]'}
    ]


def test_the_flagged_requests_that_the_rfc_knows_are_valid_for_an_independent_scim_library() -> None:
    person = replace(northwind().people["mokafor"], title="Lead")
    body = requests.create_user(person, Dialect.OPTSCIM).body
    assert User[EnterpriseUser].model_validate(body).title == "Lead"
    patch = requests.remove_member("g-1", "u-1", Dialect.OPTSCIM).body
    PatchOp[Group].model_validate(patch)
