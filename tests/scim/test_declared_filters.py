"""Filters on declared matching attributes: one answer whatever the state of the index, one cost whatever the size."""

from dataclasses import replace
from datetime import timedelta

import pytest
from scim2_models import ScimFilter

from benchmarks.counting import RoundTrips
from connectors.contract import ObjectKind
from provisioning.directory.backfill import Backfill, Next
from provisioning.directory.declared import DeclaredAttributes
from provisioning.directory.directory import TABLE, Directory, creation
from provisioning.directory.indexing import Declared
from provisioning.scim.dialect.filters import normal_filter
from provisioning.scim.published import published
from provisioning.scim.schema.declaring import NotDeclarable, declarable, outdated, shapes_with
from provisioning.scim.search.questions import Scope, plan
from provisioning.storage.entities import MAX_OPERATIONS, Operation
from provisioning.storage.store import Storage
from tests.scim.conftest import ENTERPRISE, GROUP, Client
from tests.scim.own_extension import ATTRIBUTES, DESK, HR, declared

USER = ObjectKind.USER
EXTENSIONS = (declared(),)


def named(path: str) -> Declared:
    """What declaring a path means."""
    return declarable(USER, shapes_with(EXTENSIONS)["User"], path)


@pytest.fixture
def attributes(storage: Storage) -> DeclaredAttributes:
    """The declared attributes."""
    return DeclaredAttributes(storage)


@pytest.fixture
def client(client: Client, storage: Storage, attributes: DeclaredAttributes) -> Client:
    """A client of an endpoint with an extension and declared attributes."""

    async def in_force() -> tuple[object, ...]:
        return EXTENSIONS

    directory = Directory(storage, client.endpoint.directory._announce, attributes.in_force)
    client.endpoint = replace(client.endpoint, directory=directory, extensions=in_force)
    return client


@pytest.fixture
def job(client: Client, storage: Storage, attributes: DeclaredAttributes) -> Backfill:
    """The job, which waits for nobody."""
    return Backfill(storage, client.endpoint.directory, attributes, timedelta())


async def run(job: Backfill, declaration_id: str) -> None:
    """Run a job to its end."""
    following: Next | None = Next()
    while following is not None:
        following = await job.step(declaration_id, following.cursor)


FILTERS = [
    ("title", 'title eq "ANALYST"'),
    (f"{ENTERPRISE}:employeeNumber", f'{ENTERPRISE}:employeeNumber eq "70412"'),
    (f"{ENTERPRISE}:employeeNumber", "employeeNumber eq 70412"),
    ("name.familyName", 'name.familyName eq "okafor"'),
    ('phoneNumbers[type eq "work"].value', 'phoneNumbers[type eq "work"].value eq "+44 1"'),
    ('phoneNumbers[type eq "work"].value', 'phoneNumbers[value eq "+44 1" and type eq "WORK"]'),
    ("phoneNumbers", 'phoneNumbers.value eq "+44 1"'),
    ("phoneNumbers.value", 'phoneNumbers[type eq "work"].value eq "+44 1"'),
    ("addresses.country", 'addresses[type eq "work" and country eq "gb"]'),
    (f"{HR}:code", f'{HR}:code eq "Ab"'),
    (f"{HR}:badge", f"{HR}:badge eq 7"),
    (f"{HR}:badge", f'{HR}:badge eq "7" and active eq true'),
    (f"{HR}:tags", f'{HR}:tags eq "B"'),
    (f"{HR}:cost.centre", f'{HR}:cost.centre eq "r1"'),
    (f'{HR}:desks[type eq "main"].value', f'{HR}:desks[type eq "main"].value eq "4.12"'),
]

