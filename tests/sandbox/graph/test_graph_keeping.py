"""The simulator's file: a tenant that is started again is the one that was stopped."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

from sandbox.graph import keeping
from sandbox.graph.entities import GROUP, USER
from sandbox.graph.simulator import Exchange, Simulator
from sandbox.graph.state import Tenant
from sandbox.graph.tokens import Application


def tenant_with_a_past() -> Tenant:
    """Two users, one of them manager and deleted since, and a group with both."""
    tenant = Tenant(str(uuid4()))
    mira, jonah = (
        tenant.add(USER, {"userPrincipalName": f"{name}@contoso.example", "displayName": name})
        for name in ("mira", "jonah")
    )
    group = tenant.add(GROUP, {"displayName": "Risk", "mailEnabled": False, "mailNickname": "risk"})
    for member in (jonah, mira):
        tenant.link(tenant.members, group.id, member.id)
    tenant.link(tenant.owners, group.id, mira.id)
    tenant.managers[mira.id] = jonah.id
    tenant.soft_delete(jonah)
    return tenant


def simulator(tenant: Tenant) -> Simulator:
    """A simulator that nobody needs to speak to."""
    return Simulator(tenant, Application(str(uuid4()), "secret"))


def test_a_loaded_tenant_shows_the_same_state_as_the_one_that_was_dumped() -> None:
    before = tenant_with_a_past()
    after = Tenant(before.id)
    keeping.load(after, json.loads(json.dumps(keeping.dump(before))))
    assert simulator(after).state() == simulator(before).state()
    assert after.member_of == before.member_of


def test_the_names_of_the_living_are_taken_and_those_of_the_deleted_are_free() -> None:
    after = Tenant("t")
    keeping.load(after, json.loads(json.dumps(keeping.dump(tenant_with_a_past()))))
    assert [user.values["displayName"] for user in after.holding("userPrincipalName", "mira@contoso.example")] == [
        "mira"
    ]
    assert after.holding("userPrincipalName", "jonah@contoso.example") == []


def test_what_comes_later_is_ordered_behind_what_was_kept() -> None:
    before = tenant_with_a_past()
    after = Tenant("t")
    keeping.load(after, keeping.dump(before))
    newest = max(order for links in before.members.values() for order in links.values())
    assert after.turn() > newest


async def test_the_file_follows_a_change_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    first = simulator(Tenant("t"))
    async with keeping.kept(first, file):
        first.tenant.add(USER, {"userPrincipalName": "mira@contoso.example"})
        for observe in first.observers:
            observe(Exchange("POST", "/v1.0/users", {}, b"", 201, {}, b""))
        await asyncio.sleep(0.1)
        assert "mira@contoso.example" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    second = simulator(Tenant("t"))
    async with keeping.kept(second, file):
        assert [user["userPrincipalName"] for user in second.state()["users"]] == ["mira@contoso.example"]
