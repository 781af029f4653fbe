"""Synchronization jobs and schemas: read, replaced as a whole, refused with reasons, and only with the permission."""

import copy
from typing import Any

import pytest

from sandbox.graph.enterprise_applications import EnterpriseApplication
from sandbox.graph.planting import plant
from sandbox.graph.server import Served
from tests.graph_client import GraphClient, Reply

READ = frozenset({"Synchronization.Read.All"})
WRITE = frozenset({"Synchronization.ReadWrite.All"})


@pytest.fixture
def application(served: Served) -> EnterpriseApplication:
    """An application with one job, and the permission to write."""
    served.knobs.permissions = WRITE
    planted = plant(served.tenant, "servicePrincipals", {"displayName": "Lockstep"})
    assert isinstance(planted, EnterpriseApplication)
    return planted


def at(application: EnterpriseApplication, path: str = "/schema") -> str:
    """The path of the job's schema, or of something else of the job."""
    return f"/servicePrincipals/{application.id}/synchronization/jobs/{next(iter(application.jobs))}{path}"


async def put(graph: GraphClient, application: EnterpriseApplication, schema: Any) -> Reply:
    return await graph("PUT", at(application), schema)


async def test_what_is_put_is_read_again_and_the_version_is_the_services(
    graph: GraphClient, application: EnterpriseApplication
) -> None:
    schema = (await graph("GET", at(application))).body
    schema["synchronizationRules"][0]["objectMappings"][1]["enabled"] = False
    schema["version"] = "mine"

    answer = await put(graph, application, schema)
    after = (await graph("GET", at(application))).body

    assert (answer.status, answer.body) == (204, None)
    assert after == schema | {"version": "Version:2"}


def undefine(schema: dict[str, Any]) -> None:
    schema["directories"][1]["objects"][0]["attributes"] = []


def unknown_source(schema: dict[str, Any]) -> None:
    user_mapping(schema)["attributeMappings"][0]["source"]["name"] = "hobby"


def unknown_function(schema: dict[str, Any]) -> None:
    user_mapping(schema)["attributeMappings"][1]["source"]["name"] = "Frobnicate"


def nothing_to_match_by(schema: dict[str, Any]) -> None:
    for each in user_mapping(schema)["attributeMappings"]:
        each["matchingPriority"] = 0


def twice(schema: dict[str, Any]) -> None:
    user_mapping(schema)["attributeMappings"] *= 2


def unknown_rule(schema: dict[str, Any]) -> None:
    schema["synchronizationRules"][0]["id"] = "x"


def unknown_scope(schema: dict[str, Any]) -> None:
    clause = {"operatorName": "IS NULL", "sourceOperandName": "hobby", "targetOperand": {"values": []}}
    user_mapping(schema)["scope"] = {"groups": [{"name": "a", "clauses": [clause]}]}


def half(schema: dict[str, Any]) -> None:
    del schema["directories"]


def user_mapping(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["synchronizationRules"][0]["objectMappings"][1]
    return found


@pytest.mark.parametrize(
    "spoil",
    [undefine, unknown_source, unknown_function, nothing_to_match_by, twice, unknown_rule, unknown_scope, half],
)
async def test_a_schema_that_the_engine_could_not_use_is_refused_and_nothing_changes(
    graph: GraphClient, application: EnterpriseApplication, spoil: Any
) -> None:
    schema = (await graph("GET", at(application))).body
    before = copy.deepcopy(schema)
    spoil(schema)

    answer = await put(graph, application, schema)

    assert (answer.status, answer.code) == (400, "UnknownError")
    assert '"Message":' in answer.message
    assert (await graph("GET", at(application))).body == before


@pytest.mark.parametrize("body", [{}, {"synchronizationRules": [1], "directories": []}, {"a": 1}])
async def test_what_is_no_schema_is_400(graph: GraphClient, application: EnterpriseApplication, body: Any) -> None:
    assert (await put(graph, application, body)).status == 400


async def test_reading_and_writing_need_their_permissions(
    graph: GraphClient, application: EnterpriseApplication
) -> None:
    schema = (await graph("GET", at(application))).body
    graph.served.knobs.permissions = READ
    read = await graph("GET", at(application))
    written = await put(graph, application, schema)
    parsed = await graph("POST", at(application, "/schema/parseExpression"), {"expression": "[mail]"})
    graph.served.knobs.permissions = frozenset({"Directory.ReadWrite.All"})
    none = await graph("GET", at(application))

    assert [read.status, written.status, parsed.status, none.status] == [200, 403, 403, 403]


async def test_what_is_not_there_is_404(graph: GraphClient, application: EnterpriseApplication) -> None:
    base = f"/servicePrincipals/{application.id}/synchronization"

    for path in (
        "/servicePrincipals/00000000-0000-0000-0000-000000000000/synchronization/jobs",
        f"{base}/jobs/scim.x/schema",
        f"{base}/templates/other",
    ):
        assert (await graph("GET", path)).status == 404, path


@pytest.mark.parametrize(
    "expression", ["Left([mail], 3", "Frobnicate([mail])", "[mail] [mail]", "", ")", "Left([a] 3)"]
)
async def test_an_expression_that_cannot_be_parsed_says_so(
    graph: GraphClient, application: EnterpriseApplication, expression: str
) -> None:
    answer = await graph("POST", at(application, "/schema/parseExpression"), {"expression": expression})

    assert answer.status == 200
    assert answer.body["parsingSucceeded"] is False
    assert answer.body["error"]["message"]


async def test_an_expression_is_parsed_as_documented(graph: GraphClient, application: EnterpriseApplication) -> None:
    expression = 'Replace([preferredLanguage], "-", , , "_", ,  )'

    answer = await graph("POST", at(application, "/schema/parseExpression"), {"expression": expression})

    parsed = answer.body["parsedExpression"]
    assert parsed["expression"] == 'Replace([preferredLanguage], "-", , , "_", , )'
    assert [each["key"] for each in parsed["parameters"]] == ["source", "Find", "Replacement"]
    assert parsed["parameters"][1]["value"] == {
        "expression": '"-"',
        "name": "-",
        "parameters": [],
        "type": "Constant",
    }


async def test_a_job_is_started_paused_and_restarted(graph: GraphClient, application: EnterpriseApplication) -> None:
    states = []
    for verb, body in (("start", None), ("pause", None), ("restart", {"criteria": {"resetScope": ""}})):
        assert (await graph("POST", at(application, f"/{verb}"), body)).status == 204
        states.append((await graph("GET", at(application, ""))).body["status"]["code"])
    wrong = await graph("POST", at(application, "/restart"), {"criteria": {"resetScope": "Everything"}})

    assert states == ["Active", "Paused", "Active"]
    assert wrong.status == 400
    assert next(iter(application.jobs.values())).restarts == ["Watermark, Escrows, QuarantineState"]


async def test_an_application_is_planted_over_http(graph: GraphClient, served: Served) -> None:
    served.knobs.permissions = READ
    url = f"{served.origin}/_simulator/objects"
    body = {"collection": "servicePrincipals", "values": {"displayName": "Lockstep", "jobs": 2}}

    planted = await graph("POST", url, body)
    jobs = await graph("GET", f"/servicePrincipals/{planted.body['id']}/synchronization/jobs")
    unknown = await graph("POST", url, {"collection": "servicePrincipals", "values": {"colour": "red"}})

    assert (planted.status, unknown.status) == (201, 400)
    assert [each["templateId"] for each in jobs.body["value"]] == ["scim", "scim"]