MIRA = {
    "active": True,
    "title": "Analyst",
    "name": {"familyName": "Okafor"},
    "phoneNumbers": [{"type": "work", "value": "+44 1"}, {"type": "home", "value": "+44 2"}],
    "addresses": [{"type": "work", "country": "GB"}],
    ENTERPRISE: {"employeeNumber": "70412"},
    HR: {
        "code": "Ab",
        "badge": 7,
        "tags": ["a", "b"],
        "cost": {"centre": "R1"},
        "desks": [{"value": "4.12", "type": "main"}],
    },
}
OTHER = {
    "active": True,
    "title": "Lead",
    "name": {"familyName": "Lind"},
    "phoneNumbers": [{"type": "home", "value": "+44 1"}],
    "addresses": [{"type": "home", "country": "GB"}],
    HR: {
        "code": "ab",
        "badge": 70,
        "tags": ["c"],
        "cost": {"centre": "R2"},
        "desks": [{"value": "4.12", "type": "other"}],
    },
}


@pytest.mark.parametrize(("path", "text"), FILTERS)
async def test_the_answer_is_the_same_before_while_and_after_there_is_an_index(
    client: Client, attributes: DeclaredAttributes, job: Backfill, path: str, text: str
) -> None:
    for name, values in (("mira", MIRA), ("kofi", OTHER)):
        assert (await client.send("POST", "/Users", {"userName": name, **values})).status == 201
    both = ["kofi", "mira"] if text.startswith("phoneNumbers.value") else ["mira"]

    async def ask() -> tuple[list[str], str | None]:
        """Return who is found, and the index that was asked."""
        body = await client.get("/Users", filter=text)
        shape = published(EXTENSIONS).shapes["User"]
        planned = plan(Scope(USER, shape, await attributes.in_force()), ScimFilter(normal_filter(shape, text)).ast)
        asked = None if planned.questions is None else planned.questions[0].attribute
        return sorted(each["userName"] for each in body["Resources"]), asked

    assert await ask() == (both, None)
    made = await attributes.declare(named(path))
    assert await ask() == (both, None)
    await run(job, made.id)
    assert await ask() == (both, made.declared.name)
    await attributes.retire(made.id)
    assert await ask() == (both, None)
    await run(job, made.id)
    assert await ask() == (both, None)


async def fill(storage: Storage, first: int, last: int) -> None:
    """Store users ``first`` to ``last``, each with its own number."""
    table, operations = storage.table(TABLE), list[Operation]()
    for number in range(first, last):
        document = {
            "schemas": [],
            "userName": f"u{number}",
            ENTERPRISE: {"employeeNumber": str(number)},
            HR: {"badge": number},
        }
        _, _, made = creation(USER, document, "entra")
        if len(operations) + len(made) > MAX_OPERATIONS:
            await table.transact(operations)
            operations = []
        operations += made
    await table.transact(operations)


@pytest.mark.parametrize("path", [f"{ENTERPRISE}:employeeNumber", f"{HR}:badge"])
async def test_an_indexed_filter_costs_the_same_with_ten_and_with_five_hundred_users(
    client: Client, storage: Storage, attributes: DeclaredAttributes, job: Backfill, trips: RoundTrips, path: str
) -> None:
    costs = []
    await attributes.declare(named(path))
    for first, last in ((0, 10), (10, 500)):
        await fill(storage, first, last)
        for each in await attributes.list():
            await attributes.advance(each.entering(each.declared.state.BUILDING))
            await run(job, each.id)
        await client.get("/Users", filter='userName eq "nobody"')
        with trips.counted() as counted:
            body = await client.get("/Users", filter=f'{path} eq "{last - 1}"')
        assert [each["userName"] for each in body["Resources"]] == [f"u{last - 1}"]
        costs.append(len(counted))
    assert costs == [2, 2]


async def test_a_page_of_the_job_costs_a_read_and_a_transaction_for_forty(
    client: Client, storage: Storage, attributes: DeclaredAttributes, job: Backfill, trips: RoundTrips
) -> None:
    await fill(storage, 0, 400)
    made = await attributes.declare(named(f"{HR}:badge"))
    with trips.counted() as counted:
        await run(job, made.id)
    assert len(counted) <= 4 + 400 / 49 + 1  # its row, the number of users, the page, its row again
    with trips.counted() as counted:
        await attributes.advance((await attributes.get(made.id)).entering(made.declared.state))
        await run(job, made.id)
    assert len(counted) <= 6, "nothing is written where nothing is missing"


