"""The trial of "Verify Credentials" removes what it made, whatever happens in between."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from connectors.contract import PROVISIONING, Account, Attributes, Check, Feature, Match, ObjectKind, Verification
from connectors.errors import Unavailable
from connectors.memory.connector import MemoryConnector, MemorySettings
from connectors.memory.directory import NAMES
from connectors.trial import Specimen, trial_name, with_trial

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
RIGHT = Verification((Check("Directory", ok=True),))


def opened[C: MemoryConnector](kind: type[C]) -> C:
    return kind.open(MemorySettings(directory=uuid4().hex))


async def specimens() -> dict[ObjectKind, Specimen]:
    made = {}
    for kind in (USER, GROUP):
        name, attribute = trial_name(), NAMES[kind]
        made[kind] = Specimen(
            Match(kind, attribute, name),
            {attribute: name, "displayName": name},
            {"title": "Trial"} if kind is USER else {"description": "Trial"},
            {attribute: trial_name()},
        )
    return made


async def failures(connector: MemoryConnector, features: frozenset[Feature] = PROVISIONING) -> list[Check]:
    verification = await with_trial(connector, RIGHT, features, specimens)
    return [check for check in verification.checks if not check.ok]


class LosesAnswers(MemoryConnector):
    """Creates, and the answer gets lost."""

    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        await super().create(kind, attributes, active=active)
        raise Unavailable("The answer was lost.", code="memory.lost", may_have_happened=True)


class Hangs(MemoryConnector):
    """Does not answer to updates."""

    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        await asyncio.sleep(60)
        return await super().update(kind, remote_id, changes)


class KeepsAll(MemoryConnector):
    """Deletes nothing."""

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        raise Unavailable("Not now.", code="memory.busy")


class FindsNothing(LosesAnswers):
    """And cannot be asked either."""

    async def find(self, match: Match) -> Any:
        raise Unavailable("Not now.", code="memory.busy")


async def test_a_trial_that_passes_leaves_nothing() -> None:
    connector = opened(MemoryConnector)
    assert await failures(connector) == []
    assert connector.directory.accounts == {}


async def test_what_was_made_without_an_answer_is_looked_for_and_removed() -> None:
    connector = opened(LosesAnswers)
    assert [check.name for check in await failures(connector)] == ["Trial: create a user", "Trial: create a group"]
    assert connector.directory.accounts == {}


async def test_what_cannot_be_looked_for_is_named() -> None:
    found = await failures(opened(FindsNothing))
    assert [check.name for check in found][2:] == ["Trial: clean up"] * 2
    assert all("may have been made for the trial; it could not be looked for" in check.detail for check in found[2:])


async def test_what_cannot_be_removed_is_named() -> None:
    connector = opened(KeepsAll)
    found = [check for check in await failures(connector) if check.name == "Trial: clean up"]
    assert len(found) == len(connector.directory.accounts) == 2
    assert all(check.detail.endswith("was made for the trial and could not be removed.") for check in found)


async def test_who_goes_away_in_the_middle_leaves_nothing() -> None:
    connector = opened(Hangs)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await with_trial(connector, RIGHT, PROVISIONING, specimens)
    assert connector.directory.accounts == {}


async def test_nothing_is_tried_where_something_is_wrong_already() -> None:
    connector = opened(MemoryConnector)
    wrong = Verification((Check("Directory", ok=False, detail="It is down.", fix="Start it."),))
    told = await with_trial(connector, wrong, PROVISIONING, specimens)
    assert [check.name for check in told.checks] == ["Directory", "Trial"]


async def test_nothing_is_made_that_may_not_be_deleted_again() -> None:
    connector = opened(MemoryConnector)
    told = await with_trial(connector, RIGHT, frozenset({Feature.CREATE_USERS}), specimens)
    assert told.ok
    assert "could not be removed again" in told.checks[-1].detail
