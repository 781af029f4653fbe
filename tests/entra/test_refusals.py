"""When Graph, the sign-in or an option stands in the way, the operator is told what to do, and no token goes astray."""

import asyncio
import json
from dataclasses import replace

import pytest

from provisioning.entra import backup
from provisioning.entra.addresses import Addresses
from provisioning.entra.errors import Unusable
from provisioning.setting_rules import origins
from sandbox.graph.knobs import Fault
from sandbox.graph.simulator import Exchange
from tests.entra.conftest import RECOMMENDED, Operator

FILE = str(RECOMMENDED)


async def test_without_the_permission_its_name_is_told_and_who_can_give_it(operator: Operator) -> None:
    operator.served.knobs.permissions = frozenset({"User.Read.All"})

    planned = await operator.run("plan", FILE)

    assert planned.code == 1
    assert "Synchronization.Read.All" in planned.err
    assert "Privileged Role Administrator" in planned.err


async def test_who_may_only_read_can_plan_and_not_apply(operator: Operator) -> None:
    operator.served.knobs.permissions = frozenset({"Synchronization.Read.All"})

    planned = await operator.run("plan", FILE)
    applied = await operator.run("apply", FILE, "--yes")

    assert planned.code == 2
    assert applied.code == 1
    assert "Synchronization.ReadWrite.All" in applied.err
    assert operator.job.schema["version"] == "Version:1"


async def test_an_application_id_in_place_of_the_object_id_is_explained(operator: Operator) -> None:
    operator.application.id = operator.served.client_id

    shown = await operator.run("show")

    assert shown.code == 1
    assert "object id of the enterprise application" in shown.err


async def test_of_several_jobs_one_must_be_chosen(operator: Operator) -> None:
    second = operator.application.add_job(operator.served.tenant_id)

    unclear = await operator.run("show")
    chosen = await operator.run("show", "--job", second.id)
    unknown = await operator.run("show", "--job", "scim.nothing")
    operator.application.jobs.clear()
    none = await operator.run("show")

    assert [unclear.code, chosen.code, unknown.code, none.code] == [1, 0, 1, 1]
    assert second.id in unclear.err
    assert "no job scim.nothing" in unknown.err
    assert "no synchronization job" in none.err


async def test_a_throttled_write_is_repeated_when_graph_says_so(operator: Operator) -> None:
    operator.served.knobs.faults = [
        Fault(status=429, retry_after=0.1, method="PUT"),
        Fault(status=503, retry_after=0.1, method="GET", times=2),
    ]

    applied = await operator.run("apply", FILE, "--yes")

    assert applied.code == 0, applied.err
    assert operator.job.schema["version"] == "Version:2"


@pytest.mark.parametrize("status", [None, 503])
async def test_a_write_whose_answer_is_lost_is_found_and_not_repeated(operator: Operator, status: int | None) -> None:
    operator.served.knobs.faults = [Fault(status=status, retry_after=0.05, method="PUT", after_commit=True, times=None)]

    applied = await operator.run("apply", FILE, "--yes")

    assert applied.code == 0, applied.err
    assert operator.job.schema["version"] == "Version:2"


async def test_a_write_that_was_throttled_is_not_repeated_over_somebody_elses_change(operator: Operator) -> None:
    operator.served.knobs.faults = [Fault(status=429, retry_after=0.1, method="PUT")]

    def somebody(exchange: Exchange) -> None:
        if exchange.method == "PUT" and exchange.status == 429:
            operator.mapping()["attributeMappings"][3]["defaultValue"] = "somebody else's"

    operator.served.simulator.observers.append(somebody)

    applied = await operator.run("apply", FILE, "--yes")

    assert applied.code == 1
    assert "Somebody has changed the schema in Entra during the write" in applied.err
    assert operator.mapping()["attributeMappings"][3]["defaultValue"] == "somebody else's"


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_nobody_waits_for_an_hour_because_graph_says_so(operator: Operator, method: str) -> None:
    operator.served.knobs.faults = [Fault(status=429, retry_after=3600, method=method, times=None)]

    async with asyncio.timeout(20):
        applied = await operator.run("apply", FILE, "--yes")

    assert applied.code == 1
    assert "Try again in some minutes" in applied.err
    assert operator.job.schema["version"] == "Version:1"


async def test_what_was_written_and_cannot_be_read_back_is_told(operator: Operator) -> None:
    def forbid(exchange: Exchange) -> None:
        if exchange.method == "PUT":
            operator.served.knobs.faults = [Fault(status=403, method="GET", times=None)]

    operator.served.simulator.observers.append(forbid)

    applied = await operator.run("apply", FILE, "--yes")

    assert applied.code == 1
    assert "The schema was sent, and cannot be read back" in applied.err
    assert operator.job.schema["version"] == "Version:2"


async def test_of_a_write_without_an_answer_it_is_said_that_nobody_knows(operator: Operator) -> None:
    fault = Fault(status=503, retry_after=0.05, method="PUT", times=None)
    operator.served.knobs.faults = [fault]

    applied = await operator.run("apply", FILE, "--yes")

    assert applied.code == 1
    assert "Whether the schema was written is not known: plan again." in applied.err


