"""The file that the hub recommends is sound, and says what docs/connect-entra.md advises."""

import re

import pytest

from provisioning.entra.file import load
from provisioning.entra.mappings import Source
from provisioning.entra.missing import missing
from provisioning.entra.schema import merge
from provisioning.entra.validation import validate
from sandbox.graph.expressions import parse
from sandbox.graph.provisioning_schema import ENTERPRISE, template_schema
from tests.entra.conftest import RECOMMENDED, ROOT

DOCUMENT = (ROOT / "docs/connect-entra.md").read_text()
ADVICE = DOCUMENT.partition("## 4. Attribute mappings")[2].partition("\n## 5.")[0]
AS_CODE = (ROOT / "docs/entra-as-code.md").read_text()
FILE = load(RECOMMENDED)
USER, GROUP = FILE.managed["User"], FILE.managed["Group"]


def test_it_has_no_problems_and_no_warnings() -> None:
    found = load(RECOMMENDED)
    validate(found)

    assert found.problems == []


def test_a_new_application_can_take_it() -> None:
    assert missing(template_schema(), FILE.managed) == []
    merge(template_schema(), FILE.managed, parse)


def test_people_are_matched_by_what_the_document_advises() -> None:
    assert "Match users by `userName`, or by `externalId` mapped to `objectId`" in ADVICE
    matching = sorted((each.matching_priority, each.target) for each in USER.attributes.values())
    assert [each for each in matching if each[0]] == [(1, "externalId"), (2, "userName")]
    assert USER.attributes["externalId"].source == Source("attribute", "objectId")


def test_groups_are_matched_by_what_the_document_advises() -> None:
    assert "Match groups by `displayName`" in ADVICE
    assert [each.target for each in GROUP.attributes.values() if each.matching_priority] == ["displayName"]
    assert {"displayName", "externalId", "members"} <= set(GROUP.attributes)


def test_active_is_mapped_by_the_expression_of_the_document() -> None:
    (expression,) = set(re.findall(r"`(Switch\(.*?\))`", ADVICE))
    assert USER.attributes["active"].source == Source("expression", expression)


@pytest.mark.parametrize("target", [*re.findall(r'`(\w+\[type eq "\w+"\]\.\w+)`', ADVICE), f"{ENTERPRISE}:manager"])
def test_what_the_document_advises_to_map_is_mapped(target: str) -> None:
    assert target in USER.attributes
    assert "Map `manager`" in ADVICE


def test_both_documents_lead_to_the_file() -> None:
    assert "(../infra/entra/user-and-group-mappings.yaml)" in ADVICE
    assert "(entra-as-code.md)" in ADVICE
    assert "(../infra/entra/user-and-group-mappings.yaml)" in AS_CODE


@pytest.mark.parametrize("command", ["show", "export", "plan", "apply", "backup", "restore", "validate"])
def test_every_command_is_documented(command: str) -> None:
    assert f"`{command}" in AS_CODE
