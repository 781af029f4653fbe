"""Microsoft's own typed client drives every call that the simulator offers and that the client has.

It is generated from Microsoft's contract by Microsoft's generator: what it sends and what it can read is an opinion
independent of ours. Left out, because the SDK is at odds with Graph's documentation: $batch (it sends ``depends_on``)
and GET manager/$ref (it expects a bare string where an object is documented).
"""

from datetime import timedelta

import pytest
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.user import User
from msgraph.graph_service_client import GraphServiceClient

from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served
from tests.graph_client import PUBLIC
from tests.sandbox.graph.msgraph_client import created, created_group, new_user, options, sdk

__all__ = ["sdk"]

# The SDK's own generated code uses what its own library calls deprecated.
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:msgraph", "ignore::DeprecationWarning:kiota_abstractions"
)


async def test_users(sdk: GraphServiceClient) -> None:
    mira = await created(sdk, "mira", department="Research", business_phones=["+49 30 1"])

    one = sdk.users.by_user_id(mira)
    selected = await one.get(options(type(one), select=["id", "displayName", "department", "createdDateTime"]))
    assert selected is not None
    assert (selected.id, selected.display_name, selected.department) == (mira, "Mira", "Research")
    assert selected.created_date_time is not None
    assert selected.created_date_time.utcoffset() == timedelta(0)

    change = User(job_title="Lead")
    change.department = None
    await one.patch(change)
    changed = await one.get(options(type(one), select=["jobTitle", "department", "businessPhones", "accountEnabled"]))
    assert changed is not None
    assert (changed.job_title, changed.department, changed.business_phones) == ("Lead", None, ["+49 30 1"])
    assert changed.account_enabled is True
    by_name = await sdk.users.by_user_id("mira@contoso.example").get()
    assert by_name is not None
    assert by_name.id == mira

    revoked = await one.revoke_sign_in_sessions.post()
    assert revoked is not None
    assert revoked.value is True
    await one.delete()
    with pytest.raises(ODataError) as failed:
        await one.get()
    assert failed.value.response_status_code == 404
    assert failed.value.error is not None
    assert failed.value.error.code == "Request_ResourceNotFound"


async def test_a_conflict_is_read_with_its_details(sdk: GraphServiceClient) -> None:
    await created(sdk, "mira")

    with pytest.raises(ODataError) as failed:
        await sdk.users.post(new_user("mira"))

    error = failed.value.error
    assert error is not None
    assert failed.value.response_status_code == 400
    assert [(detail.code, detail.target) for detail in error.details or []] == [("ObjectConflict", "userPrincipalName")]
    assert error.inner_error is not None
    assert failed.value.response_headers is not None
    assert error.inner_error.request_id == failed.value.response_headers["request-id"]
    assert error.inner_error.date is not None


async def test_lists_are_filtered_counted_and_paged(sdk: GraphServiceClient) -> None:
    keys = [await created(sdk, f"u{n}", department="A" if n else "B") for n in range(4)]

    query = options(
        type(sdk.users), filter="department eq 'A'", select=["id"], top=2, count=True, expand=["manager($select=id)"]
    )
    first = await sdk.users.get(query)
    assert first is not None
    assert first.odata_count == 3
    assert first.odata_next_link is not None
    assert [user.id for user in first.value or []] == keys[1:3]
    second = await sdk.users.with_url(first.odata_next_link).get()
    assert second is not None
    assert second.odata_next_link is None
    assert [user.id for user in second.value or []] == keys[3:]


async def test_managers(sdk: GraphServiceClient) -> None:
    boss = await created(sdk, "boss")
    mira = await created(sdk, "mira", additional_data={"manager@odata.bind": f"{PUBLIC}/users/{boss}"})
    manager = sdk.users.by_user_id(mira).manager

    found = await manager.get()
    assert isinstance(found, User)
    assert found.id == boss
    await manager.ref.delete()
    with pytest.raises(ODataError):
        await manager.get()
    await manager.ref.put(ReferenceUpdate(odata_id=f"{PUBLIC}/users/{boss}"))
    expanded = await sdk.users.by_user_id(mira).get(
        options(type(sdk.users.by_user_id(mira)), select=["id"], expand=["manager($select=id,displayName)"])
    )
    assert expanded is not None
    assert isinstance(expanded.manager, User)
    assert expanded.manager.display_name == "Boss"


