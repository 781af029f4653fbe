"""Attributes: what is mapped exists in Graph, and values go in and out."""

import pytest

from connectors.contract import ObjectKind, Reference
from connectors.errors import Rejected
from connectors.graph.attributes import DEFAULTS, SELECT, body_of, country_code, defaults_with_licences, values_of
from connectors.graph.catalogue import EXTENSION, MEMBERS, REFUSED, SEPARATE, WRITABLE, property_of
from provisioning.connections.mapping import desired
from sandbox.graph.entities import ENTITIES

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
PLACES = {USER: "users", GROUP: "groups"}

SCIM = {
    "userName": "mira.okafor@contoso.example",
    "displayName": "Mira Okafor",
    "name": {"givenName": "Mira", "familyName": "Okafor", "formatted": "Mira Okafor"},
    "title": "Analyst",
    "preferredLanguage": "en-GB",
    "emails": [{"type": "work", "value": "mira.okafor@contoso.example"}],
    "phoneNumbers": [{"type": "work", "value": "+441315550101"}, {"type": "mobile", "value": "+447700900123"}],
    "addresses": [
        {"type": "work", "streetAddress": "4 Quay", "locality": "Leith", "postalCode": "EH6", "country": "gb"}
    ],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
        "employeeNumber": "70412",
        "department": "Risk",
        "costCenter": "CC-12",
        "organization": "Northwind",
        "manager": {"value": "u-9001"},
    },
}


@pytest.mark.parametrize("kind", [USER, GROUP])
def test_every_attribute_that_can_be_written_is_one_that_graph_takes(kind: ObjectKind) -> None:
    properties = ENTITIES[PLACES[kind]].properties
    for name in WRITABLE[kind].keys() - SEPARATE:
        assert properties[property_of(name)].create, name
    for name, members in MEMBERS.items() if kind is USER else ():
        assert properties[name].members == set(members)


@pytest.mark.parametrize("kind", [USER, GROUP])
def test_every_mapped_attribute_can_be_written_and_is_read(kind: ObjectKind) -> None:
    read = set(SELECT[kind].split(","))
    assert read <= ENTITIES[PLACES[kind]].properties.keys()
    for mapping in DEFAULTS[kind].mappings:
        assert mapping.target in WRITABLE[kind]
        assert mapping.reference is not None or property_of(mapping.target) in read
    assert set(DEFAULTS[kind].matching) <= read


@pytest.mark.parametrize("kind", [USER, GROUP])
def test_every_property_of_graph_is_written_or_refused_with_a_reason(kind: ObjectKind) -> None:
    known = {property_of(name) for name in WRITABLE[kind]} | REFUSED[kind].keys()
    assert ENTITIES[PLACES[kind]].properties.keys() - {"resourceBehaviorOptions", "serviceProvisioningErrors"} <= known
    assert not WRITABLE[kind].keys() & REFUSED[kind].keys()


def test_a_person_as_entra_sends_it_becomes_a_graph_user() -> None:
    wanted = desired(SCIM, DEFAULTS[USER].mappings)
    assert body_of(USER, {name: value for name, value in wanted.items() if name != "manager"}) == {  # type: ignore[misc]
        "userPrincipalName": "mira.okafor@contoso.example",
        "displayName": "Mira Okafor",
        "givenName": "Mira",
        "surname": "Okafor",
        "jobTitle": "Analyst",
        "department": "Risk",
        "companyName": "Northwind",
        "employeeOrgData": {"division": None, "costCenter": "CC-12"},
        "employeeId": "70412",
        "employeeType": None,
        "faxNumber": None,
        "mobilePhone": "+447700900123",
        "businessPhones": ["+441315550101"],
        "streetAddress": "4 Quay",
        "city": "Leith",
        "state": None,
        "postalCode": "EH6",
        "country": "gb",
        "usageLocation": "GB",
        "preferredLanguage": "en-GB",
    }


@pytest.mark.parametrize("nothing", [None, "", ()])
def test_nothing_clears(nothing: str | tuple[str, ...] | None) -> None:
    changes = {"jobTitle": nothing, "businessPhones": nothing, "otherMails": nothing}
    assert body_of(USER, changes) == {"jobTitle": None, "businessPhones": [], "otherMails": []}


def test_the_usage_location_is_never_cleared_and_takes_country_codes_only() -> None:
    for value in (None, "", "Germany", "D1", "ÄÖ"):
        assert body_of(USER, {"usageLocation": value}) == {}
    assert body_of(USER, {"usageLocation": " de "}) == {"usageLocation": "DE"}
    assert country_code("fr") == "FR"


def test_a_reference_stands_for_a_manager_only() -> None:
    assert body_of(USER, {"manager": Reference(USER, "id")}) == {}
    with pytest.raises(Rejected) as caught:
        body_of(USER, {"department": Reference(USER, "id")})
    assert caught.value.attribute == "department"


