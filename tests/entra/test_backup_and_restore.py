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
