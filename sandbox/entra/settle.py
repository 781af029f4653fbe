"""Waits until the hub has brought the targets in line with what Entra wanted, or says what is still missing."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.entra.compare import Picture, differences
from sandbox.entra.targets import Unreadable

LOOK_SECONDS = 0.5

type Look = Callable[[], Awaitable[Picture]]
"""Reads one target."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How the wait ended: ``differences`` by target, where there are any, and what the hub still has to do.

    ``agreed_after`` are the seconds until every target showed what was wanted, and ``seconds`` the whole wait.
    """

    seconds: float
    agreed_after: float
    pictures: Mapping[str, Picture]
    differences: Mapping[str, tuple[str, ...]]
    behind: str

    @property
    def agreed(self) -> bool:
        """Whether every target shows what was wanted and the hub has nothing left to do."""
        return not self.differences and not self.behind


async def settle(
    want: Picture, looks: Mapping[str, Look], patience: float, health: Callable[[], Awaitable[Mapping[str, Any]]] | None
) -> Settled:
    """Look at the targets until they agree and the hub rests, or until ``patience`` seconds are over.

    Without ``health`` it is enough that the given targets agree: others may be behind.
    """
    start = time.monotonic()
    agreed_after = 0.0
    while True:
        behind = unfinished(await health()) if health else ""
        pictures, found = await _looked(want, looks)
        wrong = {name: words for name, words in found.items() if words}
        seconds = time.monotonic() - start
        agreed_after = 0.0 if wrong else agreed_after or seconds
        settled = Settled(seconds, agreed_after, pictures, wrong, behind)
        if settled.agreed or seconds > patience:
            return settled
        await asyncio.sleep(LOOK_SECONDS)


async def _looked(want: Picture, looks: Mapping[str, Look]) -> tuple[dict[str, Picture], dict[str, tuple[str, ...]]]:
    pictures: dict[str, Picture] = {}
    found: dict[str, tuple[str, ...]] = {}
    for name, look in looks.items():
        try:
            pictures[name] = await look()
        except Unreadable as problem:
            pictures[name], found[name] = Picture({}, {}), (str(problem),)
        else:
            found[name] = tuple(differences(want, pictures[name]))
    return pictures, found


def unfinished(health: Mapping[str, Any]) -> str:
    """Say in words what the hub has not finished, from ``GET /api/health``; empty when it rests.

    The outbox is left out: the sweeper clears it later, in its own time, and it holds nothing that the targets show.
    """
    words = {
        "jobs_waiting": "jobs in the queue",
        "links_behind": "links behind",
        "poison": "jobs that failed for good",
    }
    counted = [f"{health[name]} {text}" for name, text in words.items() if health[name]]
    stopped = [f"{name} is {state}" for state in ("unavailable", "quarantined") for name in health[state]]
    return ", ".join([*counted, *stopped])
