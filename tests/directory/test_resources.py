"""Resources: created, read, found, replaced and deleted, each write one transaction with its index and outbox rows."""

import pytest

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.keys import kind_of
from provisioning.directory.outbox import Announcement
from provisioning.directory.resources import ResourceChanged, ResourceMissing, Taken

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP

MIRA = {
    "userName": "Mira.Okafor@northwind.example",
    "externalId": "mokafor",
    "displayName": "Mira Okafor",
    "emails": [{"type": "work", "value": "mira@northwind.example"}, {"type": "home", "value": "m@home.example"}],
}


async def test_a_created_user_is_read_back_by_id(directory: Directory) -> None:
    made = await directory.create(USER, MIRA, "entra")
    read = await directory.get(USER, made.id)
    assert read == made
    assert read.document == MIRA
    assert kind_of(read.id) is USER


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("userName", "mira.okafor@NORTHWIND.example"),
        ("externalId", "mokafor"),
        ("displayName", "MIRA OKAFOR"),
        ("emails", "M@home.example"),
        ("emails:work", "mira@northwind.example"),
    ],
)
async def test_a_user_is_found_by_every_indexed_attribute(directory: Directory, attribute: str, value: str) -> None:
    made = await directory.create(USER, MIRA, "entra")
    await directory.create(USER, {"userName": "somebody.else"}, "entra")
    assert [found.id for found in await directory.find(USER, attribute, value, "entra")] == [made.id]


async def test_an_external_id_is_case_exact_and_belongs_to_its_source(directory: Directory) -> None:
    await directory.create(USER, MIRA, "entra")
    assert await directory.find(USER, "externalId", "MOKAFOR", "entra") == []
    assert await directory.find(USER, "externalId", "mokafor", "other") == []


async def test_an_address_of_another_type_is_not_found_by_type(directory: Directory) -> None:
    await directory.create(USER, MIRA, "entra")
    assert await directory.find(USER, "emails:work", "m@home.example", "entra") == []


async def test_a_second_user_of_the_same_name_is_refused_and_leaves_nothing(
    directory: Directory, announced: list[Announcement]
) -> None:
    await directory.create(USER, MIRA, "entra")
    with pytest.raises(Taken) as refused:
        await directory.create(USER, {"userName": MIRA["userName"], "displayName": "Other"}, "entra")
    assert refused.value.attribute == "userName"
    assert await directory.find(USER, "displayName", "Other", "entra") == []
    assert len(announced) == 1
    assert await directory.counts.of(USER) == 1


async def test_an_external_id_may_be_given_twice_and_finds_both(directory: Directory) -> None:
    made = [await directory.create(USER, {"userName": name, "externalId": "e1"}, "entra") for name in ("a", "b")]
    found = await directory.find(USER, "externalId", "e1", "entra")
    assert {each.id for each in found} == {each.id for each in made}


async def test_a_second_group_of_the_same_name_is_refused(directory: Directory) -> None:
    await directory.create(GROUP, {"displayName": "Risk"}, "entra")
    with pytest.raises(Taken):
        await directory.create(GROUP, {"displayName": "RISK"}, "entra")


async def test_a_replaced_user_is_found_by_the_new_values_only(directory: Directory) -> None:
    made = await directory.create(USER, MIRA, "entra")
    renamed = {**MIRA, "userName": "mira.lind@northwind.example", "emails": []}
    changed = await directory.replace(made, renamed)
    assert changed.generation != made.generation
    assert await directory.find(USER, "userName", MIRA["userName"], "entra") == []
    assert await directory.find(USER, "emails", "m@home.example", "entra") == []
    assert [found.id for found in await directory.find(USER, "userName", renamed["userName"], "entra")] == [made.id]
    assert (await directory.get(USER, made.id)).document == renamed


async def test_a_renamed_user_frees_the_name_for_another(directory: Directory) -> None:
    made = await directory.create(USER, {"userName": "a"}, "entra")
    await directory.replace(made, {"userName": "b"})
    await directory.create(USER, {"userName": "a"}, "entra")


async def test_who_once_had_a_name_is_remembered(directory: Directory) -> None:
    made = await directory.create(USER, {"userName": "A"}, "entra")
    renamed = await directory.replace(made, {"userName": "b"})
    await directory.delete(renamed)
    assert await directory.ids_of_name("a") == [made.id]
    assert await directory.ids_of_name("B") == [made.id]


async def test_a_stale_write_is_refused(directory: Directory) -> None:
    made = await directory.create(USER, MIRA, "entra")
    await directory.replace(made, {**MIRA, "title": "Analyst"})
    with pytest.raises(ResourceChanged):
        await directory.replace(made, {**MIRA, "title": "Lead"})
    with pytest.raises(ResourceChanged):
        await directory.delete(made)


async def test_a_deleted_user_is_gone_and_may_come_back(directory: Directory) -> None:
    made = await directory.create(USER, MIRA, "entra")
    await directory.delete(made)
    with pytest.raises(ResourceMissing):
        await directory.get(USER, made.id)
    assert await directory.find(USER, "userName", MIRA["userName"], "entra") == []
    again = await directory.create(USER, MIRA, "entra")
    assert again.id != made.id


async def test_every_write_announces_its_generation(directory: Directory, announced: list[Announcement]) -> None:
    made = await directory.create(USER, MIRA, "entra")
    changed = await directory.replace(made, {**MIRA, "title": "Lead"})
    await directory.delete(changed)
    assert [each.generation for each in announced[:2]] == [made.generation, changed.generation]
    assert [each.deleted for each in announced] == [False, False, True]
    assert [row.announcement for row in await directory.outbox.oldest(USER)] == announced


async def test_scanning_goes_through_all_in_order_and_resumes_behind_an_id(directory: Directory) -> None:
    made = sorted([(await directory.create(USER, {"userName": f"u{n}"}, "entra")).id for n in range(5)])
    assert [each.id async for each in directory.scan(USER)] == made
    assert [each.id async for each in directory.scan(USER, made[2])] == made[3:]
    assert await directory.counts.of(USER) == 5


@pytest.mark.parametrize(
    "name", ["a/b\\c#d?e", "tab\there", "O'Brien", "Zoë Ångström-Müller", "100%", "a:b", "x" * 700]
)
async def test_any_user_name_can_be_a_key(directory: Directory, name: str) -> None:
    made = await directory.create(USER, {"userName": name}, "entra")
    assert [found.id for found in await directory.find(USER, "userName", name, "entra")] == [made.id]
    with pytest.raises(Taken):
        await directory.create(USER, {"userName": name}, "entra")
