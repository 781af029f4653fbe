"""What becomes of a link when its steps are done or have failed: status, clock, and what must not be forgotten."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from connectors.contract import Connector
from connectors.errors import AlreadyExists, ConnectorError, NotFound, Rejected
from provisioning.connections.connection import Connection
from provisioning.connections.matching import matching_attributes, questions
from provisioning.engine.apply import Application
from provisioning.engine.links import Link, LinkStatus, Problem
from provisioning.engine.planner import Bring, Desired, Step
from provisioning.engine.retries import WAITING_DELAY, decide
from provisioning.reports.entries import Action, Entry, Status


def intent_of(
    connection: Connection, connector: Connector, desired: Desired, steps: Sequence[Step]
) -> list[tuple[str, str]]:
    """Return by what an account can be found that these steps may create."""
    if not any(isinstance(step, Bring) and step.create for step in steps):
        return []
    defaults = connector.defaults[desired.kind]
    attributes = matching_attributes(connection, desired.kind, defaults) or defaults.matching
    return [(asked.attribute, asked.value) for asked in questions(desired.kind, attributes, desired.values)]


def outcome(work: Application, held: Link, desired: Desired) -> tuple[Link, datetime | None]:
    """Return the link as it stands after the steps, and when it wants to be looked at again."""
    now = datetime.now(UTC)
    link = dataclasses.replace(work.link, generation=desired.generation, intent=(), waiters=held.waiters)
    if work.error is not None:
        return _failed(link, work.error, now, _still_unsure(work, held))
    if work.missing:
        problem = Problem(
            "reference.waiting",
            f"Waits for the account of {work.missing[0].resource_id} ({len(work.missing)} reference missing).",
            "Nothing to do: it is written as soon as that account exists.",
        )
        _report_waiting(work, problem)
        return dataclasses.replace(link, status=LinkStatus.WAITING, problem=problem, attempts=0), now + WAITING_DELAY
    status = LinkStatus.APPLIED if link.remote_id else LinkStatus.DELETED
    if any(entry.action is Action.SKIP for entry in work.entries):
        status = LinkStatus.SKIPPED
    return dataclasses.replace(link, status=status, problem=Problem(), attempts=0), None


def _still_unsure(work: Application, held: Link) -> tuple[tuple[str, str], ...]:
    """Return what of the noted intent stays: all of it when this create may have happened too, what was noted before
    when it could not be looked up now, nothing when the system has answered for good.
    """
    error = work.error
    if error is not None and error.may_have_happened:
        return held.intent
    looked_up = isinstance(error, Rejected | AlreadyExists | NotFound) and not error.code.startswith("match.")
    return () if looked_up else work.unsure


def _failed(
    link: Link, error: ConnectorError, now: datetime, intent: tuple[tuple[str, str], ...]
) -> tuple[Link, datetime | None]:
    attempts = link.attempts + 1
    decision = decide(error, attempts)
    failed = dataclasses.replace(
        link,
        status=LinkStatus.PARKED if error.code == "match.ambiguous" else decision.status,
        problem=Problem(error.code, str(error), error.fix),
        attempts=attempts,
        intent=() if link.remote_id else intent,
    )
    # What waits for an administrator is looked at once a day all the same: it may have been put right there.
    return failed, now + (timedelta(days=1) if failed.status is LinkStatus.PARKED else decision.delay)


def _report_waiting(work: Application, problem: Problem) -> None:
    if work.link.problem.code == problem.code:
        return
    work.entries.append(
        Entry(
            datetime.now(UTC),
            work.connection.id,
            Action.UPDATE,
            Status.WAITING,
            work.link.kind.value,
            work.link.resource_id,
            work.desired.name,
            work.link.remote_id,
            work.link.remote_name,
            code=problem.code,
            reason=problem.message,
            recommended_action=problem.fix,
            correlation=work.correlation,
        )
    )
