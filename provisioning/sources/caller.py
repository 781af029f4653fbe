"""The caller of one request: which source it is, and what that source may do. No input or output."""

from dataclasses import dataclass, field

from connectors.contract import ObjectKind
from provisioning.sources.rates import Rate

EVERY_KIND = frozenset(ObjectKind)


@dataclass(frozen=True, slots=True)
class Profile:
    """How a source is answered where the RFC leaves a choice or Entra needs a leniency.

    ``strict`` is RFC 7644 to the letter: unknown attributes are refused, and a value path that matches nothing is
    ``noTarget``. ``patch_answers_resource`` decides about the answer to a PATCH, where RFC 7644 section 3.5.2 allows
    both: ``True`` is 200 with the resource (a group without its members, unless ``attributes`` asks for them),
    ``False`` is 204, and ``None`` what Microsoft's documentation shows: 200 for a user, 204 for a group.
    """

    strict: bool = False
    patch_answers_resource: bool | None = None


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
    rate: Rate = field(default_factory=Rate)
