"""A plan says what changes, and warns of what would be felt by people."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from provisioning.entra.mappings import AttributeMapping, Clause, FilterGroup, Managed, ObjectMapping, Source
from provisioning.entra.plan import compare
from provisioning.entra.schema import fingerprint, merge, read
from provisioning.entra.terminal import printable
from sandbox.graph.expressions import parse
from sandbox.graph.provisioning_schema import template_schema

LIVE = read(template_schema())
USER = LIVE["User"]
STAFF = FilterGroup("Staff", (Clause("employeeId", "IS NOT NULL"),))


def without(target: str) -> ObjectMapping:
    return replace(USER, attributes={name: each for name, each in USER.attributes.items() if name != target})


def with_attribute(target: str, **changes: object) -> ObjectMapping:
    changed = replace(USER.attributes[target], **changes)  # type: ignore[arg-type]  # by the caller's word
    return replace(USER, attributes={**USER.attributes, target: changed})


@pytest.mark.parametrize(
    ("wanted", "warning"),
    [
        (with_attribute("userName", matching_priority=0), "objects are matched by nothing instead of userName"),
        (with_attribute("userName", source=Source("attribute", "mail")), "matched by userName <- [mail] instead"),
        (with_attribute("externalId", matching_priority=1), "objects are matched by"),
        (without("userName"), "userName is not mapped any more"),
        (without("active"), "active is not mapped any more"),
        (with_attribute("active", source=Source("constant", "True")), "active gets another value"),
        (replace(USER, scope=(STAFF,)), "treated as a leaver"),
        (replace(USER, enabled=False), "switched off"),
        (with_attribute("active", flow_type="ObjectAddOnly"), "active gets another value, or at other times"),
        (with_attribute("userName", default_value="nobody"), "userName gets another value"),
        (replace(USER, flow_types=("Add", "Update")), "flowTypes loses Delete. No leaver is disabled"),
        (replace(USER, flow_types=("Update", "Delete")), "flowTypes loses Add. Nobody new is created"),
    ],
)
def test_a_dangerous_change_is_named(wanted: ObjectMapping, warning: str) -> None:
    plan = compare(LIVE, {"User": wanted})

    assert any(warning in danger for danger in plan.dangers), plan.dangers
    assert plan.changes


@pytest.mark.parametrize(
    "changes",
    [{"source": Source("attribute", "owners")}, {"flow_type": "MultiValueAddOnly"}, {"flow_type": "ObjectAddOnly"}],
)
def test_another_flow_of_members_is_dangerous(changes: dict[str, Any]) -> None:
    group = LIVE["Group"]
    members = replace(group.attributes["members"], **changes)
    wanted = replace(group, attributes={**group.attributes, "members": members})

    assert any("Group: members gets another value" in each for each in compare(LIVE, {"Group": wanted}).dangers)


def test_to_map_active_where_it_was_not_is_dangerous() -> None:
    live: Managed = {"User": without("active")}
    wanted = with_attribute("active", source=Source("constant", "False"))

    assert any("active gets another value" in each for each in compare(live, {"User": wanted}).dangers)


def test_to_let_deletions_through_again_is_dangerous() -> None:
    live: Managed = {"User": replace(USER, flow_types=("Add", "Update"))}

    assert any("flowTypes gains Delete" in each for each in compare(live, {"User": USER}).dangers)


def test_no_value_can_write_a_line_of_a_plan_or_rule_the_terminal() -> None:
    value = "x\x1b[2J\u202e\u2028\nPlan: 0 to add, 0 to change, 0 to remove."

    lines = list(compare(LIVE, {"User": with_attribute("title", default_value=value)}).lines())

    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert r'default "x\x1b[2J\u202e\u2028\nPlan: 0' in lines[1]


@pytest.mark.parametrize("wanted", [without("title"), with_attribute("title", default_value="None")])
def test_a_harmless_change_is_no_danger(wanted: ObjectMapping) -> None:
    plan = compare(LIVE, {"User": wanted})

    assert plan.changes
    assert plan.dangers == ()


def test_what_is_taken_out_of_the_scope_is_dangerous_too() -> None:
    live: Managed = {"User": replace(USER, scope=(STAFF,))}

    assert any("treated as a leaver" in danger for danger in compare(live, LIVE).dangers)


def test_an_object_that_the_file_does_not_name_is_left_alone() -> None:
    assert compare(LIVE, {}).changes == ()


def test_a_plan_is_read_like_terraforms() -> None:
    fax = 'phoneNumbers[type eq "fax"].value'
    wanted = replace(
        without(fax),
        enabled=False,
        attributes={
            **without(fax).attributes,
            "title": AttributeMapping("title", Source("constant", "Staff"), "x", 0, "ObjectAddOnly", "FlowAlways"),
            "nickName": AttributeMapping("nickName", Source("attribute", "givenName")),
        },
    )

    assert list(compare(LIVE, {"User": wanted}).lines()) == [
        "User",
        "  ~ enabled: true  ->  false",
        '  ~ title: [jobTitle]  ->  "Staff", default "x", flowType ObjectAddOnly, flowBehavior FlowAlways',
        f"  - {fax}: [facsimileTelephoneNumber]",
        "  + nickName: [givenName]",
        "DANGER: User: the object mapping is switched off. Nothing of this kind is synchronized, leavers included.",
        "Plan: 1 to add, 2 to change, 1 to remove.",
    ]


def test_spaces_in_an_expression_are_no_change() -> None:
    schema = template_schema()
    for mapping in schema["synchronizationRules"][0]["objectMappings"]:
        for each in mapping["attributeMappings"]:
            if each["targetAttributeName"] == "active":
                each["source"]["expression"] = 'Switch( [IsSoftDeleted],,"False" , "True","True", "False" )'

    assert compare(LIVE, read(schema)).changes == ()


def test_the_portals_empty_default_is_none() -> None:
    schema = template_schema()
    for mapping in schema["synchronizationRules"][0]["objectMappings"]:
        for each in mapping["attributeMappings"]:
            each["defaultValue"] = None

    assert compare(LIVE, read(schema)).changes == ()


def test_any_change_changes_the_fingerprint_and_annotations_do_not() -> None:
    schema = template_schema()
    other = copy.deepcopy(schema)
    other["directories"][0]["objects"][0]["attributes"][3]["caseExact"] = True

    assert fingerprint(schema | {"@odata.context": "x"}) == fingerprint(schema)
    assert fingerprint(other) != fingerprint(schema)


def test_a_rule_that_may_not_be_edited_is_not_edited() -> None:
    schema = template_schema()
    schema["synchronizationRules"][0]["editable"] = False

    with pytest.raises(Exception, match="does not let the rule"):
        merge(schema, {"User": without("title")}, parse)


@pytest.mark.parametrize("value", ["###vso[task.setvariable variable=X]y", "x ##[group]", "  ::add-path::/tmp"])
def test_no_value_is_a_command_for_the_pipeline_that_shows_it(value: str) -> None:
    shown = printable(value)
    assert "##" not in shown
    assert not shown.lstrip().startswith("::")
    assert shown.replace(" ", "") == value.replace(" ", "")
