"""Values and refusals as a report tells them. Pure."""

from collections.abc import Mapping

from connectors.errors import AlreadyExists, Rejected
from provisioning.connections.mapping import Pending
from provisioning.engine.links import Wanted
from provisioning.engine.planner import Activate, Bring, Deactivate, Delete, Recover, Skip, Step, Update
from provisioning.reports.entries import Action

ACTIONS: Mapping[type[Step], Action] = {
    Bring: Action.CREATE,
    Recover: Action.DELETE,
    Update: Action.UPDATE,
    Activate: Action.ACTIVATE,
    Deactivate: Action.DEACTIVATE,
    Delete: Action.DELETE,
    Skip: Action.SKIP,
}
"""What a report calls the steps of a plan."""


def blocked(exists: AlreadyExists) -> Rejected:
    """Return the refusal of an account whose name is taken by one that no matching attribute finds."""
    what = f"this {exists.attribute}" if exists.attribute else "this name"
    return Rejected(
        f"An account with {what} exists there, and no matching attribute finds it. {exists}",
        code="match.blocked",
        fix="Match by an attribute that finds the existing account, or rename one of the two.",
        attribute=exists.attribute,
    )


def changes(before: Mapping[str, Wanted], after: Mapping[str, Wanted]) -> dict[str, tuple[str | None, str | None]]:
    """Return the attributes whose value differs, with the old and the new one as text."""
    return {
        name: (text(before.get(name)), text(value))
        for name, value in after.items()
        if text(before.get(name)) != text(value)
    }


def text(value: Wanted) -> str | None:
    """Return a value as people read it; ``None`` for an empty one."""
    match value:
        case None | "" | ():
            return None
        case Pending():
            return value.resource_id
        case tuple():
            return ", ".join(value)
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def unsure(name: str) -> Rejected:
    """Say of an account what nobody can know: whether it was made for a resource that is deleted since."""
    return Rejected(
        f"The account {name} may have been created for a resource that is deleted since.",
        code="create.unsure",
        fix="This connection takes over no accounts, so it was left. Delete it there if it is not wanted.",
    )
