"""Searches by POST and at the root (RFC 7644 sections 3.4.2.1 and 3.4.3): they say what a GET with the same says."""

from typing import Any

import pytest

from tests.scim.conftest import ENTERPRISE, GROUP, USER, Client

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
MIRA = {
    "userName": "mira",
    "displayName": "Risk",
    "active": True,
    "emails": [{"type": "work", "value": "mira@x.example"}],
    ENTERPRISE: {"manager": {"value": "u-9001"}, "department": "Audit"},
}


@pytest.fixture
async def ids(client: Client) -> dict[str, str]:
    """A user and a group of the same displayName, the user in the group, and a user besides."""
    mira = (await client.send("POST", "/Users", {"schemas": [USER, ENTERPRISE], **MIRA})).body["id"]
    noor = (await client.user("noor", title="Lead"))["id"]
    return {"mira": mira, "noor": noor, "risk": (await client.group("Risk", mira))["id"]}


async def found(client: Client, path: str, **asked: Any) -> list[str]:
    """Return the ids that a search by POST finds, and see that GET finds the same."""
    root = path.removesuffix("/.search") or "/"
    by_post = await client.send("POST", path, {"schemas": [SEARCH], **asked})
    by_get = await client.send("GET", root, **asked)
    assert (by_post.status, by_get.status) == (200, 200), (by_post, by_get)
    assert by_post.body == by_get.body
    assert by_post.body["totalResults"] == len(by_post.body["Resources"])
    return [each["id"] for each in by_post.body["Resources"]]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ('userName eq "mira"', ["mira"]),
        ("userName eq mira", ["mira"]),
        ('active eq "True"', ["mira"]),
        ('emails[type eq "work"] eq "mira@x.example"', ["mira"]),
        ('manager eq "u-9001"', ["mira"]),
        ("department eq Audit", ["mira"]),
        (f'{ENTERPRISE}:department eq "Audit" and userName pr', ["mira"]),
        ('userName eq "nobody"', []),
    ],
)
async def test_a_search_by_post_takes_every_dialect(
    client: Client, ids: dict[str, str], question: str, names: list[str]
) -> None:
    assert await found(client, "/Users/.search", filter=question) == [ids[name] for name in names]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ('displayName eq "risk"', ["mira", "risk"]),
        (f'{GROUP}:displayName eq "Risk"', ["risk"]),
        (f"{USER}:displayName eq Risk", ["mira"]),
        ("userName eq mira", ["mira"]),
        ('manager eq "u-9001"', ["mira"]),
        ("members eq {mira}", ["risk"]),
        ('title eq "Lead" or members[value eq "{mira}"]', ["noor", "risk"]),
        ('meta.resourceType eq "Group"', ["risk"]),
        ('meta.resourceType eq "User"', ["mira", "noor"]),
        ('id eq "{noor}"', ["noor"]),
        ('not (displayName eq "Risk")', ["noor"]),
        ("active eq False", []),
    ],
)
async def test_a_filter_at_the_root_keeps_its_meaning(
    client: Client, ids: dict[str, str], question: str, names: list[str]
) -> None:
    """A name means each type's own attribute, and a URN one type's only; what a type does not have is not there."""
    result = await found(
        client, "/.search", filter=question.replace("{mira}", ids["mira"]).replace("{noor}", ids["noor"])
    )
    assert sorted(result) == sorted(ids[name] for name in names)


async def test_a_search_at_the_root_without_a_filter_finds_everything(client: Client, ids: dict[str, str]) -> None:
    assert sorted(await found(client, "/.search")) == sorted(ids.values())


async def test_a_search_by_post_is_paged_sorted_and_shown_as_asked(client: Client) -> None:
    for name in ("c", "a", "d", "b"):
        await client.user(name, title="Lead")
    body = {
        "schemas": [SEARCH],
        "attributes": ["userName"],
        "sortBy": "userName",
        "sortOrder": "descending",
        "startIndex": 2,
        "count": 2,
    }
    answer = await client.send("POST", "/Users/.search", body)
    assert (answer.body["totalResults"], answer.body["startIndex"], answer.body["itemsPerPage"]) == (4, 2, 2)
    assert [each["userName"] for each in answer.body["Resources"]] == ["c", "b"]
    assert all("title" not in each for each in answer.body["Resources"])


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({"attributes": ["userName"]}, {"userName"}),
        ({"attributes": "userName,title"}, {"userName", "title"}),
        ({"attributes": ['emails[type eq "work"].value', "department"]}, set()),
        ({"excludedAttributes": ["title"]}, {"userName", "meta"}),
        ({"attributes": []}, {"userName", "title", "meta"}),
        ({"attributes": None, "filter": None, "unheard": 7}, {"userName", "title", "meta"}),
        ({"ATTRIBUTES": ["USERNAME"]}, {"userName"}),
    ],
)
async def test_attributes_in_a_body_are_those_of_a_query(
    client: Client, asked: dict[str, Any], shown: set[str]
) -> None:
    await client.user("mira", title="Lead")
    answer = await client.send("POST", "/Users/.search", asked)
    assert answer.status == 200, answer
    assert set(answer.body["Resources"][0]) == {"schemas", "id"} | shown


@pytest.mark.parametrize("name", ["startIndex", "startindex", "STARTINDEX"])
async def test_parameters_are_known_in_any_case(client: Client, name: str) -> None:
    await client.user("a")
    await client.user("b")
    assert (await client.get("/Users", **{name: 2}))["itemsPerPage"] == 1


@pytest.mark.parametrize("kind", ["/Users/.search", "/.search"])
@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ([], "invalidSyntax"),
        ("x", "invalidSyntax"),
        ({"filter": "userName eq"}, "invalidFilter"),
        ({"filter": 5}, "invalidValue"),
        ({"count": "abc"}, "invalidValue"),
        ({"startIndex": 1.5}, "invalidValue"),
        ({"sortOrder": "banana"}, "invalidValue"),
        ({"attributes": 5}, "invalidValue"),
        ({"attributes": [5]}, "invalidValue"),
        ({"attributes": ["id"], "excludedAttributes": ["name"]}, "invalidValue"),
    ],
)
async def test_a_search_without_sense_is_refused(client: Client, kind: str, body: Any, scim_type: str) -> None:
    answer = await client.send("POST", kind, body)
    assert (answer.status, answer.body.get("scimType")) == (400, scim_type), answer.body
