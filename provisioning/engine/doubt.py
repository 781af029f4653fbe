"""Doubt: memberships that were applied and may not stand any more are put down as not applied, and due."""

import asyncio
import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime

from provisioning.engine.link_store import LinkStore, clock
from provisioning.engine.links import LinkStatus, MemberLink, due_key
from provisioning.storage.entities import Changed, Exists, Missing, Operation, insert, replace

_TRIES = 10


async def doubt(links: LinkStore, connection: str, group_id: str, members: Sequence[str]) -> None:
    """Put memberships of a group down as not applied; as many as one job carries, in two round trips.

    A job that is at one of them finds its lease lost, and looks again. Whoever is in, is in: adding twice is harmless.
    """
    for _ in range(_TRIES):
        rows = await asyncio.gather(*(links.member(connection, group_id, member) for member in members))
        operations = [operation for row in rows if row is not None and row.applied for operation in _doubted(row)]
        try:
            await links.write(operations)
        except (Changed, Exists, Missing):
            continue
        return


def _doubted(row: MemberLink) -> list[Operation]:
    due = due_key(datetime.now(UTC), row.key)
    doubted = dataclasses.replace(row, applied=False, status=LinkStatus.NEW, due=due)
    entity = doubted.entity()
    return [replace(entity, row.etag), insert(clock(doubted))]
