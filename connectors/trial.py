"""The trial of "Verify Credentials": a throw-away user and group go through the verbs, and are removed again.

It is the same for every connector: what a job would do is done, so that what is refused is told in the same words. The
objects have an unmistakable name (``lockstep-trial-1a2b3``). What cannot be removed is named.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import SecretStr

from connectors.contract import Account, Attributes, Check, Connector, Feature, Match, ObjectKind, Verification
from connectors.errors import ConnectorError

TRIAL_SECONDS = 12.0
CLEAN_UP_SECONDS = 6.0

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
_CREATE = {USER: Feature.CREATE_USERS, GROUP: Feature.CREATE_GROUPS}
_UPDATE = {USER: Feature.UPDATE_USERS, GROUP: Feature.UPDATE_GROUPS}
_DELETE = {USER: Feature.DELETE_USERS, GROUP: Feature.DELETE_GROUPS}
_BEGINNING = "lockstep-trial-"


@dataclass(frozen=True, slots=True)
class Specimen:
    """What a throw-away account of one kind is made of. ``match`` finds it as long as it was not renamed."""

    match: Match
    attributes: Attributes
    changes: Attributes
    new_name: Attributes


type Purge = Callable[[ObjectKind, str], Awaitable[None]]
"""Removes a deleted account from a recycle bin."""


@dataclass(slots=True)
class _Trial:
    connector: Connector
    purge: Purge | None = None
    checks: list[Check] = field(default_factory=list)
    made: dict[ObjectKind, Account] = field(default_factory=dict)
    unsure: list[Match] = field(default_factory=list)

    async def step(self, what: str, verb: Callable[[], Awaitable[Any]]) -> bool:
        """Do one thing, and note what came of it."""
        try:
            done = await verb()
        except ConnectorError as error:
            self.failed(what, error)
            return False
        if failure := next(iter(getattr(done, "failed", {}).values()), None):
            self.failed(what, failure)
            return False
        self.checks.append(Check(f"Trial: {what}", ok=True, detail="Done."))
        return True

    async def remove(self, kind: ObjectKind, remote_id: str) -> None:
        """Delete an account, from the recycle bin as well where that may be."""
        await self.connector.delete(kind, remote_id)
        if self.purge is not None:
            with suppress(ConnectorError):
                await self.purge(kind, remote_id)

    def failed(self, what: str, error: ConnectorError) -> None:
        """Note a failure in the words of the verb."""
        fix = error.fix or "Verify again. If it persists, look at the system's own log."
        self.checks.append(Check(f"Trial: {what}", ok=False, detail=str(error), fix=fix))


def trial_name() -> str:
    """Return a name that nobody else has: 20 characters, which is what a logon name of Active Directory may have."""
    return f"{_BEGINNING}{secrets.token_hex(3)[:5]}"


async def with_trial(
    connector: Connector,
    seen: Verification,
    features: frozenset[Feature],
    specimens: Callable[[], Awaitable[Mapping[ObjectKind, Specimen]]],
    purge: Purge | None = None,
) -> Verification:
    """Add to what was seen what a trial tells. Where something is wrong already, nothing is written.

    ``purge`` empties the system's recycle bin of what was deleted; where it may not, that is nobody's concern.
    """
    if not seen.ok:
        fix = "Correct what is wrong above, and verify again."
        left_out = Check("Trial", ok=False, detail="Nothing was tried out, because of what was found.", fix=fix)
        return Verification((*seen.checks, left_out))
    trial = _Trial(connector, purge=purge)
    try:
        async with asyncio.timeout(TRIAL_SECONDS):
            try:
                await _walk(trial, await specimens(), features)
            except ConnectorError as error:
                trial.failed("preparation", error)
    except TimeoutError:
        fix = "Verify again. If it persists, look at the system's load."
        late = f"It was broken off after {TRIAL_SECONDS:.0f} s."
        trial.checks.append(Check("Trial", ok=False, detail=late, fix=fix))
    finally:
        # Also when whoever asked has gone away: what was made must not stay.
        await asyncio.shield(asyncio.ensure_future(_clean_up(trial)))
    return Verification((*seen.checks, *trial.checks))


async def _walk(trial: _Trial, specimens: Mapping[ObjectKind, Specimen], features: frozenset[Feature]) -> None:
    for kind in (USER, GROUP):
        if {_CREATE[kind], _DELETE[kind]} <= features:
            await _make(trial, kind, specimens[kind], features)
        elif _CREATE[kind] in features:
            detail = f"No {kind.lower()} was tried out: one could not be removed again without the feature to delete."
            trial.checks.append(Check(f"Trial: create a {kind.lower()}", ok=True, detail=detail))
    user, group = trial.made.get(USER), trial.made.get(GROUP)
    connector = trial.connector
    if user and group and Feature.MANAGE_MEMBERSHIPS in features:
        members = [user.remote_id]
        if await trial.step("add a member", lambda: connector.change_members(group.remote_id, members, [])):
            await trial.step("remove a member", lambda: connector.change_members(group.remote_id, [], members))
    if user and Feature.SYNC_PASSWORDS in features and connector.capabilities.passwords:
        password = SecretStr(f"{secrets.token_urlsafe(24)}-aA1")
        await trial.step("set a password", lambda: connector.set_password(user.remote_id, password))
    if user and Feature.DEACTIVATE_USERS in features and connector.capabilities.deactivate:
        await trial.step("deactivate a user", lambda: connector.deactivate(user.remote_id))
    for kind, account in list(trial.made.items()):
        if await trial.step(f"delete a {kind.lower()}", partial(trial.remove, kind, account.remote_id)):
            del trial.made[kind]


async def _make(trial: _Trial, kind: ObjectKind, specimen: Specimen, features: frozenset[Feature]) -> None:
    """Create a user or a group, change it and rename it."""
    connector, what = trial.connector, kind.lower()

    async def create() -> None:
        trial.unsure.append(specimen.match)
        # After a refusal it may stand all the same: some systems take several steps to make an account.
        trial.made[kind] = await connector.create(kind, specimen.attributes, active=True)
        trial.unsure.remove(specimen.match)

    if not await trial.step(f"create a {what}", create) or _UPDATE[kind] not in features:
        return
    remote_id = trial.made[kind].remote_id
    await trial.step(f"change a {what}", lambda: connector.update(kind, remote_id, specimen.changes))
    await trial.step(f"rename a {what}", lambda: connector.update(kind, remote_id, specimen.new_name))


async def _clean_up(trial: _Trial) -> None:
    """Remove what is still there, and name what stays."""
    left = {account.name or account.remote_id: (kind, account.remote_id) for kind, account in trial.made.items()}
    try:
        async with asyncio.timeout(CLEAN_UP_SECONDS):
            while trial.unsure:
                match = trial.unsure[-1]
                left |= {found.name: (match.kind, found.remote_id) for found in await trial.connector.find(match)}
                trial.unsure.pop()
            for name, (kind, remote_id) in list(left.items()):
                await trial.remove(kind, remote_id)
                del left[name]
    except (ConnectorError, TimeoutError):
        pass  # what is left is told below
    told = [f"{name} was made for the trial and could not be removed." for name in left]
    told += [f"{match.value} may have been made for the trial; it could not be looked for." for match in trial.unsure]
    for detail in told:
        trial.checks.append(Check("Trial: clean up", ok=False, detail=detail, fix="Delete it by hand: nobody uses it."))
