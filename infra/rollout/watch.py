"""Waits until a version runs, and only then calls it running: Azure's own "Succeeded" proves nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.rollout import web
from infra.rollout.words import Failed, Refused, say

_MOST_PROBLEMS = 50
_LONGEST = 1000
"""Characters of each thing that the app says of itself."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often the version must answer in a row, within how many seconds, and how long between two looks.

    A rolling update replaces instances one by one: an old one may still answer after a new one did.
    """

    times: int = 5
    limit: float = 600
    interval: float = 5


@dataclass(frozen=True, slots=True)
class Health:
    """What ``/healthz`` says. ``version`` is empty when nothing of ours answers; ``words`` then say what does."""

    version: str = ""
    status: str = ""
    problems: tuple[str, ...] = field(default=())
    words: str = ""

    def __str__(self) -> str:
        if not self.version:
            return f"nothing of ours ({self.words})"
        return f"{self.version}, {self.status}" + "".join(f"\n    {problem}" for problem in self.problems)


def look(origin: str) -> Health:
    """Read ``/healthz`` once."""
    try:
        answer = web.ask("GET", f"{origin}/healthz")
    except web.NoAnswer as problem:
        return Health(words=str(problem))
    told = answer.json
    if not isinstance(told, dict) or not isinstance(told.get("version"), str) or not told["version"]:
        return Health(words=f"/healthz answers {answer.status}" + (": no function" if answer.status == 404 else ""))
    problems = told.get("problems")
    listed = problems[:_MOST_PROBLEMS] if isinstance(problems, list) else []
    return Health(
        told["version"][:_LONGEST],
        str(told.get("status", ""))[:_LONGEST],
        tuple(str(each)[:_LONGEST] for each in listed),
    )


def watch(
    origin: str,
    version: str,
    patience: Patience,
    functions: Callable[[], list[str]] | None = None,
    expected: list[str] | None = None,
) -> None:
    """Wait until the version answers ``ok`` several times in a row and Azure has indexed the ``expected`` functions.

    Raises ``Failed`` when that does not come about in time, and as soon as the version says that it is misconfigured
    as often as it should have said ``ok``: settings do not mend themselves.
    """
    deadline = time.monotonic() + patience.limit
    good = bad = 0
    seen, indexed, said = Health(), "", ""
    while True:
        seen = look(origin)
        arrived = seen.version == version
        good = good + 1 if arrived and seen.status == "ok" else 0
        bad = bad + 1 if arrived and seen.status != "ok" else 0
        if bad >= patience.times:
            raise Failed(f"{version} runs, but says it is {seen.status}:{''.join(f'\n    {p}' for p in seen.problems)}")
        if good >= patience.times:
            indexed = _compare(functions, expected)
            if not indexed:
                break
        state = indexed if good >= patience.times else f"answering: {seen}"
        if state != said:
            say(state)
            said = state
        if time.monotonic() > deadline:
            raise Failed(f"{version} did not come up within {patience.limit:g} s; {state}")
        time.sleep(patience.interval)
    names = f", with its {len(expected)} functions" if functions and expected else ""
    say(f"{version} answers, {patience.times} times in a row{names}")


def _compare(functions: Callable[[], list[str]] | None, expected: list[str] | None) -> str:
    """Return what is wrong with the functions that Azure has indexed, in words; empty when nothing is."""
    if functions is None or expected is None:
        return ""
    try:
        found = functions()
    except Refused as problem:  # a moment's trouble of az must not end a deployment half-way
        return f"Azure's functions cannot be read: {problem}"
    missing, extra = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    words = [f"not indexed: {', '.join(missing)}"] if missing else []
    words += [f"not in the package: {', '.join(extra)}"] if extra else []
    return f"Azure's functions are others ({'; '.join(words)})" if words else ""