async def test_groups_members_and_owners(sdk: GraphServiceClient) -> None:
    mira, noor = await created(sdk, "mira"), await created(sdk, "noor")
    bound = {"members@odata.bind": [f"{PUBLIC}/users/{mira}"], "owners@odata.bind": [f"{PUBLIC}/users/{mira}"]}
    key = await created_group(sdk, "staff", additional_data=bound)
    group = sdk.groups.by_group_id(key)

    await group.members.ref.post(ReferenceCreate(odata_id=f"{PUBLIC}/directoryObjects/{noor}"))
    members = await group.members.get(options(type(group.members), top=1, count=True))
    assert members is not None
    assert members.odata_count == 2
    assert members.odata_next_link is not None
    assert [type(member) for member in members.value or []] == [User]
    rest = await group.members.with_url(members.odata_next_link).get()
    assert rest is not None
    assert [member.id for member in rest.value or []] == [noor]
    of = await sdk.users.by_user_id(noor).member_of.get()
    assert of is not None
    assert [(type(one), one.id) for one in of.value or []] == [(Group, key)]

    await group.members.by_directory_object_id(mira).ref.delete()
    await group.patch(Group(additional_data={"members@odata.bind": [f"{PUBLIC}/directoryObjects/{mira}"]}))
    with pytest.raises(ODataError, match="already exist"):
        await group.members.ref.post(ReferenceCreate(odata_id=f"{PUBLIC}/directoryObjects/{noor}"))

    await group.owners.ref.post(ReferenceCreate(odata_id=f"{PUBLIC}/users/{noor}"))
    await group.owners.by_directory_object_id(mira).ref.delete()
    owners = await group.owners.get()
    assert owners is not None
    assert [owner.id for owner in owners.value or []] == [noor]

    await group.patch(Group(display_name="All", description="Everybody"))
    changed = await group.get()
    assert changed is not None
    assert (changed.display_name, changed.description, changed.security_enabled) == ("All", "Everybody", True)
    listed = await sdk.groups.get(options(type(sdk.groups), filter="displayName eq 'All'", select=["id"]))
    assert listed is not None
    assert [one.id for one in listed.value or []] == [key]
    await group.delete()
    with pytest.raises(ODataError):
        await group.get()


async def test_deleted_items(sdk: GraphServiceClient) -> None:
    mira = await created(sdk, "mira")
    unified = {"mail_enabled": True, "security_enabled": False, "group_types": ["Unified"]}
    crew = await created_group(sdk, "crew", **unified)
    await sdk.users.by_user_id(mira).delete()
    await sdk.groups.by_group_id(crew).delete()

    deleted = sdk.directory.deleted_items
    users, groups = await deleted.graph_user.get(), await deleted.graph_group.get()
    assert users is not None
    assert groups is not None
    assert [user.id for user in users.value or []] == [mira]
    assert [group.id for group in groups.value or []] == [crew]
    one = await deleted.by_directory_object_id(mira).get()
    assert isinstance(one, User)
    restored = await deleted.by_directory_object_id(mira).restore.post()
    assert isinstance(restored, User)
    assert restored.user_principal_name == "mira@contoso.example"
    await deleted.by_directory_object_id(crew).delete()
    with pytest.raises(ODataError):
        await deleted.by_directory_object_id(crew).get()


async def test_the_organization(sdk: GraphServiceClient, graph_simulator: Served) -> None:
    answer = await sdk.organization.get()

    assert answer is not None
    [organization] = answer.value or []
    assert organization.id == graph_simulator.tenant_id
    assert [domain.name for domain in organization.verified_domains or [] if domain.is_initial] == [
        "contoso.onmicrosoft.example"
    ]


async def test_the_sdks_retries_understand_the_throttling(sdk: GraphServiceClient, graph_simulator: Served) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=1)]

    assert await created(sdk, "mira")
    assert graph_simulator.knobs.faults[0].times == 0


async def test_a_missing_permission_is_read_as_such(sdk: GraphServiceClient, graph_simulator: Served) -> None:
    graph_simulator.knobs.permissions = frozenset({"User.Read.All"})

    with pytest.raises(ODataError) as failed:
        await sdk.users.post(new_user("mira"))

    assert failed.value.response_status_code == 403
    assert failed.value.error is not None
    assert failed.value.error.code == "Authorization_RequestDenied"
