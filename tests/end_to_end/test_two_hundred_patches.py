"""Two hundred parallel PATCHes that add and remove different members of one group: none is lost, anywhere."""

import asyncio
from typing import Any

from tests.draining import drain
from tests.end_to_end.conftest import DOMAIN, Both

PEOPLE = 200


def operation(member: str, number: int, *, adding: bool) -> dict[str, Any]:
    """A membership change in one dialect or the other."""
    if adding:
        return {"op": "Add" if number % 2 else "add", "path": "members", "value": [{"$ref": None, "value": member}]}
    if number % 2:
        return {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": member}]}
    return {"op": "remove", "path": f'members[value eq "{member}"]'}


async def test_two_hundred_parallel_patches_arrive_in_the_hub_in_ldap_and_in_graph(both: Both) -> None:
    names = [f"person{number:03}@{DOMAIN}" for number in range(PEOPLE)]
    made = await asyncio.gather(*(both.client.user(name, displayName=name, active=True) for name in names))
    ids = [each["id"] for each in made]
    half = PEOPLE // 2
    group = (await both.client.group("Risk", *ids[:half]))["id"]
    await drain(both.hub)
    assert await both.ldap_members(group) == set(names[:half])

    path = f"/Groups/{group}"
    answers = await asyncio.gather(
        *(both.client.patch(path, operation(ids[n], n, adding=False)) for n in range(half)),
        *(both.client.patch(path, operation(ids[n], n, adding=True)) for n in range(half, PEOPLE)),
    )
    assert {answer.status for answer in answers} == {204}
    await drain(both.hub)

    assert set(await both.client.members(group)) == set(ids[half:])
    assert await both.ldap_members(group) == set(names[half:])
    assert await both.graph_members(group) == set(names[half:])
