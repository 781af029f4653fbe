"""What a soak run found: minutes, acts, memory, and whether it may be called clean. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.scim_load import percentile

MOST_GROWTH = 0.5
"""MB a minute that the fitted line of the worker's memory may rise after the warm-up."""
CONVERGED_WITHIN = 60.0
"""Seconds after the last request within which no job may be left."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: when it was due (seconds from the start), milliseconds until its answer, and what was wrong."""

    due: float
    act: str
    took: float
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """The worker at one moment: memory in MB, processor seconds used since its start."""

    at: float
    memory: float
    cpu: float


@dataclass(slots=True)
class Soaked:
    """One run. ``differences`` are what the target shows other than wanted; ``left`` what the hub had not finished."""

    minutes: float
    rate: float
    warm_up: float
    answers: list[Answered] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    people: int = 0
    groups: int = 0
    converged: float = 0.0
    left: Mapping[str, object] = field(default_factory=dict)
    differences: Sequence[str] = ()

    @property
    def errors(self) -> list[Answered]:
        """Every answer that was not the one that was due."""
        return [each for each in self.answers if each.wrong]

    @property
    def growth(self) -> float:
        """The slope of the line through the worker's memory after the warm-up, in MB a minute."""
        points = [(each.at / 60, each.memory) for each in self.looks if each.at >= self.warm_up]
        if len(points) < 2:
            return 0.0
        middle, level = (sum(values) / len(points) for values in zip(*points, strict=True))
        spread = sum((at - middle) ** 2 for at, _ in points)
        return float(sum((at - middle) * (memory - level) for at, memory in points) / spread)

    def problems(self) -> list[str]:
        """Return in words what keeps the run from being clean."""
        found = [f"{len(self.errors)} requests went wrong"] if self.errors else []
        if self.growth > MOST_GROWTH:
            found.append(f"memory grows by {self.growth:.2f} MB a minute, more than {MOST_GROWTH}")
        if self.left:
            found.append(
                f"after {self.converged:.0f} s there is left: {', '.join(f'{n} {c}' for n, c in self.left.items())}"
            )
        return [*found, *([f"the target differs in {len(self.differences)} points"] if self.differences else [])]


def markdown(run: Soaked) -> str:
    """Return the report."""
    return "\n".join([*_summary(run), "", *_minutes(run), "", *_acts(run), *_wrong(run)])


def _summary(run: Soaked) -> Iterator[str]:
    took = sorted(each.took for each in run.answers)
    problems = run.problems()
    yield f"**{'Clean' if not problems else 'Not clean: ' + '; '.join(problems)}.**"
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    rows = {
        "duration": f"{run.minutes:g} minutes, {run.rate:g} requests per second, sent by the clock",
        "requests": f"{len(run.answers):,}, of which {len(run.errors)} went wrong",
        "latency from the moment a request was due": ", ".join(
            f"{name} {percentile(took, percent):.0f} ms"
            for name, percent in (("p50", 50), ("p95", 95), ("p99", 99), ("longest", 100))
        ),
        "at the end": f"{run.people} people, {run.groups} groups",
        "everything converged": f"{run.converged:.1f} s after the last request"
        if not run.left
        else f"not within {run.converged:.0f} s",
        "LDAP directory against what Entra wants": "no difference"
        if not run.differences
        else "; ".join(run.differences[:5]),
        "worker's memory": f"{run.growth:+.3f} MB a minute after the first {run.warm_up / 60:.1f} minutes "
        f"(least squares; at most {MOST_GROWTH})",
    }
    for name, value in rows.items():
        yield f"| {name} | {value} |"


def _minutes(run: Soaked) -> Iterator[str]:
    yield "| minute | requests | wrong | p50 ms | p95 ms | p99 ms | longest ms | worker's memory MB | worker's CPU |"
    yield "| --: | --: | --: | --: | --: | --: | --: | --: | --: |"
    for minute in range(-(-int(run.minutes * 60) // 60)):
        mine = [each for each in run.answers if minute <= each.due / 60 < minute + 1]
        looks = [each for each in run.looks if minute <= each.at / 60 <= minute + 1.05]
        if not mine or len(looks) < 2:
            continue
        took = sorted(each.took for each in mine)
        times = " | ".join(f"{percentile(took, percent):.0f}" for percent in (50, 95, 99, 100))
        cpu = (looks[-1].cpu - looks[0].cpu) / (looks[-1].at - looks[0].at)
        wrong = sum(bool(each.wrong) for each in mine)
        yield f"| {minute + 1} | {len(mine):,} | {wrong} | {times} | {looks[-1].memory:.1f} | {cpu:.0%} |"


def _acts(run: Soaked) -> Iterator[str]:
    yield "| act | requests | p50 ms | p95 ms |"
    yield "| --- | --: | --: | --: |"
    for act, count in Counter(each.act for each in run.answers).most_common():
        took = sorted(each.took for each in run.answers if each.act == act)
        yield f"| {act} | {count:,} | {percentile(took, 50):.0f} | {percentile(took, 95):.0f} |"


def _wrong(run: Soaked) -> Iterator[str]:
    if run.errors:
        yield ""
        yield from (f"- {each.due:.1f} s, {each.act}: {each.wrong}" for each in run.errors[:20])
    if run.differences:
        yield ""
        yield from (f"- {each}" for each in run.differences[:20])
