"""The command plans before it writes, writes what the file says, and leaves alone what the file does not say."""

import copy
import json
import stat
from typing import Any

from sandbox.graph.simulator import Exchange
from tests.entra.conftest import RECOMMENDED, Operator

FILE = str(RECOMMENDED)


async def test_what_is_exported_is_in_step_with_what_it_was_exported_from(operator: Operator) -> None:
    exported = await operator.run("export", "mappings.yaml")
    planned = await operator.run("plan", "mappings.yaml")

    assert exported.code == 0, exported.err
    assert (planned.code, planned.err) == (0, "")
    assert "No changes" in planned.out


async def test_a_plan_shows_what_would_change_and_ends_with_2_and_writes_nothing(operator: Operator) -> None:
    before = copy.deepcopy(operator.job.schema)

    planned = await operator.run("plan", FILE)

    assert planned.code == 2, planned.err
    assert "  ~ externalId: [mailNickname]  ->  [objectId], matchingPriority 1" in planned.out.splitlines()
    assert '  - name.formatted: Join(" ", [givenName], [surname])' in planned.out.splitlines()
    assert "Plan: 0 to add, 2 to change, 3 to remove." in planned.out
    assert operator.job.schema == before
    assert operator.backups() == []


async def test_apply_writes_what_the_file_says_and_a_second_plan_has_nothing_to_do(operator: Operator) -> None:
    applied = await operator.run("apply", FILE, "--yes")
    planned = await operator.run("plan", FILE)

    assert applied.code == 0, applied.err
    assert "Done" in applied.out
    assert planned.code == 0, planned.out
    sources = {each["targetAttributeName"]: each["source"] for each in operator.mapping()["attributeMappings"]}
    assert sources["externalId"] == {
        "expression": "[objectId]",
        "name": "objectId",
        "parameters": [],
        "type": "Attribute",
    }
    assert "name.formatted" not in sources


async def test_apply_leaves_what_the_file_does_not_manage_as_it_is(operator: Operator) -> None:
    operator.job.schema["synchronizationRules"][0]["unknownToUs"] = {"deep": [1, None]}
    operator.job.schema["alsoUnknown"] = "x"
    operator.mapping()["metadata"].append({"key": "Secret handshake", "value": "1"})
    before = copy.deepcopy(operator.job.schema)

    applied = await operator.run("apply", FILE, "--yes")

    assert applied.code == 0, applied.err
    after = operator.job.schema
    assert unmanaged(after) == unmanaged(before)


def unmanaged(schema: dict[str, Any]) -> str:
    """All of a schema but attribute mappings and the version."""
    rest = copy.deepcopy({name: value for name, value in schema.items() if name != "version"})
    for rule in rest["synchronizationRules"]:
        for mapping in rule["objectMappings"]:
            del mapping["attributeMappings"]
    return json.dumps(rest, indent=1)


async def test_apply_takes_a_backup_that_only_its_owner_can_read(operator: Operator) -> None:
    await operator.run("apply", FILE, "--yes")

    [saved] = operator.backups()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    content = json.loads(saved.read_text())
    assert (content["job"], content["service_principal"]) == (operator.job.id, operator.application.id)
    assert content["tenant"] == operator.served.tenant_id


async def test_apply_asks_and_anything_but_yes_writes_nothing(operator: Operator) -> None:
    before = copy.deepcopy(operator.job.schema)

    declined = await operator.run("apply", FILE, answer="y\n")
    silent = await operator.run("apply", FILE)

    assert (declined.code, silent.code) == (1, 1)
    assert "nothing was written" in declined.err
    assert operator.job.schema == before


async def test_apply_refuses_a_schema_that_somebody_changed_while_it_asked(operator: Operator) -> None:
    async def change() -> None:
        operator.job.replace(copy.deepcopy(operator.job.schema))

    applied = await operator.run("apply", FILE, answer="yes\n", meanwhile=change)

    assert applied.code == 1
    assert "Somebody has changed the schema" in applied.err
    assert operator.job.schema["version"] == "Version:2"
    assert operator.backups() == []


async def test_apply_refuses_a_schema_that_is_not_the_one_of_the_plan(operator: Operator) -> None:
    planned = await operator.run("plan", FILE)
    expected = planned.out.rpartition("--expect ")[2].strip()
    operator.job.replace(copy.deepcopy(operator.job.schema))

    applied = await operator.run("apply", FILE, "--yes", "--expect", expected)

    assert applied.code == 1
    assert "Plan again" in applied.err
    assert operator.job.schema["version"] == "Version:2"


async def test_apply_refuses_a_file_that_is_not_the_one_of_the_plan(operator: Operator) -> None:
    (operator.folder / "mappings.yaml").write_text(RECOMMENDED.read_text())
    planned = await operator.run("plan", "mappings.yaml")
    expected = planned.out.rpartition("--expect ")[2].strip()
    (operator.folder / "mappings.yaml").write_text(RECOMMENDED.read_text().replace("enabled: true", "enabled: false"))

    changed = await operator.run("apply", "mappings.yaml", "--yes", "--expect", expected)
    empty = await operator.run("apply", "mappings.yaml", "--yes", "--expect", "")

    assert (changed.code, empty.code) == (1, 1)
    assert "Plan again" in changed.err
    assert operator.job.schema["version"] == "Version:1"
    applied = await operator.run("apply", FILE, "--yes", "--expect", expected)
    assert applied.code == 0, applied.err


