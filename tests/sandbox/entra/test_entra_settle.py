"""The wait for the targets ends when they agree and the hub rests, and else says what is missing."""

from collections.abc import Mapping
from typing import Any

from sandbox.entra.compare import Picture, Standing
from sandbox.entra.settle import settle, unfinished
from sandbox.entra.targets import Unreadable

RESTING: Mapping[str, Any] = {
    "jobs_waiting": 0,
    "outbox": 3,
    "links_behind": 0,
    "poison": 0,
    "unavailable": [],
    "quarantined": [],
}
EMPTY, WANTED = Picture({}, {}), Picture({"mira": Standing("mira")}, {})


async def resting() -> Mapping[str, Any]:
    """A hub that has nothing to do."""
    return RESTING


async def test_it_ends_once_a_target_that_was_behind_agrees() -> None:
    pictures = iter([EMPTY, EMPTY, WANTED])

    async def look() -> Picture:
        return next(pictures)

    settled = await settle(WANTED, {"LDAP": look}, 30, resting)
    assert settled.agreed
    assert settled.pictures == {"LDAP": WANTED}
    assert 0 < settled.agreed_after <= settled.seconds


async def test_patience_ends_with_the_differences_in_words() -> None:
    async def look() -> Picture:
        return EMPTY

    settled = await settle(WANTED, {"LDAP": look}, 0, resting)
    assert not settled.agreed
    assert settled.differences == {"LDAP": ("mira is missing",)}


async def test_targets_that_agree_are_not_enough_while_the_hub_is_at_work() -> None:
    async def look() -> Picture:
        return WANTED

    async def working() -> Mapping[str, Any]:
        return {**RESTING, "jobs_waiting": 2}

    settled = await settle(WANTED, {"LDAP": look}, 0, working)
    assert (settled.agreed, settled.behind) == (False, "2 jobs in the queue")
    assert (await settle(WANTED, {"LDAP": look}, 0, None)).agreed


async def test_a_target_that_cannot_be_read_is_a_difference() -> None:
    async def look() -> Picture:
        raise Unreadable("the directory cannot be read: no route")

    settled = await settle(WANTED, {"LDAP": look}, 0, resting)
    assert settled.differences == {"LDAP": ("the directory cannot be read: no route",)}


def test_what_a_hub_has_left_to_do_is_said_in_words() -> None:
    health = {**RESTING, "links_behind": 2, "poison": 1, "unavailable": ["ldap"], "quarantined": ["graph"]}
    assert unfinished(health) == (
        "2 links behind, 1 jobs that failed for good, ldap is unavailable, graph is quarantined"
    )
    assert unfinished(RESTING) == ""
