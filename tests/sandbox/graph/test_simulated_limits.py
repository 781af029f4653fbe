"""Permissions, the write quota, and the delay between a write and its reads."""

from typing import Any

import pytest

from sandbox.graph.server import Served
from tests.graph_client import UNIFIED, GraphClient, bound, group, reference, user

READ = ("User.Read.All", "Group.Read.All")


async def test_without_any_permission_everything_is_denied(served: Served, graph: GraphClient) -> None:
    mira, key = await graph.user("mira"), await graph.group()
    served.knobs.permissions = frozenset()

    calls: list[tuple[str, str, Any]] = [
        ("GET", "/users", None),
        ("POST", "/users", user("noor")),
        ("GET", f"/users/{mira}", None),
        ("PATCH", f"/users/{mira}", {"city": "Berlin"}),
        ("DELETE", f"/users/{mira}", None),
        ("PUT", f"/users/{mira}/manager/$ref", reference(mira)),
        ("GET", f"/users/{mira}/memberOf", None),
        ("GET", "/groups", None),
        ("POST", "/groups", group("other")),
        ("PATCH", f"/groups/{key}", {"description": "x"}),
        ("POST", f"/groups/{key}/members/$ref", reference(mira)),
        ("DELETE", f"/groups/{key}", None),
        ("GET", "/organization", None),
        ("GET", "/directory/deletedItems/microsoft.graph.user", None),
    ]
    for method, path, body in calls:
        reply = await graph(method, path, body)
        assert (reply.status, reply.code) == (403, "Authorization_RequestDenied"), (method, path)
    assert len(served.simulator.state()["users"]) == 1


@pytest.mark.parametrize(
    ("permissions", "method", "path", "body", "allowed"),
    [
        (READ, "GET", "/users", None, True),
        (READ, "GET", "/groups/{group}/members", None, True),
        (READ, "PATCH", "/users/{user}", {"city": "Berlin"}, False),
        (READ, "POST", "/groups/{group}/members/$ref", {"@odata.id": "{ref}"}, False),
        (("User.ReadWrite.All",), "POST", "/users", user("noor"), True),
        (("User.ReadWrite.All",), "POST", "/groups", group("other"), False),
        (("Group.ReadWrite.All",), "POST", "/users", user("noor"), False),
        (("Group.Create",), "POST", "/groups", group("other"), True),
        (("Group.Create",), "DELETE", "/groups/{group}", None, False),
        (("GroupMember.ReadWrite.All",), "POST", "/groups/{group}/members/$ref", {"@odata.id": "{ref}"}, True),
        (("GroupMember.ReadWrite.All",), "PATCH", "/groups/{group}", {"members@odata.bind": ["{ref}"]}, True),
        (("GroupMember.ReadWrite.All",), "PATCH", "/groups/{group}", {"displayName": "x"}, False),
        (("User.EnableDisableAccount.All",), "PATCH", "/users/{user}", {"accountEnabled": False}, True),
        (("User.EnableDisableAccount.All",), "PATCH", "/users/{user}", {"accountEnabled": False, "city": "x"}, False),
        (("Group.ReadWrite.All",), "POST", "/groups", group("admins", isAssignableToRole=True), False),
        (("Directory.ReadWrite.All",), "DELETE", "/users/{user}", None, True),
        (("User.Read.All",), "GET", "/organization", None, False),
        (("User.DeleteRestore.All",), "POST", "/directory/deletedItems/{gone_user}/restore", None, True),
        (("User.DeleteRestore.All",), "POST", "/directory/deletedItems/{gone_group}/restore", None, False),
        (("User.DeleteRestore.All",), "DELETE", "/directory/deletedItems/{gone_user}", None, True),
        (("Group.ReadWrite.All",), "POST", "/directory/deletedItems/{gone_user}/restore", None, False),
        (("Group.ReadWrite.All",), "DELETE", "/directory/deletedItems/{gone_group}", None, True),
        (("Group.Read.All",), "GET", "/directory/deletedItems/graph.user", None, False),
        (("Group.Read.All",), "GET", "/directory/deletedItems/graph.group", None, True),
        (("User.Read.All",), "GET", "/directory/deletedItems/{gone_group}", None, False),
    ],
)
async def test_a_request_needs_one_of_its_permissions(
    served: Served, graph: GraphClient, permissions: tuple[str, ...], method: str, path: str, body: Any, allowed: bool
) -> None:
    mira, key = await graph.user("mira"), await graph.group()
    gone_user, gone_group = await graph.user("gone"), await graph.group("gone")
    for gone in (f"/users/{gone_user}", f"/groups/{gone_group}"):
        assert (await graph("DELETE", gone)).status == 204
    served.knobs.permissions = frozenset(permissions)
    link = reference(mira)["@odata.id"]
    if body and "@odata.id" in body:
        body = {"@odata.id": link}
    if body and "members@odata.bind" in body:
        body = bound("members", mira)

    reply = await graph(method, path.format(user=mira, group=key, gone_user=gone_user, gone_group=gone_group), body)

    assert (reply.status < 300) is allowed, reply.body
    assert allowed or reply.status == 403


