"""What ``groupType`` says of a group: its scope, its category, and bits that are not ours (MS-ADTS 2.2.12). Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

SCOPES = {"global": 0x2, "domain_local": 0x4, "universal": 0x8}
SECURITY = 0x80000000

_OURS = 0x2 | 0x4 | 0x8 | SECURITY
_BUILT_IN = 0x1


@dataclass(frozen=True, slots=True)
class GroupType:
    """The number that the directory keeps: 32 bits with a sign."""

    number: int

    @classmethod
    def of(cls, scope: str, category: str) -> "GroupType":
        """Return the type of new groups."""
        return cls(_signed(SCOPES[scope] | (SECURITY if category == "security" else 0)))

    @property
    def bits(self) -> int:
        """The number without its sign."""
        return self.number & 0xFFFFFFFF

    @property
    def scope(self) -> str:
        """Who may be in, and where it counts: ``global``, ``domain_local``, ``universal``; empty for what is none."""
        return next((name for name, bit in SCOPES.items() if self.bits & bit), "")

    @property
    def category(self) -> str:
        """``security`` or ``distribution``."""
        return "security" if self.bits & SECURITY else "distribution"

    @property
    def text(self) -> str:
        """The number as the directory writes it."""
        return str(self.number)

    @property
    def words(self) -> str:
        """What people call it: ``universal distribution``."""
        return f"{self.scope.replace('_', '-')} {self.category}"


def steps(held: GroupType, wanted: GroupType) -> Iterator[GroupType]:
    """Yield the types that lead from one to the other; other bits stay. None for built-in groups, which never change.

    A global group becomes domain-local, and the other way round, over universal only (MS-ADTS 3.1.1.5.3.2).
    """
    if held.bits & _BUILT_IN or held.bits & _OURS == wanted.bits & _OURS:
        return
    foreign = held.bits & ~_OURS
    if {held.scope, wanted.scope} == {"global", "domain_local"}:
        yield GroupType(_signed(foreign | SCOPES["universal"] | (wanted.bits & SECURITY)))
    yield GroupType(_signed(foreign | (wanted.bits & _OURS)))


def _signed(bits: int) -> int:
    return bits - 2**32 if bits >= 2**31 else bits
