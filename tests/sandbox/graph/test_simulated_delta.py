"""Delta queries: rounds of pages, what they tell of users and groups, and how their tokens end."""

from typing import Any

import pytest

from sandbox.graph.entities import USER
from sandbox.graph.server import Served
from tests.graph_client import PUBLIC, GraphClient, Reply, bound, reference

SPELLINGS = ("delta", "delta()", "microsoft.graph.delta()")
type Round = tuple[list[dict[str, Any]], str]


async def follow(graph: GraphClient, path: str) -> Round:
    """Follow a round to its end: everything that it told, and the link to the next one."""
    told: list[dict[str, Any]] = []
    while True:
        reply = await graph("GET", path)
        assert reply.status == 200, reply.body
        told += reply.body["value"]
        links = [name for name in ("@odata.nextLink", "@odata.deltaLink") if name in reply.body]
        assert len(links) == 1, "one of the links, never both"
        path = reply.body[links[0]]
        if links == ["@odata.deltaLink"]:
            return told, path


def ids(told: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for item in told]


async def put_manager(graph: GraphClient, key: str, manager: str) -> None:
    assert (await graph("PUT", f"/users/{key}/manager/$ref", reference(manager))).status == 204


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("collection", ["users", "groups"])
async def test_the_first_round_tells_of_everything_and_the_next_of_nothing(
    graph: GraphClient, collection: str, spelling: str
) -> None:
    mira, staff = await graph.user("mira"), await graph.group("staff")

    told, link = await follow(graph, f"/{collection}/{spelling}?$select=id,displayName")

    assert told == [{"displayName": "Mira" if collection == "users" else "Staff", "id": told[0]["id"]}]
    assert ids(told) == [mira if collection == "users" else staff]
    assert (await follow(graph, link))[0] == []


async def test_a_round_of_changes_tells_of_what_was_created_changed_and_deleted(graph: GraphClient) -> None:
    old, gone = await graph.user("old"), await graph.user("gone")
    _, link = await follow(graph, "/users/delta?$select=displayName,department")
    new = await graph.user("new", department="Research")
    await graph("PATCH", f"/users/{old}", {"department": "Sales"})
    await graph("DELETE", f"/users/{gone}")

    told, link = await follow(graph, link)

    assert {item["id"]: item for item in told} == {
        new: {"id": new, "displayName": "New", "department": "Research"},
        old: {"id": old, "displayName": "Old", "department": "Sales"},
        gone: {"id": gone, "@removed": {"reason": "changed"}},
    }
    await graph("DELETE", f"/directory/deletedItems/{gone}")
    assert (await follow(graph, link))[0] == [{"id": gone, "@removed": {"reason": "deleted"}}]


