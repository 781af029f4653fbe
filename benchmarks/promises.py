"""What a benchmark promises: something found, and the bound that it must keep. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that must hold: what was found, and the most (or with ``at_least``, the least) that it may be."""

    what: str
    found: float
    bound: float
    unit: str = ""
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether it holds."""
        return self.found >= self.bound if self.at_least else self.found <= self.bound

    @property
    def demanded(self) -> str:
        """The bound in words."""
        return f"at {'least' if self.at_least else 'most'} {self.bound:g}{self.unit}"
