"""A schema that changes loses no data: what it does not show stays stored, and is there again when the schema is."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import ObjectKind
from provisioning.directory.resources import Resource
from provisioning.scim.presenting import Presenting
from provisioning.scim.published import published
from provisioning.scim.schema.hidden import kept, visible
from provisioning.scim.schema.schemas import Extension
from tests.scim.conftest import ENTERPRISE, USER, Client
from tests.scim.own_extension import DESK, HR, declared

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def presenting(*extensions: Extension) -> Presenting:
    """What shows resources with these extensions in force."""
    current = published(extensions)
    return Presenting(current.provider, current.shapes)


def stored(**extensions: Any) -> Resource:
    """A stored user."""
    document = {"schemas": [USER], "userName": "mira", **extensions}
    return Resource(ObjectKind.USER, "u-1", document, "g1", NOW, NOW, "entra")


def shown(resource: Resource, *extensions: Extension) -> dict[str, Any]:
    """What a client sees of a resource."""
    answer: dict[str, Any] = presenting(*extensions).present(resource).model_dump()
    return answer


def written(resource: Resource, change: dict[str, Any], *extensions: Extension) -> Resource:
    """A resource after a client, who sees it, has written some of its attributes; ``None`` clears one."""
    now = presenting(*extensions)
    left = shown(resource, *extensions)
    for urn, values in change.items():
        if not isinstance(values, dict):
            left[urn] = values
            continue
        inner = {**left.get(urn, {}), **values}
        left[urn] = {name: value for name, value in inner.items() if value is not None}
    model = now.model(ObjectKind.USER).model_validate(
        {**left, "schemas": [USER, *(u for u in change if u[:4] == "urn:")]}
    )
    return replace(resource, document=now.document(model, resource))


TEXT = {"name": "badge", "type": "string"}
NUMBER = {"name": "badge", "type": "integer"}
GRADE = {"name": "grade", "type": "string"}


def test_an_extension_that_is_taken_out_is_not_shown_and_stays_through_writes() -> None:
    resource = stored(**{HR: {"badge": "7"}, ENTERPRISE: {"department": "Risk"}})
    assert HR not in shown(resource)
    resource = written(resource, {"title": "Lead", ENTERPRISE: {"department": "Audit"}})
    assert resource.document[HR] == {"badge": "7"}
    again = shown(resource, declared([TEXT]))
    assert (again[HR], again["title"], again[ENTERPRISE]) == ({"badge": "7"}, "Lead", {"department": "Audit"})
    assert HR in again["schemas"]


def test_an_attribute_that_is_taken_out_stays_beside_those_that_are_written() -> None:
    resource = written(stored(**{HR: {"badge": "7", "grade": "a"}}), {HR: {"grade": "b"}}, declared([GRADE]))
    assert resource.document[HR] == {"badge": "7", "grade": "b"}
    resource = written(resource, {HR: {"grade": None}}, declared([GRADE]))
    assert resource.document[HR] == {"badge": "7"}


def test_a_value_that_no_longer_fits_is_not_shown_and_stays_until_it_is_written() -> None:
    resource = written(
        stored(**{HR: {"badge": "seven", "grade": "a"}}), {HR: {"grade": "b"}}, declared([NUMBER, GRADE])
    )
    assert shown(resource, declared([NUMBER, GRADE]))[HR] == {"grade": "b"}
    assert resource.document[HR] == {"badge": "seven", "grade": "b"}
    assert written(resource, {HR: {"badge": 7}}, declared([NUMBER])).document[HR] == {"badge": 7, "grade": "b"}


@pytest.mark.parametrize("value", ["x", 5, ["a"], {"a": 1}, [{"value": 1}], True, None, [], {}])
@pytest.mark.parametrize(
    "attribute",
    [
        TEXT, NUMBER, TEXT | {"multiValued": True}, {"name": "badge", "type": "dateTime"},
        {"name": "badge", "type": "reference"}, {"name": "badge", "type": "binary"},
        {"name": "badge", "type": "decimal"},
        {"name": "badge", "type": "boolean"}, {"name": "badge", "type": "complex", "subAttributes": [NUMBER]},
        {"name": "badge", "type": "complex", "multiValued": True, "subAttributes": [{"name": "value"}]},
    ],
)  # fmt: skip
def test_no_stored_value_breaks_an_answer(attribute: dict[str, Any], value: Any) -> None:
    resource = stored(**{HR: {"badge": value}})
    shown(resource, declared([attribute]))
    assert written(resource, {"title": "Lead"}, declared([attribute])).document[HR] == {"badge": value}


@pytest.mark.parametrize("value", [5, "x", ["a"]])
def test_an_extension_that_is_no_object_is_passed_over(value: Any) -> None:
    resource = stored(**{HR: value})
    assert HR not in shown(resource, declared([TEXT]))
    assert written(resource, {"title": "Lead"}, declared([TEXT])).document[HR] == value


def test_a_sub_attribute_that_is_taken_out_stays_with_its_value() -> None:
    now = declared([{"name": "desks", "type": "complex", "multiValued": True,
                     "subAttributes": [{"name": "value"}, {"name": "type"}]}])  # fmt: skip
    desks = [{"value": "1", "type": "main", "floor": 4}, {"value": "2", "floor": 5}, {"value": "3", "floor": 6}]
    left = [{"value": "2", "type": "other"}, {"value": "1", "type": "main"}, {"value": "9"}]
    resource = written(stored(**{HR: {"desks": desks}}), {HR: {"desks": left}}, now)
    assert resource.document[HR]["desks"] == [
        {"value": "2", "type": "other", "floor": 5},
        {"value": "1", "type": "main", "floor": 4},
        {"value": "9"},
    ]
    single = declared([{"name": "cost", "type": "complex", "subAttributes": [{"name": "centre"}]}])
    resource = written(stored(**{HR: {"cost": {"centre": "a", "share": 4}}}), {HR: {"cost": {"centre": "b"}}}, single)
    assert resource.document[HR] == {"cost": {"centre": "b", "share": 4}}


def test_names_are_compared_without_case() -> None:
    resource = stored(**{HR.upper(): {"BADGE": "7"}})
    assert shown(resource, declared([TEXT]))[HR] == {"badge": "7"}
    resource = written(resource, {HR: {"grade": "a"}}, declared([TEXT, GRADE]))
    assert shown(resource, declared([TEXT, GRADE]))[HR] == {"badge": "7", "grade": "a"}


SCALARS = st.sampled_from(
    ["", "x", "7", "2026-01-01T00:00:00Z", "QUJD", "https://x.example/", 0, 7, 1.5, True, False, None]
)
ELEMENTS = SCALARS | st.dictionaries(st.sampled_from(["value", "type", "n", "other"]), SCALARS, max_size=3)
VALUES = ELEMENTS | st.lists(ELEMENTS, max_size=3)


TYPES = ("string", "integer", "decimal", "boolean", "dateTime", "binary", "reference", "complex")


def moment(number: int) -> tuple[Extension, ...]:
    """Return the extensions of a moment: none, one or two, of few attributes of any type; the same for a number."""
    chance = random.Random(number)
    found = []
    for urn in [HR, DESK][: number % 3]:
        attributes: list[dict[str, Any]] = []
        for name in chance.sample(["a", "B", "c"], 2):
            each = {"name": name, "type": chance.choice(TYPES), "multiValued": chance.random() < 0.4}
            if each["type"] == "complex":
                parts = [{"name": "value", "type": chance.choice(["string", "integer"])}, {"name": "type"}]
                each |= {"subAttributes": parts}
            attributes.append(each)
        found.append(declared(attributes, urn))
    return tuple(found)


MOMENTS = st.sampled_from([moment(number) for number in range(12)])
"""Few, because the models of each are made once, and that takes longer than all that is done with them."""

DOCUMENTS = st.dictionaries(
    st.sampled_from([HR, DESK]), st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), VALUES, max_size=4) | VALUES
)


@settings(max_examples=100, deadline=None)
@given(document=DOCUMENTS, moments=st.lists(MOMENTS, min_size=1, max_size=4))
def test_whatever_is_stored_and_whatever_the_schemas_become_nothing_breaks_and_nothing_is_lost(
    document: dict[str, Any], moments: list[tuple[Extension, ...]]
) -> None:
    resource = stored(**document)
    for number, now in enumerate(moments):
        resource = written(resource, {"title": str(number)}, *now)
        after = {name: value for name, value in resource.document.items() if name in {HR, DESK}}
        assert folded(after) == folded(document)


def folded(document: dict[str, Any]) -> dict[str, Any]:
    """A document with the names of extensions' attributes in lower case, which a schema may change; no empty one."""
    return {
        urn: {name.lower(): value for name, value in values.items()} if isinstance(values, dict) else values
        for urn, values in document.items()
        if values is not None and values != {}
    }


