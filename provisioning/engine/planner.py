"""The planner: what should be done to an account, from what is wanted and what was last applied. Pure.

Deprovisioning is planned first: a leaver is cut off before anything else is tried.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connectors.contract import ObjectKind
from provisioning.connections.connection import Features
from provisioning.engine.links import GONE, Link, Wanted


@dataclass(frozen=True, slots=True)
class Desired:
    """What an account should be. ``exists`` is false for a resource that was deleted from the directory.

    ``values`` has every mapped attribute, ``None`` where it should be empty. ``create_only`` names those that are
    written at creation alone, ``required`` those that are never cleared, ``while_active`` those that deactivation takes
    away.
    """

    kind: ObjectKind
    exists: bool
    generation: str = GONE
    name: str = ""
    active: bool = True
    values: Mapping[str, Wanted] = field(default_factory=dict)
    create_only: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    while_active: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bring:
    """Find the account by the matching attributes and link it, or create it where ``create`` allows.

    An account that should be inactive is never created, only found and deactivated. ``instead`` is the reason code
    for leaving it when it is not found.
    """

    create: bool
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Recover:
    """Look for the account that an earlier job may have created before its answer or its process was lost."""


@dataclass(frozen=True, slots=True)
class Update:
    """Write these attributes; ``None`` clears."""

    changes: Mapping[str, Wanted]


@dataclass(frozen=True, slots=True)
class Activate:
    """Let the user sign in again."""


@dataclass(frozen=True, slots=True)
class Deactivate:
    """Keep the user from signing in."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the account."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Something is wanted that this connection does not do; ``reason`` is a code of ``SKIPS``."""

    reason: str


type Step = Bring | Recover | Update | Activate | Deactivate | Delete | Skip

SKIPS: Mapping[str, str] = {
    "nothingMapped": "The change concerns no attribute that this connection maps.",
    "inactiveNotCreated": "The user is inactive and has no account here; inactive users are not created.",
    "createOff": "No account was found and this connection does not create accounts of this kind.",
    "updateOff": "This connection does not update accounts of this kind.",
    "deactivateOff": "This connection does not activate or deactivate users.",
    "deleteOff": "This connection does not delete accounts of this kind; the account was left as it is.",
    "membershipsOff": "This connection does not manage memberships.",
    "wentWithAccount": "The account is gone, and its memberships went with it.",
}
"""Every reason for which something is not done, in words. Each skip has one in the report."""


def plan(desired: Desired, link: Link, features: Features, deletion: Literal["delete", "deactivate"]) -> list[Step]:
    """Return the steps that make the account as desired, in the order in which they are done."""
    if not desired.exists:
        return _removal(desired.kind, link, features, deletion)
    if not link.remote_id:
        return [_bring(desired, features)]
    return _alignment(desired, link, features)


def _removal(kind: ObjectKind, link: Link, features: Features, deletion: Literal["delete", "deactivate"]) -> list[Step]:
    if not link.remote_id:
        return [Recover()] if link.intent else []
    user = kind is ObjectKind.USER
    if user and deletion == "deactivate":
        if not features.deactivate_users:
            return [Skip("deactivateOff")]
        return [] if _inactive(link) else [Deactivate()]
    allowed = features.delete_users if user else features.delete_groups
    return [Delete()] if allowed else [Skip("deleteOff")]


def _bring(desired: Desired, features: Features) -> Step:
    user = desired.kind is ObjectKind.USER
    if user and not desired.active:
        return Bring(create=False, instead="inactiveNotCreated")
    allowed = features.create_users if user else features.create_groups
    return Bring(create=allowed, instead="" if allowed else "createOff")


def _alignment(desired: Desired, link: Link, features: Features) -> list[Step]:
    steps: list[Step] = []
    user = desired.kind is ObjectKind.USER
    if user and link.active is not None and (desired.active != link.active or not (desired.active or _inactive(link))):
        if not features.deactivate_users:
            steps += [Skip("deactivateOff")] if desired.active != link.active else []
        elif not desired.active:
            steps.append(Deactivate())
    changes = differences(desired, link.values)
    if changes:
        allowed = features.update_users if user else features.update_groups
        steps.append(Update(changes) if allowed else Skip("updateOff"))
    if user and desired.active and link.active is False and features.deactivate_users:
        steps.append(Activate())
    return steps


def _inactive(link: Link) -> bool:
    """Tell whether a user is known to be inactive. After a failure nobody knows, nor after a lease that ran out with
    its process: an activation may have been done and not noted, and whoever has left since would stay active. To
    deactivate twice is harmless.
    """
    return link.active is False and not link.attempts and not link.lease


def differences(desired: Desired, applied: Mapping[str, Wanted]) -> dict[str, Wanted]:
    """Return the attributes to write: what is wanted and was not applied. Empty values of all sorts are one."""
    return {
        name: value
        for name, value in desired.values.items()
        if name not in desired.create_only
        and (desired.active or name not in desired.while_active)
        and not (name in desired.required and _empty(value))
        and not _same(value, applied.get(name))
    }


def adopted(desired: Desired, found: Mapping[str, Wanted], written: Mapping[str, Wanted]) -> dict[str, Wanted]:
    """Return the values to take as applied when an account that existed before is linked.

    What the directory does not know is left as it stands there: only what the hub itself has ``written`` is ever
    cleared. References are always written, because the account names its own by remote ids.
    """
    return {
        name: (None if _empty(value) and _empty(written.get(name)) else found.get(name))
        for name, value in desired.values.items()
    }


def _empty(value: Wanted) -> bool:
    return value is None or value in ("", ())


def _same(wanted: Wanted, applied: Wanted) -> bool:
    """Compare without regard to order, nor to whether a single value stands alone or in a list."""
    if _empty(wanted) and _empty(applied):
        return True
    if isinstance(wanted, tuple) or isinstance(applied, tuple):
        return sorted(_listed(wanted)) == sorted(_listed(applied))
    return type(wanted) is type(applied) and wanted == applied


def _listed(value: Wanted) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else () if _empty(value) else (str(value),)