async def test_a_restored_user_is_told_of_as_if_it_were_new(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    await graph("DELETE", f"/users/{mira}")
    _, link = await follow(graph, "/users/delta?$select=displayName")
    await graph("POST", f"/directory/deletedItems/{mira}/restore")

    assert (await follow(graph, link))[0] == [{"id": mira, "displayName": "Mira"}]


async def test_what_was_created_and_deleted_before_the_first_round_is_not_told_of(graph: GraphClient) -> None:
    await graph("DELETE", f"/users/{await graph.user('gone')}")

    assert (await follow(graph, "/users/delta"))[0] == []


async def test_what_was_cleared_is_null_and_what_was_never_set_is_left_out(graph: GraphClient) -> None:
    mira = await graph.user("mira", department="Research")
    told, link = await follow(graph, "/users/delta?$select=department,jobTitle")
    assert told == [{"id": mira, "department": "Research"}]
    await graph("PATCH", f"/users/{mira}", {"department": None})

    assert (await follow(graph, link))[0] == [{"id": mira, "department": None}]


async def test_a_change_of_what_was_not_selected_is_not_told_of(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    _, narrow = await follow(graph, "/users/delta?$select=displayName")
    _, wide = await follow(graph, "/users/delta")
    await graph("PATCH", f"/users/{mira}", {"department": "Sales"})

    assert (await follow(graph, narrow))[0] == []
    assert [item["department"] for item in (await follow(graph, wide))[0]] == ["Sales"]


async def test_a_client_that_prefers_the_minimum_gets_what_changed_alone(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    _, link = await follow(graph, "/users/delta?$select=displayName,department")
    await graph("PATCH", f"/users/{mira}", {"department": "Sales"})

    reply = await graph("GET", link, Prefer="return=minimal")

    assert reply.body["value"] == [{"id": mira, "department": "Sales"}]


async def test_the_manager_is_told_of_where_it_was_selected(graph: GraphClient) -> None:
    boss, other = await graph.user("boss"), await graph.user("other")
    mira = await graph.user("mira", **{"manager@odata.bind": f"{PUBLIC}/users/{boss}"})
    person = {"@odata.type": "#microsoft.graph.user"}
    removed = {"@removed": {"reason": "deleted"}}

    told, link = await follow(graph, "/users/delta?$select=displayName,manager")
    assert {item["id"]: item.get("manager@delta") for item in told} == {
        boss: None,
        other: None,
        mira: [person | {"id": boss}],
    }
    await put_manager(graph, mira, other)
    told, link = await follow(graph, link)
    assert told == [
        {"id": mira, "displayName": "Mira", "manager@delta": [person | {"id": boss} | removed, person | {"id": other}]}
    ]
    await graph("DELETE", f"/users/{mira}/manager/$ref")
    told, link = await follow(graph, link)
    assert [item["manager@delta"] for item in told] == [[person | {"id": other} | removed]]


async def test_a_manager_who_is_deleted_is_a_change_of_the_report(graph: GraphClient) -> None:
    boss = await graph.user("boss")
    mira = await graph.user("mira", **{"manager@odata.bind": f"{PUBLIC}/users/{boss}"})
    _, link = await follow(graph, "/users/delta?$select=id,manager")
    await graph("DELETE", f"/users/{boss}")

    told, _ = await follow(graph, link)

    assert sorted(ids(told)) == sorted([boss, mira])
    assert [link["@removed"] for item in told for link in item.get("manager@delta", ())] == [{"reason": "deleted"}]


async def test_members_are_told_of_one_by_one(graph: GraphClient) -> None:
    mira, noor, team = await graph.user("mira"), await graph.user("noor"), await graph.group("team")
    staff = await graph.group("staff", **bound("members", mira))
    told, link = await follow(graph, "/groups/delta?$select=displayName,members")
    person = {"@odata.type": "#microsoft.graph.user"}
    assert {item["id"]: item.get("members@delta") for item in told} == {team: None, staff: [person | {"id": mira}]}

    await graph("POST", f"/groups/{staff}/members/$ref", reference(noor))
    await graph("POST", f"/groups/{staff}/members/$ref", reference(team))
    await graph("DELETE", f"/groups/{staff}/members/{mira}/$ref")

    told, link = await follow(graph, link)
    assert [item["members@delta"] for item in told] == [
        [
            person | {"id": noor},
            {"@odata.type": "#microsoft.graph.group", "id": team},
            person | {"id": mira, "@removed": {"reason": "deleted"}},
        ]
    ]
    assert (await follow(graph, link))[0] == []


async def test_groups_come_with_their_members_unless_something_else_was_selected(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    staff = await graph.group("staff", **bound("members", mira))

    assert [ids(item["members@delta"]) for item in (await follow(graph, "/groups/delta"))[0]] == [[mira]]
    told, link = await follow(graph, "/groups/delta?$select=displayName")
    assert "members@delta" not in told[0]
    await graph("DELETE", f"/groups/{staff}/members/{mira}/$ref")
    assert (await follow(graph, link))[0] == []


async def test_a_member_who_is_deleted_has_left_and_who_is_restored_is_back(graph: GraphClient) -> None:
    mira = await graph.user("mira")
    staff = await graph.group("staff", **bound("members", mira))
    _, link = await follow(graph, "/groups/delta?$select=members")

    await graph("DELETE", f"/users/{mira}")
    told, link = await follow(graph, link)
    assert [(item["id"], "@removed" in item["members@delta"][0]) for item in told] == [(staff, True)]
    await graph("POST", f"/directory/deletedItems/{mira}/restore")
    told, link = await follow(graph, link)
    assert [(item["id"], "@removed" in item["members@delta"][0]) for item in told] == [(staff, False)]


@pytest.mark.parametrize("changes", [False, True])
async def test_a_large_group_is_spread_over_pages(served: Served, graph: GraphClient, changes: bool) -> None:
    served.knobs.delta_page_members = 4
    people = [await graph.user(f"u{n}") for n in range(10)]
    staff, small = await graph.group("staff"), await graph.group("small", **bound("members", people[0]))
    link = (await follow(graph, "/groups/delta?$select=displayName,members"))[1] if changes else ""
    await graph("PATCH", f"/groups/{staff}", bound("members", *people))

    told, _ = await follow(graph, link or "/groups/delta?$select=displayName,members")

    parts = [item for item in told if item["id"] == staff]
    assert [len(item["members@delta"]) for item in parts] == [4, 4, 2]
    assert {item["displayName"] for item in parts} == {"Staff"}
    assert [key for item in parts for key in ids(item["members@delta"])] == people
    assert ids(told).count(small) == (0 if changes else 1)


async def test_pages_are_as_large_as_the_knob_says_and_nothing_is_lost(served: Served, graph: GraphClient) -> None:
    served.knobs.delta_page_size = 2
    keys = [await graph.user(f"u{n}") for n in range(5)]

    first = await graph("GET", "/users/delta?$select=id")
    await graph("DELETE", f"/users/{keys[0]}")
    late = await graph.user("late")
    told, link = await follow(graph, first.body["@odata.nextLink"])

    assert [len(first.body["value"]), ids(told)[:3]] == [2, keys[2:]]
    told, _ = await follow(graph, link)
    assert [(item["id"], "@removed" in item) for item in told] == [(keys[0], True), (late, False)]


async def test_a_page_can_be_empty_and_have_a_next_one(served: Served, graph: GraphClient) -> None:
    served.knobs.delta_empty_pages, served.knobs.delta_page_size = True, 1
    keys = [await graph.user(f"u{n}") for n in range(2)]

    first = await graph("GET", "/users/delta")
    assert (first.body["value"], "@odata.nextLink" in first.body) == ([], True)
    told, link = await follow(graph, first.body["@odata.nextLink"])

    assert ids(told) == keys
    assert (await follow(graph, link))[0] == []


async def test_objects_appear_several_times_and_changes_are_replayed(served: Served, graph: GraphClient) -> None:
    served.knobs.delta_repeats, served.knobs.delta_page_size = 1, 2
    keys = [await graph.user(f"u{n}") for n in range(4)]

    told, link = await follow(graph, "/users/delta?$select=displayName")

    assert ids(told) == [keys[0], keys[1], keys[1], keys[2], keys[3]]
    assert ids((await follow(graph, link))[0]) == keys[3:], "the last change was told of before"


async def test_latest_starts_from_now(graph: GraphClient) -> None:
    await graph.user("old")
    told, link = await follow(graph, "/users/delta?$deltatoken=latest&$select=displayName")
    assert told == []
    new = await graph.user("new")

    assert (await follow(graph, link))[0] == [{"id": new, "displayName": "New"}]


@pytest.mark.parametrize("option", ["$deltatoken", "$skiptoken"])
async def test_a_token_lives_for_seven_days(served: Served, graph: GraphClient, option: str) -> None:
    served.knobs.delta_page_size, served.knobs.token_lifetime = 1, 3600 * 24 * 30
    await graph.fetch_token()
    for name in ("mira", "noor"):
        await graph.user(name)
    reply = await graph("GET", "/users/delta")
    link = reply.body["@odata.nextLink"] if option == "$skiptoken" else (await follow(graph, "/users/delta"))[1]
    assert option in link

    served.clock.advance(7 * 24 * 3600 - 10)
    assert (await graph("GET", link)).status == 200
    served.clock.advance(20)
    expired = await graph("GET", link)
    assert (expired.status, expired.code) == (400, "syncStateNotFound")


async def test_after_a_reset_every_token_is_answered_with_where_to_start_again(
    served: Served, graph: GraphClient
) -> None:
    mira = await graph.user("mira")
    _, link = await follow(graph, "/users/delta?$select=displayName,manager")
    served.knobs.delta_resets += 1

    gone = await graph("GET", link)

    assert gone.status == 410
    assert gone.headers["Location"] == f"{served.base_url}/users/delta?$select=displayName,manager&$deltatoken="
    told, link = await follow(graph, gone.headers["Location"])
    assert ids(told) == [mira]
    assert (await follow(graph, link))[0] == []


async def test_what_readers_cannot_see_yet_is_told_of_later(served: Served, graph: GraphClient) -> None:
    _, link = await follow(graph, "/users/delta")
    served.knobs.read_after_write_delay = 5
    mira = await graph.user("mira")

    told, link = await follow(graph, link)
    assert (told, (await follow(graph, "/users/delta"))[0]) == ([], [])
    served.clock.advance(5)
    assert ids((await follow(graph, link))[0]) == [mira]


async def test_a_round_can_be_narrowed_to_some_ids(graph: GraphClient) -> None:
    mira, noor, boss = [await graph.user(name) for name in ("mira", "noor", "boss")]
    told, link = await follow(graph, f"/users/delta?$filter=id eq '{mira}' or id eq '{noor}'&$select=city")
    assert ids(told) == [mira, noor]
    for key in (boss, noor):
        await graph("PATCH", f"/users/{key}", {"city": "Berlin"})

    assert ids((await follow(graph, link))[0]) == [noor]


@pytest.mark.parametrize(
    "query",
    [
        "$top=5",
        "$orderby=displayName",
        "$expand=manager",
        "$filter=displayName eq 'Mira'",
        "$count=true",
        "$search=x",
        "$select=bogus",
        "$select=memberOf",
        "$deltatoken=nonsense",
        "$skiptoken=bm9uc2Vuc2U=",
    ],
)
async def test_what_is_not_offered_is_refused(graph: GraphClient, query: str) -> None:
    assert (await graph("GET", f"/users/delta?{query}")).status == 400


async def test_options_cannot_be_changed_along_a_token(graph: GraphClient) -> None:
    _, link = await follow(graph, "/users/delta")

    assert (await graph("GET", f"{link}&$select=displayName")).status == 400
    assert (await graph("GET", link.replace("/users/", "/groups/"))).status == 400


async def test_delta_queries_need_the_permission_to_read(served: Served, graph: GraphClient) -> None:
    served.knobs.permissions = frozenset({"User.Read.All"})

    assert [(await graph("GET", f"/{name}/delta")).status for name in ("users", "groups")] == [200, 403]


async def test_two_thousand_users_come_in_twenty_pages(served: Served, graph: GraphClient) -> None:
    for n in range(2000):
        served.tenant.add(USER, {"userPrincipalName": f"u{n}@contoso.example", "displayName": f"U{n}"})

    reply: Reply = await graph("GET", "/users/delta?$select=displayName")
    count = 1
    while "@odata.nextLink" in reply.body:
        reply = await graph("GET", reply.body["@odata.nextLink"])
        count += 1

    assert count == 20
