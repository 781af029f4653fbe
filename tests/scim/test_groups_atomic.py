"""A PATCH or PUT of a group is one transaction where it fits: what is refused changes nothing, what collides is lost
by nobody."""

import asyncio
from typing import Any

from tests.scim.conftest import GROUP, Client


def add(*members: str) -> dict[str, Any]:
    return {"op": "Add", "path": "members", "value": [{"value": each} for each in members]}


def remove(*members: str) -> dict[str, Any]:
    return {"op": "Remove", "path": "members", "value": [{"value": each} for each in members]}


def rename(name: str) -> dict[str, Any]:
    return {"op": "Replace", "path": "displayName", "value": name}


async def test_a_refused_name_leaves_the_members_alone(client: Client) -> None:
    await client.group("Audit")
    group = await client.group("Risk", "u-1")
    path = f"/Groups/{group['id']}"
    client.announced.clear()
    answer = await client.patch(path, rename("audit"), add("u-2"), remove("u-1"))
    assert (answer.status, answer.body["scimType"]) == (409, "uniqueness")
    body = {"schemas": [GROUP], "displayName": "Audit", "members": [{"value": "u-2"}]}
    assert (await client.send("PUT", path, body)).status == 409
    assert (await client.get(path), client.announced) == (group, [])


async def test_a_refused_member_leaves_the_name_alone(client: Client) -> None:
    group = await client.group("Risk", "u-1")
    path = f"/Groups/{group['id']}"
    assert (await client.patch(path, rename("Audit"), add("x" * 300))).status == 400
    assert (await client.patch(path, rename("Audit"), add(group["id"]))).status == 400
    assert await client.get(path) == group


async def test_a_patch_of_both_is_announced_as_both(client: Client) -> None:
    """The jobs of the group's attributes and those of its members are told apart."""
    group = await client.group("Risk", "u-1")
    client.announced.clear()
    await client.patch(f"/Groups/{group['id']}", rename("Audit"), add("u-2"), remove("u-1"))
    assert [each.members for each in client.announced] == [(), ("u-2", "u-1")]


async def test_a_patch_larger_than_a_transaction_is_done_whole(client: Client) -> None:
    group = await client.group("Risk", *(f"u-old{number:02}" for number in range(60)))
    fresh = [f"u-new{number:02}" for number in range(60)]
    answer = await client.patch(
        f"/Groups/{group['id']}", rename("Audit"), add(*fresh), {"op": "remove", "path": 'members[value eq "u-old07"]'}
    )
    assert answer.status == 204
    read = await client.get(f"/Groups/{group['id']}")
    assert (read["displayName"], len(read["members"])) == ("Audit", 119)
    assert answer.headers["ETag"] == read["meta"]["version"]


async def test_twenty_clients_who_add_and_remove_at_once_lose_nothing(client: Client) -> None:
    """Each adds ten, one by one, and takes ten others out; one of them renames the group again and again."""
    old = [f"u-old{number:03}" for number in range(200)]
    group = await client.group("Risk", *old)
    path = f"/Groups/{group['id']}"

    async def one(number: int) -> list[int]:
        answers = []
        for each in range(number * 10, number * 10 + 10):
            answers.append((await client.patch(path, add(f"u-new{each:03}"), remove(old[each]))).status)
            if number == 0:
                answers.append((await client.patch(path, rename(f"Risk {each}"), add(f"u-with{each}"))).status)
        return answers

    statuses = await asyncio.gather(*(one(number) for number in range(20)))
    assert {status for each in statuses for status in each} <= {204, 503}
    lost = statuses[0].count(503)
    read = await client.get(path)
    found = {each["value"] for each in read["members"]}
    assert {f"u-new{number:03}" for number in range(200)} <= found
    assert not found & set(old)
    assert len(found) == 210 - lost


async def test_two_who_replace_everybody_at_once_leave_what_one_of_them_sent(client: Client) -> None:
    group = await client.group("Risk", "u-0")
    sent = [{f"u-{number}a", f"u-{number}b"} for number in range(4)]
    answers = await asyncio.gather(
        *(
            client.patch(
                f"/Groups/{group['id']}",
                {"op": "replace", "path": "members", "value": [{"value": each} for each in everybody]},
            )
            for everybody in sent
        )
    )
    assert {answer.status for answer in answers} == {204}
    assert set(await client.members(group["id"])) in sent


async def test_a_put_on_an_outdated_version_changes_nothing(client: Client) -> None:
    group = await client.group("Risk", "u-1")
    path, version = f"/Groups/{group['id']}", group["meta"]["version"]
    await client.patch(path, add("u-2"))
    body = {"schemas": [GROUP], "displayName": "Audit", "members": []}
    assert (await client.send("PUT", path, body, headers={"if-match": version})).status == 412
    read = await client.get(path)
    assert (read["displayName"], [each["value"] for each in read["members"]]) == ("Risk", ["u-1", "u-2"])