async def test_writes_beyond_the_quota_are_throttled_until_the_bucket_refills(
    served: Served, graph: GraphClient
) -> None:
    served.knobs.write_quota, served.knobs.write_window = 3, 30
    for n in range(3):
        await graph.user(f"u{n}")

    refused = await graph("POST", "/users", user("late"))
    assert (refused.status, refused.code) == (429, "TooManyRequests")
    wait = int(refused.headers["Retry-After"])
    assert 9 <= wait <= 10
    assert (await graph("GET", "/users")).status == 200, "reads have no share in it"

    served.clock.advance(wait)
    assert (await graph("POST", "/users", user("late"))).status == 201
    assert (await graph("POST", "/users", user("later"))).status == 429


async def test_the_quota_is_microsofts_unless_set(served: Served) -> None:
    assert (served.knobs.write_quota, served.knobs.write_window) == (3000, 150)


async def test_a_refused_write_spends_quota_and_a_throttled_one_does_not(served: Served, graph: GraphClient) -> None:
    served.knobs.write_quota, served.knobs.write_window = 2, 20
    await graph("POST", "/users", {})
    await graph("POST", "/users", {})

    for _ in range(5):
        assert (await graph("POST", "/users", user())).status == 429
    served.clock.advance(10)
    assert (await graph("POST", "/users", user())).status == 201


async def test_with_a_quota_of_nothing_every_write_waits_a_window(served: Served, graph: GraphClient) -> None:
    served.knobs.write_quota = 0

    assert (await graph("POST", "/users", user())).headers["Retry-After"] == "150"


async def test_a_created_user_cannot_be_found_during_the_delay_but_its_name_is_taken(
    served: Served, graph: GraphClient
) -> None:
    key = await graph.group()
    served.knobs.read_after_write_delay = 5
    mira = await graph.user("mira")

    for path in (f"/users/{mira}", "/users/mira@contoso.example"):
        reply = await graph("GET", path)
        assert (reply.status, reply.code) == (404, "Request_ResourceNotFound")
    assert (await graph("GET", "/users")).ids == []
    assert (await graph("GET", "/users?$filter=userPrincipalName eq 'mira@contoso.example'")).ids == []
    assert (await graph("PATCH", f"/users/{mira}", {"city": "Berlin"})).status == 404
    assert (await graph("POST", f"/groups/{key}/members/$ref", reference(mira))).status == 404
    assert (await graph("POST", "/users", user("mira"))).details == [("ObjectConflict", "userPrincipalName")]

    served.clock.advance(5)
    assert (await graph("GET", f"/users/{mira}")).status == 200
    assert (await graph("GET", "/users?$filter=userPrincipalName eq 'mira@contoso.example'")).ids == [mira]
    assert (await graph("POST", f"/groups/{key}/members/$ref", reference(mira))).status == 204


async def test_a_created_group_is_delayed_too_and_older_objects_are_not(served: Served, graph: GraphClient) -> None:
    mira = await graph.user("mira")
    served.clock.advance(6)
    served.knobs.read_after_write_delay = 5
    key = await graph.group("crew", **UNIFIED, **bound("members", mira))

    assert (await graph("GET", f"/groups/{key}/members")).status == 404
    assert (await graph("GET", f"/users/{mira}/memberOf")).ids == []
    served.clock.advance(5)
    assert await graph.members(key) == [mira]
