"""Filters of RFC 7644 section 3.4.2.2 over HTTP: every operator, joints, value paths, URNs, case, dates, booleans."""

import itertools
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from provisioning.storage.store import Storage
from tests.hubs import TABLES
from tests.scim.conftest import Client, open_client

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"

_numbers = itertools.count()

PEOPLE: dict[str, dict[str, Any]] = {
    "mira": {
        "displayName": "Mira Kovač",
        "title": "Lead",
        "active": True,
        "externalId": "E1",
        "profileUrl": "https://x.example/Mira",
        "name": {"givenName": "Mira", "familyName": "Kovač"},
        "emails": [
            {"type": "work", "value": "mira@work.example", "primary": True},
            {"type": "home", "value": "m@home.example"},
        ],
        ENTERPRISE: {"department": "Risk", "employeeNumber": "7"},
    },
    "Bob": {
        "displayName": "Bob",
        "title": "lead dev",
        "active": False,
        "externalId": "e1",
        "emails": [{"type": "home", "value": "bob@work.example"}],
        ENTERPRISE: {"department": "IT"},
    },
    "zoé": {"displayName": "Zoé 50% \\ /:#?", "active": True, "nickName": "z" * 150},
    "nobody": {},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(azurite_connection: str) -> AsyncIterator[Client]:
    """A directory with a few people, the same for every filter."""
    storage = Storage.from_connection_string(azurite_connection, prefix=f"f{os.getpid()}x{next(_numbers)}")
    await storage.ensure(TABLES, [])
    client = await open_client(storage)
    for name, attributes in PEOPLE.items():
        answer = await client.send("POST", "/Users", {"schemas": [CORE], "userName": name, **attributes})
        assert answer.status == 201, answer
    yield client
    await storage.close()


async def found(people: Client, text: str) -> list[str]:
    answer = await people.get("/Users", filter=text, attributes="userName")
    names = sorted(each["userName"] for each in answer.get("Resources", []))
    assert answer["totalResults"] == len(names)
    return names


EVERYBODY = ["Bob", "mira", "nobody", "zoé"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('userName eq "MIRA"', ["mira"]),
        ('userName eq "zoe\u0301"', ["zoé"]),
        ('userName ne "mira"', ["Bob", "nobody", "zoé"]),
        ('userName co "o"', ["Bob", "nobody", "zoé"]),
        ('userName sw "B"', ["Bob"]),
        ('userName ew "B"', ["Bob"]),
        ('userName gt "mira"', ["nobody", "zoé"]),
        ('userName ge "mira"', ["mira", "nobody", "zoé"]),
        ('userName lt "mira"', ["Bob"]),
        ('userName le "mira"', ["Bob", "mira"]),
        ("title pr", ["Bob", "mira"]),
        ("emails pr", ["Bob", "mira"]),
        ("name.familyName pr", ["mira"]),
        ("title eq null", ["nobody", "zoé"]),
    ],
)
async def test_each_operator(people: Client, text: str, names: list[str]) -> None:
    assert await found(people, text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('title sw "lead" and active eq true', ["mira"]),
        ('userName eq "bob" or userName eq "mira"', ["Bob", "mira"]),
        ('userName eq "bob" or emails eq "m@home.example" or displayName sw "zo"', ["Bob", "mira", "zoé"]),
        ('not (userName eq "bob")', ["mira", "nobody", "zoé"]),
        ('title sw "lead" and (active eq false or userName eq "mira")', ["Bob", "mira"]),
        ('active eq true or title co "dev" and userName eq "nobody"', ["mira", "zoé"]),
        ('(active eq true or title co "dev") and userName eq "bob"', ["Bob"]),
        ("not (title pr) and not (active eq true)", ["nobody"]),
        (" or ".join(f'userName eq "u{number}"' for number in range(60)) + ' or userName eq "bob"', ["Bob"]),
    ],
)
async def test_joints_and_their_precedence(people: Client, text: str, names: list[str]) -> None:
    assert await found(people, text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('emails[type eq "work"]', ["mira"]),
        ('emails[type eq "home" and value ew "work.example"]', ["Bob"]),
        ('emails[type eq "work" or value sw "bob"]', ["Bob", "mira"]),
        ('emails[not (type eq "home")]', ["mira"]),
        ("emails[primary eq true]", ["mira"]),
        ('emails[type eq "home"].value eq "M@home.example"', ["mira"]),
        ('emails[type eq "work"].value eq "m@home.example"', []),
        ('emails.type eq "home"', ["Bob", "mira"]),
        ('emails co "work.example"', ["Bob", "mira"]),
        ('emails[value eq "bob@work.example"] and active eq false', ["Bob"]),
    ],
)
async def test_value_paths_hold_of_one_value(people: Client, text: str, names: list[str]) -> None:
    assert await found(people, text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (f'{CORE}:userName eq "bob"', ["Bob"]),
        (f'{CORE.upper()}:USERNAME eq "bob"', ["Bob"]),
        (f'{CORE}:name.familyName eq "kovač"', ["mira"]),
        (f'{CORE}:emails[type eq "work"]', ["mira"]),
        (f'{ENTERPRISE}:department eq "risk"', ["mira"]),
        (f"{ENTERPRISE}:employeeNumber pr", ["mira"]),
        (f'{ENTERPRISE}:department ne "risk"', ["Bob", "nobody", "zoé"]),
    ],
)
async def test_urn_paths(people: Client, text: str, names: list[str]) -> None:
    assert await found(people, text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('externalId eq "E1"', ["mira"]),
        ('externalId eq "e1"', ["Bob"]),
        ('externalId sw "E"', ["mira"]),
        ('profileUrl eq "https://x.example/mira"', []),
        ('profileUrl eq "https://x.example/Mira"', ["mira"]),
        ('title eq "LEAD"', ["mira"]),
        ('displayName eq "MIRA KOVAČ"', ["mira"]),
        ('displayName sw "zoe\u0301 50% \\\\ /:#"', ["zoé"]),
        ('displayName eq "Zoé 50% \\\\ /:#?"', ["zoé"]),
        (f'nickName sw "{"Z" * 149}"', ["zoé"]),
    ],
)
async def test_case_counts_only_where_the_schema_says_so(people: Client, text: str, names: list[str]) -> None:
    assert await found(people, text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("active eq true", ["mira", "zoé"]),
        ("active eq false", ["Bob"]),
        ("active ne true", ["Bob", "nobody"]),
        ("not (active eq true)", ["Bob", "nobody"]),
        ("active pr", ["Bob", "mira", "zoé"]),
        ('active eq "True"', ["mira", "zoé"]),
    ],
)
async def test_booleans(people: Client, text: str, names: list[str]) -> None:
    """Who was never told to be active or not is neither."""
    assert await found(people, text) == names


