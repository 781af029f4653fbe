"""What a step of the checks finds: a place and words, or a reason why it could not look."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where (file, or file:line), and what to do about it in words."""

    place: str
    words: str

    def __str__(self) -> str:
        return f"{self.place}: {self.words}" if self.place else self.words


@dataclass(frozen=True, slots=True)
class Result:
    """What a step looked at in words, and what it found."""

    looked_at: str
    findings: tuple[Finding, ...] = ()


class Unreadable(Exception):
    """Something cannot be looked at because it is broken: a finding in itself. The text says what, and where."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is told of it."""
        return (Finding("", str(self)),)


class Skipped(Exception):
    """The step could not look; the text says what is missing and how it comes here."""
