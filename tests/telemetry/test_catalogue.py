"""The catalogue of metrics: what is recorded is in it, what is in it is recorded, and operators can read it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from provisioning.telemetry import catalogue
from provisioning.telemetry.catalogue import METRICS, Metric

ROOT = Path(__file__).parents[2]
NOT_YET = {"lockstep.imports"}
"""Recorded by imports, which the hub does not do yet."""


def constants() -> dict[str, Metric]:
    """The catalogue's constants by name."""
    return {name: each for name, each in vars(catalogue).items() if isinstance(each, Metric)}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield every call of ``record`` in the hub, with the name of the metric as it stands there."""
    for path in (ROOT / "provisioning").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record":
                first = node.args[0]
                yield (first.attr if isinstance(first, ast.Attribute) else ast.unparse(first)), node


def test_what_is_recorded_is_in_the_catalogue_and_the_other_way_round() -> None:
    recorded = {constants()[name].name for name, _ in calls()}
    assert recorded == {each.name for each in METRICS} - NOT_YET


def test_no_metric_is_left_out_of_the_list() -> None:
    assert {each.name for each in constants().values()} == {each.name for each in METRICS}


def test_every_call_names_the_attributes_of_its_metric() -> None:
    for name, call in calls():
        given = {keyword.arg for keyword in call.keywords}
        if None not in given:  # ``**facts`` are looked at by the tests that record
            assert given == set(constants()[name].attributes), ast.unparse(call)


def test_the_table_has_a_row_for_each() -> None:
    lines = list(catalogue.table())
    assert [line.split("`")[1] for line in lines[2:]] == [each.name for each in METRICS]
    assert all(line.count("|") == 5 for line in lines)
