"""Licences: seats, plans, who has what directly or through a group, and what is refused in which words."""

import uuid
from typing import Any

import pytest

from sandbox.graph.catalogue import PRODUCTS, TEAMS
from sandbox.graph.server import Served
from tests.graph_client import GraphClient, Reply, bound, reference

E3, EMS = PRODUCTS["ENTERPRISEPACK"].id, PRODUCTS["EMS"].id


async def assign(graph: GraphClient, key: str, *skus: str, remove: tuple[str, ...] = (), disabled: Any = ()) -> Reply:
    added = [{"skuId": sku, "disabledPlans": list(disabled)} for sku in skus]
    return await graph("POST", f"/users/{key}/assignLicense", {"addLicenses": added, "removeLicenses": list(remove)})


async def read(graph: GraphClient, key: str, name: str) -> Any:
    return (await graph("GET", f"/users/{key}?$select={name}")).body[name]


async def units(graph: GraphClient) -> dict[str, tuple[int, int]]:
    skus = (await graph("GET", "/subscribedSkus")).body["value"]
    return {sku["skuPartNumber"]: (sku["consumedUnits"], sku["prepaidUnits"]["enabled"]) for sku in skus}


async def test_the_products_of_the_tenant_are_listed_with_their_plans(served: Served, graph: GraphClient) -> None:
    served.knobs.subscriptions = {"SPE_E3": 7}

    [sku] = (await graph("GET", "/subscribedSkus")).body["value"]

    assert (sku["skuPartNumber"], sku["capabilityStatus"], sku["appliesTo"]) == ("SPE_E3", "Enabled", "User")
    assert (sku["consumedUnits"], sku["prepaidUnits"]["enabled"]) == (0, 7)
    assert "TEAMS1" in [plan["servicePlanName"] for plan in sku["servicePlans"]]
    [narrow] = (await graph("GET", "/subscribedSkus?$select=skuPartNumber")).body["value"]
    assert narrow.keys() == {"id", "skuPartNumber"}


async def test_an_assigned_licence_takes_a_seat_and_shows_on_the_user(graph: GraphClient) -> None:
    mira = await graph.user("mira", usageLocation="DE")

    reply = await assign(graph, mira, E3, disabled=[TEAMS.id])

    assert (reply.status, reply.body["id"]) == (200, mira)
    assert await read(graph, mira, "assignedLicenses") == [{"disabledPlans": [TEAMS.id], "skuId": E3}]
    [state] = await read(graph, mira, "licenseAssignmentStates")
    assert (state["skuId"], state["assignedByGroup"], state["state"], state["error"]) == (E3, None, "Active", None)
    [details] = (await graph("GET", f"/users/{mira}/licenseDetails")).body["value"]
    status = {plan["servicePlanName"]: plan["provisioningStatus"] for plan in details["servicePlans"]}
    assert (details["skuPartNumber"], status["TEAMS1"], status["OFFICESUBSCRIPTION"]) == (
        "ENTERPRISEPACK",
        "Disabled",
        "Success",
    )
    assert (await units(graph))["ENTERPRISEPACK"] == (1, 25)


async def test_assigning_again_changes_the_plans_and_takes_no_second_seat(served: Served, graph: GraphClient) -> None:
    served.knobs.subscriptions = {"ENTERPRISEPACK": 1}
    mira = await graph.user("mira", usageLocation="DE")
    await assign(graph, mira, E3, disabled=[TEAMS.id])

    assert (await assign(graph, mira, E3)).status == 200

    assert await read(graph, mira, "assignedLicenses") == [{"disabledPlans": [], "skuId": E3}]
    assert await units(graph) == {"ENTERPRISEPACK": (1, 1)}


async def test_one_product_is_exchanged_for_another_in_one_step(graph: GraphClient) -> None:
    mira = await graph.user("mira", usageLocation="DE")
    await assign(graph, mira, E3)

    await assign(graph, mira, EMS, remove=(E3,))

    assert [entry["skuId"] for entry in await read(graph, mira, "assignedLicenses")] == [EMS]
    assert await units(graph) == {"ENTERPRISEPACK": (0, 25), "EMS": (1, 25)}


async def test_without_a_free_seat_nothing_is_assigned(served: Served, graph: GraphClient) -> None:
    served.knobs.subscriptions = {"ENTERPRISEPACK": 1, "EMS": 1}
    mira, noor = [await graph.user(name, usageLocation="DE") for name in ("mira", "noor")]
    await assign(graph, mira, E3)

    refused = await assign(graph, noor, EMS, E3)

    assert (refused.status, refused.code) == (400, "Request_BadRequest")
    assert refused.message == f"Subscription with SKU {E3} does not have any available licenses."
    assert await read(graph, noor, "assignedLicenses") == []
    await assign(graph, mira, remove=(E3,))
    assert (await assign(graph, noor, EMS, E3)).status == 200


