"""The scopes of access tokens: which part of what its source may an access token is good for. Pure.

``scim`` is all of it. ``scim.read``, ``scim.users`` and ``scim.groups`` narrow it, alone or together.
"""

from dataclasses import dataclass, replace

from connectors.contract import ObjectKind
from provisioning.sources.caller import EVERY_KIND, Caller

WHOLE = "scim"
READ = "scim.read"
KINDS = {"scim.users": ObjectKind.USER, "scim.groups": ObjectKind.GROUP}
KNOWN = (WHOLE, READ, *KINDS)


class UnknownScope(ValueError):
    """A scope was asked for that there is not, or none of it can be had; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token is good for, at most."""

    kinds: frozenset[ObjectKind] = EVERY_KIND
    writes: bool = True

    def of(self, caller: Caller) -> Caller:
        """Return the caller that a source is with such an access token: never more than the source is by itself."""
        return replace(caller, kinds=caller.kinds & self.kinds, writes=caller.writes and self.writes)

    @property
    def scope(self) -> str:
        """The grant as a scope (RFC 6749 section 3.3)."""
        narrowed = [] if self.writes else [READ]
        if self.kinds != EVERY_KIND:
            narrowed += [name for name, kind in KINDS.items() if kind in self.kinds]
        return " ".join(narrowed) or WHOLE


def granted(asked: str, caller: Caller) -> Grant:
    """Return what of a scope a caller gets: what it asks for, as far as it may itself. Raises ``UnknownScope``."""
    names = set(asked.split(" ")) - {""}
    if unknown := names - set(KNOWN):
        shown = "One" if len(unknown) == 1 else f"{len(unknown)}"
        raise UnknownScope(f"{shown} of the scopes asked for is not known. There are: {', '.join(KNOWN)}.")
    grant = Grant(caller.kinds, caller.writes)
    if not names or WHOLE in names:
        return grant
    kinds = frozenset(kind for name, kind in KINDS.items() if name in names) or EVERY_KIND
    if not kinds & caller.kinds:
        raise UnknownScope("The source may use nothing of the scope asked for.")
    return Grant(caller.kinds & kinds, caller.writes and READ not in names)
