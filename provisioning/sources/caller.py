"""The caller of one request: which source it is, and what that source may do. No input or output."""

from dataclasses import dataclass

from connectors.contract import ObjectKind

EVERY_KIND = frozenset(ObjectKind)


@dataclass(frozen=True, slots=True)
class Profile:
    """How a source is answered where the RFC leaves a choice or Entra needs a leniency.

    ``strict`` is RFC 7644 to the letter: unknown attributes are refused, and a value path that matches nothing is
    ``noTarget``. ``patch_answers_resource`` answers a PATCH of a user with 200 and the user, otherwise with 204;
    a group's is 204 always.
    """

    strict: bool = False
    patch_answers_resource: bool = True


@dataclass(frozen=True, slots=True)
class Caller:
    """A source whose credentials were good. ``kinds`` it may see and, where it ``writes``, write.

    ``own_only`` refuses writes to a resource that another source has created.
    """

    source: str
    kinds: frozenset[ObjectKind] = EVERY_KIND
    writes: bool = True
    own_only: bool = False
    profile: Profile = Profile()