def test_values_come_back_as_they_went_in() -> None:
    wanted = {"jobTitle": "Analyst", "businessPhones": "+44 1", "otherMails": ("a@b.example",), "department": None}
    thing = {"id": "1", "accountEnabled": True, "manager": {"id": "2"}, **body_of(USER, wanted)}
    values = values_of(USER, thing)
    assert {name: values[name] for name in wanted} == wanted
    assert values["manager"] == Reference(USER, "2")
    assert not {"id", "accountEnabled"} & values.keys()


@pytest.mark.parametrize(
    "name", ["displayName", "userPrincipalName", "mailNickname", "userType", "onPremisesImmutableId"]
)
def test_what_graph_cannot_clear_is_left_as_it_is(name: str) -> None:
    assert body_of(USER, {name: None, "jobTitle": None}) == {"jobTitle": None}


def test_members_of_a_complex_property_come_as_one_object() -> None:
    changes = {
        "onPremisesExtensionAttributes.extensionAttribute3": "x",
        "onPremisesExtensionAttributes.extensionAttribute15": "",
        "employeeOrgData.division": "EMEA",
    }
    assert body_of(USER, changes) == {
        "onPremisesExtensionAttributes": {"extensionAttribute3": "x", "extensionAttribute15": None},
        "employeeOrgData": {"division": "EMEA"},
    }
    values = values_of(USER, {"employeeOrgData": {"division": "EMEA", "costCenter": None}})
    assert (values["employeeOrgData.division"], values["employeeOrgData.costCenter"]) == ("EMEA", None)
    assert values["onPremisesExtensionAttributes.extensionAttribute3"] is None


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("2026-11-23", "2026-11-23T00:00:00Z"),
        ("2026-11-23T08:30:00Z", "2026-11-23T08:30:00Z"),
        ("2026-11-23T01:30:00+02:00", "2026-11-22T23:30:00Z"),
        ("2026-11-23T08:30:00", "2026-11-23T08:30:00Z"),
        ("", None),
    ],
)
def test_dates_are_moments_in_utc(given: str, wanted: str | None) -> None:
    assert body_of(USER, {"employeeHireDate": given}) == {"employeeHireDate": wanted}


@pytest.mark.parametrize(("given", "wanted"), [(True, True), ("False", False), ("true", True), (None, None)])
def test_a_switch_takes_words(given: bool | str | None, wanted: bool | None) -> None:
    assert body_of(USER, {"showInAddressList": given}) == {"showInAddressList": wanted}


@pytest.mark.parametrize(("name", "value"), [("employeeHireDate", "soon"), ("showInAddressList", "maybe")])
def test_a_malformed_value_is_told_with_its_attribute_and_without_the_value(name: str, value: str) -> None:
    with pytest.raises(Rejected) as caught:
        body_of(USER, {name: value})
    assert (caught.value.code, caught.value.attribute) == ("graph.malformedValue", name)
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        (USER, "proxyAddresses", "Exchange"),
        (USER, "skills", "SharePoint"),
        (USER, "accountEnabled", "SCIM active"),
        (GROUP, "membershipRule", "made in Entra ID"),
        (GROUP, "mail", "Exchange"),
        (USER, "jobTitel", "no attribute of a user"),
        (USER, "employeeOrgData", "no attribute of a user"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_reason(kind: ObjectKind, name: str, words: str) -> None:
    with pytest.raises(Rejected, match=words) as caught:
        body_of(kind, {name: "x"})
    assert (caught.value.code, caught.value.attribute) == ("graph.attribute", name)
    assert caught.value.fix


def test_a_collection_of_one_value_takes_the_first() -> None:
    assert body_of(USER, {"businessPhones": ("+44 1", "+44 2")}) == {"businessPhones": ["+44 1"]}


def test_extensions_are_written_as_they_are_given() -> None:
    directory, schema = "extension_b1f7c1de6c1f4c669d8e0f5b8f6d3c11_badge", "ext8ab2c3d4_visits.count"
    assert EXTENSION.fullmatch(directory)
    assert body_of(USER, {directory: ("a", "b"), schema: 3}) == {
        directory: ["a", "b"],
        "ext8ab2c3d4_visits": {"count": 3},
    }
    assert values_of(USER, {directory: 7, "ext8ab2c3d4_visits": {"count": 3}}, [directory, "ext8ab2c3d4_visits"]) == {
        directory: 7,
        schema: 3,
    }


def test_a_connection_that_manages_licences_maps_entitlements_to_them() -> None:
    mappings = defaults_with_licences(("SPE_E3",), while_active=True)[USER].mappings
    licences = mappings[-1]
    assert (licences.target, licences.while_active) == ("assignedLicenses", True)
    assert desired({}, [licences]) == {"assignedLicenses": ("SPE_E3",)}
    entitled = {"entitlements": [{"value": "VISIOCLIENT"}, {"value": "SPE_E3"}]}
    assert desired(entitled, [licences]) == {"assignedLicenses": ("SPE_E3", "VISIOCLIENT")}
    assert desired({"roles": [{"value": "VISIOCLIENT"}]}, [licences]) == {"assignedLicenses": ("SPE_E3", "VISIOCLIENT")}
    assert mappings[:-1] == DEFAULTS[USER].mappings
