"""Whatever a client sends, the normalisers answer with RFC forms or with a SCIM error, and with nothing else."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import (
    InvalidFilterException,
    InvalidPathException,
    InvalidSyntaxException,
    InvalidValueException,
    MutabilityException,
)

from provisioning.scim.dialect.bodies import normal_resource
from provisioning.scim.dialect.filters import normal_attributes, normal_filter
from provisioning.scim.dialect.patches import normal_operations
from provisioning.scim.membership import split
from provisioning.scim.published import published
from provisioning.scim.schema.schemas import ENTERPRISE_USER, GROUP, USER

NAMES = [
    *(
        "schemas",
        "id",
        "meta",
        "userName",
        "USERNAME",
        "name",
        "name.givenName",
        "active",
        "emails",
        "roles",
        "manager",
    ),
    *("members", "displayName", "groups", "addresses", "value", "type", "primary", "$ref", "display", "op", "path"),
    *("Operations", 'emails[type eq "work"].value', "members[value eq", 'members[value eq "u-1"]', "[", "]", "", "."),
    *(
        USER,
        GROUP,
        ENTERPRISE_USER,
        f"{ENTERPRISE_USER}:manager",
        f"{ENTERPRISE_USER}:manager.value",
        "urn:",
        "urn:x:y",
    ),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["True", "banana", "", '{"value":"Admin"}', '{"value":1}', "{", *NAMES])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), inner),
    max_leaves=20,
)
OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["Add", "replace", "REMOVE"]) | SCALARS,
        "path": st.sampled_from(NAMES) | SCALARS,
        "value": VALUES,
    },
)
WORDS = st.sampled_from(
    [*NAMES, "eq", "and", "or", "not", "(", ")", "pr", '"x"', '"', "\\", "true", "null", "7", "u-1"]
)
KINDS = st.sampled_from(["User", "Group"])
REFUSALS = (
    InvalidSyntaxException,
    InvalidValueException,
    InvalidPathException,
    InvalidFilterException,
    MutabilityException,
)
BOUNDED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@BOUNDED
@given(kind=KINDS, body=st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), VALUES) | VALUES)
def test_any_body_becomes_a_resource_or_a_scim_error(kind: str, body: Any) -> None:
    """What comes out goes in again unchanged."""
    shape = published().shapes[kind]
    try:
        normal = normal_resource(shape, body)
    except (InvalidSyntaxException, InvalidValueException):
        return
    assert json.dumps(normal_resource(shape, normal)) == json.dumps(normal)


@BOUNDED
@given(kind=KINDS, operations=st.lists(OPERATIONS | VALUES, max_size=4) | VALUES)
def test_any_patch_becomes_operations_or_a_scim_error(kind: str, operations: Any) -> None:
    """A group's can then be split, or are refused."""
    try:
        normal = normal_operations(published().shapes[kind], {"Operations": operations})
        assert all(each["op"] in {"add", "replace", "remove"} for each in normal)
        split(normal)
    except REFUSALS:
        return


@BOUNDED
@given(
    kind=KINDS, text=st.lists(WORDS, max_size=12).map(" ".join) | st.lists(WORDS, max_size=12).map("".join) | st.text()
)
def test_any_filter_becomes_a_filter(kind: str, text: str) -> None:
    """Normalising is done once: a second pass changes nothing."""
    shape = published().shapes[kind]
    normal = normal_filter(shape, text)
    assert normal_filter(shape, normal) == normal
    names = normal_attributes(shape, text)
    assert normal_attributes(shape, names) == names


@pytest.mark.parametrize("depth", [50, 400])
def test_deep_nesting_is_not_followed(depth: int) -> None:
    """Only what the schema knows is walked; the one place that nests in itself is a schema's URN without a path."""
    deep: Any = "x"
    for _ in range(depth):
        deep = {USER: deep, "name": deep}
    with pytest.raises(InvalidValueException):
        normal_operations(published().shapes["User"], {"Operations": [{"op": "replace", "value": deep}]})