@pytest.mark.parametrize(
    ("location", "body", "message"),
    [
        (None, {"addLicenses": [{"skuId": E3}], "removeLicenses": []}, "cannot be done for user with invalid usage"),
        ("DE", {"addLicenses": [{"skuId": str(uuid.UUID(int=7))}], "removeLicenses": []}, "valid company License"),
        ("DE", {"addLicenses": [{"skuId": EMS, "disabledPlans": [TEAMS.id]}], "removeLicenses": []}, "is not part of"),
        ("DE", {"addLicenses": [], "removeLicenses": [EMS]}, "User does not have a corresponding license."),
        ("DE", {"addLicenses": [], "removeLicenses": [str(uuid.UUID(int=7))]}, "valid company License"),
        ("DE", {"removeLicenses": []}, "The missing parameters are: addLicenses."),
        ("DE", {}, "The missing parameters are: addLicenses, removeLicenses."),
        ("DE", {"addLicenses": [7], "removeLicenses": []}, "must be an object"),
        ("DE", {"addLicenses": [{"skuId": EMS, "disabledPlans": 7}], "removeLicenses": []}, "must be an array"),
    ],
)
async def test_what_cannot_be_assigned_is_refused_in_words(
    graph: GraphClient, location: str | None, body: Any, message: str
) -> None:
    mira = await graph.user("mira", **({"usageLocation": location} if location else {}))

    reply = await graph("POST", f"/users/{mira}/assignLicense", body)

    assert (reply.status, reply.code) == (400, "Request_BadRequest")
    assert message in reply.message
    assert await read(graph, mira, "assignedLicenses") == []


async def test_members_of_a_licensed_group_inherit_while_seats_last(served: Served, graph: GraphClient) -> None:
    direct, first, second = [await graph.user(name, usageLocation="DE") for name in ("direct", "first", "second")]
    key = await graph.group("licensed", **bound("members", first, second))
    served.knobs.subscriptions, served.knobs.group_licences = {"EMS": 2}, {key: ("EMS",)}
    assert await units(graph) == {"EMS": (2, 2)}
    assert "available licenses" in (await assign(graph, direct, EMS)).message
    served.knobs.subscriptions = {"EMS": 3}
    await assign(graph, direct, EMS)
    served.knobs.subscriptions = {"EMS": 2}

    assert [entry["skuId"] for entry in await read(graph, first, "assignedLicenses")] == [EMS]
    assert await read(graph, second, "assignedLicenses") == []
    [state] = await read(graph, first, "licenseAssignmentStates")
    assert (state["assignedByGroup"], state["state"], state["error"]) == (key, "Active", None)
    [state] = await read(graph, second, "licenseAssignmentStates")
    assert (state["assignedByGroup"], state["state"], state["error"]) == (key, "Error", "CountViolation")
    assert (await graph("GET", f"/groups/{key}?$select=assignedLicenses")).body["assignedLicenses"] == [
        {"disabledPlans": [], "skuId": EMS}
    ]


async def test_an_inherited_licence_cannot_be_removed_directly(served: Served, graph: GraphClient) -> None:
    mira = await graph.user("mira", usageLocation="DE")
    key = await graph.group("licensed", **bound("members", mira))
    served.knobs.group_licences = {key: ("EMS",)}

    reply = await assign(graph, mira, remove=(EMS,))

    assert reply.message == (
        "User license is inherited from a group membership and it cannot be removed directly from the user."
    )
    await graph("DELETE", f"/groups/{key}/members/{mira}/$ref")
    assert await read(graph, mira, "assignedLicenses") == []


async def test_a_licence_can_be_held_directly_and_through_a_group(served: Served, graph: GraphClient) -> None:
    mira = await graph.user("mira", usageLocation="DE")
    key = await graph.group("licensed")
    served.knobs.group_licences = {key: ("EMS",)}
    await assign(graph, mira, EMS)
    await graph("POST", f"/groups/{key}/members/$ref", reference(mira))

    assert [state["assignedByGroup"] for state in await read(graph, mira, "licenseAssignmentStates")] == [None, key]
    assert (await units(graph))["EMS"] == (1, 25)
    await assign(graph, mira, remove=(EMS,))
    assert [entry["skuId"] for entry in await read(graph, mira, "assignedLicenses")] == [EMS]


async def test_a_deleted_user_frees_the_seat_and_may_come_back_without(served: Served, graph: GraphClient) -> None:
    served.knobs.subscriptions = {"EMS": 1}
    mira, noor = [await graph.user(name, usageLocation="DE") for name in ("mira", "noor")]
    await assign(graph, mira, EMS)
    await graph("DELETE", f"/users/{mira}")
    assert await units(graph) == {"EMS": (0, 1)}
    await graph("POST", f"/directory/deletedItems/{mira}/restore")
    assert [entry["skuId"] for entry in await read(graph, mira, "assignedLicenses")] == [EMS]

    await graph("DELETE", f"/users/{mira}")
    await assign(graph, noor, EMS)
    await graph("POST", f"/directory/deletedItems/{mira}/restore")

    assert await read(graph, mira, "assignedLicenses") == []
    assert await units(graph) == {"EMS": (1, 1)}


@pytest.mark.parametrize(
    ("permission", "statuses"),
    [
        ("LicenseAssignment.ReadWrite.All", (200, 200, 200)),
        ("User.ReadWrite.All", (200, 403, 200)),
        ("Organization.Read.All", (403, 200, 403)),
        ("User.Read.All", (403, 403, 200)),
    ],
)
async def test_licences_need_their_permissions(
    served: Served, graph: GraphClient, permission: str, statuses: tuple[int, ...]
) -> None:
    mira = await graph.user("mira", usageLocation="DE")
    served.knobs.permissions = frozenset({permission})

    answers = (
        await assign(graph, mira, EMS),
        await graph("GET", "/subscribedSkus"),
        await graph("GET", f"/users/{mira}/licenseDetails"),
    )

    assert tuple(reply.status for reply in answers) == statuses


async def test_a_change_of_licences_shows_in_a_delta_query(graph: GraphClient) -> None:
    mira = await graph.user("mira", usageLocation="DE")
    first = await graph("GET", "/users/delta?$select=assignedLicenses")
    await assign(graph, mira, EMS)

    changed = await graph("GET", first.body["@odata.deltaLink"])

    assert changed.body["value"] == [{"assignedLicenses": [{"disabledPlans": [], "skuId": EMS}], "id": mira}]
