"""``python -m benchmarks.soak``: half an hour of Entra's traffic by the clock against the local system. ``make soak``.

Requests are sent when they are due, whether those before are answered or not, at random intervals of a mean rate
(Poisson); latency counts from when a request was due. Clean is a run without a wrong answer, with flat memory, whose
jobs are all done a minute after the end and whose LDAP directory then shows what Entra wants.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from yarl import URL

from benchmarks.pasting import DOCS, paste
from benchmarks.soak_acts import next_act
from benchmarks.soak_people import Act, Population
from benchmarks.soak_report import CONVERGED_WITHIN, Answered, Soaked, markdown
from benchmarks.soak_system import SoakSystem
from sandbox.admin_api import AdminApi
from sandbox.entra.client import CONTENT_TYPE
from sandbox.entra.compare import differences
from sandbox.entra.targets import read_ldap
from sandbox.registration import register
from sandbox.services import ServiceFailed, free_ports
from sandbox.state import choose

MINUTES = 30.0
PEOPLE, GROUPS = 600, 25
FILLERS, FILL_RATE = 8, 60
"""Requests per second while filling: within what one source may send."""
LOOK_SECONDS = 5
RESTING = ("jobs_waiting", "poison", "outbox", "links_behind", "escrowed", "waiting", "parked")
"""Counts of ``GET /api/health`` that must be 0 at the end."""


class Soak:
    """One run against one system."""

    def __init__(self, system: SoakSystem, session: aiohttp.ClientSession, run: Soaked, console: Console) -> None:
        self._system, self._session, self._run, self._console = system, session, run, console
        self._admin = AdminApi(session, system.choices.base_url, system.choices.admin_key)
        self._population = Population(random.Random(2026))  # noqa: S311 - a run that can be repeated
        self._started = 0.0

    async def begin(self) -> None:
        """Start the system and fill it with its first people and groups."""
        await self._system.start_services()
        await self._system.start_host()
        await self._admin.wait_healthy()
        problems = [words for target in await register(self._admin, self._system) for words in target.problems]
        if problems or self._system.missing:
            raise ServiceFailed(" ".join([*problems, *self._system.missing.values()]))
        self._console.print(f"filling: {PEOPLE} people, {GROUPS} groups")
        population = self._population
        await self._all([population.hire() for _ in range(PEOPLE)])
        await self._all([population.found(f"Group {number}") for number in range(GROUPS)])
        keys = list(population.people)
        await self._all(
            [population.join(name, tuple(population.chance.sample(keys, 20))) for name in population.groups]
        )
        await self._converged(5 * CONVERGED_WITHIN)
        self._run.answers.clear()

    async def _all(self, acts: list[Act]) -> None:
        waiting, began = iter(enumerate(acts)), time.monotonic()

        async def filler() -> None:
            for number, act in waiting:
                await asyncio.sleep(max(0.0, began + number / FILL_RATE - time.monotonic()))
                await self._do(act, time.monotonic())

        await asyncio.gather(*(filler() for _ in range(FILLERS)))
        if self._run.errors:
            raise ServiceFailed(f"The system cannot be filled: {self._run.errors[0].wrong}")

    async def soak(self) -> None:
        """Send for as long as the run lasts, then wait until everything is done, and compare."""
        self._started = time.monotonic()
        chance, due, end = random.Random(7), 0.0, self._run.minutes * 60  # noqa: S311
        looking = asyncio.create_task(self._look())
        under_way: set[asyncio.Task[None]] = set()
        while (due := due + chance.expovariate(self._run.rate)) < end:
            await asyncio.sleep(max(0.0, self._started + due - time.monotonic()))
            task = asyncio.create_task(self._do(next_act(self._population), self._started + due))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)
        looking.cancel()
        self._run.looks.append(self._system.look(time.monotonic() - self._started))
        await self._converged(CONVERGED_WITHIN)
        assert self._system.slapd is not None
        self._run.differences = differences(self._population.picture(), await read_ldap(self._system.slapd))
        self._run.people, self._run.groups = len(self._population.people), len(self._population.groups)

    async def _do(self, act: Act, due: float) -> None:
        wrong, body = await self._send(act)
        now = time.monotonic()
        self._run.answers.append(Answered(due - self._started, act.name, 1000 * (now - due), wrong))
        if not wrong:
            self._population.finished(act, body)

    async def _send(self, act: Act) -> tuple[str, Mapping[str, Any]]:
        request, choices = act.request, self._system.choices
        headers = {"Authorization": f"Bearer {choices.scim_token}", "Accept": CONTENT_TYPE}
        data = None
        if request.body is not None:
            headers["Content-Type"] = f"{CONTENT_TYPE}; charset=utf-8"
            data = json.dumps(request.body).encode()
        url = URL(choices.scim_url + request.target, encoded=True)
        try:
            async with self._session.request(request.method, url, data=data, headers=headers) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as problem:
            return f"no answer ({type(problem).__name__} {problem})", {}
        if answer.status not in act.expect:
            return f"{request.method} {request.path}: {answer.status}, expected {sorted(act.expect)}: {text[:300]}", {}
        return "", json.loads(text) if text else {}

    async def _look(self) -> None:
        while True:
            at = time.monotonic() - self._started
            look = self._system.look(at)
            self._run.looks.append(look)
            if len(self._run.looks) % (60 // LOOK_SECONDS) == 1:
                sent, wrong = len(self._run.answers), len(self._run.errors)
                self._console.print(f"{at / 60:5.1f} min  {sent:,} answers, {wrong} wrong, {look.memory:.1f} MB")
            await asyncio.sleep(LOOK_SECONDS - at % LOOK_SECONDS)

    async def _converged(self, patience: float) -> None:
        began = time.monotonic()
        while True:
            health = await self._admin.call("GET", "/health")
            self._run.left = {name: health[name] for name in (*RESTING, "unavailable", "quarantined") if health[name]}
            self._run.converged = time.monotonic() - began
            if not self._run.left or self._run.converged > patience:
                return
            await asyncio.sleep(0.5)


async def run(minutes: float, rate: float, folder: Path, console: Console) -> Soaked:
    """Start everything, soak, stop everything."""
    (port,) = free_ports(1)
    system = SoakSystem(choose({"LOCKSTEP_PORT": str(port)}, {}), folder, console.print)
    soaked = Soaked(minutes, rate, warm_up=60 * min(5.0, minutes / 3))
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        try:
            soak = Soak(system, session, soaked, console)
            await soak.begin()
            await soak.soak()
        finally:
            await system.stop()
    return soaked


def main() -> int:
    """Soak, print the report, and tell whether the run was clean."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--rate", type=float, default=25, help="requests per second (default: %(default)g)")
    parser.add_argument("--docs", action="store_true", help="put the report into docs/soak.md")
    parser.add_argument("--keep", type=Path, help="keep the system's state and logs in this folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        soaked = asyncio.run(run(given.minutes, given.rate, given.keep or Path(temporary), Console(stderr=True)))
    report = markdown(soaked)
    print(report)
    if given.docs:
        command = "make soak" if given.minutes == MINUTES else f"make soak MINUTES={given.minutes:g}"
        paste(DOCS / "soak.md", "soak", command, report)
    return 1 if soaked.problems() else 0


if __name__ == "__main__":
    sys.exit(main())
