"""Carries out a plan through a connector, repairs what can be repaired on the spot, and tells how each step went."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from connectors.contract import Account, Connector, Match, ObjectKind, Reference
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from provisioning.connections.connection import Connection
from provisioning.connections.mapping import Pending
from provisioning.connections.matching import matching_attributes, questions
from provisioning.engine.finding import claim, the_one
from provisioning.engine.link_store import LinkStore
from provisioning.engine.links import Link, LinkStatus, Problem, Wanted
from provisioning.engine.planner import (
    SKIPS,
    Activate,
    Bring,
    Deactivate,
    Delete,
    Desired,
    Recover,
    Skip,
    Step,
    Update,
    adopted,
    plan,
)
from provisioning.engine.references import resolve
from provisioning.engine.wording import ACTIONS, blocked, changes, text, unsure
from provisioning.reports.entries import Action, Entry, Status


@dataclass(slots=True)
class Application:
    """One plan being carried out. ``link`` follows the account step by step; ``entries`` and ``missing`` collect.

    ``unsure`` is what an earlier job noted when it began to create the account, and may have done so: the account is
    looked for by that too, even where the connection takes over no accounts. ``missing`` are the references whose
    accounts do not exist in this system yet; ``answered`` tells that the system gave any answer at all, and
    ``left_groups`` that the account may have lost memberships which were applied.
    """

    connection: Connection
    connector: Connector
    links: LinkStore
    desired: Desired
    link: Link
    correlation: str
    unsure: tuple[tuple[str, str], ...]
    entries: list[Entry] = field(default_factory=list)
    missing: list[Pending] = field(default_factory=list)
    error: ConnectorError | None = None
    answered: bool = False
    left_groups: bool = False
    _started: float = 0.0
    _at: Step | None = None

    async def run(self, steps: Sequence[Step]) -> None:
        """Do the steps in order; the first that fails ends the plan and is kept in ``error``."""
        for step in steps:
            try:
                await self._do(step)
            except ConnectorError as error:
                self.fail(self._at or step, error)
                return

    def fail(self, step: Step, error: ConnectorError) -> None:
        """Keep why a step failed and report it; what is only put off is reported as waiting."""
        self.error, self.answered = error, self.answered or not isinstance(error, Unavailable)
        if isinstance(step, Deactivate) and error.may_have_happened:
            self.link = dataclasses.replace(self.link, active=False)  # it is done again, or taken back by activating
        self._report(
            ACTIONS[type(step)],
            Status.WAITING if isinstance(error, Unavailable | Misconfigured) else Status.FAILURE,
            problem=Problem(error.code, str(error), error.fix),
        )

    async def _do(self, step: Step) -> None:
        self._at, self._started = step, time.monotonic()
        match step:
            case Bring():
                await self._bring(step)
            case Recover():
                await self._recover()
            case Update() if self.link.remote_id:  # a deactivation may have found the account gone
                await self._update(step)
            case Deactivate() | Activate():
                await self._switch(active=isinstance(step, Activate))
            case Delete():
                await self._delete()
            case Skip():
                self._skip(step.reason)

    async def _bring(self, step: Bring) -> None:
        """Who stands goes before who is deleted, and who is deleted before somebody new."""
        found = await self._match()
        if found is not None:
            await self._adopt(found)
        elif not step.create:
            self._skip(step.instead)
        elif not await self._restored(self.link.former):
            await self._create()

    async def _create(self) -> None:
        values, missing = await resolve(self.links, self.connection.id, self.desired.values)
        given = {name: value for name, value in values.items() if value not in (None, "", ())}
        try:
            account = await self.connector.create(self.desired.kind, given, active=True)
        except ConnectorError as error:
            if error.created is not None:
                # It stands, whatever it lacks: from now on it is known by its id, and the next try writes everything.
                self._made(error.created, {})
                self._at = Update({})
            elif isinstance(error, AlreadyExists):
                await self._instead(error)
                return
            raise
        self._made(account, self.desired.values, missing)

    async def _instead(self, exists: AlreadyExists) -> None:
        """Somebody else was first, or an earlier try of ours: the match tells. Or a deleted account has the name."""
        if (found := await self._match()) is not None:
            await self._adopt(found)
        elif not await self._restored_by_match():
            raise blocked(exists) from exists

    def _made(self, account: Account, values: Mapping[str, Wanted], missing: Sequence[Pending] = ()) -> None:
        self.answered = True
        active = None if self.desired.kind is ObjectKind.GROUP else account.active is not False
        self.link = dataclasses.replace(self.link, values={}, former="", active=active)
        self._written(account, values, missing)
        self._report(Action.CREATE, Status.SUCCESS, changes=changes({}, values))

    async def _recover(self) -> None:
        """Find and remove what was begun for a resource that is deleted since; often there is nothing to find."""
        found = await self._match()
        if found is not None:
            if not matching_attributes(self.connection, self.desired.kind, self.connector.defaults[self.desired.kind]):
                raise unsure(found.name)
            await self._adopt(found)

    async def _match(self, *, deleted: bool = False) -> Account | None:
        """Return the one account that a matching attribute finds, among those that stand or those that are deleted."""
        defaults = self.connector.defaults[self.desired.kind]
        attributes = matching_attributes(self.connection, self.desired.kind, defaults)
        noted = [Match(self.desired.kind, name, value) for name, value in self.unsure]
        asked = [*noted, *questions(self.desired.kind, attributes, self.desired.values)]
        found = await the_one(self.connector.find_deleted if deleted else self.connector.find, asked)
        self.answered = self.answered or bool(asked)
        return found

    async def _restored_by_match(self) -> bool:
        # A group would come back with its members of then, whom nobody wants in any more.
        if self.desired.kind is ObjectKind.GROUP or not self.connector.capabilities.restore:
            return False
        deleted = await self._match(deleted=True)
        return deleted is not None and await self._restored(deleted.remote_id, deleted.name)

    async def _restored(self, remote_id: str, name: str = "") -> bool:
        """Bring a deleted account back where the system can, and bring it in step; false where there is none."""
        if not remote_id or not self.connector.capabilities.restore:
            return False
        try:
            await claim(self.links, self.link, remote_id, name)
            account = await self.connector.restore(self.desired.kind, remote_id)
        except (NotFound, AlreadyExists, Rejected, Misconfigured) as error:
            # Gone for good, somebody else's by now, or not to be had: a new account serves the person, too.
            self._report(Action.RESTORE, Status.SKIPPED, problem=Problem(error.code, str(error), error.fix))
            return False
        self.answered = self.left_groups = True
        await self._adopt(account, Action.RESTORE)
        return True

    async def _adopt(self, account: Account, action: Action = Action.LINK) -> None:
        """Link an account that existed before and bring it in step."""
        await claim(self.links, self.link, account.remote_id, account.name)
        found = {
            name: value if not isinstance(value, Reference) else None for name, value in account.attributes.items()
        }
        written = self.link.values if account.remote_id == self.link.former else {}
        # Restored by somebody else, or by a job that came to no end: it may have lost its memberships all the same.
        self.left_groups = self.left_groups or account.remote_id == self.link.former
        self.link = dataclasses.replace(
            self.link,
            remote_id=account.remote_id,
            remote_name=account.name,
            former="",
            active=account.active,
            values=adopted(self.desired, found, written),
        )
        self._report(action, Status.SUCCESS)
        rest = plan(self.desired, self.link, self.connection.features, self.connection.deletion)
        for step in rest:
            await self._do(step)

    async def _update(self, step: Update) -> None:
        values, missing = await resolve(self.links, self.connection.id, step.changes)
        if not values:
            self.missing += missing
            return
        before = self.link
        try:
            account = await self.connector.update(self.desired.kind, self.link.remote_id, values)
        except NotFound as gone:
            await self._again(gone)
            return
        self.answered = True
        self._written(account, step.changes, missing)
        shown = {name: value for name, value in step.changes.items() if name in values}
        self._report(Action.UPDATE, Status.SUCCESS, changes=changes(before.values, shown))

    async def _switch(self, *, active: bool) -> None:
        action = Action.ACTIVATE if active else Action.DEACTIVATE
        try:
            switch = self.connector.activate if active else self.connector.deactivate
            await switch(self.link.remote_id)
        except NotFound as gone:
            if active:
                await self._again(gone)
                return
            self.link = self.link.without_account(remembered=True)
            self._report(action, Status.SUCCESS, problem=Problem("account.gone", "The account was gone already."))
            return
        self.answered = True
        self.left_groups = self.left_groups or (active and not self.connector.keeps_memberships)
        before = self.link.active
        lost = frozenset() if active else self.desired.while_active
        kept = {name: value for name, value in self.link.values.items() if name not in lost}
        self.link = dataclasses.replace(self.link, active=active, values=kept)
        self._report(action, Status.SUCCESS, changes={"active": (text(before), text(active))})

    async def _delete(self) -> None:
        await self.connector.delete(self.desired.kind, self.link.remote_id)
        self.answered = True
        self._report(Action.DELETE, Status.SUCCESS)
        self.link = self.link.without_account(remembered=False)

    async def _again(self, gone: NotFound) -> None:
        """Restore an account that somebody has deleted in the system behind our back, or create it again."""
        self.answered = True
        told = [(entry.action, entry.status) for entry in self.entries]
        if (Action.RESTORE, Status.SUCCESS) in told or (Action.UPDATE, Status.WAITING) in told:
            raise gone  # a moment ago it was restored, or found though it is gone: not every copy of the system knows
        self._report(
            Action.UPDATE,
            Status.WAITING,
            problem=Problem("account.gone", "The account was deleted there; it is restored or made again."),
        )
        self.link = self.link.without_account(remembered=True)
        step = plan(self.desired, self.link, self.connection.features, self.connection.deletion)[0]
        if not isinstance(step, Bring):
            raise gone
        await self._bring(step)

    def _skip(self, reason: str) -> None:
        self.link = dataclasses.replace(self.link, status=LinkStatus.SKIPPED)
        self._report(Action.SKIP, Status.SKIPPED, problem=Problem(reason, SKIPS[reason]))

    def _written(self, account: Account, values: Mapping[str, Wanted], missing: Sequence[Pending]) -> None:
        self.missing += missing
        written = {name: value for name, value in values.items() if value not in missing}
        self.link = dataclasses.replace(
            self.link,
            remote_id=account.remote_id,
            remote_name=account.name or self.link.remote_name,
            values={**self.link.values, **written},
        )

    def _report(
        self,
        action: Action,
        status: Status,
        *,
        changes: Mapping[str, tuple[str | None, str | None]] | None = None,
        problem: Problem | None = None,
    ) -> None:
        told = problem or Problem()
        self.entries.append(
            Entry(
                when=datetime.now(UTC),
                connection=self.connection.id,
                action=action,
                status=status,
                kind=self.link.kind.value,
                resource_id=self.link.resource_id,
                name=self.desired.name or self.link.name,
                remote_id=self.link.remote_id,
                remote_name=self.link.remote_name,
                changes=changes or {},
                code=told.code,
                reason=told.message,
                recommended_action=told.fix,
                duration=round((time.monotonic() - self._started) * 1000),
                attempt=self.link.attempts + 1,
                correlation=self.correlation,
            )
        )
