"""Queries of Entra: Test Connection, matching, reads before a change, reference checks, account discovery.

entra.md 1.1 and 1.2. Every list is a ListResponse with 200, also without a hit: Entra takes 404 for a reason to
quarantine.
"""

import uuid
from typing import Any

import pytest

from tests.scim.conftest import ENTERPRISE, Client
from tests.scim.entra import LIST_RESPONSE, MIRA, mira

FLAG = {"aadOptscim062020": ""}


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("/Users", 'userName eq "{}"'),
        ("/Users", 'externalId eq "{}"'),
        ("/Users", 'emails[type eq "work"].value eq "{}"'),
        ("/Users", 'id eq "{}"'),
        ("/Groups", 'displayName eq "{}"'),
        ("/Groups", 'externalId eq "{}"'),
        ("/Groups", 'id eq "{}"'),
    ],
)
@pytest.mark.parametrize("flag", [{}, FLAG])
async def test_connection_asks_for_a_random_value_and_gets_an_empty_list(
    client: Client, path: str, question: str, flag: dict[str, str]
) -> None:
    await mira(client)
    answer = await client.send("GET", path, filter=question.format(uuid.uuid4()), **flag)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/scim+json"
    assert answer.body["schemas"] == [LIST_RESPONSE]
    assert (answer.body["totalResults"], answer.body.get("Resources", [])) == (0, [])
    assert answer.body["startIndex"] == 1


@pytest.mark.parametrize(
    "question",
    [
        'userName eq "mira.okafor@northwind.example"',
        'userName eq "MIRA.OKAFOR@northwind.example"',
        'username EQ "mira.okafor@northwind.example"',
        'externalId eq "mokafor"',
        # a sample of the documentation leaves out the quotation marks
        "externalId eq mokafor",
        'emails[type eq "work"].value eq "mira.okafor@northwind.example"',
        'Emails[Type eq "Work"].Value eq "Mira.Okafor@northwind.example"',
        # older clients: an alias of .value
        'emails[type eq "work"] eq "mira.okafor@northwind.example"',
        'phoneNumbers[type eq "mobile"].value eq "+447700900123"',
        'addresses[type eq "work"].locality eq "Leith"',
        'name.familyName eq "Okafor"',
        'displayName eq "Mira Okafor"',
        f'{ENTERPRISE}:employeeNumber eq "70412"',
        'employeeNumber eq "70412"',
        'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "mira.okafor@northwind.example"',
        'active eq true and userName eq "mira.okafor@northwind.example"',
        'active eq "True" and userName eq "mira.okafor@northwind.example"',
        'userName eq "mira.okafor@northwind.example" and externalId eq "mokafor"',
    ],
)
async def test_whatever_attribute_an_administrator_matches_by_finds_one_user(client: Client, question: str) -> None:
    made = await mira(client)
    await client.user("noor.haddad@northwind.example", externalId="nhaddad", displayName="Noor Haddad")
    found = await client.get("/Users", filter=question)
    assert (found["totalResults"], found["itemsPerPage"]) == (1, 1)
    assert found["Resources"] == [made]


@pytest.mark.parametrize(
    "name", ["o'neill@northwind.example", 'a"b@northwind.example', "zoë+x@northwind.example", "a\\b", "a b", "50%&=?#/"]
)
async def test_a_value_with_special_characters_is_found_again(client: Client, name: str) -> None:
    made = await client.user(name)
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    found = await client.get("/Users", filter=f'userName eq "{quoted}"')
    assert [each["id"] for each in found["Resources"]] == [made["id"]]


async def test_two_hits_are_two_results_so_that_entra_can_say_duplicate_target_entries(client: Client) -> None:
    for name in ("mira", "noor"):
        await client.user(name, displayName="The Same")
    found = await client.get("/Users", filter='displayName eq "the same"')
    assert (found["totalResults"], len(found["Resources"])) == (2, 2)


async def test_a_group_is_matched_by_its_name_without_its_members(client: Client) -> None:
    user = await client.user()
    group = await client.group("EDU All personal", user["id"])
    query = {"excludedAttributes": "members", "filter": 'displayName eq "EDU All personal"'}
    for given in (query, dict(reversed(query.items())), query | FLAG):
        found = await client.get("/Groups", **given)
        assert [each["id"] for each in found["Resources"]] == [group["id"]]
        assert "members" not in found["Resources"][0]


