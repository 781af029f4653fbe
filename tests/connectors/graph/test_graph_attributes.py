"""Attributes: what is mapped exists in Graph, and values go in and out."""

import pytest

from connectors.contract import ObjectKind, Reference
from connectors.errors import Rejected
from connectors.graph.attributes import DEFAULTS, SELECT, body_of, country_code, values_of
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
        "organization": "Northwind",
        "manager": {"value": "u-9001"},
    },
}


@pytest.mark.parametrize("kind", [USER, GROUP])
def test_every_mapped_attribute_can_be_written_and_is_read(kind: ObjectKind) -> None:
    properties = ENTITIES[PLACES[kind]].properties
    read = set(SELECT[kind].split(","))
    assert read <= properties.keys()
    for mapping in DEFAULTS[kind].mappings:
        if mapping.reference is None:
            assert properties[mapping.target].update, mapping.target
            assert mapping.target in read
    assert set(DEFAULTS[kind].matching) <= read


def test_a_person_as_entra_sends_it_becomes_a_graph_user() -> None:
    wanted = desired(SCIM, DEFAULTS[USER].mappings)
    assert body_of({name: value for name, value in wanted.items() if name != "manager"}) == {  # type: ignore[misc]
        "userPrincipalName": "mira.okafor@contoso.example",
        "displayName": "Mira Okafor",
        "givenName": "Mira",
        "surname": "Okafor",
        "jobTitle": "Analyst",
        "department": "Risk",
        "companyName": "Northwind",
        "employeeId": "70412",
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
    assert body_of(changes) == {"jobTitle": None, "businessPhones": [], "otherMails": []}


def test_the_usage_location_is_never_cleared_and_takes_country_codes_only() -> None:
    for value in (None, "", "Germany", "D1", "ÄÖ"):
        assert body_of({"usageLocation": value}) == {}
    assert body_of({"usageLocation": " de "}) == {"usageLocation": "DE"}
    assert country_code("fr") == "FR"


def test_a_reference_stands_for_a_manager_only() -> None:
    assert body_of({"manager": Reference(USER, "id")}) == {}
    with pytest.raises(Rejected) as caught:
        body_of({"department": Reference(USER, "id")})
    assert caught.value.attribute == "department"


def test_values_come_back_as_they_went_in() -> None:
    wanted = {"jobTitle": "Analyst", "businessPhones": "+44 1", "otherMails": ("a@b.example",), "department": None}
    thing = {"id": "1", "accountEnabled": True, "manager": {"id": "2"}, **body_of(wanted)}
    values = values_of(USER, thing)
    assert {name: values[name] for name in wanted} == wanted
    assert values["manager"] == Reference(USER, "2")
    assert not {"id", "accountEnabled"} & values.keys()
