"""What another system is the master of: federated domains, AD, Exchange, rules; and registered extensions."""

from typing import Any

import pytest

from sandbox.graph.planting import plant_guest, plant_mail_group, plant_synced_group, plant_synced_user
from sandbox.graph.server import Served
from tests.graph_client import UNIFIED, GraphClient, bound, group, reference, user

MASTERED = (
    "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently "
    "undergoing migration."
)
EXCHANGE = "Cannot Update a mail-enabled security groups and or distribution list."
APP = "extension_" + "0123456789abcdef" * 2
DYNAMIC = {"groupTypes": ["DynamicMembership"], "membershipRule": 'user.department -eq "Sales"'}


# Federated and unverified domains


async def test_a_user_of_a_federated_domain_needs_the_anchor(served: Served, graph: GraphClient) -> None:
    served.knobs.federated_domains = frozenset({"contoso.example"})

    reply = await graph("POST", "/users", user("mira"))

    assert (reply.status, reply.details) == (400, [("PropertyRequired", "onPremisesImmutableId")])
    mira = await graph.user("mira", onPremisesImmutableId="AAEC")
    assert (await graph("PATCH", f"/users/{mira}", {"onPremisesImmutableId": None})).status == 400
    assert (await graph("PATCH", f"/users/{mira}", {"city": "Berlin"})).status == 204
    assert await graph.user("noor", userPrincipalName="noor@contoso.onmicrosoft.example")


@pytest.mark.parametrize("anchor", ["a$b", "a_b", ""])
async def test_an_anchor_has_no_dollar_and_no_underscore(graph: GraphClient, anchor: str) -> None:
    assert (await graph("POST", "/users", user(onPremisesImmutableId=anchor))).status == 400


async def test_the_domains_tell_who_signs_in_and_what_is_verified(served: Served, graph: GraphClient) -> None:
    served.knobs.permissions |= {"Domain.Read.All"}
    served.knobs.federated_domains = frozenset({"contoso.example"})
    served.knobs.unverified_domains = frozenset({"new.example"})

    domains = (await graph("GET", "/domains?$select=id,authenticationType,isVerified")).body["value"]

    assert [(one["id"], one["authenticationType"], one["isVerified"]) for one in domains] == [
        ("contoso.example", "Federated", True),
        ("contoso.onmicrosoft.example", "Managed", True),
        ("new.example", "Managed", False),
    ]
    [organization] = (await graph("GET", "/organization")).body["value"]
    assert [domain["type"] for domain in organization["verifiedDomains"]] == ["Federated", "Managed"]
    refused = await graph("POST", "/users", user(userPrincipalName="mira@new.example"))
    assert "must use one of the verified domain" in refused.message


async def test_the_domains_need_a_permission_of_their_own(graph: GraphClient) -> None:
    assert (await graph("GET", "/domains")).status == 403


# Synchronised objects


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"displayName": "Other"}, 400),
        ({"accountEnabled": False}, 400),
        ({"jobTitle": None, "usageLocation": "DE"}, 400),
        ({"passwordProfile": {"password": "Correct-Horse-8"}}, 400),
        ({"onPremisesExtensionAttributes": {"extensionAttribute1": "x"}}, 400),
        ({"usageLocation": "DE"}, 204),
        ({"otherMails": ["mira@home.example"]}, 204),
        ({f"{APP}_badge": "7"}, 204),
    ],
)
async def test_what_ad_is_the_master_of_cannot_be_written(
    served: Served, graph: GraphClient, change: dict[str, Any], status: int
) -> None:
    served.knobs.directory_extensions = {f"{APP}_badge": "String"}
    mira = plant_synced_user(served.tenant, "mira", displayName="Mira")

    reply = await graph("PATCH", f"/users/{mira.id}", change)

    assert reply.status == status
    assert status == 204 or (reply.code, reply.message) == ("Request_BadRequest", MASTERED)
    shown = (await graph("GET", f"/users/{mira.id}?$select=displayName,onPremisesSyncEnabled")).body
    assert (shown["displayName"], shown["onPremisesSyncEnabled"]) == ("Mira", True)


async def test_extension_attributes_of_a_user_who_was_synchronised_once_stay_with_exchange(
    served: Served, graph: GraphClient
) -> None:
    mira = plant_synced_user(served.tenant, "mira", onPremisesSyncEnabled=False)

    refused = await graph("PATCH", f"/users/{mira.id}", {"onPremisesExtensionAttributes": {"extensionAttribute1": "x"}})

    assert (refused.status, refused.message) == (
        400,
        "Unable to update the specified properties for objects that have originated within an external service.",
    )
    assert (await graph("PATCH", f"/users/{mira.id}", {"jobTitle": "Lead"})).status == 204


async def test_the_manager_of_a_synchronised_user_cannot_be_written(served: Served, graph: GraphClient) -> None:
    mira, boss = plant_synced_user(served.tenant, "mira"), await graph.user("boss")

    assert (await graph("PUT", f"/users/{mira.id}/manager/$ref", reference(boss))).message == MASTERED
    assert (await graph("DELETE", f"/users/{mira.id}/manager/$ref")).message == MASTERED


