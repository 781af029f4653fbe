"""Every row of the simulator's table of calls is driven by msgraph-sdk, and what it answers is read by it.

A row that is added without a call in ``CALLS`` fails here. Three calls are driven by what the SDK builds and not by
what it reads, because there it is at odds with Graph's documentation: $batch (it sends ``depends_on``, and cannot read
a JSON body of an item), GET manager/$ref (it expects a bare string where an object is documented) and PUT of a
synchronization schema (it knows PATCH alone, which the service has not).
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.user import User
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import AssignLicensePostRequestBody
from msgraph.graph_service_client import GraphServiceClient

from sandbox.graph.api import OPERATIONS, Operation, find
from sandbox.graph.catalogue import EXCHANGE, PRODUCTS, TEAMS
from sandbox.graph.entities import GROUP, USER
from sandbox.graph.knobs import PERMISSIONS
from sandbox.graph.messages import Request, parse_url
from sandbox.graph.planting import plant
from sandbox.graph.server import Served
from sandbox.graph.simulator import Exchange
from tests.graph_client import PUBLIC
from tests.sandbox.graph.msgraph_client import new_user, options, sdk
from tests.sandbox.graph.synchronization_calls import SYNCHRONIZATION_CALLS

__all__ = ["sdk"]

# The SDK's own generated code uses what its own library calls deprecated.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:msgraph", "ignore::DeprecationWarning:kiota_abstractions"
)

SKU = UUID(PRODUCTS["ENTERPRISEPACK"].id)


@dataclass
class World:
    """A tenant with a user, its manager, another user, a group of the first owned by both, and two deleted objects."""

    served: Served
    mira: str
    boss: str
    noor: str
    crew: str
    gone_user: str
    gone_group: str
    driven: set[tuple[str, str]] = field(default_factory=set)

    def note(self, exchange: Exchange) -> None:
        """Keep which row of the table has answered, and that it was no refusal."""
        segments, query = parse_url(exchange.url.removeprefix("/v1.0"))
        if exchange.status < 300 and segments != ("$batch",):
            operation, _ = find(Request(exchange.method, segments, "", query))
            self.driven.add((operation.method, operation.path))


@pytest.fixture
def world(graph_simulator: Served) -> World:
    """The tenant, filled without any request."""
    tenant = graph_simulator.tenant
    graph_simulator.knobs.permissions = PERMISSIONS | {"Domain.Read.All", "Synchronization.ReadWrite.All"}
    plant(tenant, "servicePrincipals", {"displayName": "Lockstep"})

    def user(name: str) -> str:
        values = {"displayName": name.title(), "userPrincipalName": f"{name}@contoso.example", "usageLocation": "DE"}
        return tenant.add(USER, values).id

    def group(name: str) -> str:
        values = {"displayName": name.title(), "mailNickname": name, "mailEnabled": False, "securityEnabled": True}
        return tenant.add(GROUP, values).id

    world = World(graph_simulator, *map(user, ("mira", "boss", "noor")), group("crew"), user("gone"), group("old"))
    tenant.manage(tenant.objects[world.mira], tenant.objects[world.boss])
    tenant.link(tenant.members, world.crew, world.mira)
    for owner in (world.mira, world.boss):
        tenant.link(tenant.owners, world.crew, owner)
    for key in (world.gone_user, world.gone_group):
        tenant.soft_delete(tenant.objects[key])
    graph_simulator.simulator.observers.append(world.note)
    return world


async def list_organization(sdk: GraphServiceClient, world: World) -> None:
    answer = await sdk.organization.get()
    assert answer is not None
    assert [one.id for one in answer.value or []] == [world.served.tenant_id]


async def list_domains(sdk: GraphServiceClient, world: World) -> None:
    world.served.knobs.federated_domains = frozenset({"contoso.example"})
    answer = await sdk.domains.get()
    assert answer is not None
    assert [(one.id, one.authentication_type, one.is_verified) for one in answer.value or []] == [
        ("contoso.example", "Federated", True),
        ("contoso.onmicrosoft.example", "Managed", True),
    ]


async def list_skus(sdk: GraphServiceClient, world: World) -> None:
    answer = await sdk.subscribed_skus.get()
    assert answer is not None
    sku = next(one for one in answer.value or [] if one.sku_id == SKU)
    assert sku.prepaid_units is not None
    assert (sku.sku_part_number, sku.consumed_units, sku.prepaid_units.enabled) == ("ENTERPRISEPACK", 0, 25)
    assert UUID(TEAMS.id) in [plan.service_plan_id for plan in sku.service_plans or []]


async def list_users(sdk: GraphServiceClient, world: World) -> None:
    answer = await sdk.users.get(options(type(sdk.users), select=["id"], filter="displayName eq 'Noor'"))
    assert answer is not None
    assert [user.id for user in answer.value or []] == [world.noor]


async def delta_users(sdk: GraphServiceClient, world: World) -> None:
    world.served.knobs.delta_page_size = 2
    builder = sdk.users.delta
    page = await builder.get(options(type(builder), select=["displayName", "manager"]))
    told: list[User] = []
    while page is not None and page.odata_next_link:
        assert page.odata_delta_link is None
        told += page.value or []
        page = await builder.with_url(page.odata_next_link).get()
    assert page is not None
    assert page.odata_delta_link is not None
    told += page.value or []
    assert [user.id for user in told] == [world.mira, world.boss, world.noor]
    assert told[0].additional_data["manager@delta"][0]["id"] == UUID(world.boss)
    await sdk.users.by_user_id(world.noor).delete()
    page = await builder.with_url(page.odata_delta_link).get()
    assert page is not None
    assert [(user.id, user.additional_data["@removed"]) for user in page.value or []] == [
        (world.noor, {"reason": "changed"})
    ]


async def create_user(sdk: GraphServiceClient, world: World) -> None:
    created = await sdk.users.post(new_user("ada", usage_location="DE"))
    assert created is not None
    assert created.user_principal_name == "ada@contoso.example"


async def get_user(sdk: GraphServiceClient, world: World) -> None:
    user = await sdk.users.by_user_id(world.mira).get()
    assert user is not None
    assert user.display_name == "Mira"


async def update_user(sdk: GraphServiceClient, world: World) -> None:
    await sdk.users.by_user_id(world.mira).patch(User(job_title="Lead", other_mails=["mira@home.example"]))
    assert world.served.tenant.objects[world.mira].value("otherMails") == ["mira@home.example"]


async def delete_user(sdk: GraphServiceClient, world: World) -> None:
    await sdk.users.by_user_id(world.mira).delete()
    assert world.mira in world.served.tenant.deleted


async def get_manager(sdk: GraphServiceClient, world: World) -> None:
    manager = await sdk.users.by_user_id(world.mira).manager.get()
    assert isinstance(manager, User)
    assert manager.id == world.boss


async def get_manager_reference(sdk: GraphServiceClient, world: World) -> None:
    asked = sdk.users.by_user_id(world.mira).manager.ref.to_get_request_information()
    answer = await sdk.request_adapter.send_primitive_async(asked, "bytes", {"XXX": ODataError})
    assert isinstance(answer, bytes)
    assert world.boss in json.loads(answer)["@odata.id"]


async def put_manager(sdk: GraphServiceClient, world: World) -> None:
    reference = ReferenceUpdate(odata_id=f"{PUBLIC}/users/{world.boss}")
    await sdk.users.by_user_id(world.noor).manager.ref.put(reference)
    assert world.served.tenant.managers[world.noor] == world.boss


async def delete_manager(sdk: GraphServiceClient, world: World) -> None:
    await sdk.users.by_user_id(world.mira).manager.ref.delete()
    assert world.served.tenant.managers == {}


async def list_member_of(sdk: GraphServiceClient, world: World) -> None:
    answer = await sdk.users.by_user_id(world.mira).member_of.get()
    assert answer is not None
    assert [(type(one), one.id) for one in answer.value or []] == [(Group, world.crew)]


async def assign_licence(sdk: GraphServiceClient, world: World) -> None:
    wanted = AssignedLicense(sku_id=SKU, disabled_plans=[UUID(EXCHANGE.id)])
    builder = sdk.users.by_user_id(world.mira)
    user = await builder.assign_license.post(AssignLicensePostRequestBody(add_licenses=[wanted], remove_licenses=[]))
    assert user is not None
    assert user.id == world.mira
    shown = await builder.get(options(type(builder), select=["assignedLicenses", "licenseAssignmentStates"]))
    assert shown is not None
    assert [one.disabled_plans for one in shown.assigned_licenses or []] == [[UUID(EXCHANGE.id)]]
    assert [(one.state, one.assigned_by_group) for one in shown.license_assignment_states or []] == [("Active", None)]
    gone = await builder.assign_license.post(AssignLicensePostRequestBody(add_licenses=[], remove_licenses=[SKU]))
    assert gone is not None
    with pytest.raises(ODataError, match="does not have a corresponding license"):
        await builder.assign_license.post(AssignLicensePostRequestBody(add_licenses=[], remove_licenses=[SKU]))


async def list_licence_details(sdk: GraphServiceClient, world: World) -> None:
    builder = sdk.users.by_user_id(world.mira)
    wanted = AssignLicensePostRequestBody(add_licenses=[AssignedLicense(sku_id=SKU)], remove_licenses=[])
    await builder.assign_license.post(wanted)
    answer = await builder.license_details.get()
    assert answer is not None
    assert [one.sku_part_number for one in answer.value or []] == ["ENTERPRISEPACK"]


async def revoke_sessions(sdk: GraphServiceClient, world: World) -> None:
    answer = await sdk.users.by_user_id(world.mira).revoke_sign_in_sessions.post()
    assert answer is not None
    assert answer.value is True


async def list_groups(sdk: GraphServiceClient, world: World) -> None:
    answer = await sdk.groups.get()
    assert answer is not None
    assert [group.id for group in answer.value or []] == [world.crew]


async def delta_groups(sdk: GraphServiceClient, world: World) -> None:
    builder = sdk.groups.delta
    page = await builder.get(options(type(builder), select=["displayName", "members"]))
    assert page is not None
    assert page.odata_delta_link is not None
    [group] = page.value or []
    assert [member["id"] for member in group.additional_data["members@delta"]] == [UUID(world.mira)]
    await sdk.groups.by_group_id(world.crew).members.by_directory_object_id(world.mira).ref.delete()
    page = await builder.with_url(page.odata_delta_link).get()
    assert page is not None
    [group] = page.value or []
    assert group.additional_data["members@delta"][0]["@removed"] == {"reason": "deleted"}


async def create_group(sdk: GraphServiceClient, world: World) -> None:
    wanted = Group(
        display_name="Sales",
        mail_enabled=False,
        mail_nickname="sales",
        security_enabled=True,
        group_types=["DynamicMembership"],
        membership_rule="user.city -eq 'Berlin'",
        membership_rule_processing_state="On",
    )
    group = await sdk.groups.post(wanted)
    assert group is not None
    assert (group.group_types, group.membership_rule) == (["DynamicMembership"], "user.city -eq 'Berlin'")


async def get_group(sdk: GraphServiceClient, world: World) -> None:
    group = await sdk.groups.by_group_id(world.crew).get()
    assert group is not None
    assert group.display_name == "Crew"


async def update_group(sdk: GraphServiceClient, world: World) -> None:
    bound = {"members@odata.bind": [f"{PUBLIC}/directoryObjects/{world.noor}"]}
    await sdk.groups.by_group_id(world.crew).patch(Group(description="All", additional_data=bound))
    assert list(world.served.tenant.members[world.crew]) == [world.mira, world.noor]


async def delete_group(sdk: GraphServiceClient, world: World) -> None:
    await sdk.groups.by_group_id(world.crew).delete()
    assert world.crew in world.served.tenant.deleted


async def list_members(sdk: GraphServiceClient, world: World) -> None:
    answer = await sdk.groups.by_group_id(world.crew).members.get()
    assert answer is not None
    assert [(type(one), one.id) for one in answer.value or []] == [(User, world.mira)]


async def add_member(sdk: GraphServiceClient, world: World) -> None:
    reference = ReferenceCreate(odata_id=f"{PUBLIC}/directoryObjects/{world.noor}")
    await sdk.groups.by_group_id(world.crew).members.ref.post(reference)
    assert world.noor in world.served.tenant.members[world.crew]


async def remove_member(sdk: GraphServiceClient, world: World) -> None:
    await sdk.groups.by_group_id(world.crew).members.by_directory_object_id(world.mira).ref.delete()
    assert world.served.tenant.members[world.crew] == {}


async def list_owners(sdk: GraphServiceClient, world: World) -> None:
    answer = await sdk.groups.by_group_id(world.crew).owners.get()
    assert answer is not None
    assert [one.id for one in answer.value or []] == [world.mira, world.boss]


async def add_owner(sdk: GraphServiceClient, world: World) -> None:
    reference = ReferenceCreate(odata_id=f"{PUBLIC}/users/{world.noor}")
    await sdk.groups.by_group_id(world.crew).owners.ref.post(reference)
    assert world.noor in world.served.tenant.owners[world.crew]


async def remove_owner(sdk: GraphServiceClient, world: World) -> None:
    await sdk.groups.by_group_id(world.crew).owners.by_directory_object_id(world.mira).ref.delete()
    assert list(world.served.tenant.owners[world.crew]) == [world.boss]


async def list_deleted_users(sdk: GraphServiceClient, world: World) -> None:
    builder = sdk.directory.deleted_items.graph_user
    answer = await builder.get(options(type(builder), filter="displayName eq 'Gone'", select=["id"]))
    assert answer is not None
    assert [user.id for user in answer.value or []] == [world.gone_user]


async def list_deleted_groups(sdk: GraphServiceClient, world: World) -> None:
    answer = await sdk.directory.deleted_items.graph_group.get()
    assert answer is not None
    assert [group.id for group in answer.value or []] == [world.gone_group]


async def get_deleted(sdk: GraphServiceClient, world: World) -> None:
    one = await sdk.directory.deleted_items.by_directory_object_id(world.gone_user).get()
    assert isinstance(one, User)
    assert (one.id, one.display_name) == (world.gone_user, "Gone")


async def purge_deleted(sdk: GraphServiceClient, world: World) -> None:
    await sdk.directory.deleted_items.by_directory_object_id(world.gone_group).delete()
    assert world.gone_group not in world.served.tenant.objects


async def restore_deleted(sdk: GraphServiceClient, world: World) -> None:
    restored = await sdk.directory.deleted_items.by_directory_object_id(world.gone_user).restore.post()
    assert isinstance(restored, User)
    assert restored.user_principal_name == "gone@contoso.example"


type Call = Callable[[GraphServiceClient, World], Awaitable[None]]

CALLS: dict[tuple[str, str], Call] = {
    ("GET", "organization"): list_organization,
    ("GET", "domains"): list_domains,
    ("GET", "subscribedSkus"): list_skus,
    ("GET", "users"): list_users,
    ("GET", "users/delta"): delta_users,
    ("POST", "users"): create_user,
    ("GET", "users/*"): get_user,
    ("PATCH", "users/*"): update_user,
    ("DELETE", "users/*"): delete_user,
    ("GET", "users/*/manager"): get_manager,
    ("GET", "users/*/manager/$ref"): get_manager_reference,
    ("PUT", "users/*/manager/$ref"): put_manager,
    ("DELETE", "users/*/manager/$ref"): delete_manager,
    ("GET", "users/*/memberOf"): list_member_of,
    ("POST", "users/*/assignLicense"): assign_licence,
    ("GET", "users/*/licenseDetails"): list_licence_details,
    ("POST", "users/*/revokeSignInSessions"): revoke_sessions,
    ("GET", "groups"): list_groups,
    ("GET", "groups/delta"): delta_groups,
    ("POST", "groups"): create_group,
    ("GET", "groups/*"): get_group,
    ("PATCH", "groups/*"): update_group,
    ("DELETE", "groups/*"): delete_group,
    ("GET", "groups/*/members"): list_members,
    ("POST", "groups/*/members/$ref"): add_member,
    ("DELETE", "groups/*/members/*/$ref"): remove_member,
    ("GET", "groups/*/owners"): list_owners,
    ("POST", "groups/*/owners/$ref"): add_owner,
    ("DELETE", "groups/*/owners/*/$ref"): remove_owner,
    ("GET", "directory/deletedItems/graph.user"): list_deleted_users,
    ("GET", "directory/deletedItems/graph.group"): list_deleted_groups,
    ("GET", "directory/deletedItems/*"): get_deleted,
    ("DELETE", "directory/deletedItems/*"): purge_deleted,
    ("POST", "directory/deletedItems/*/restore"): restore_deleted,
    **SYNCHRONIZATION_CALLS,
}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
async def test_microsofts_client_drives_every_call_that_is_offered(
    sdk: GraphServiceClient, world: World, operation: Operation
) -> None:
    call = CALLS.get((operation.method, operation.path))
    assert call is not None, f"{operation.method} {operation.path} is offered, and no call of msgraph-sdk drives it"

    await call(sdk, world)

    assert (operation.method, operation.path) in world.driven


async def test_a_batch_carries_what_the_client_says_and_is_read_by_it(sdk: GraphServiceClient, world: World) -> None:
    created = sdk.users.to_post_request_information(new_user("ada"))
    read = sdk.users.by_user_id(world.mira).to_get_request_information()
    base = world.served.base_url
    items = [
        {
            "id": str(number),
            "method": asked.http_method.value if asked.http_method else "",
            "url": asked.url.removeprefix(base),
            "headers": {"Content-Type": "application/json"},
        }
        | ({"body": json.loads(asked.content)} if asked.content else {})
        for number, asked in enumerate((created, read))
    ]
    batch = RequestInformation(Method.POST, "{+baseurl}/$batch", {"baseurl": base})
    batch.set_stream_content(json.dumps({"requests": items}).encode(), "application/json")

    answer = await sdk.request_adapter.send_primitive_async(batch, "bytes", {"XXX": ODataError})

    assert isinstance(answer, bytes)
    responses = {item["id"]: item for item in json.loads(answer)["responses"]}
    bodies = [json.dumps(responses[key]["body"]).encode() for key in ("0", "1")]
    users = [
        JsonParseNodeFactory().get_root_parse_node("application/json", body).get_object_value(User) for body in bodies
    ]
    assert [item["status"] for item in (responses["0"], responses["1"])] == [201, 200]
    assert [user.user_principal_name for user in users] == ["ada@contoso.example", "mira@contoso.example"]