async def test_a_groups_own_attribute_is_declared_too(
    client: Client, attributes: DeclaredAttributes, job: Backfill
) -> None:
    extensions = (declared([{"name": "owner"}], DESK, ObjectKind.GROUP),)

    async def in_force() -> tuple[object, ...]:
        return extensions

    client.endpoint = replace(client.endpoint, extensions=in_force)
    body = {"schemas": [GROUP, DESK], "displayName": "Risk", DESK: {"owner": "mira"}}
    assert (await client.send("POST", "/Groups", body)).status == 201
    made = await attributes.declare(declarable(ObjectKind.GROUP, shapes_with(extensions)["Group"], f"{DESK}:owner"))
    await run(job, made.id)
    found = await client.get("/Groups", filter=f'{DESK}:owner eq "MIRA"')
    assert [each["displayName"] for each in found["Resources"]] == ["Risk"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nope", "no attribute of this path"),
        ("urn:x:y:nope", "no attribute of this path"),
        (HR, "no attribute of this path"),
        ("title[", "no attribute of this path"),
        ("", "no attribute of this path"),
        ("id", "made by the hub"),
        ("meta.created", "made by the hub"),
        ("groups", "made by the hub"),
        ("name", "Name a sub-attribute"),
        ("active", "texts and integers"),
        (f"{HR}:pay", "texts and integers"),
        (f"{HR}:start", "texts and integers"),
        (f"{HR}:key", "texts and integers"),
        (f"{ENTERPRISE}:manager.$ref", "texts and integers"),
        ("userName", "has an index already"),
        ("emails", "has an index already"),
        ('emails[type eq "work"].value', "has an index already"),
        ("externalId", "has an index already"),
        ('phoneNumbers[primary eq "true"].value', "only condition"),
        ('phoneNumbers[type eq "work" and primary eq true].value', "only condition"),
        (f'{HR}:cost[type eq "work"].centre', "only condition"),
    ],
)
def test_what_cannot_be_a_matching_attribute_is_told_in_words(path: str, words: str) -> None:
    with pytest.raises(NotDeclarable, match=words):
        named(path)


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("TITLE", "title"),
        ("employeeNumber", f"{ENTERPRISE}:employeeNumber"),
        (f"{HR.upper()}:BADGE", f"{HR}:badge"),
        ("phoneNumbers", "phoneNumbers.value"),
        ('PhoneNumbers[TYPE eq "Work"]', 'phoneNumbers[type eq "Work"].value'),
        ("manager", f"{ENTERPRISE}:manager.value"),
    ],
)
def test_a_path_is_told_in_its_own_form(path: str, canonical: str) -> None:
    assert named(path).path == canonical


@pytest.mark.parametrize(
    ("attributes", "lost"),
    [
        (ATTRIBUTES, []),
        ([{"name": "code", "type": "string", "caseExact": True}], [f"{HR}:badge"]),
        ([{"name": "code", "type": "string"}, {"name": "badge", "type": "integer"}], [f"{HR}:code"]),
        ([{"name": "code", "caseExact": True}, {"name": "badge", "type": "string"}], [f"{HR}:badge"]),
        (None, [f"{HR}:code", f"{HR}:badge"]),
    ],
)
def test_a_schema_that_would_outdate_a_matching_attribute_is_seen(
    attributes: list[dict[str, object]], lost: list[str]
) -> None:
    known = [named(path) for path in ("title", f"{HR}:code", f"{HR}:badge")]
    extensions = () if attributes is None else (declared(attributes),)
    assert [each.path for each in outdated(extensions, known)] == lost