async def test_a_restart_that_is_declined_says_what_was_done_and_what_not(operator: Operator) -> None:
    applied = await operator.run("apply", FILE, "--restart", answer="yes\nno\n")

    assert applied.code == 1
    assert "Done" in applied.out
    assert "the job is NotRun. A restart starts it" in applied.out
    assert "the job was not restarted" in applied.err
    assert "nothing was written" not in applied.err
    assert operator.job.restarts == []


async def test_apply_of_what_is_in_step_writes_nothing_and_takes_no_backup(operator: Operator) -> None:
    await operator.run("export", "mappings.yaml")

    applied = await operator.run("apply", "mappings.yaml", "--yes")

    assert (applied.code, operator.backups()) == (0, [])
    assert operator.job.schema["version"] == "Version:1"


async def test_a_restart_resets_what_it_is_told_to(operator: Operator) -> None:
    applied = await operator.run("apply", FILE, "--yes", "--restart", "--reset-scope", "Watermark")
    refused = await operator.run("apply", FILE, "--yes", "--restart", "--reset-scope", "ConnectorDataStore")

    assert applied.code == 0, applied.err
    assert refused.code == 1
    assert operator.job.restarts == ["Watermark"]


async def test_what_a_file_takes_for_granted_is_asked_for_before_anything_is_written(operator: Operator) -> None:
    text = RECOMMENDED.read_text().replace("title: jobTitle", "title: hobby")
    text = text.replace("displayName: displayName\n", "displayName: displayName\n      nickname2: mail\n", 1)
    (operator.folder / "mappings.yaml").write_text(text)

    planned = await operator.run("plan", "mappings.yaml")

    assert planned.code == 1
    assert "title reads [hobby], which the source's directory definition has not" in planned.err
    assert "the target's directory definition has no 'nickname2'" in planned.err


async def test_the_annotations_of_graphs_answer_are_not_sent_back(operator: Operator) -> None:
    exchanges: list[Exchange] = []
    operator.served.simulator.observers.append(exchanges.append)

    await operator.run("backup", "before.json")
    await operator.run("apply", FILE, "--yes")
    await operator.run("restore", "before.json", "--yes")

    read = [each for each in exchanges if each.method == "GET" and each.url.endswith("/schema")]
    sent = [json.loads(each.request_body) for each in exchanges if each.method == "PUT"]
    assert all(b'"directories@odata.context"' in each.answer_body for each in read)
    assert len(sent) == 2
    assert not any("@odata." in name for schema in sent for name in schema)


async def test_an_operator_that_nobody_knows_is_taken_only_where_the_job_uses_it(operator: Operator) -> None:
    scope = "    scope: [{name: Staff, clauses: ['employeeId STARTS_WITH \"7\"']}]\n    attributes:\n"
    (operator.folder / "mappings.yaml").write_text(RECOMMENDED.read_text().replace("    attributes:\n", scope, 1))

    refused = await operator.run("apply", "mappings.yaml", "--yes")
    clause = {
        "operatorName": "STARTS_WITH",
        "sourceOperandName": "employeeId",
        "targetOperand": {"values": ["8"]},
    }
    for mapping in operator.job.schema["synchronizationRules"][0]["objectMappings"]:
        mapping["scope"] = {"groups": [{"name": "Staff", "clauses": [clause]}]}
    applied = await operator.run("apply", "mappings.yaml", "--yes")

    assert refused.code == 1
    assert "'STARTS_WITH' is no operator that is known" in refused.err
    assert applied.code == 0, applied.err
    assert "warning: " in applied.err


async def test_a_file_with_errors_is_planned_and_not_applied(operator: Operator) -> None:
    text = RECOMMENDED.read_text().replace("      active: {", "      nickName: {")
    (operator.folder / "mappings.yaml").write_text(text)

    planned = await operator.run("plan", "mappings.yaml")
    applied = await operator.run("apply", "mappings.yaml", "--yes")

    assert (planned.code, applied.code) == (1, 1)
    assert "mappings.yaml:7: error: User does not map active" in planned.err
    assert "DANGER: User: active is not mapped any more" in planned.out
    assert "nothing was done" in applied.err
    assert operator.job.schema["version"] == "Version:1"


async def test_an_extension_of_ones_own_is_defined_mapped_and_scoped(operator: Operator) -> None:
    badge = "urn:ietf:params:scim:schemas:extension:northwind:2.0:User:badge"
    text = RECOMMENDED.read_text().replace(
        "    attributes:\n",
        f"    targetAttributes:\n      {badge}: {{type: String, caseExact: true}}\n    scope:\n      - name: Staff\n"
        f"        clauses: ['employeeId IS NOT NULL', 'department EQUALS \"Risk\"']\n    attributes:\n"
        f"      {badge}: {{expression: 'Append([employeeId], \"-x\")', flowType: ObjectAddOnly}}\n",
        1,
    )
    (operator.folder / "mappings.yaml").write_text(text)

    applied = await operator.run("apply", "mappings.yaml", "--yes")
    planned = await operator.run("plan", "mappings.yaml")
    exported = await operator.run("show")

    assert applied.code == 0, applied.err + applied.out
    assert planned.code == 0, planned.out
    assert f"{badge}:\n        type: String\n        caseExact: true" in exported.out
    assert 'department EQUALS "Risk"' in exported.out
    [group] = operator.mapping()["scope"]["groups"]
    assert group["clauses"][1] == {
        "operatorName": "EQUALS",
        "sourceOperandName": "department",
        "targetOperand": {"values": ["Risk"]},
    }
