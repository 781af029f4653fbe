"""Whatever is asked, the answer is that of scim2-models on everything: filters, orders and pages drawn at random.

The plain model presents every resource whole, evaluates the filter on it, sorts and cuts. The directory answers from
indexes, columns, key ranges and samples of memberships; nobody may see a difference.
"""

import asyncio
import dataclasses
import itertools
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import ScimFilter, SearchRequest
from scim2_server.storage import SearchPage
from scim2_server.utils import parametrize

from connectors.contract import ObjectKind
from provisioning.directory.directory import TABLE, Directory
from provisioning.directory.outbox import Announcement
from provisioning.scim.presenting import Model, Presenting
from provisioning.scim.published import published
from provisioning.scim.showing import Showing, Wanted
from provisioning.scim.storage import DirectoryStorage
from provisioning.sources.caller import Caller
from provisioning.storage.store import Storage
from tests.scim.model.budget import FUZZ

USERS, GROUPS = 60, 9
KINDS = (ObjectKind.USER, ObjectKind.GROUP)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_numbers = itertools.count()


async def unheard(_: Announcement) -> None:
    """Announce to nobody."""


@dataclass
class World:
    """A directory, everything in it as the plain model sees it, and the values that are worth asking for."""

    runner: asyncio.Runner
    storage: DirectoryStorage
    everything: dict[ObjectKind, list[Model]]
    ids: list[str]

    def search(self, kinds: list[ObjectKind], position: Any = None, **asked: Any) -> SearchPage:
        """Search as the endpoint does."""
        types = [each for each in published().provider.resource_types if each.name in {kind.value for kind in kinds}]
        return self.runner.run(self.storage.search(types, request(kinds, **asked), position=position))


def request(kinds: list[ObjectKind], **asked: Any) -> SearchRequest[Any]:
    """Return a search request over kinds, checked against their models."""
    models = tuple(published().provider.model_for(kind.value) for kind in kinds)
    return parametrize(SearchRequest, Union[models])(**asked)  # type: ignore[no-any-return]  # noqa: UP007


def person(number: int, chance: random.Random) -> dict[str, Any]:
    """Return a user: with few values for each attribute, so that they meet, and many left out."""
    some = lambda *values: chance.choice(values)  # noqa: E731
    document: dict[str, Any] = {"userName": f"{some('Mira', 'mira', 'João', 'zoé', 'Bob.X')}{number}@x.example"}
    document |= {
        name: value
        for name, value in {
            "displayName": some("Mira K", "mira k", "Bob", "Zoe\u0301", "ZO\u00c9", "", "50% off", 'a "b"'),
            "title": some("Lead", "lead", "LEAD dev", "", "", "a/b:c"),
            "nickName": some("m", "", "", "z" * 120),
            "externalId": some("e1", "E1", "e2", f"x{number}", ""),
            "active": some(True, False, None),
            "profileUrl": some("https://x.example/A", "https://x.example/a", ""),
            "name": {"familyName": some("Kovač", "KOVAČ", "Stone")} if chance.random() < 0.6 else None,
        }.items()
        if value not in ("", None)
    }
    emails = [
        {"type": kind, "value": f"{some('mira', 'Bob')}{number % 7}@{kind}.example", "primary": kind == "home"}
        for kind in ("work", "home", "other")
        if chance.random() < 0.4
    ]
    if emails:
        document["emails"] = emails
    if chance.random() < 0.5:
        document[ENTERPRISE] = {"department": some("Risk", "risk", "IT"), "employeeNumber": str(number % 5)}
    return document


async def made(directory: Directory) -> list[str]:
    """Fill a directory and return some ids to ask for."""
    chance = random.Random(7)
    users = [
        (await directory.create(ObjectKind.USER, person(number, chance), chance.choice(("entra", "entra", "okta")))).id
        for number in range(USERS)
    ]
    groups: list[str] = []
    for number in range(GROUPS):
        members = chance.sample(users, chance.choice((0, 1, 3, 20)))
        if groups and chance.random() < 0.5:
            members.append(chance.choice(groups))
        if number == 5:
            members += ["somebody-else", "u-not here/at all"]
        document = {"displayName": f"{chance.choice(('Risk', 'risk', 'All'))} {number}"}
        if number % 3 == 0:
            document["externalId"] = f"g{number % 2}"
        displays = dict.fromkeys(members[:1], "Shown")
        groups.append((await directory.create(ObjectKind.GROUP, document, "entra", members, displays)).id)
    return [*users[:4], *groups, "somebody-else", "u-none"]


