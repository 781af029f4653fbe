"""Complex properties and extensions: written member by member, read back, and matched by."""

from typing import Any

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Rejected
from connectors.graph import GraphConnector
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER = ObjectKind.USER
MIRA: dict[str, Any] = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira"}
EXTENSION = "extension_b1f7c1de6c1f4c669d8e0f5b8f6d3c11_badge"
THIRD = "onPremisesExtensionAttributes.extensionAttribute3"
FOURTH = "onPremisesExtensionAttributes.extensionAttribute4"


async def test_every_form_of_value_comes_back_as_it_went_in(graph: GraphConnector) -> None:
    values = {
        "officeLocation": "B 3.14",
        "employeeType": "Contractor",
        "employeeHireDate": "2026-11-23T00:00:00Z",
        "faxNumber": "+44 1",
        "otherMails": ("mira@home.example",),
        "showInAddressList": False,
        "ageGroup": "Adult",
        "consentProvidedForMinor": "NotRequired",
        "employeeOrgData.division": "EMEA",
        "employeeOrgData.costCenter": "CC-12",
        THIRD: "x",
    }
    key = (await graph.create(USER, {**MIRA, **values, FOURTH: None}, active=True)).remote_id
    read = (await graph.read(USER, key)).attributes
    assert {name: read[name] for name in values} == values
    assert read[FOURTH] is None


async def test_one_member_leaves_the_others_as_they_are(graph: GraphConnector, asked: Record) -> None:
    key = (await graph.create(USER, {**MIRA, THIRD: "x", "employeeOrgData.division": "EMEA"}, active=True)).remote_id
    asked.clear()
    await graph.update(USER, key, {FOURTH: "y"})
    await graph.update(USER, key, {"employeeOrgData.costCenter": "CC-12"})
    read = (await graph.read(USER, key)).attributes
    assert (read[THIRD], read[FOURTH]) == ("x", "y")
    assert (read["employeeOrgData.division"], read["employeeOrgData.costCenter"]) == ("EMEA", "CC-12")
    bodies = [each.body for each in asked if each.line.startswith("PATCH")]
    assert bodies[0] == {"onPremisesExtensionAttributes": {"extensionAttribute4": "y"}}
    # Whether Graph keeps the member that is not written is not documented: it is read and written along.
    assert bodies[1] == {"employeeOrgData": {"division": "EMEA", "costCenter": "CC-12"}}
    await graph.update(USER, key, {THIRD: None, "employeeOrgData.division": "", "employeeOrgData.costCenter": None})
    read = (await graph.read(USER, key)).attributes
    assert {read[THIRD], read["employeeOrgData.division"], read["employeeOrgData.costCenter"]} == {None}


async def test_an_empty_complex_property_is_not_sent_with_a_new_user(graph: GraphConnector, asked: Record) -> None:
    await graph.create(USER, {**MIRA, "employeeOrgData.division": None, THIRD: ""}, active=True)
    assert not {"employeeOrgData", "onPremisesExtensionAttributes"} & asked[0].body.keys()


async def test_directory_extensions_are_written_and_read_where_they_are_named(
    graph_simulator: Served, waits: Waits, asked: Record
) -> None:
    graph_simulator.knobs.directory_extensions = {EXTENSION: "String"}
    graph = GraphConnector(settings_for(graph_simulator, additional_attributes=[EXTENSION, "createdDateTime"]), waits)
    key = (await graph.create(USER, {**MIRA, EXTENSION: "B-7"}, active=True)).remote_id
    read = (await graph.read(USER, key)).attributes
    assert read[EXTENSION] == "B-7"
    assert read["createdDateTime"]
    await graph.update(USER, key, {EXTENSION: None})
    assert (await graph.read(USER, key)).attributes[EXTENSION] is None
    await graph.close()


async def test_what_entra_writes_itself_is_refused_before_anything_is_sent(
    graph: GraphConnector, asked: Record
) -> None:
    with pytest.raises(Rejected) as caught:
        await graph.create(USER, {**MIRA, "proxyAddresses": ("smtp:m@contoso.example",)}, active=True)
    assert (caught.value.code, caught.value.attribute) == ("graph.attribute", "proxyAddresses")
    assert "Exchange" in str(caught.value)
    assert asked.lines == []
