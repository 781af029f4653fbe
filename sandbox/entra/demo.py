"""The demonstration: play Entra against a running local system, wait, compare, show. Its answer is an exit code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sandbox.admin_api import AdminApi
from sandbox.entra import show
from sandbox.entra.client import Client, Refused
from sandbox.entra.compare import Picture, wanted
from sandbox.entra.people import northwind
from sandbox.entra.play import ADD_MEMBERS, Act, Play
from sandbox.entra.settle import Look, Settled, settle
from sandbox.entra.targets import read_graph, read_ldap
from sandbox.system import System

PATIENCE = 120.0
"""Seconds until the targets must agree. It takes a few, unless something is wrong."""

PATIENCE_AFTER_OUTAGE = 300.0
"""A connection that was away is tried again at growing intervals."""

ENTRIES = 15


@dataclass(frozen=True)
class Demo:
    """One demonstration on a system that serves."""

    system: System
    admin: AdminApi
    session: aiohttp.ClientSession
    console: Console
    outage: bool = False

    async def run(self) -> int:
        """Play, wait, compare and show. Returns 0 only when every target shows what Entra wanted."""
        play = Play(Client(self.session, self.system.choices.scim_url, self.system.choices.scim_token), northwind())
        try:
            settled = await self._cycle("Entra's initial cycle", play, play.initial_cycle())
            if settled and settled.agreed:
                settled = await self._cycle("Entra's next cycle: what has changed", play, play.incremental_cycle())
        except Refused as problem:
            self.console.print(f"[bold red]The hub refused what Entra sent.[/] {problem}", highlight=False)
            await self._show_report()
            return 1
        if settled is None:
            return 1
        await self._show(wanted(play.tenant), settled)
        return 0 if settled.agreed else 1

    async def _cycle(self, title: str, play: Play, acts: Sequence[Act]) -> Settled | None:
        """Send one cycle and wait until the targets show it; ``None`` when an outage held up who had none."""
        self.console.rule(title)
        sent, patience = play.sent, PATIENCE
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        interrupted = False
        with Progress(*columns, console=self.console) as progress:
            for act in acts:
                if self._interrupted and act.title == ADD_MEMBERS:
                    interrupted = True
                    await self.system.control("stop", "slapd")
                    progress.console.print("[yellow]slapd is stopped now.[/] Entra goes on.")
                await self._act(act, progress)
        self.console.print(f"{play.sent - sent} requests sent, in both of Entra's dialects.")
        want = wanted(play.tenant)
        if interrupted:
            patience = PATIENCE_AFTER_OUTAGE
            if not await self._show_outage(want):
                return None
        with self.console.status("Waiting until the hub has brought the targets in line"):
            settled = await settle(want, self._looks(), patience, self._health)
        if settled.agreed:
            names = " and ".join(settled.pictures)
            self.console.print(
                f"Everything stands in {names} {settled.agreed_after:.1f} s after the last request; "
                f"the hub was at rest after {settled.seconds:.1f} s."
            )
        return settled

    async def _act(self, act: Act, progress: Progress) -> None:
        task = progress.add_task(act.title, total=len(act.scenes))
        await act.run(lambda: progress.advance(task))

    @property
    def _interrupted(self) -> bool:
        return self.outage and self.system.slapd is not None

    def _looks(self) -> dict[str, Look]:
        looks: dict[str, Look] = {}
        if self.system.slapd:
            looks["LDAP"] = partial(read_ldap, self.system.slapd)
        looks["Graph"] = partial(read_graph, self.session, self.system.graph_origin, self.system.ca)
        return looks

    async def _health(self) -> Mapping[str, Any]:
        return await self.admin.call("GET", "/health")

    async def _show_outage(self, want: Picture) -> bool:
        """Wait for Graph while LDAP is away, show what the hub says about it, and start LDAP again."""
        with self.console.status("LDAP is away; waiting for Graph"):
            graph = await settle(want, {"Graph": self._looks()["Graph"]}, PATIENCE, None)
        if graph.differences:
            self.console.print("[bold red]Graph was held up while LDAP was away:[/]")
            self.console.print(show.differences_table(graph.differences))
        else:
            self.console.print(
                f"Graph showed everything {graph.seconds:.1f} s after the last request, while LDAP was away."
            )
        state = (await self.admin.call("GET", "/connections/ldap"))["state"]
        self.console.print(f"The hub about LDAP: {state['status']}. {state['message']} {state['fix']}", highlight=False)
        await self._show_report("ldap")
        await self.system.control("start", "slapd")
        self.console.print("[yellow]slapd is started again.[/]")
        return not graph.differences

    async def _show(self, want: Picture, settled: Settled) -> None:
        self.console.print(show.people_table(want, settled.pictures))
        self.console.print(show.groups_table(want, settled.pictures))
        await self._show_report()
        for target, why in self.system.missing.items():
            self.console.print(f"[yellow]There is no {target} here:[/] {why}", highlight=False)
        if settled.agreed:
            self.console.print(f"[bold green]{' and '.join(settled.pictures)}: as Entra wanted.[/]")
            return
        if settled.differences:
            self.console.print(show.differences_table(settled.differences))
        if settled.behind:
            self.console.print(f"[bold red]The hub is not done after {settled.seconds:.0f} s:[/] {settled.behind}.")

    async def _show_report(self, connection: str = "") -> None:
        query = {"limit": str(ENTRIES)} | ({"connection": connection} if connection else {})
        entries: Sequence[Mapping[str, Any]] = (await self.admin.call("GET", "/reports", query=query))["entries"]
        self.console.print(show.report_table(entries))
