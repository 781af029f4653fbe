"""Whatever a file says: merged into a schema, nothing is left to do, and what the file does not manage is as it was."""

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioning.entra.file import parse as parse_file
from provisioning.entra.file_text import dump
from provisioning.entra.mappings import (
    ATTRIBUTE_TYPES,
    FLOW_BEHAVIORS,
    FLOW_TYPES,
    OBJECT_FLOW_TYPES,
    OPERATORS,
    AttributeMapping,
    Clause,
    Definition,
    FilterGroup,
    Managed,
    ObjectMapping,
    Source,
)
from provisioning.entra.plan import compare
from provisioning.entra.schema import merge, read
from sandbox.graph.expressions import parse
from sandbox.graph.provisioning_schema import template_schema

TEMPLATE = template_schema()
TARGETS = sorted(read(TEMPLATE)["User"].attributes)

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\x85\u2028\u2029\ufeff")
)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_.]{0,20}", fullmatch=True)
expressions = st.sampled_from(
    [
        'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
        'Join(" ", [givenName], [surname])',
        'IIF([country] = "DE", "a, b", Left([mail], 3))',
        'Replace([mail], "\\"", , , "(", , )',
        "Now()",
    ]
)
sources = st.one_of(
    st.builds(Source, st.just("attribute"), names),
    st.builds(Source, st.just("constant"), texts),
    st.builds(Source.of_expression, expressions),
)
definitions = st.builds(
    Definition,
    names,
    st.sampled_from(ATTRIBUTE_TYPES),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.lists(names, max_size=2).map(tuple),
)
clauses = st.builds(Clause, names, st.sampled_from(OPERATORS), st.lists(texts, max_size=2).map(tuple))
groups = st.builds(FilterGroup, texts, st.lists(clauses, min_size=1, max_size=3).map(tuple))


@st.composite
def mappings(draw: st.DrawFn) -> ObjectMapping:
    """Any object mapping, with attributes old and new."""
    targets = draw(st.lists(st.one_of(st.sampled_from(TARGETS), names), min_size=1, max_size=8, unique=True))
    defined = {each.name: each for each in draw(st.lists(definitions, max_size=3))}
    return ObjectMapping(
        attributes={
            target: AttributeMapping(
                target,
                draw(sources),
                draw(st.none() | texts.filter(bool)),
                draw(st.integers(0, 9)),
                draw(st.sampled_from(FLOW_TYPES)),
                draw(st.sampled_from(FLOW_BEHAVIORS)),
            )
            for target in targets
        },
        enabled=draw(st.booleans()),
        flow_types=tuple(word for word in OBJECT_FLOW_TYPES if draw(st.booleans())),
        scope=tuple(draw(st.lists(groups, max_size=2))),
        target_definitions=defined,
    )


@given(mappings())
def test_after_a_merge_there_is_nothing_left_to_do(user: ObjectMapping) -> None:
    wanted: Managed = {"User": user}

    merged = merge(TEMPLATE, wanted, parse)

    assert compare(read(merged, wanted), wanted).changes == ()
    assert merge(merged, wanted, parse) == merged


@given(mappings())
def test_a_merge_changes_nothing_that_the_file_does_not_manage(user: ObjectMapping) -> None:
    schema = copy.deepcopy(TEMPLATE)
    schema["new"] = {"of": ["tomorrow"]}
    for mapping in schema["synchronizationRules"][0]["objectMappings"]:
        mapping["scope"] = {"categoryFilterGroups": [{"x": 1}], "groups": [], "inputFilterGroups": [{"name": "y"}]}
        for each in mapping["attributeMappings"]:
            each["ofTomorrow"] = each["targetAttributeName"]
    before = copy.deepcopy(schema)

    merged = merge(schema, {"User": user}, parse)

    assert schema == before, "a merge works on a copy"
    assert rest(merged, user) == rest(before, user)
    kept = {each["targetAttributeName"] for each in user_of(before)["attributeMappings"]} & set(user.attributes)
    assert {each.get("ofTomorrow") for each in user_of(merged)["attributeMappings"]} - {None} == kept


def user_of(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["synchronizationRules"][0]["objectMappings"][1]
    return found


def rest(schema: dict[str, Any], user: ObjectMapping) -> str:
    """All of a schema but what a file manages of users, byte for byte."""
    left = copy.deepcopy(schema)
    mapping = user_of(left)
    for name in ("attributeMappings", "enabled", "flowTypes"):
        del mapping[name]
    del mapping["scope"]["groups"]
    for thing in left["directories"][1]["objects"]:
        if thing["name"] == mapping["targetObjectName"]:
            thing["attributes"] = [each for each in thing["attributes"] if each["name"] not in user.target_definitions]
    return json.dumps(left)


@given(mappings())
def test_a_file_holds_whatever_a_schema_can_say(user: ObjectMapping) -> None:
    managed: Managed = {"User": user}

    found = parse_file(Path("any.yaml"), dump(managed))

    assert found.problems == []
    assert found.managed == managed


def test_a_mark_that_hides_text_from_a_reviewer_is_written_out() -> None:
    managed: Managed = {"User": ObjectMapping({"title": AttributeMapping("title", Source("constant", "x\u202ey"))})}
    text = dump(managed)
    assert text.replace("\n", "").isprintable()
    assert parse_file(Path("any.yaml"), text).managed == managed