@pytest.fixture(scope="module")
def world(azurite_connection: str) -> Iterator[World]:
    """One directory for all that is asked."""
    with asyncio.Runner() as runner:
        account = Storage.from_connection_string(azurite_connection, prefix=f"r{os.getpid()}x{next(_numbers)}")

        async def fill() -> World:
            await account.ensure([TABLE], [])
            directory = Directory(account, unheard)
            ids = await made(directory)
            showing = Showing(directory, Presenting(published().provider, published().shapes))
            everything: dict[ObjectKind, list[Model]] = {}
            for kind in KINDS:
                stored = [
                    dataclasses.replace(each, document={k: v for k, v in each.document.items() if k != "externalId"})
                    if each.source != "entra"
                    else each
                    async for each in directory.scan(kind)
                ]
                everything[kind] = [await showing.shown(each, Wanted(groups=True)) for each in stored]
            return World(runner, DirectoryStorage(directory, published(), Caller("entra")), everything, ids)

        yield runner.run(fill())
        runner.run(account.close())


WORDS = {
    "userName": ["mira3@x.example", "MIRA", "bob.x", "joa\u0303o", "zoé", "@x", "~"],
    "displayName": ["Mira K", "mira", "zo\u00e9", "Zoe\u0301", "50%", 'a "b"', "Bob", "Risk 3", "risk", "All 1"],
    "title": ["lead", "LEAD", "dev", "a/b:c", "a", "b"],
    "nickName": ["m", "z" * 120, "z" * 110, "zz"],
    "externalId": ["e1", "E1", "x7", "e", "g1"],
    "profileUrl": ["https://x.example/a", "https"],
    "name.familyName": ["kovač", "Stone", "s"],
    "emails": ["mira3@work.example", "MIRA", "example"],
    "emails.value": ["bob2@home.example", "bob"],
    "emails.type": ["work", "HOME", "o"],
    f"{ENTERPRISE}:department": ["risk", "IT", "i"],
    f"{ENTERPRISE}:employeeNumber": ["3", "10"],
    "meta.resourceType": ["User", "Group"],
    "members.display": ["shown"],
}
BOOLEANS = ["active", "emails.primary"]
DATES = ["meta.created", "meta.lastModified"]
ORDERS = ["eq", "ne", "gt", "ge", "lt", "le"]
IDENTIFIERS = ["id", "groups.value", "groups", "members.value", "members"]
TYPES = {"groups.type": ["direct", "indirect"], "members.type": ["User", "Group"]}


def quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@st.composite
def comparisons(draw: st.DrawFn, world: World) -> str:
    """Draw one condition on one attribute."""
    match draw(
        st.sampled_from(["word", "word", "word", "boolean", "date", "id", "id", "type", "present", "path", "null"])
    ):
        case "word":
            name = draw(st.sampled_from(sorted(WORDS)))
            operator, word = draw(st.sampled_from([*ORDERS, "co", "sw", "ew"])), draw(st.sampled_from(WORDS[name]))
            return f"{name} {operator} {quoted(word)}"
        case "boolean":
            name, operator = draw(st.sampled_from(BOOLEANS)), draw(st.sampled_from(["eq", "ne"]))
            return f"{name} {operator} {quoted(draw(st.booleans()))}"
        case "date":
            model = draw(st.sampled_from(world.everything[draw(st.sampled_from(KINDS))]))
            assert model.meta is not None
            assert model.meta.created is not None
            moment = draw(
                st.sampled_from([model.meta.created.isoformat(), "2015-01-01T00:00:00Z", "2026-01-01T00:00:00"])
            )
            return f"{draw(st.sampled_from(DATES))} {draw(st.sampled_from(ORDERS))} {quoted(moment)}"
        case "id":
            name = draw(st.sampled_from(IDENTIFIERS))
            operator = draw(
                st.sampled_from(["eq", "eq", "ne", *(["gt", "ge", "lt", "le", "sw"] if name == "id" else ["sw"])])
            )
            return f"{name} {operator} {quoted(draw(st.sampled_from([*world.ids, 'u-', 'u-8'])))}"
        case "type":
            name = draw(st.sampled_from(sorted(TYPES)))
            return f"{name} {draw(st.sampled_from(['eq', 'ne', 'co']))} {quoted(draw(st.sampled_from(TYPES[name])))}"
        case "present":
            return f"{draw(st.sampled_from([*sorted(WORDS), *BOOLEANS, *IDENTIFIERS, *TYPES, 'name', 'emails']))} pr"
        case "null":
            name = draw(st.sampled_from(["title", "members", "active", "externalId"]))
            return f"{name} {draw(st.sampled_from(['eq', 'ne']))} null"
    name = draw(st.sampled_from(["emails", "groups", "members"]))
    inner = {
        "emails": [
            'type eq "work"',
            'value sw "mira"',
            "primary eq true",
            'value eq "bob2@home.example"',
            'type eq "Home"',
        ],
        "groups": ['type eq "direct"', 'type eq "indirect"'],
        "members": ['type eq "User"', 'type eq "Group"', "value pr", 'display eq "shown"'],
    }[name]
    if name != "emails":
        inner += [f'value {operator} "{draw(st.sampled_from(world.ids))}"' for operator in ("eq", "ne", "eq")]
    first, second = draw(st.sampled_from(inner)), draw(st.sampled_from(inner))
    shape = draw(st.sampled_from(["{0}", "{0} and {1}", "{0} or {1}", "not ({0})", "not ({0}) and {1}"]))
    return f"{name}[{shape.format(first, second)}]"