async def test_a_name_that_the_terminal_cannot_show_ends_nothing(operator: Operator) -> None:
    operator.environment["PYTHONIOENCODING"] = "ascii"
    operator.mapping()["attributeMappings"][3]["defaultValue"] = "Łódź"

    applied = await operator.run("apply", FILE, "--yes")

    assert applied.code == 0, applied.err
    assert r'default "\u0141\xf3d\u017a"' in applied.out


async def test_wrong_settings_of_the_environment_are_told_in_words(operator: Operator) -> None:
    operator.environment["LOCKSTEP_TRUSTED_HOSTS"] = "https://x/"

    shown = await operator.run("show")

    assert shown.code == 1
    assert "LOCKSTEP_TRUSTED_HOSTS has an entry that is no host" in shown.err
    assert "Traceback" not in shown.err


async def test_what_graph_refuses_is_told_in_its_own_words(operator: Operator) -> None:
    await operator.run("backup", "before.json")
    saved = backup.load(operator.folder / "before.json")
    schema = json.loads(saved.schema)
    schema["directories"][1]["objects"][0]["attributes"].clear()
    backup.write(replace(saved, schema=json.dumps(schema).encode()), operator.folder / "bad.json")

    restored = await operator.run("restore", "bad.json", "--yes")

    assert restored.code == 1
    assert "[400 UnknownError: The attribute 'userName' is not defined on 'urn:" in restored.err
    assert operator.job.schema["version"] == "Version:1"


async def test_an_expression_that_entra_does_not_understand_stops_before_anything_is_written(
    operator: Operator,
) -> None:
    text = RECOMMENDED.read_text().replace(
        "title: jobTitle", "title: {expression: 'IIF([jobTitle] != \"x\", [jobTitle], )'}"
    )
    (operator.folder / "m.yaml").write_text(text)

    applied = await operator.run("apply", "m.yaml", "--yes")

    assert applied.code == 1
    assert "Entra does not understand the expression" in applied.err
    assert operator.backups() == []


async def test_a_refused_secret_is_told_without_it(operator: Operator) -> None:
    secret = operator.environment["AZURE_CLIENT_SECRET"] = "wrong-secret-7d1f"

    shown = await operator.run("show")

    assert shown.code == 1
    assert "sign-in is refused" in shown.err
    assert secret not in shown.err + shown.out


async def test_a_backup_holds_no_token_and_the_output_neither(operator: Operator) -> None:
    tokens: list[str] = []
    operator.served.simulator.observers.append(lambda each: tokens.append(each.request_headers["authorization"][7:]))

    applied = await operator.run("apply", FILE, "--yes")

    [saved] = operator.backups()
    assert tokens
    assert tokens[0] not in applied.out + applied.err + saved.read_text()


async def test_a_host_that_nobody_trusts_gets_no_token(operator: Operator) -> None:
    operator.environment["LOCKSTEP_TRUSTED_HOSTS"] = ""
    before = dict(operator.served.simulator.counts)

    shown = await operator.run("show")

    assert shown.code == 1
    assert "No token is sent there" in shown.err
    assert operator.served.simulator.counts == before


async def test_an_answer_that_is_no_schema_is_refused(operator: Operator) -> None:
    operator.job.schema.clear()

    shown = await operator.run("show")

    assert shown.code == 1
    assert "no synchronization schema" in shown.err
    json.dumps(operator.job.schema)


@pytest.mark.parametrize(
    ("graph", "authority", "trusted", "words"),
    [
        ("https://evil.example", "", "", "is not one of Microsoft's clouds"),
        ("https://graph.microsoft.com.evil.example", "", "", "not one of Microsoft's clouds"),
        ("https://graph.microsoft.com@evil.example", "", "", "must be https"),
        ("https://graph.microsoft.com:8443", "", "", "not one of Microsoft's clouds"),
        ("http://graph.microsoft.com", "", "", "must be https"),
        ("https://graph.microsoft.com/v1.0", "", "", "must be https"),
        ("https://[", "", "", "must be https"),
        ("https://graph.microsoft.us", "https://login.microsoftonline.com", "", "different clouds"),
        ("https://graph.microsoft.com", "https://evil.example", "", "No token is sent there"),
        ("https://proxy.example", "", "proxy.example", "--authority"),
        ("https://proxy.example:1", "https://login.microsoftonline.com", "proxy.example", "No token is sent there"),
    ],
)
def test_an_address_must_be_microsofts_or_trusted(graph: str, authority: str, trusted: str, words: str) -> None:
    with pytest.raises(Unusable, match=words):
        Addresses.chosen(graph, authority, origins(trusted))


@pytest.mark.parametrize(
    ("graph", "authority", "scope"),
    [
        ("https://graph.microsoft.com", "https://login.microsoftonline.com", "https://graph.microsoft.com/.default"),
        ("https://graph.microsoft.us/", "https://login.microsoftonline.us", "https://graph.microsoft.us/.default"),
        (
            "https://microsoftgraph.chinacloudapi.cn",
            "https://login.partner.microsoftonline.cn",
            "https://microsoftgraph.chinacloudapi.cn/.default",
        ),
    ],
)
def test_a_national_cloud_brings_its_authority_and_scope(graph: str, authority: str, scope: str) -> None:
    found = Addresses.chosen(graph, "")

    assert (found.authority, found.scope, found.microsoft) == (authority, scope, True)
