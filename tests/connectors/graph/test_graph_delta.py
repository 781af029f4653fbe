"""Imports by delta query: what the pages tell, where their cursors lead, and what happens when Graph forgets."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, cast

import pytest

from connectors.contract import Change, MemberChange, ObjectKind, Page, Reading, Reference
from connectors.errors import Misconfigured, Rejected, Unavailable
from connectors.graph import GraphConnector
from connectors.graph.cursor import OLDEST_SECONDS
from connectors.graph.delta import MOST_MEMBERS
from connectors.testing.importer import Picture
from sandbox.certificates import Certificates
from sandbox.graph.knobs import Fault
from sandbox.graph.planting import plant_guest, plant_synced_user
from sandbox.graph.server import Served
from tests.connectors.graph.graph_impostor import Impostor, impostor
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
BOTH = Reading(attributes={USER: ("userPrincipalName", "displayName", "jobTitle", "manager"), GROUP: ("displayName",)})


async def read(
    graph: GraphConnector, cursor: str | None = None, reading: Reading = BOTH, most: int | None = None
) -> list[Page]:
    """Read a stream to its end, or so many pages of it."""
    pages: list[Page] = []
    async with aclosing(cast(Any, graph.changes(cursor, reading))) as stream:
        async for page in stream:
            pages.append(page)
            if len(pages) == most:
                break
    return pages


def changes(pages: Sequence[Page]) -> list[Change]:
    return [change for page in pages for change in page.changes]


def members(pages: Sequence[Page]) -> list[MemberChange]:
    return [change for page in pages for change in page.members]


def names(pages: Sequence[Page]) -> list[str]:
    return [change.account.name for change in changes(pages)]


@pytest.fixture
async def people(graph: GraphConnector, graph_simulator: Served) -> list[str]:
    """Five users, of whom the first is the manager of the others."""
    made = await asyncio.gather(
        *(
            graph.create(
                USER,
                {"userPrincipalName": f"u{n}@contoso.example", "displayName": f"U{n}", "jobTitle": "Analyst"},
                active=True,
            )
            for n in range(5)
        )
    )
    ids = [each.remote_id for each in made]
    for report in ids[1:]:
        await graph.update(USER, report, {"manager": Reference(USER, ids[0])})
    return ids


@pytest.fixture
async def group(graph: GraphConnector, people: list[str]) -> str:
    """A group with all of them."""
    made = (await graph.create(GROUP, {"displayName": "Risk"}, active=True)).remote_id
    await graph.change_members(made, people, [])
    return made


async def test_the_first_round_is_a_complete_snapshot(graph: GraphConnector, people: list[str], group: str) -> None:
    pages = await read(graph)
    assert [(page.starts, page.complete, page.more) for page in pages] == [(True, False, True), (False, True, False)]
    assert {change.account.remote_id for change in changes(pages)} == {*people, group}
    assert not any(change.partial or change.gone for change in changes(pages))
    accounts = {change.account.remote_id: change.account for change in changes(pages)}
    report = accounts[people[1]]
    assert (report.name, report.active) == ("u1@contoso.example", True)
    assert report.attributes["jobTitle"] == "Analyst"
    assert report.attributes["manager"] == Reference(USER, people[0])
    assert "manager" not in accounts[people[0]].attributes
    assert accounts[group].active is None
    assert [(told.group, set(told.added), told.removed) for told in members(pages)] == [(group, set(people), ())]


async def test_the_next_round_tells_what_changed_and_nothing_else(
    graph: GraphConnector, people: list[str], group: str
) -> None:
    cursor = (await read(graph))[-1].cursor
    assert [page for page in await read(graph, cursor) if page.changes or page.members] == []
    await graph.update(USER, people[1], {"jobTitle": "Lead", "manager": None})
    await graph.update(USER, people[2], {"jobTitle": None, "manager": Reference(USER, people[1])})
    await graph.deactivate(people[3])
    await graph.change_members(group, [], [people[4]])

    pages = await read(graph, cursor)

    assert not any(page.starts or page.complete for page in pages)
    told = {change.account.remote_id: change for change in changes(pages)}
    assert told.keys() == set(people[1:4])
    assert all(change.partial for change in told.values())
    assert told[people[1]].account.attributes["jobTitle"] == "Lead"
    assert told[people[1]].account.attributes["manager"] is None
    assert told[people[2]].account.attributes["jobTitle"] is None
    assert told[people[2]].account.attributes["manager"] == Reference(USER, people[1])
    assert told[people[3]].account.active is False
    assert members(pages) == [MemberChange(group, removed=(people[4],))]


async def test_who_is_deleted_can_be_restored_until_it_is_purged(
    graph: GraphConnector, graph_simulator: Served, people: list[str], group: str
) -> None:
    cursor = (await read(graph))[-1].cursor
    await graph.delete(USER, people[1])
    await graph.delete(USER, people[2])
    graph_simulator.tenant.purge(graph_simulator.tenant.objects[people[2]])
    pages = await read(graph, cursor)
    gone = {change.account.remote_id: change for change in changes(pages) if change.gone}
    assert {key: change.restorable for key, change in gone.items()} == {people[1]: True, people[2]: False}
    assert {member for told in members(pages) for member in told.removed} == set(people[1:3])


async def test_what_comes_back_shows_whole(graph: GraphConnector, people: list[str], group: str) -> None:
    await graph.delete(USER, people[1])
    cursor = (await read(graph))[-1].cursor
    await graph.restore(USER, people[1])
    pages = await read(graph, cursor)
    (change,) = changes(pages)
    assert change.account.attributes["jobTitle"] == "Analyst"
    assert change.account.attributes["manager"] == Reference(USER, people[0])
    assert members(pages) == [MemberChange(group, added=(people[1],))]


async def test_pages_repeats_empty_pages_and_split_groups_change_nothing(
    graph: GraphConnector, graph_simulator: Served, people: list[str], group: str
) -> None:
    knobs = graph_simulator.knobs
    knobs.delta_page_size, knobs.delta_page_members, knobs.delta_empty_pages = 2, 2, True
    picture = Picture()
    pages = await read(graph)
    for page in pages:
        picture.fold(page)
    assert len(pages) > 8
    assert [page for page in pages if not page.changes and not page.members]
    assert picture.accounts.keys() == {*people, group}
    assert picture.members[group] == set(people)
    knobs.delta_repeats = 2
    await graph.change_members(group, people[:1], people[1:3])
    await graph.delete(USER, people[3])
    for page in await read(graph, picture.cursor):
        picture.fold(page)
    assert picture.accounts.keys() == {*people, group} - {people[3]}
    assert picture.members[group] == {people[0], people[4]}


async def test_a_user_who_is_told_twice_keeps_the_manager(
    graph: GraphConnector, graph_simulator: Served, people: list[str]
) -> None:
    graph_simulator.knobs.delta_page_size, graph_simulator.knobs.delta_repeats = 2, 2
    picture = Picture()
    pages = await read(graph)
    for page in pages:
        picture.fold(page)
    assert len(changes(pages)) > len(people)
    managers = [picture.accounts[key].attributes.get("manager") for key in people]
    assert managers == [None, *[Reference(USER, people[0])] * 4]


async def test_a_user_who_is_told_twice_keeps_the_manager_when_each_page_is_read_by_a_job_of_its_own(
    graph: GraphConnector, graph_simulator: Served, people: list[str]
) -> None:
    graph_simulator.knobs.delta_page_size, graph_simulator.knobs.delta_repeats = 2, 2
    picture, more = Picture(), True
    while more:
        (page,) = await read(graph, picture.cursor, most=1)
        picture.fold(page)
        more = page.more
    managers = [picture.accounts[key].attributes.get("manager") for key in people]
    assert managers == [None, *[Reference(USER, people[0])] * 4]


async def test_what_was_told_before_a_reset_is_told_whole_again(
    graph: GraphConnector, graph_simulator: Served, people: list[str]
) -> None:
    graph_simulator.knobs.delta_page_size = 2
    pages: list[Page] = []
    async with aclosing(cast(Any, graph.changes(None, BOTH))) as stream:
        async for page in stream:
            if not pages:
                graph_simulator.knobs.delta_resets += 1
            pages.append(page)
    assert [page.starts for page in pages[:2]] == [True, True]
    assert {c.account.remote_id for c in pages[0].changes} == {c.account.remote_id for c in pages[1].changes}
    assert not any(change.partial for change in pages[1].changes)


async def test_a_stream_is_taken_up_from_any_page(
    graph: GraphConnector, graph_simulator: Served, waits: Waits, people: list[str], group: str
) -> None:
    graph_simulator.knobs.delta_page_size, graph_simulator.knobs.delta_page_members = 2, 2
    whole = await read(graph)
    for taken in range(1, len(whole)):
        picture = Picture()
        for page in await read(graph, most=taken):
            picture.fold(page)
        other = GraphConnector(settings_for(graph_simulator), waits, waits.clock)
        for page in await read(other, picture.cursor):
            picture.fold(page)
        await other.close()
        assert picture.accounts.keys() == {*people, group}
        assert picture.members[group] == set(people)


async def test_a_page_with_too_many_members_is_split_and_its_parts_lead_back_to_it(
    graph: GraphConnector, graph_simulator: Served, monkeypatch: pytest.MonkeyPatch, people: list[str], group: str
) -> None:
    monkeypatch.setattr("connectors.graph.delta.MOST_MEMBERS", 2)
    pages = await read(graph, reading=Reading(frozenset({GROUP})))
    assert [sum(len(told.added) for told in page.members) for page in pages] == [2, 2, 1]
    assert [page.starts for page in pages] == [True, False, False]
    assert [page.complete for page in pages] == [False, False, True]
    again = await read(graph, pages[1].cursor, Reading(frozenset({GROUP})))
    assert again[0].starts
    assert set(members(again)) == set(members(pages))
    assert MOST_MEMBERS == 5000


async def test_only_what_is_asked_for_is_selected(graph: GraphConnector, asked: Record, people: list[str]) -> None:
    asked.clear()
    reading = Reading(
        frozenset({USER}), {USER: ("mail", "employeeOrgData.division", "onPremisesExtensionAttributes.x1", "manager")}
    )
    await read(graph, reading=reading)
    assert asked.lines == ["GET /users/delta"]
    assert asked[0].query == (
        "$select=accountEnabled,employeeOrgData,id,mail,manager,onPremisesExtensionAttributes,onPremisesSyncEnabled,"
        "userPrincipalName,userType"
    )
    assert asked[0].exchange.request_headers["x-ms-throttle-priority"] == "Low"
    asked.clear()
    await read(graph, reading=Reading(frozenset({GROUP}), memberships=False))
    assert asked.lines == ["GET /groups/delta"]
    assert "members" not in asked[0].query


async def test_members_of_complex_properties_come_by_their_dotted_names(
    graph: GraphConnector, people: list[str]
) -> None:
    await graph.update(USER, people[0], {"employeeOrgData.division": "Retail"})
    reading = Reading(frozenset({USER}), {USER: ("employeeOrgData.division",)})
    pages = await read(graph, reading=reading)
    values = {change.account.remote_id: change.account.attributes for change in changes(pages)}
    assert values[people[0]]["employeeOrgData.division"] == "Retail"
    await graph.update(USER, people[0], {"employeeOrgData.division": None})
    (change,) = changes(await read(graph, pages[-1].cursor, reading))
    assert change.account.attributes["employeeOrgData.division"] is None


async def test_an_attribute_that_is_none_is_refused_before_it_gets_into_an_address(
    graph: GraphConnector, asked: Record
) -> None:
    for bad in ("a&b=c", "", "mail eq 'x'", "ü", "x" * 300):
        with pytest.raises(Rejected):
            await read(graph, reading=Reading(attributes={USER: (bad,)}))
    assert asked.lines == []


async def test_guests_and_synchronised_users_come_as_they_are(graph: GraphConnector, graph_simulator: Served) -> None:
    guest = plant_guest(graph_simulator.tenant, "gina")
    synced = plant_synced_user(graph_simulator.tenant, "sam")
    values = {change.account.remote_id: change.account.attributes for change in changes(await read(graph))}
    assert values[guest.id]["userType"] == "Guest"
    assert values[synced.id]["onPremisesSyncEnabled"] is True


async def test_a_cursor_holds_tokens_and_no_address(graph: GraphConnector, graph_simulator: Served) -> None:
    cursor = (await read(graph))[-1].cursor
    assert "http" not in cursor
    assert "localhost" not in cursor
    held = json.loads(cursor)
    assert held["places"].keys() == {"User", "Group"}


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "{}",
        '{"v":1}',
        '{"v":99,"reading":"x","kind":"User","full":false,"places":{}}',
        '{"v":1,"reading":"x","kind":"User","full":false,"places":{"User":["$deltatoken","t",1]}}',
        '{"v":1,"reading":"x","kind":"Printer","full":false,"places":{}}',
        '{"v":1,"reading":"x","kind":"User","full":false,"places":{"User":["https://evil.example/","t",1]}}',
        '{"v":1,"reading":"x","kind":"User","full":false,"places":{"User":["$deltatoken",7,"then"]}}',
    ],
)
async def test_a_cursor_that_is_none_starts_a_snapshot_and_says_so(
    graph: GraphConnector, asked: Record, people: list[str], cursor: str
) -> None:
    asked.clear()
    pages = await read(graph, cursor)
    assert (pages[0].starts, pages[-1].complete) == (True, True)
    assert "anew" in pages[0].note
    assert {page.note for page in pages[1:]} == {""}
    assert "deltatoken" not in asked[0].query


async def test_other_attributes_and_another_tenant_start_a_snapshot(
    graph: GraphConnector, graph_simulator: Served, people: list[str]
) -> None:
    cursor = (await read(graph))[-1].cursor
    for reading in (Reading(), Reading(frozenset({GROUP})), Reading(memberships=False, attributes=BOTH.attributes)):
        pages = await read(graph, cursor, reading)
        assert pages[0].starts
        assert "changed" in pages[0].note


async def test_a_cursor_of_six_days_and_a_half_starts_a_snapshot_before_graph_forgets(
    graph: GraphConnector, graph_simulator: Served, asked: Record, people: list[str]
) -> None:
    cursor = (await read(graph))[-1].cursor
    held = json.loads(cursor)
    for place in held["places"].values():
        place[2] -= int(OLDEST_SECONDS) - 60
    assert not (await read(graph, json.dumps(held)))[0].starts
    for place in held["places"].values():
        place[2] -= 120
    pages = await read(graph, json.dumps(held))
    assert (pages[0].starts, pages[-1].complete) == (True, True)
    assert "six days" in pages[0].note


@pytest.mark.parametrize("forget", ["expired", "reset", "malformed"])
async def test_when_graph_does_not_know_a_token_everything_is_read_anew(
    graph: GraphConnector, graph_simulator: Served, people: list[str], group: str, forget: str
) -> None:
    cursor = (await read(graph))[-1].cursor
    if forget == "expired":
        graph_simulator.clock.advance(8 * 86_400)
    elif forget == "reset":
        graph_simulator.knobs.delta_resets += 1
    else:
        held = json.loads(cursor)
        held["places"]["User"][1] = "nonsense"
        cursor = json.dumps(held)
    pages = await read(graph, cursor)
    assert (pages[0].starts, pages[-1].complete) == (True, True)
    assert "does not know" in pages[0].note
    assert {change.account.remote_id for change in changes(pages)} == {*people, group}


async def test_a_reset_in_the_middle_starts_again_and_one_after_the_other_waits(
    graph: GraphConnector, graph_simulator: Served, people: list[str]
) -> None:
    graph_simulator.knobs.delta_page_size = 2
    pages: list[Page] = []

    async def follow() -> None:
        async for page in graph.changes(None, BOTH):
            pages.append(page)
            if len(pages) in {2, 4}:
                graph_simulator.knobs.delta_resets += 1

    with pytest.raises(Unavailable) as caught:
        await follow()
    assert [page.starts for page in pages] == [True, False, True, False]
    assert caught.value.code == "graph.resync"
    assert caught.value.retry_after


async def test_throttling_in_the_middle_is_resumed(
    graph: GraphConnector, graph_simulator: Served, people: list[str], group: str
) -> None:
    graph_simulator.knobs.delta_page_size = 2
    picture = Picture()

    async def follow() -> None:
        async for page in graph.changes(None, BOTH):
            picture.fold(page)
            graph_simulator.knobs.faults = [Fault(status=429, retry_after=90, path="delta")]

    with pytest.raises(Unavailable) as caught:
        await follow()
    assert caught.value.retry_after == 90
    assert 0 < len(picture.accounts) < 6
    pages = await read(graph, picture.cursor)
    assert not pages[0].starts
    for page in pages:
        picture.fold(page)
    assert picture.accounts.keys() == {*people, group}
    assert picture.members[group] == set(people)


async def test_a_short_outage_is_waited_out(graph: GraphConnector, graph_simulator: Served, waits: Waits) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=2, path="delta"), Fault(status=503, path="delta")]
    assert (await read(graph))[-1].complete
    assert waits.seconds == [2, 1]


async def test_a_missing_permission_is_named(graph: GraphConnector, graph_simulator: Served) -> None:
    graph_simulator.knobs.permissions = frozenset({"User.Read.All"})
    with pytest.raises(Misconfigured) as caught:
        await read(graph)
    assert "Group" in caught.value.fix


# Links that lead elsewhere


@pytest.fixture
async def front(graph_certificates: Certificates) -> AsyncIterator[Impostor]:
    async with impostor(graph_certificates) as served:
        yield served


@pytest.fixture
async def fooled(graph_simulator: Served, front: Impostor, waits: Waits) -> AsyncIterator[GraphConnector]:
    opened = GraphConnector(settings_for(graph_simulator, base_url=f"{front.origin}/v1.0"), waits)
    yield opened
    await opened.close()


@pytest.mark.parametrize("name", ["@odata.nextLink", "@odata.deltaLink"])
async def test_a_link_to_another_host_is_not_followed(fooled: GraphConnector, front: Impostor, name: str) -> None:
    front.json("GET /v1.0/users/delta", {"value": [], name: "https://evil.example/v1.0/users/delta?$skiptoken=x"})
    with pytest.raises(Misconfigured) as caught:
        await read(fooled, reading=Reading(frozenset({USER})))
    assert caught.value.code == "graph.foreignLink"


async def test_a_location_on_another_host_is_not_believed(fooled: GraphConnector, front: Impostor) -> None:
    reading = Reading(frozenset({USER}))
    link = f"{front.origin}/v1.0/users/delta?$deltatoken=x"
    front.json("GET /v1.0/users/delta", {"value": [], "@odata.deltaLink": link})
    cursor = (await read(fooled, reading=reading))[-1].cursor
    front.json("GET /v1.0/users/delta", {}, status=410, Location="https://evil.example/v1.0/users/delta?$deltatoken=")
    with pytest.raises(Misconfigured) as caught:
        await read(fooled, cursor, reading)
    assert caught.value.code == "graph.foreignLink"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"value": {}},
        {"value": []},
        {"value": [], "@odata.nextLink": "{front}/v1.0/users/delta"},
        {"value": [], "@odata.nextLink": "{front}/v1.0/users/delta?$skiptoken="},
        {"value": [], "@odata.deltaLink": "{front}/v1.0/users/delta?$deltatoken=" + "x" * 20_000},
    ],
)
async def test_a_page_that_is_none_is_no_end_of_the_stream(fooled: GraphConnector, front: Impostor, body: Any) -> None:
    if isinstance(body, dict):
        body = {k: v.replace("{front}", front.origin) if isinstance(v, str) else v for k, v in body.items()}
    front.json("GET /v1.0/users/delta", body)
    with pytest.raises(Unavailable) as caught:
        await read(fooled, reading=Reading(frozenset({USER})))
    assert caught.value.code == "graph.unreadable"


async def test_a_page_that_names_itself_as_the_next_is_not_read_for_ever(
    fooled: GraphConnector, front: Impostor
) -> None:
    link = f"{front.origin}/v1.0/users/delta?$skiptoken=again"
    front.json("GET /v1.0/users/delta", {"value": [], "@odata.nextLink": link})
    with pytest.raises(Unavailable):
        await read(fooled, reading=Reading(frozenset({USER})))
    assert len(front.lines) == 2