@st.composite
def filters(draw: st.DrawFn, world: World, depth: int = 2) -> str:
    """Draw a filter of the grammar of RFC 7644 section 3.4.2.2."""
    joint = draw(st.sampled_from(["", "", "not", "and", "and", "or"])) if depth else ""
    if not joint:
        return draw(comparisons(world))
    inner = filters(world, depth - 1)
    return f"not ({draw(inner)})" if joint == "not" else f"({draw(inner)}) {joint} {draw(inner)}"


SORTS = [
    None,
    None,
    "userName",
    "displayName",
    "title",
    "nickName",
    "name.familyName",
    "active",
    "externalId",
    "emails",
    "emails.type",
    "meta.created",
    f"{ENTERPRISE}:department",
    "id",
    "groups.value",
    "groups.display",
    "members.value",
    "members.display",
]


@settings(
    max_examples=1000 if FUZZ else 60,
    deadline=None,
    derandomize=not FUZZ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_search_finds_what_the_plain_model_finds(world: World, data: st.DataObject) -> None:
    kinds = data.draw(st.sampled_from([[ObjectKind.USER], [ObjectKind.USER], [ObjectKind.GROUP], list(KINDS)]), "kinds")
    asked: dict[str, Any] = {}
    if (text := data.draw(st.none() | filters(world), "filter")) is not None:
        asked["filter"] = text
    if (sort := data.draw(st.sampled_from(SORTS), "sort")) is not None:
        asked |= {"sort_by": sort, "sort_order": data.draw(st.sampled_from(["ascending", "descending"]))}
    start, count = data.draw(st.integers(1, 75), "start"), data.draw(st.integers(0, 75), "count")
    size = data.draw(st.sampled_from([11, 40]), "size")
    try:
        reference = request(kinds, **asked)
    except ValueError:
        return  # the endpoint answers 400: none of the kinds has the attribute, or it cannot be compared so
    expected = plain(world, kinds, reference)

    page = world.search(kinds, start_index=start, count=count, **asked)
    assert page.total == len(expected)
    assert [each.id for each in page.resources] == expected[start - 1 :][:count]

    pages = [world.search(kinds, cursor="", count=size, **asked)]
    while pages[-1].next is not None:
        pages.append(world.search(kinds, json.loads(json.dumps(pages[-1].next)), cursor="", count=size, **asked))
    assert [each.id for page in pages for each in page.resources] == expected
    assert {page.total for page in pages} <= {len(expected), None}
    back = pages[-1]
    for before in pages[-2::-1]:
        assert back.previous is not None
        back = world.search(kinds, back.previous, cursor="", count=size, **asked)
        assert [each.id for each in back.resources] == [each.id for each in before.resources]
    assert back.previous is None


def plain(world: World, kinds: list[ObjectKind], reference: SearchRequest[Any]) -> list[str]:
    """Return the ids that match, in order, by scim2-models alone."""
    found: list[Model] = []
    for kind in kinds:
        model = published().provider.model_for(kind.value)
        matching = None if reference.filter is None else parametrize(ScimFilter, model)(reference.filter.ast)
        found += [each for each in world.everything[kind] if matching is None or matching.match(each)]
    if reference.sort_by is not None:
        found.sort(key=lambda each: str(each.id), reverse=reference.sort_order == SearchRequest.SortOrder.descending)
    return [str(each.id) for each in reference.sort(found)]