@settings(max_examples=100, deadline=None)
@given(document=DOCUMENTS, now=MOMENTS, then=MOMENTS)
def test_what_a_client_writes_is_what_it_sees_and_the_rest_stays(
    document: dict[str, Any], now: tuple[Extension, ...], then: tuple[Extension, ...]
) -> None:
    """A write under one schema of what is seen under another: the attribute is written, the others are as they were."""
    before = {"schemas": [USER], "userName": "mira", **document}
    shape = published(now).shapes["User"]
    seen = visible(shape, before)
    for urn in {HR, DESK} & seen.keys():
        name = min(seen[urn])
        after = {**seen, urn: {key: value for key, value in seen[urn].items() if key != name}}
        result = kept(shape, before, seen, after)
        assert name not in visible(shape, result).get(urn, {})
        others = {key.lower(): value for key, value in before[urn].items() if key.lower() != name.lower()}
        assert {key.lower(): value for key, value in result.get(urn, {}).items()} == others
    shown(replace(stored(), document=before), *then)


async def test_through_the_endpoint_it_goes_and_comes_back(client: Client) -> None:
    current: list[tuple[Extension, ...]] = [(declared([TEXT, GRADE]),)]

    async def in_force() -> tuple[Extension, ...]:
        return current[0]

    client.endpoint = replace(client.endpoint, extensions=in_force)
    made = await client.user(**{HR: {"badge": "seven", "grade": "a"}})
    path = f"/Users/{made['id']}"
    current[0] = ()
    assert HR not in await client.get(path)
    assert (await client.patch(path, {"op": "replace", "path": "title", "value": "Lead"})).status == 200
    assert (await client.send("PUT", path, {"schemas": [USER], "userName": "mira", "title": "Head"})).status == 200
    current[0] = (declared([NUMBER, GRADE]),)
    assert (await client.get(path))[HR] == {"grade": "a"}
    assert (await client.get("/Users", filter=f'{HR}:grade eq "a"'))["totalResults"] == 1
    assert (await client.get("/Users", filter=f"{HR}:badge pr"))["totalResults"] == 0
    assert (await client.patch(path, {"op": "replace", "path": f"{HR}:grade", "value": "b"})).status == 200
    current[0] = (declared([TEXT, GRADE]),)
    whole = await client.get(path)
    assert (whole["title"], whole[HR]) == ("Head", {"badge": "seven", "grade": "b"})