async def test_a_synchronised_user_can_have_licences_and_be_in_cloud_groups(served: Served, graph: GraphClient) -> None:
    mira = plant_synced_user(served.tenant, "mira", usageLocation="DE")
    body = {"addLicenses": [{"skuId": "efccb6f7-5641-4e0e-bd10-b4976e1bf68e"}], "removeLicenses": []}

    assert (await graph("POST", f"/users/{mira.id}/assignLicense", body)).status == 200
    assert await graph.members(await graph.group(**bound("members", mira.id))) == [mira.id]
    assert (await graph("GET", "/users?$filter=onPremisesSyncEnabled eq true")).ids == [mira.id]


@pytest.mark.parametrize("kind", ["synced", "distribution", "mail-enabled security"])
async def test_groups_of_other_masters_can_be_read_and_not_written(
    served: Served, graph: GraphClient, kind: str
) -> None:
    mira, noor = await graph.user("mira"), await graph.user("noor")
    if kind == "synced":
        planted, message = plant_synced_group(served.tenant, "staff"), MASTERED
    else:
        planted, message = plant_mail_group(served.tenant, "staff", security=kind != "distribution"), EXCHANGE
    served.tenant.link(served.tenant.members, planted.id, mira)

    key = planted.id
    for method, path, body in (
        ("PATCH", "", {"description": "x"}),
        ("PATCH", "", bound("members", noor)),
        ("DELETE", "", None),
        ("POST", "/members/$ref", reference(noor)),
        ("DELETE", f"/members/{mira}/$ref", None),
        ("POST", "/owners/$ref", reference(noor)),
    ):
        reply = await graph(method, f"/groups/{key}{path}", body)
        assert (reply.status, reply.message) == (400, message), (method, path)
    assert await graph.members(key) == [mira]


# Rules and roles


async def test_a_dynamic_group_has_a_rule_and_its_members_cannot_be_written(served: Served, graph: GraphClient) -> None:
    mira = await graph.user("mira")
    key = await graph.group("sales", **DYNAMIC, membershipRuleProcessingState="On")
    served.tenant.link(served.tenant.members, key, mira)

    for method, path, body in (
        ("POST", "/members/$ref", reference(mira)),
        ("DELETE", f"/members/{mira}/$ref", None),
        ("PATCH", "", bound("members", mira)),
    ):
        reply = await graph(method, f"/groups/{key}{path}", body)
        assert (reply.status, reply.code) == (403, "Authorization_RequestDenied"), (method, path)
    assert (await graph("PATCH", f"/groups/{key}", {"membershipRule": "user.city -eq 'Berlin'"})).status == 204
    shown = (await graph("GET", f"/groups/{key}?$select=groupTypes,membershipRule")).body
    assert (shown["groupTypes"], shown["membershipRule"]) == (["DynamicMembership"], "user.city -eq 'Berlin'")
    assert await graph.members(key) == [mira]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"groupTypes": ["DynamicMembership"]}, 400),
        ({"membershipRule": "x"}, 400),
        (DYNAMIC | {"isAssignableToRole": True}, 400),
        (DYNAMIC | {"membershipRuleProcessingState": "Sometimes"}, 400),
        (DYNAMIC | bound("members", "11111111-1111-1111-1111-111111111111"), 403),
        (UNIFIED | DYNAMIC | {"groupTypes": ["Unified", "DynamicMembership"]}, 201),
    ],
)
async def test_a_rule_and_its_group_belong_together(
    served: Served, graph: GraphClient, more: dict[str, Any], status: int
) -> None:
    served.knobs.permissions |= {"RoleManagement.ReadWrite.Directory"}

    assert (await graph("POST", "/groups", group("sales", **more))).status == status


async def test_members_of_a_role_assignable_group_need_the_right_to_manage_roles(
    served: Served, graph: GraphClient
) -> None:
    mira, before = await graph.user("mira"), served.knobs.permissions
    served.knobs.permissions |= {"RoleManagement.ReadWrite.Directory"}
    key = await graph.group("admins", isAssignableToRole=True)
    served.knobs.permissions = before

    assert (await graph("POST", f"/groups/{key}/members/$ref", reference(mira))).status == 403
    served.knobs.permissions |= {"RoleManagement.ReadWrite.Directory"}
    assert (await graph("POST", f"/groups/{key}/members/$ref", reference(mira))).status == 204


# Guests and extensions


async def test_guests_are_told_apart(served: Served, graph: GraphClient) -> None:
    await graph.user("mira")
    guest = plant_guest(served.tenant, "ann@partner.example")

    listed = await graph("GET", "/users?$filter=userType eq 'Guest'&$select=id,userPrincipalName,userType")

    assert listed.body["value"] == [
        {
            "id": guest.id,
            "userPrincipalName": "ann_partner.example#EXT#@contoso.onmicrosoft.example",
            "userType": "Guest",
        }
    ]


