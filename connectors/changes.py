"""Reading from a system: what an import asks a connector for, and the pages that come of it. Part of the contract.

A *stream* is what one call of ``Connector.changes`` yields; an importer may take it up again from any page's cursor,
in another process, and then gets what follows. It never gets less than what changed: pages may repeat what was told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.values import Account, ObjectKind

BOTH_KINDS = frozenset(ObjectKind)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to be read: which kinds, which attributes of each (none given: the built-in mappings'), and members."""

    kinds: frozenset[ObjectKind] = BOTH_KINDS
    attributes: Mapping[ObjectKind, tuple[str, ...]] = field(default_factory=dict)
    memberships: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """An account that stands, or stood, in the system.

    ``partial``: ``account.attributes`` holds only what changed (``None``: cleared), and ``active`` is ``None`` where
    that did not change; otherwise it holds all that is set. ``gone``: the account was deleted, and nothing but its
    kind and remote id is sure to be there; ``restorable`` says that the system could still bring it back.
    """

    account: Account
    partial: bool = False
    gone: bool = False
    restorable: bool = False


@dataclass(frozen=True, slots=True)
class MemberChange:
    """Who came into a group and who left it, by remote id. ``whole``: ``added`` names every member that it has."""

    group: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """An account that stands unchanged, named by its id alone: a complete snapshot has seen it."""

    kind: ObjectKind
    remote_id: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream.

    ``cursor`` resumes behind this page; store it only once the page is stored. ``more`` is false on the last page:
    its cursor is where the next import begins. ``starts`` marks the first page of a complete snapshot: whatever was
    seen before is to be seen again. ``complete`` marks its last: only then does absence from ``changes`` and
    ``standing`` since ``starts`` mean deletion, and absence from ``members`` that somebody left, unless the group
    itself stands unchanged. ``note`` says in words what an operator should know, such as why everything is read anew.
    """

    cursor: str
    changes: tuple[Change, ...] = ()
    members: tuple[MemberChange, ...] = ()
    standing: tuple[Standing, ...] = ()
    more: bool = False
    starts: bool = False
    complete: bool = False
    note: str = ""
