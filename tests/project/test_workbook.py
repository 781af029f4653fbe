"""The workbook has the shape that Azure reads, shows what the hub records, and asks for nothing else."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from provisioning.telemetry.catalogue import METRICS
from tests.project.test_alert_rules import balanced

FILE = Path(__file__).parents[2] / "infra/common/workbook.json"
BOOK: dict[str, Any] = json.loads(FILE.read_text())
ITEMS: list[dict[str, Any]] = BOOK["items"]
PARAMETERS = {each["name"] for item in ITEMS if item["type"] == 9 for each in item["content"]["parameters"]}
QUERIES = {item["name"]: item["content"]["query"] for item in ITEMS if item["type"] == 3}
TABLES = {"AppMetrics", "AppRequests", "AppTraces", "AppDependencies", "AppExceptions"}

query = pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))


def test_it_is_a_workbook_of_parameters_texts_and_queries() -> None:
    assert BOOK["version"] == "Notebook/1.0"
    assert BOOK["fallbackResourceIds"] == []  # the templates put the workspace in
    assert {item["type"] for item in ITEMS} == {1, 3, 9}
    assert [name for name, count in Counter(item["name"] for item in ITEMS).items() if count > 1] == []
    for item in ITEMS:
        if item["type"] == 3:
            assert item["content"]["version"] == "KqlItem/1.0"
            assert item["content"]["queryType"] == 0
            assert item["content"]["resourceType"] == "microsoft.operationalinsights/workspaces"


def test_it_names_no_subscription_workspace_or_other_resource() -> None:
    assert "/subscriptions/" not in FILE.read_text()


@query
def test_a_query_is_balanced_and_reads_known_tables_only(query: str) -> None:
    assert balanced(query)
    tables = set(re.findall(r"\bApp(?!Role)[A-Z]\w+", query))  # AppRoleInstance is a column
    assert tables <= TABLES
    assert tables or "App*" in query


@query
def test_a_query_names_declared_parameters_only_and_stays_in_the_time_range(query: str) -> None:
    named = {each.partition(":")[0] for each in re.findall(r"\{([A-Za-z:]+)\}", query)}
    assert named <= PARAMETERS
    assert "TimeGenerated {TimeRange}" in query


@query
def test_a_metric_that_a_query_reads_is_recorded_with_the_attributes_that_it_asks_for(query: str) -> None:
    recorded = {metric.name: set(metric.attributes) for metric in METRICS}
    names = re.findall(r'"(lockstep\.[a-z_.]+)"', query)
    for attribute in re.findall(r'Properties\["(\w+)"\]', query):
        assert all(attribute in recorded[name] for name in names)
    assert set(names) <= set(recorded)


def test_every_metric_is_shown_somewhere() -> None:
    assert [metric.name for metric in METRICS if f'"{metric.name}"' not in "".join(QUERIES.values())] == []


def test_one_request_can_be_followed_by_its_correlation_id() -> None:
    (item,) = [item for item in ITEMS if item["name"] == "one-request-lines"]
    assert item["conditionalVisibility"] == {
        "parameterName": "Correlation",
        "comparison": "isNotEqualTo",
        "value": "",
    }
    for table in ("AppTraces", "AppRequests", "AppDependencies", "AppExceptions"):
        assert table in item["content"]["query"]
