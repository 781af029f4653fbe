"""The cost run counts what really goes over the wire: the figures that it starts from are those of the budget."""

import json
from pathlib import Path

import pytest
from yarl import URL

from benchmarks.cost.__main__ import rules
from benchmarks.cost.scenario import count
from benchmarks.cost.storage_calls import kind_of


async def test_every_operation_is_counted_and_keeps_the_budget_of_round_trips(azurite_connection: str) -> None:
    found = await count(azurite_connection, runs=3)
    assert found.missing == []
    create, change, member = found["create a person"], found["change a person"], found["change a membership"]
    assert (create.tables, create.queues) == (1, 1)
    assert (change.tables, change.queues) == (2, 1)
    assert (member.tables, member.queues) == (1, 1)
    assert (found["find a person"].tables, found["read a person"].tables) == (2, 1)
    assert found["job: create an account"].tables <= 5
    assert found["job: nothing to do"].tables <= 3
    assert found["sweep, nothing to do"].table_writes == 0
    assert found["measure, nothing behind"].queue_reads >= 2
    assert all(each.cpu > 0 for each in found.operations.values())
    assert create.lines >= 1
    assert create.line_bytes > 20


@pytest.mark.parametrize(
    ("method", "url", "kind"),
    [
        ("POST", "http://127.0.0.1:3/account/$batch", "table write"),
        ("GET", "http://127.0.0.1:3/account/directory(PartitionKey='users',RowKey='d:1')", "table read"),
        ("POST", "http://127.0.0.1:2/account/provisioning-jobs/messages", "queue write"),
        ("GET", "http://127.0.0.1:2/account/provisioning-jobs?comp=metadata", "queue read"),
    ],
)
def test_a_request_is_told_by_the_service_that_it_goes_to(method: str, url: str, kind: str) -> None:
    assert kind_of(method, URL(url), queues=2) == kind


def test_how_often_rules_are_evaluated_is_read_from_the_list_of_rules(tmp_path: Path) -> None:
    file = tmp_path / "alerts.json"
    file.write_text(json.dumps({"rules": [{"every": each} for each in ("PT5M", "PT1H", "P1D")]}))
    assert rules(file) == [5, 60, 1440]
    assert len(rules()) > 10
