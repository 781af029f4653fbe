"""The permissions in docs/graph.md: the least privileged one of each row is enough for what the row is for."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.contract import Feature, ObjectKind, Reading
from connectors.errors import ConnectorError
from connectors.graph import GraphConnector
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Waits, settings_for

PAGE = (Path(__file__).parents[3] / "docs/graph.md").read_text("utf-8")
USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
MIRA = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira", "usageLocation": "GB"}
PASSWORD = SecretStr("Plum-Tree7-Lantern!")


def least() -> dict[str, str]:
    """The least privileged permission of each row, by what the application must be allowed to do."""
    table = PAGE.partition("<!-- generated: graph-permissions -->")[2].partition("<!-- end -->")[0]
    rows = [re.split(r" \| ?", line.strip("| ")) for line in table.splitlines() if line.startswith("| ")][2:]
    return {row[1]: row[3].strip("`") for row in rows}


@dataclass(frozen=True)
class Standing:
    """What was there before, made with every permission."""

    graph: GraphConnector
    mira: str
    gone: str
    group: str
    gone_group: str


async def read_everything(standing: Standing) -> None:
    assert [page async for page in standing.graph.changes(None, Reading())]


CASES: list[tuple[str, set[Feature], list[str], Callable[[Standing], Awaitable[object]]]] = [
    ("import", {Feature.IMPORT_USERS, Feature.IMPORT_GROUPS}, ["read users", "read groups"], read_everything),
    (
        "create users",
        {Feature.CREATE_USERS},
        ["read users", "create and change users"],
        lambda it: it.graph.create(USER, {**MIRA, "userPrincipalName": "noor@contoso.example"}, active=True),
    ),
    (
        "update users",
        {Feature.UPDATE_USERS},
        ["read users", "create and change users"],
        lambda it: it.graph.update(USER, it.mira, {"jobTitle": "Engineer"}),
    ),
    (
        "deactivate users",
        {Feature.DEACTIVATE_USERS},
        ["read users", "enable and disable users", "revoke sign-in sessions"],
        lambda it: it.graph.deactivate(it.mira),
    ),
    ("delete users", {Feature.DELETE_USERS}, ["read users", "delete users"], lambda it: it.graph.delete(USER, it.mira)),
    (
        "restore users",
        {Feature.IMPORT_USERS},
        ["read users", "restore deleted users, and delete them for good"],
        lambda it: it.graph.restore(USER, it.gone),
    ),
    (
        "set passwords",
        {Feature.SYNC_PASSWORDS},
        ["read users", "set passwords of users"],
        lambda it: it.graph.set_password(it.mira, PASSWORD),
    ),
    (
        "create groups",
        {Feature.CREATE_GROUPS},
        ["read groups", "create groups"],
        lambda it: it.graph.create(GROUP, {"displayName": "Sales"}, active=True),
    ),
    (
        "update groups",
        {Feature.UPDATE_GROUPS},
        ["read groups", "change groups"],
        lambda it: it.graph.update(GROUP, it.group, {"description": "All of it"}),
    ),
    (
        "delete groups",
        {Feature.DELETE_GROUPS},
        ["read groups", "delete groups"],
        lambda it: it.graph.delete(GROUP, it.group),
    ),
    (
        "restore groups",
        {Feature.IMPORT_GROUPS},
        ["read groups", "restore deleted groups, and delete them for good"],
        lambda it: it.graph.restore(GROUP, it.gone_group),
    ),
    (
        "members",
        {Feature.MANAGE_MEMBERSHIPS},
        ["read users", "read groups", "add and remove group members"],
        lambda it: it.graph.change_members(it.group, [it.mira], []),
    ),
]


@pytest.fixture
async def opened(graph_simulator: Served, waits: Waits) -> AsyncIterator[Callable[..., GraphConnector]]:
    """Opens connectors that do not really wait."""
    async with AsyncExitStack() as stack:

        def connect(**settings: object) -> GraphConnector:
            connector = GraphConnector(settings_for(graph_simulator, **settings), waits, waits.clock)
            stack.push_async_callback(connector.close)
            return connector

        yield connect


@pytest.fixture
async def standing(graph_simulator: Served, opened: Callable[..., GraphConnector]) -> Standing:
    """People and groups that are there and that are deleted, and a connector without a token."""
    maker = opened()
    keys = [
        (await maker.create(kind, values, active=True)).remote_id
        for kind, values in (
            (USER, MIRA),
            (USER, {**MIRA, "userPrincipalName": "gone@contoso.example"}),
            (GROUP, {"displayName": "Risk"}),
            (GROUP, {"displayName": "Gone"}),
        )
    ]
    await maker.delete(USER, keys[1])
    await maker.delete(GROUP, keys[3])
    graph_simulator.clock.advance(3600)
    return Standing(opened(), *keys)


@pytest.mark.parametrize(("features", "needed", "verb"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_the_least_privileged_permissions_are_enough_for_it_and_fewer_are_not(
    graph_simulator: Served,
    standing: Standing,
    opened: Callable[..., GraphConnector],
    features: set[Feature],
    needed: list[str],
    verb: Callable[[Standing], Awaitable[object]],
) -> None:
    permissions = least()
    reading = {permissions[each] for each in needed if each.startswith("read ")}
    writing = {permissions[each] for each in needed} - reading
    if writing:
        graph_simulator.knobs.permissions = frozenset(reading)
        with pytest.raises(ConnectorError):
            await verb(standing)
    graph_simulator.knobs.permissions = frozenset(reading | writing)
    standing = replace(standing, graph=opened())  # with a new token, which names the new permissions
    verification = await standing.graph.verify(frozenset(features))
    assert [check for check in verification.checks if not check.ok] == []
    await verb(standing)


async def test_reading_without_a_reading_permission_fails(graph_simulator: Served, standing: Standing) -> None:
    graph_simulator.knobs.permissions = frozenset({"Organization.Read.All"})
    with pytest.raises(ConnectorError):
        await read_everything(standing)


async def test_licences_are_assigned_with_the_least_privileged_permissions(
    graph_simulator: Served, standing: Standing, opened: Callable[..., GraphConnector]
) -> None:
    graph_simulator.knobs.subscriptions = {"EMS": 5}
    permissions = least()
    changing = {permissions[each] for each in ("read users", "create and change users")}
    licences = {permissions[each] for each in ("read the tenant's licences", "assign licences")}
    graph_simulator.knobs.permissions = frozenset(changing | licences)
    graph = opened(licences=["EMS"])
    assert (await graph.verify(frozenset({Feature.UPDATE_USERS}))).ok
    await graph.update(USER, standing.mira, {"jobTitle": "Engineer"})


def test_every_row_of_the_table_is_tried() -> None:
    tried = {each for case in CASES for each in case[2]}
    assert set(least()) - tried == {
        "read the tenant's licences",
        "assign licences",
        "read the tenant's domains",
    }