async def test_a_changed_active_is_found_by_its_new_value(people: Client) -> None:
    user = await people.user("leaver", active=True)
    await people.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False})
    assert "leaver" in await found(people, "active eq false")
    await people.patch(f"/Users/{user['id']}", {"op": "remove", "path": "active"})
    assert "leaver" not in await found(people, "active pr")
    await people.send("DELETE", f"/Users/{user['id']}")


@pytest.mark.parametrize(
    ("operator", "before", "same", "behind"),
    [
        ("eq", False, True, False),
        ("ne", True, False, True),
        ("gt", False, False, True),
        ("ge", False, True, True),
        ("lt", True, False, False),
        ("le", True, True, False),
    ],
)
async def test_dates_compare_by_the_moment(
    people: Client, operator: str, before: bool, same: bool, behind: bool
) -> None:
    users = (await people.get("/Users"))["Resources"]
    users.sort(key=lambda user: user["meta"]["created"])
    moment = users[1]["meta"]["created"]
    expected = [*([users[0]] if before else []), *([users[1]] if same else []), *(users[2:] if behind else [])]
    for written in (moment, moment.replace("Z", "+00:00")):
        text = f'meta.created {operator} "{written}"'
        assert await found(people, text) == sorted(each["userName"] for each in expected)


@pytest.mark.parametrize("operator", ["eq", "ne", "gt", "ge", "lt", "le", "sw"])
async def test_ids_compare_as_strings(people: Client, operator: str) -> None:
    users = (await people.get("/Users", attributes="userName"))["Resources"]
    middle = sorted(user["id"] for user in users)[1]
    holds = {
        "eq": lambda each: each == middle,
        "ne": lambda each: each != middle,
        "gt": lambda each: each > middle,
        "ge": lambda each: each >= middle,
        "lt": lambda each: each < middle,
        "le": lambda each: each <= middle,
        "sw": lambda each: each.startswith(middle),
    }[operator]
    expected = sorted(user["userName"] for user in users if holds(user["id"]))
    assert await found(people, f'id {operator} "{middle}"') == expected


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "nobody@else"',
        'displayName sw "nobody"',
        'id eq "u-0"',
        'id gt "zzz"',
        'groups.value eq "g-0"',
        'externalId eq ""',
        'userName eq "a" and userName eq "b"',
    ],
)
async def test_nothing_found_is_an_empty_list(people: Client, text: str) -> None:
    assert await found(people, text) == []