async def test_a_group_is_read_without_its_members(client: Client) -> None:
    """Members in this answer are SystemForCrossDomainIdentityManagementMultipleEntriesInResponse."""
    group = await client.group("Risk team", "u-1", "u-2")
    read = await client.get(f"/Groups/{group['id']}", excludedAttributes="members")
    assert read["displayName"] == "Risk team"
    assert "members" not in read


async def test_a_cached_id_answers_200_or_404(client: Client) -> None:
    made = await mira(client)
    assert (await client.send("GET", f"/Users/{made['id']}", **FLAG)).status == 200
    assert (await client.send("GET", "/Users/u-00000000000000000000000000000000", **FLAG)).status == 404
    assert (await client.send("GET", f"/Users/{uuid.uuid4()}", **FLAG)).status == 404
    assert (await client.send("GET", f"/Groups/{uuid.uuid4()}", excludedAttributes="members")).status == 404


@pytest.mark.parametrize(
    ("manager", "hits"),
    [("u-9001", 1), ("u-9002", 0), ("U-9001", 0)],
)
async def test_the_reference_check_before_a_manager_is_written(client: Client, manager: str, hits: int) -> None:
    """``id eq "U1" and manager eq "M1"`` with ``attributes=id``: two clauses, either first."""
    made = await mira(client)
    for question in (
        f'id eq "{made["id"]}" and manager eq "{manager}"',
        f'manager eq "{manager}" and id eq "{made["id"]}"',
        f'id eq "{made["id"]}" and {ENTERPRISE}:manager eq "{manager}"',
        f'id eq "{made["id"]}" and {ENTERPRISE}:manager.value eq "{manager}"',
    ):
        found = await client.get("/Users", filter=question, attributes="id")
        assert found["totalResults"] == hits, question
        assert [only_id(each) for each in found.get("Resources", [])] == [made["id"]] * hits


@pytest.mark.parametrize(("member", "hits"), [("u-1", 1), ("u-3", 0)])
async def test_the_reference_check_before_a_member_is_written(client: Client, member: str, hits: int) -> None:
    group = await client.group("Risk team", "u-1", "u-2")
    for question in (
        f'id eq "{group["id"]}" and members eq "{member}"',
        f'members eq "{member}" and id eq "{group["id"]}"',
        f'id eq "{group["id"]}" and members.value eq "{member}"',
    ):
        found = await client.get("/Groups", filter=question, attributes="id")
        assert found["totalResults"] == hits, question
        assert [only_id(each) for each in found.get("Resources", [])] == [group["id"]] * hits


def only_id(resource: dict[str, Any]) -> str:
    """The id of a resource that shows nothing else, but for what a server may always show."""
    assert set(resource) <= {"schemas", "id"}, resource
    return str(resource["id"])


@pytest.mark.parametrize("path", ["/Users", "/Groups"])
async def test_account_discovery_pages_through_everything_and_each_page_echoes_its_start(
    client: Client, path: str
) -> None:
    """``startIndex=N&count=5``: at least two pages, all 200, the start echoed, nobody twice, nobody missed."""
    made = set()
    for number in range(12):
        one = await (client.user(f"u{number:02}") if path == "/Users" else client.group(f"g{number:02}"))
        made.add(one["id"])
    seen: list[str] = []
    for start in (1, 6, 11):
        page = await client.get(path, startIndex=start, count=5)
        assert (page["startIndex"], page["totalResults"]) == (start, 12)
        assert page["itemsPerPage"] == len(page["Resources"])
        seen += [each["id"] for each in page["Resources"]]
    assert (len(seen), set(seen)) == (12, made)
    beyond = await client.get(path, startIndex=13, count=5)
    assert (beyond["startIndex"], beyond["totalResults"], beyond.get("Resources", [])) == (13, 12, [])


async def test_the_flag_of_the_tenant_url_changes_no_answer(client: Client) -> None:
    made = await mira(client)
    for path in ("/Users", f"/Users/{made['id']}", "/Groups", "/Schemas", "/ServiceProviderConfig", "/ResourceTypes"):
        assert await client.get(path, **FLAG) == await client.get(path)
    body = MIRA | {"userName": "noor", "externalId": "n"}
    assert (await client.send("POST", "/Users", body, **FLAG)).status == 201
