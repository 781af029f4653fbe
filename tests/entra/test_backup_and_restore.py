"""A backup keeps a schema byte for byte, and puts it back."""

import copy
import json
from pathlib import Path

import pytest

from provisioning.entra import backup
from provisioning.entra.errors import Unusable
from sandbox.graph.planting import plant
from tests.entra.conftest import RECOMMENDED, Operator

FILE = str(RECOMMENDED)


async def test_a_backup_restores_the_schema_as_it_was(operator: Operator) -> None:
    operator.job.schema["unknownToUs"] = {"number": 1.50, "text": "Grüße \u2215 \u2028"}
    before = copy.deepcopy(operator.job.schema)
    await operator.run("backup", "before.json")
    await operator.run("apply", FILE, "--yes")
    assert operator.job.schema != before

    restored = await operator.run("restore", "before.json", "--yes")

    assert restored.code == 0, restored.err
    assert json.dumps(operator.job.schema | {"version": "Version:1"}) == json.dumps(before)
    assert "  + name.formatted" in restored.out
    assert len(operator.backups()) == 2, "what was there before the restore is kept too"


async def test_a_backup_holds_graphs_answer_byte_for_byte(operator: Operator) -> None:
    answers: list[bytes] = []
    operator.served.simulator.observers.append(
        lambda exchange: answers.append(exchange.answer_body) if exchange.url.endswith("/schema") else None
    )

    taken = await operator.run("backup")

    assert taken.code == 0, taken.err
    [path] = operator.backups()
    saved = backup.load(path)
    assert [saved.schema] == answers
    assert (saved.template, saved.graph) == ("scim", operator.served.origin)


async def test_a_restore_of_what_is_there_already_writes_nothing(operator: Operator) -> None:
    await operator.run("backup", "before.json")

    restored = await operator.run("restore", "before.json", "--yes")

    assert restored.code == 0
    assert operator.job.schema["version"] == "Version:1"


async def test_a_restore_shows_what_no_file_manages_and_warns_of_what_decides_who_is_synchronized(
    operator: Operator,
) -> None:
    await operator.run("backup", "before.json")
    operator.mapping()["attributeMappings"][3]["defaultValue"] = "Staff"
    operator.mapping()["attributeMappings"][3]["exportMissingReferences"] = True
    rule = operator.job.schema["synchronizationRules"][0]
    rule["groupFilter"] = {"includedGroups": ["one"]}
    rule["objectMappings"][1]["scope"] = {"groups": [], "inputFilterGroups": [{"name": "Risk", "clauses": []}]}
    operator.job.schema["directories"][0]["objects"][0]["attributes"].pop()

    restored = await operator.run("restore", "before.json", answer="no\n")

    at = "synchronizationRules/USER_GROUP_OUTBOUND"
    lines = restored.out.splitlines()
    assert '  ~ title: [jobTitle], default "Staff"  ->  [jobTitle]' in lines
    assert f'  ~ {at}/groupFilter/includedGroups: ["one"]  ->  null' in lines
    assert f"  ~ {at}/objectMappings/User/attributeMappings/title/exportMissingReferences: true  ->  false" in lines
    assert any(line.startswith("  + directories/Azure Active Directory/objects/User/attributes/") for line in lines)
    assert sum("decides who is synchronized" in line for line in lines) == 2
    assert len(lines) < 15


async def test_a_restore_warns_of_object_mappings_that_go_and_come(operator: Operator) -> None:
    await operator.run("backup", "both.json")
    groups = operator.job.schema["synchronizationRules"][0]["objectMappings"].pop(0)
    await operator.run("backup", "users.json")

    comes = await operator.run("restore", "both.json", answer="no\n")
    operator.job.schema["synchronizationRules"][0]["objectMappings"].append(groups)
    goes = await operator.run("restore", "users.json", answer="no\n")

    assert "DANGER: Group: the job has no such object mapping now" in comes.out
    assert "DANGER: Group: the backup has no such object mapping" in goes.out


async def test_a_backup_of_another_application_is_put_back_by_force_only(operator: Operator) -> None:
    await operator.run("backup", "before.json")
    other = plant(operator.served.tenant, "servicePrincipals", {})
    there = Operator(operator.served, operator.served.tenant.applications[other.id], operator.folder)
    await there.run("apply", FILE, "--yes")
    own_id = there.job.schema["id"]

    refused = await there.run("restore", "before.json", "--yes", "--job", there.job.id)
    forced = await there.run("restore", "before.json", "--yes", "--force")

    assert refused.code == 1
    assert "The backup was taken of job" in refused.err
    assert forced.code == 0, forced.err
    assert there.job.schema["id"] == own_id


async def test_an_existing_file_is_not_written_over(operator: Operator) -> None:
    (operator.folder / "before.json").write_text("precious")

    taken = await operator.run("backup", "before.json")

    assert taken.code == 1
    assert (operator.folder / "before.json").read_text() == "precious"


def example() -> backup.Backup:
    return backup.Backup("sp", "scim.x.y", "scim", "", "https://graph.microsoft.com", "2026-11-23", b'{"a": 1}')


def test_a_backup_that_was_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    backup.write(example(), path)
    assert backup.load(path) == example()
    path.write_text(path.read_text().replace(r"\"a\": 1", r"\"a\": 2"))

    with pytest.raises(Unusable, match="changed since"):
        backup.load(path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "lockstep synchronization schema 1"}'])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(content)

    with pytest.raises(Unusable, match="no backup"):
        backup.load(path)


def test_the_tenant_is_read_from_the_jobs_id() -> None:
    tenant = "11111111-2222-3333-4444-555555555555"
    assert backup.tenant_of(f"scim.{tenant.replace('-', '')}.8f782d8a-7b79-4417-aab7-f96538801e92") == tenant
    assert backup.tenant_of("something else") == ""
