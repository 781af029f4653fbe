"""Keeps a tenant in a file, so that a local system that is started again finds the accounts that its hub has linked.

The file follows every change within a second, and is written whole: a killed simulator loses the last second at most.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.graph.entities import GROUP, USER
from sandbox.graph.simulator import Exchange, Simulator
from sandbox.graph.state import DirectoryObject, Tenant

SECONDS = 1.0

_ENTITIES = {entity.name: entity for entity in (USER, GROUP)}


@contextlib.asynccontextmanager
async def kept(simulator: Simulator, file: Path) -> AsyncIterator[None]:
    """Fill the tenant from the file, if there is one, and keep the file up to date as long as the context lasts."""
    _read(simulator.tenant, file)
    changed = asyncio.Event()

    def note(exchange: Exchange) -> None:
        if exchange.method != "GET":
            changed.set()

    async def follow() -> None:
        while True:
            await changed.wait()
            changed.clear()
            _write(simulator.tenant, file)
            await asyncio.sleep(SECONDS)

    simulator.observers.append(note)
    following = asyncio.create_task(follow())
    try:
        yield
    finally:
        following.cancel()
        simulator.observers.remove(note)
        _write(simulator.tenant, file)


def dump(tenant: Tenant) -> dict[str, Any]:
    """Return all that stands in a tenant, as JSON can hold it."""
    objects = [
        {
            "entity": thing.entity.name,
            "id": thing.id,
            "order": thing.order,
            "values": thing.values,
            "created": thing.created.isoformat(),
            "deleted": thing.deleted.isoformat() if thing.deleted else None,
        }
        for thing in tenant.objects.values()
    ]
    return {
        "objects": objects,
        "members": tenant.members,
        "owners": tenant.owners,
        "managers": tenant.managers,
        "turns": tenant.turn(),
    }


def load(tenant: Tenant, state: dict[str, Any]) -> None:
    """Put what ``dump`` returned into an empty tenant."""
    for kept_object in state["objects"]:
        deleted = kept_object["deleted"]
        tenant.take(
            DirectoryObject(
                entity=_ENTITIES[kept_object["entity"]],
                id=kept_object["id"],
                order=kept_object["order"],
                values=kept_object["values"],
                created=datetime.fromisoformat(kept_object["created"]),
                deleted=datetime.fromisoformat(deleted) if deleted else None,
            )
        )
    tenant.deleted = dict.fromkeys(sorted(tenant.deleted, key=lambda key: str(tenant.objects[key].deleted)))
    for group, members in state["members"].items():
        tenant.members[group] = members
        for member, order in members.items():
            tenant.member_of.setdefault(member, {})[group] = order
    for group, owners in state["owners"].items():
        tenant.owners[group] = owners
        for owner, order in owners.items():
            tenant.owner_of.setdefault(owner, {})[group] = order
    for user, manager in state["managers"].items():
        tenant.managers[user] = manager
        tenant.reports.setdefault(manager, {})[user] = tenant.turn()
    while tenant.turn() < state["turns"]:
        pass  # what is related from now on comes after what was kept


def _read(tenant: Tenant, file: Path) -> None:
    if file.exists():
        load(tenant, json.loads(file.read_text(encoding="utf-8")))


def _write(tenant: Tenant, file: Path) -> None:
    new = file.with_name(f"{file.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        json.dump(dump(tenant), stream, ensure_ascii=False)
    new.replace(file)