async def test_directory_extensions_are_written_selected_filtered_and_cleared(
    served: Served, graph: GraphClient
) -> None:
    served.knobs.directory_extensions = {
        f"{APP}_costCenter": "String",
        f"{APP}_level": "Integer",
        f"{APP}_badges": "String[]",
    }
    mira = await graph.user("mira", **{f"{APP}_costCenter": "4711", f"{APP}_badges": ["a", "b"]})
    assert (await graph("PATCH", f"/users/{mira}", {f"{APP}_level": 7})).status == 204

    shown = (await graph("GET", f"/users/{mira}?$select=id,{APP}_costCenter,{APP}_level,{APP}_badges")).body
    del shown["@odata.context"]
    assert shown == {"id": mira, f"{APP}_costCenter": "4711", f"{APP}_level": 7, f"{APP}_badges": ["a", "b"]}
    assert APP not in str((await graph("GET", f"/users/{mira}")).body), "without $select they are not shown"
    assert (await graph("GET", f"/users?$filter={APP}_costCenter eq '4711' and {APP}_level ge 7")).ids == [mira]

    assert (await graph("PATCH", f"/users/{mira}", {f"{APP}_costCenter": None})).status == 204
    shown = (await graph("GET", f"/users/{mira}?$select=id,{APP}_costCenter")).body
    assert f"{APP}_costCenter" not in shown, "what is not set is not shown"
    key = await graph.group("staff", **{f"{APP}_costCenter": "1"})
    assert (await graph("GET", f"/groups/{key}?$select={APP}_costCenter")).body[f"{APP}_costCenter"] == "1"


@pytest.mark.parametrize("value", [7, "", "x" * 257, ["a"]])
async def test_an_extension_takes_what_its_type_says(served: Served, graph: GraphClient, value: Any) -> None:
    served.knobs.directory_extensions = {f"{APP}_costCenter": "String"}

    assert (await graph("POST", "/users", user(**{f"{APP}_costCenter": value}))).status == 400


async def test_an_extension_that_nobody_registered_is_refused(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    message = f"The following extension properties are not available: {APP}_bogus."

    assert (await graph("PATCH", f"/users/{mira}", {f"{APP}_bogus": "x"})).message == message
    assert (await graph("GET", f"/users/{mira}?$select={APP}_bogus")).message == message
    assert (await graph("GET", f"/users?$filter={APP}_bogus eq 'x'")).status == 400


async def test_records_are_changed_member_by_member(graph: GraphClient) -> None:
    mira = await graph.user(
        "mira",
        employeeOrgData={"costCenter": "1", "division": "North"},
        onPremisesExtensionAttributes={"extensionAttribute1": "a", "extensionAttribute15": "z"},
    )
    change = {"employeeOrgData": {"division": None}, "onPremisesExtensionAttributes": {"extensionAttribute1": "b"}}
    assert (await graph("PATCH", f"/users/{mira}", change)).status == 204

    shown = (await graph("GET", f"/users/{mira}?$select=employeeOrgData,onPremisesExtensionAttributes")).body

    assert shown["employeeOrgData"] == {"costCenter": "1", "division": None}
    attributes = shown["onPremisesExtensionAttributes"]
    assert (attributes["extensionAttribute1"], attributes["extensionAttribute15"]) == ("b", "z")
    path = "onPremisesExtensionAttributes/extensionAttribute1"
    assert (await graph("GET", f"/users?$filter={path} eq 'B' and employeeOrgData/costCenter eq '1'")).ids == [mira]
    assert (await graph("GET", f"/users?$filter={path} eq 'a'")).ids == []
    for bogus in ("onPremisesExtensionAttributes/bogus eq 'x'", "displayName/bogus eq 'x'", f"startsWith({path},'B')"):
        assert (await graph("GET", f"/users?$filter={bogus}")).status == 400, bogus
    refused = await graph("PATCH", f"/users/{mira}", {"onPremisesExtensionAttributes": {"extensionAttribute16": "x"}})
    assert refused.status == 400
    assert (await graph("PATCH", f"/users/{mira}", {"proxyAddresses": ["smtp:x@contoso.example"]})).status == 400


# Planting from outside


async def test_what_no_client_can_create_is_planted_from_outside(graph: GraphClient) -> None:
    async def plant(body: Any) -> tuple[int, Any]:
        async with graph.session.post(f"{graph.served.origin}/_simulator/objects", json=body) as response:
            return response.status, await response.json()

    values = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira", "onPremisesSyncEnabled": True}
    status, planted = await plant({"collection": "users", "values": values})

    assert status == 201
    assert (await graph("PATCH", f"/users/{planted['id']}", {"city": "Berlin"})).message == MASTERED
    for body in ({"collection": "users", "values": values}, {"collection": "x", "values": {}}, {}, [], 7):
        assert (await plant(body))[0] == 400
    assert (await plant({"collection": "groups", "values": {"bogus": 1}}))[0] == 400
