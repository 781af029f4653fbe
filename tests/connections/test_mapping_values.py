"""Which value a mapping takes from a SCIM document."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import AttributeMapping, ObjectKind
from provisioning.connections.mapping import MalformedPath, Mapped, Pending, desired, parse, value_of

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

MIRA: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    "userName": "mira.okafor@northwind.example",
    "active": False,
    "displayName": "Mira Okafor",
    "nickName": "",
    "title": None,
    "name": {"familyName": "Okafor", "givenName": "Mira", "formatted": ""},
    "emails": [
        {"type": "home", "value": "mira@home.example"},
        {"type": "work", "value": "mira.okafor@northwind.example", "primary": True},
        {"type": "other", "value": ""},
    ],
    "phoneNumbers": [{"type": "work", "value": "+44 131"}, {"type": "mobile", "value": "+44 770"}],
    "addresses": [{"type": "work", "streetAddress": "4 Quay", "locality": "Leith"}],
    "roles": [{"primary": "True", "value": "Admin"}],
    ENTERPRISE: {"employeeNumber": "70412", "department": "Risk", "manager": {"value": "u-9001"}, "level": 7},
    "urn:northwind:hr-1.0:User": {"badge": 7, "desks": [{"type": "main", "value": "4.12"}]},
}


def take(*sources: str, document: dict[str, Any] = MIRA, **traits: Any) -> Mapped:
    """Return what a mapping with these sources takes."""
    return value_of(document, AttributeMapping("target", sources, **traits))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("userName", "mira.okafor@northwind.example"),
        ("name.familyName", "Okafor"),
        ('emails[type eq "home"].value', "mira@home.example"),
        ('emails[type eq "home"]', "mira@home.example"),
        ('addresses[type eq "work"].streetAddress', "4 Quay"),
        ('addresses[type eq "work" and locality eq "leith"].streetAddress', "4 Quay"),
        ("emails[primary eq true].value", "mira.okafor@northwind.example"),
        ("roles[primary eq true].value", "Admin"),
        (f"{ENTERPRISE}:department", "Risk"),
        (f"{ENTERPRISE}:manager.value", "u-9001"),
        (f"{ENTERPRISE}:manager", "u-9001"),
        (f"{ENTERPRISE}:level", 7),
        ("urn:northwind:hr-1.0:User:badge", 7),
        ('urn:northwind:hr-1.0:User:desks[type eq "main"].value', "4.12"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:name.givenName", "Mira"),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: object) -> None:
    assert take(path) == value


@pytest.mark.parametrize(
    "path", ["USERNAME", "Name.FAMILYNAME", 'EMAILS[TYPE eq "WORK"].VALUE', f"{ENTERPRISE.upper()}:DEPARTMENT"]
)
def test_names_of_attributes_and_of_extensions_are_found_whatever_their_case(path: str) -> None:
    assert take(path) is not None


@pytest.mark.parametrize(
    "path", ["title", "nickName", "name.formatted", "name.middleName", "nothing", f"{ENTERPRISE}:x"]
)
def test_null_and_the_empty_text_and_what_is_absent_are_no_value(path: str) -> None:
    assert take(path) is None


@pytest.mark.parametrize("path", ["name", "userName.formatted", "displayName.sub", "addresses"])
def test_a_path_that_does_not_end_at_a_simple_value_has_none(path: str) -> None:
    assert take(path) is None


def test_of_several_values_the_primary_one_is_taken() -> None:
    assert take("emails.value") == "mira.okafor@northwind.example"


def test_without_a_primary_the_first_that_is_not_empty_is_taken() -> None:
    document = {"emails": [{"value": "", "primary": True}, {"value": "b@x.example"}, {"value": "c@x.example"}]}
    assert take("emails.value", document=document) == "b@x.example"


def test_the_first_source_that_has_a_value_wins() -> None:
    assert take("nickName", "title", "name.givenName", "displayName") == "Mira"


def test_false_and_zero_are_values_and_keep_their_type() -> None:
    assert take("active") is False
    assert take("count", document={"count": 0}) == 0
    assert take("ratio", document={"ratio": 1.5}) == "1.5"


def test_a_multivalued_mapping_collects_every_value_once_as_text() -> None:
    assert take("phoneNumbers.value", multivalued=True) == ("+44 131", "+44 770")
    assert take("tags", multivalued=True, document={"tags": ["a", "a", 3, True, "", None]}) == ("a", "3", "true")
    assert take("photos.value", multivalued=True) is None


def test_what_everybody_has_comes_besides_the_values_of_the_source() -> None:
    everybody = ("a", "b")
    assert take("tags", multivalued=True, always=everybody, document={"tags": ["b", "c"]}) == ("a", "b", "c")
    assert take("tags", multivalued=True, always=everybody, document={}) == everybody


def test_a_reference_waits_for_the_other_resource() -> None:
    mapped = take(f"{ENTERPRISE}:manager.value", reference=ObjectKind.USER)
    assert mapped == Pending(ObjectKind.USER, "u-9001")


def test_a_manager_that_is_stored_as_a_bare_id_is_a_reference_as_well() -> None:
    document = {ENTERPRISE: {"manager": "u-9001"}}
    mapped = take(f"{ENTERPRISE}:manager.value", reference=ObjectKind.USER, document=document)
    assert mapped == Pending(ObjectKind.USER, "u-9001")


@pytest.mark.parametrize("manager", [None, "", {}, {"value": None}, {"value": ""}, []])
def test_a_reference_to_nobody_is_no_value(manager: object) -> None:
    document = {ENTERPRISE: {"manager": manager}}
    assert take(f"{ENTERPRISE}:manager.value", reference=ObjectKind.USER, document=document) is None


def test_every_mapped_attribute_is_in_the_answer_so_that_it_can_be_cleared() -> None:
    mappings = [AttributeMapping("sn", ("name.familyName",)), AttributeMapping("title", ("title",))]
    assert desired(MIRA, mappings) == {"sn": "Okafor", "title": None}


@pytest.mark.parametrize(
    "path",
    ["", "a b", "a[", "a[]", 'a[type co "x"]', "a[type eq work]", 'a[type eq "x" or b eq "y"]', "a.b.c", "urn:x:"],
)
def test_what_is_not_a_path_is_refused(path: str) -> None:
    with pytest.raises(MalformedPath):
        parse(path)


def test_and_inside_quotes_belongs_to_the_value() -> None:
    document = {"emails": [{"type": "here and there", "value": "x"}]}
    assert take('emails[type eq "here and there"].value', document=document) == "x"


NAMES = st.sampled_from(["userName", "name", "emails", "active", "value", "type", "primary", ENTERPRISE, "manager"])
TEXTS = st.text(alphabet='ab "é\n', max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
PATHS = st.sampled_from(
    [
        "userName",
        "name.value",
        'emails[type eq "work"].value',
        "emails.value",
        f"{ENTERPRISE}:manager",
        "active[value eq 3]",
    ]
)


@given(st.dictionaries(NAMES, JSON, max_size=6), PATHS, st.booleans(), st.sampled_from([None, ObjectKind.USER]))
def test_whatever_the_document_the_value_is_one_that_the_contract_knows(
    document: dict[str, Any], path: str, multivalued: bool, reference: ObjectKind | None
) -> None:
    traits: dict[str, Any] = {"multivalued": True} if multivalued else {"reference": reference}
    value = take(path, document=document, **traits)
    assert value not in ("", ())
    if multivalued and value is not None:
        assert isinstance(value, tuple)
        assert all(isinstance(each, str) and each for each in value)
        assert len(set(value)) == len(value)
    elif reference is not None and value is not None and not multivalued:
        assert isinstance(value, Pending)
        assert value.resource_id
    else:
        assert value is None or isinstance(value, str | int | bool | tuple)


@given(st.lists(st.fixed_dictionaries({"value": TEXTS, "primary": st.booleans()}), max_size=5))
def test_a_single_value_is_always_among_the_collected_ones(emails: list[dict[str, Any]]) -> None:
    document = {"emails": emails}
    single, collected = take("emails", document=document), take("emails", document=document, multivalued=True)
    if single is None:
        assert collected is None
    else:
        assert isinstance(collected, tuple)
        assert collected[0] == single
