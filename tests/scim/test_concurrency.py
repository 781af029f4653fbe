"""Many clients at once: what If-Match protects is not lost, one name is one user, a repeated create does no harm."""

import asyncio

from tests.scim.conftest import USER, Client


async def test_of_parallel_patches_on_one_version_exactly_one_is_done(client: Client) -> None:
    user = await client.user()
    path, version = f"/Users/{user['id']}", user["meta"]["version"]
    answers = await asyncio.gather(
        *(
            client.patch(path, {"op": "replace", "path": "title", "value": f"t{number}"}, headers={"if-match": version})
            for number in range(12)
        )
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * 11
    (done,) = (answer for answer in answers if answer.status == 200)
    assert (await client.get(path))["title"] == done.body["title"]


async def test_of_parallel_puts_on_one_version_exactly_one_is_done(client: Client) -> None:
    user = await client.user()
    path, version = f"/Users/{user['id']}", user["meta"]["version"]
    bodies = [{"schemas": [USER], "userName": "mira", "title": f"t{number}"} for number in range(12)]
    answers = await asyncio.gather(*(client.send("PUT", path, body, headers={"if-match": version}) for body in bodies))
    assert sorted(answer.status for answer in answers) == [200] + [412] * 11
    (done,) = (answer for answer in answers if answer.status == 200)
    assert (await client.get(path))["title"] == done.body["title"]


async def test_clients_that_read_change_and_write_on_condition_lose_nothing(client: Client) -> None:
    """The classic lost update: every one adds its own e-mail by PUT, and begins anew where another was faster."""
    user = await client.user()
    path = f"/Users/{user['id']}"

    async def add(number: int) -> None:
        for _ in range(40):
            read = await client.get(path)
            emails = [*read.get("emails", []), {"type": f"t{number}", "value": f"{number}@x.example"}]
            body = {"schemas": [USER], "userName": "mira", "emails": emails}
            answer = await client.send("PUT", path, body, headers={"if-match": read["meta"]["version"]})
            if answer.status == 200:
                return
            assert answer.status == 412
        raise AssertionError("never first")

    await asyncio.gather(*(add(number) for number in range(8)))
    values = {each["value"] for each in (await client.get(path))["emails"]}
    assert values == {f"{number}@x.example" for number in range(8)}


async def test_puts_without_a_condition_are_all_done_and_the_last_one_stands(client: Client) -> None:
    user = await client.user()
    path = f"/Users/{user['id']}"
    bodies = [{"schemas": [USER], "userName": "mira", "title": f"t{number}"} for number in range(6)]
    answers = await asyncio.gather(*(client.send("PUT", path, body) for body in bodies))
    assert {answer.status for answer in answers} == {200}
    assert (await client.get(path))["title"] in {body["title"] for body in bodies}


async def test_of_many_creates_of_one_name_one_is_done_and_the_rest_are_conflicts(client: Client) -> None:
    spellings = ["mira", "Mira", "MIRA", "mIRA"] * 5
    answers = await asyncio.gather(
        *(client.send("POST", "/Users", {"schemas": [USER], "userName": name}) for name in spellings)
    )
    assert sorted(answer.status for answer in answers) == [201] + [409] * 19
    assert {answer.body.get("scimType") for answer in answers if answer.status == 409} == {"uniqueness"}
    (made,) = (answer.body for answer in answers if answer.status == 201)
    assert [each["id"] for each in (await client.get("/Users"))["Resources"]] == [made["id"]]


async def test_renames_of_two_users_to_one_name_give_it_to_one(client: Client) -> None:
    users = [await client.user(f"u{number}") for number in range(6)]
    rename = {"op": "replace", "path": "userName", "value": "mira"}
    answers = await asyncio.gather(*(client.patch(f"/Users/{user['id']}", rename) for user in users))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 5
    assert (await client.get("/Users", filter='userName eq "mira"'))["totalResults"] == 1


async def test_a_create_repeated_after_a_lost_answer_is_a_conflict_and_is_found(client: Client) -> None:
    """Entra matches before its next attempt, so the 409 must lead to the user that stands."""
    body = {"schemas": [USER], "userName": "mira", "externalId": "7", "active": False}
    lost = await client.send("POST", "/Users", body)
    again = await client.send("POST", "/Users", body)
    assert (again.status, again.body["scimType"]) == (409, "uniqueness")
    for question in ('userName eq "mira"', 'externalId eq "7"'):
        found = await client.get("/Users", filter=question)
        assert [each["id"] for each in found["Resources"]] == [lost.body["id"]]


async def test_a_delete_and_a_patch_at_once_leave_the_user_gone_or_changed_but_whole(client: Client) -> None:
    for _ in range(5):
        user = await client.user()
        path = f"/Users/{user['id']}"
        patch, delete = await asyncio.gather(
            client.patch(path, {"op": "replace", "path": "title", "value": "Lead"}), client.send("DELETE", path)
        )
        assert (patch.status in {200, 404}, delete.status) == (True, 204)
        assert (await client.send("GET", path)).status == 404
