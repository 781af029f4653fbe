"""Creating: what a new user or group is, that its password is nobody's, and that no create happens twice."""

import logging
import uuid

import pytest

from connectors.contract import Match, ObjectKind, Reference
from connectors.errors import AlreadyExists, Rejected, Unavailable
from connectors.graph import GraphConnector
from connectors.graph.licences import Licences
from sandbox.graph.knobs import Fault
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, Waits, settings_for

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
MIRA = {"userPrincipalName": "mira.okafor@contoso.example", "displayName": "Mira Okafor"}


async def test_a_new_user_must_change_a_password_that_nobody_knows(graph: GraphConnector, asked: Record) -> None:
    await graph.create(USER, MIRA, active=True)
    profile = asked[0].body["passwordProfile"]
    assert profile["forceChangePasswordNextSignIn"] is True
    assert len(profile["password"]) >= 24
    await graph.create(USER, {**MIRA, "userPrincipalName": "other@contoso.example"}, active=True)
    assert asked[1].body["passwordProfile"]["password"] != profile["password"]


async def test_the_password_is_in_no_log_no_error_and_no_answer(
    graph: GraphConnector, asked: Record, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    account = await graph.create(USER, MIRA, active=True)
    with pytest.raises(AlreadyExists) as caught:
        await graph.create(USER, MIRA, active=True)
    passwords = [each.body["passwordProfile"]["password"] for each in asked if each.body]
    assert len(passwords) == 2
    for password in passwords:
        for shown in (caplog.text, repr(caught.value), str(caught.value.__context__), repr(account), repr(vars(graph))):
            assert password not in shown


async def test_a_new_user_has_what_graph_demands(graph: GraphConnector, asked: Record) -> None:
    await graph.create(USER, {**MIRA, "usageLocation": "Germany", "jobTitle": None, "otherMails": ()}, active=False)
    body = dict(asked[0].body)
    del body["passwordProfile"]
    assert body == {**MIRA, "mailNickname": "mira.okafor", "accountEnabled": False}


async def test_a_mapped_nickname_is_taken_as_it_is(graph: GraphConnector, asked: Record) -> None:
    await graph.create(USER, {**MIRA, "mailNickname": "mo"}, active=True)
    assert asked[0].body["mailNickname"] == "mo"


async def test_the_usage_location_comes_from_the_address_or_from_the_settings(
    graph_simulator: Served, waits: Waits, asked: Record
) -> None:
    graph = GraphConnector(settings_for(graph_simulator, usage_location="DE"), waits)
    await graph.create(USER, {**MIRA, "usageLocation": "fr"}, active=True)
    await graph.create(USER, {**MIRA, "userPrincipalName": "other@contoso.example"}, active=True)
    assert [each.body["usageLocation"] for each in asked] == ["FR", "DE"]
    await graph.close()


async def test_a_new_group_is_a_security_group(graph: GraphConnector, asked: Record) -> None:
    for _ in range(2):
        await graph.create(GROUP, {"displayName": "Risk Team", "description": ""}, active=True)
    first, second = (dict(each.body) for each in asked)
    assert first.pop("mailNickname") != second.pop("mailNickname")
    assert first == second == {"displayName": "Risk Team", "mailEnabled": False, "securityEnabled": True}


async def test_a_new_group_is_a_microsoft_365_group_where_that_is_set(
    graph_simulator: Served, waits: Waits, asked: Record
) -> None:
    graph = GraphConnector(settings_for(graph_simulator, group_kind="microsoft365"), waits)
    group = await graph.create(GROUP, {"displayName": "Risk Team"}, active=True)
    body = asked[0].body
    assert (body["groupTypes"], body["mailEnabled"], body["securityEnabled"]) == (["Unified"], True, False)
    assert (await graph.read(GROUP, group.remote_id)).name == "Risk Team"
    await graph.close()


async def test_a_taken_name_is_told_with_its_attribute(graph: GraphConnector) -> None:
    await graph.create(USER, MIRA, active=True)
    with pytest.raises(AlreadyExists) as caught:
        await graph.create(USER, {**MIRA, "displayName": "Another"}, active=True)
    assert (caught.value.attribute, caught.value.code) == ("userPrincipalName", "graph.ObjectConflict")
    assert "mira" not in str(caught.value)


async def test_a_refused_value_is_told_with_its_attribute(graph: GraphConnector) -> None:
    with pytest.raises(Rejected) as caught:
        await graph.create(USER, {**MIRA, "employeeId": "x" * 17}, active=True)
    assert caught.value.attribute == "employeeId"


@pytest.mark.parametrize("status", [None, 500, 503, 504])
async def test_a_create_whose_answer_is_lost_is_not_repeated(
    graph: GraphConnector, graph_simulator: Served, asked: Record, waits: Waits, status: int | None
) -> None:
    graph_simulator.knobs.faults = [Fault(status=status, after_commit=True, method="POST", path="^/users$", times=9)]
    with pytest.raises(Unavailable) as caught:
        await graph.create(USER, MIRA, active=True)
    assert caught.value.may_have_happened
    assert asked[0].body["passwordProfile"]["password"] not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert asked.lines == ["POST /users"]
    assert waits.seconds == []
    assert len(await graph.find(Match(USER, "userPrincipalName", MIRA["userPrincipalName"]))) == 1


@pytest.mark.parametrize("status", [None, 503])
async def test_a_group_that_may_have_been_made_is_looked_for_when_every_replica_shows_it(
    graph: GraphConnector, graph_simulator: Served, status: int | None
) -> None:
    graph_simulator.knobs.read_after_write_delay = 30
    graph_simulator.knobs.faults = [Fault(status=status, after_commit=True, method="POST", path="^/groups$")]
    with pytest.raises(Unavailable) as caught:
        await graph.create(GROUP, {"displayName": "Risk Team"}, active=True)
    assert caught.value.may_have_happened
    assert caught.value.retry_after is not None
    assert await graph.find(Match(GROUP, "displayName", "Risk Team")) == []
    graph_simulator.clock.advance(caught.value.retry_after)
    assert len(await graph.find(Match(GROUP, "displayName", "Risk Team"))) == 1


async def test_a_throttled_create_is_repeated_because_it_did_not_happen(
    graph: GraphConnector, graph_simulator: Served, asked: Record, waits: Waits
) -> None:
    graph_simulator.knobs.faults = [Fault(status=429, retry_after=2, method="POST", path="^/users$")]
    await graph.create(USER, MIRA, active=True)
    assert asked.lines == ["POST /users", "POST /users"]
    assert waits.seconds == [2]


async def test_a_new_user_gets_the_manager(graph: GraphConnector) -> None:
    boss = await graph.create(USER, {**MIRA, "userPrincipalName": "boss@contoso.example"}, active=True)
    manager = Reference(USER, boss.remote_id)
    account = await graph.create(USER, {**MIRA, "manager": manager}, active=True)
    assert account.attributes["manager"] == manager
    assert (await graph.read(USER, account.remote_id)).attributes["manager"] == manager


async def test_a_manager_that_cannot_be_set_now_leaves_a_user_to_be_found(
    graph: GraphConnector, graph_simulator: Served
) -> None:
    boss = await graph.create(USER, {**MIRA, "userPrincipalName": "boss@contoso.example"}, active=True)
    graph_simulator.knobs.faults = [Fault(status=503, method="PUT", times=99)]
    with pytest.raises(Unavailable) as caught:
        await graph.create(USER, {**MIRA, "manager": Reference(USER, boss.remote_id)}, active=True)
    assert caught.value.may_have_happened


async def test_a_manager_that_is_missing_is_told_apart(graph: GraphConnector, waits: Waits) -> None:
    for missing in (str(uuid.uuid4()), "no id at all"):
        login = f"{missing[:8].replace(' ', '')}@contoso.example"
        with pytest.raises(Rejected) as caught:
            await graph.create(
                USER, {**MIRA, "userPrincipalName": login, "manager": Reference(USER, missing)}, active=True
            )
        assert (caught.value.code, caught.value.attribute) == ("graph.referenceMissing", "manager")
        assert caught.value.created is not None
        assert caught.value.created.name == login
    assert waits.seconds == []


async def test_a_licence_that_conflicts_is_told_with_the_account_that_was_made(
    graph_simulator: Served, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def taken(self: Licences, *_: object) -> None:
        raise AlreadyExists("An address of the mailbox is taken.", code="graph.ConflictingObjects")

    monkeypatch.setattr(Licences, "apply", taken)
    graph = GraphConnector(settings_for(graph_simulator, licences=["SPE_E3"]), waits)
    with pytest.raises(AlreadyExists) as caught:
        await graph.create(USER, MIRA, active=True)
    assert caught.value.created is not None
    assert caught.value.created.name == MIRA["userPrincipalName"]
    await graph.close()
