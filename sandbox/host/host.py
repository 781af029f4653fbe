"""The host: loads the app, opens the port, listens to queues and timers, and drains when it is told to end."""

import asyncio
import functools
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox.host import logs
from sandbox.host.admin import Admin
from sandbox.host.keys import Keys
from sandbox.host.messages import TypedData
from sandbox.host.queues import POISON, Listener
from sandbox.host.schedule import Schedule
from sandbox.host.settings import HostError, HostSettings, load_local_settings
from sandbox.host.storage import Queues
from sandbox.host.timers import StatusFile, Timer
from sandbox.host.web import BODY_LIMIT, Front, never_explain
from sandbox.host.worker import Function, Worker

logger = logging.getLogger("host")


@dataclass(frozen=True)
class Options:
    """How one host runs. ``state`` is the folder for timer status; ``grace`` the seconds to finish what runs."""

    app: Path
    port: int
    address: str
    keys: Keys
    state: Path
    grace: float


class Host:
    """One function app being served."""

    def __init__(self, options: Options, settings: HostSettings) -> None:
        self._options, self._settings = options, settings
        self._worker = Worker(settings.function_timeout)
        self._queues = Queues(os.environ, base64_encoding=settings.queues.base64)
        self._queues.written = self._wake
        self._worker.emit = self._queues.write
        self._parts: list[Listener | Timer] = []
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> web.AppRunner:
        """Load the app, answer HTTP, and only then begin with queues and timers. Raises ``HostError``."""
        started = time.perf_counter()
        functions = await self._worker.load(self._options.app, os.environ)
        by_kind: dict[str, list[Function]] = {}
        for function in functions:
            by_kind.setdefault(function.kind, []).append(function)
        self._parts += [self._listener(function) for function in by_kind.get("queueTrigger", [])]
        self._parts += [self._timer(function) for function in by_kind.get("timerTrigger", [])]
        for function in functions:
            self._check_outputs(function)
        keys, http = self._options.keys, self._settings.http
        self._admin = Admin(functions, self._worker, keys, http.route_prefix)
        front = Front(by_kind.get("httpTrigger", []), self._worker, keys, http)
        application = web.Application(client_max_size=BODY_LIMIT, middlewares=[never_explain])
        self._admin.add_to(application.router)
        application.router.add_route("*", r"/{path:[\s\S]*}", front.answer)  # a path may hold a line break
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=self._options.grace)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._options.address, self._options.port).start()
        except OSError as error:
            await runner.cleanup()
            raise HostError(f"Port {self._options.port} cannot be opened: {error.strerror}.") from error
        self._loops = [asyncio.create_task(_keep_running(part)) for part in self._parts]
        fields = {
            "port": self._options.port,
            "functions": sorted(function.name for function in functions),
            "startup_ms": round((time.perf_counter() - started) * 1000),
        }
        logger.info("the host is ready", extra={"fields": fields})
        return runner

    def _listener(self, function: Function) -> Listener:
        connection, name = function.trigger.get("connection", ""), str(function.trigger["queueName"]).lower()
        poison = None if name.endswith(POISON) else self._queues.client(connection, name + POISON)

        async def invoke(body: TypedData, metadata: Mapping[str, TypedData]) -> bool:
            facts = {"message_id": metadata["Id"].value, "dequeue_count": int(metadata["DequeueCount"].value)}
            return (await self._worker.invoke(function, body, metadata, **facts)).ok

        queue = self._queues.client(connection, name)
        return Listener(queue, poison, self._queues, self._settings.queues, invoke)

    def _check_outputs(self, function: Function) -> None:
        """Find a wrong connection before the host is up, not when the function has already done its work."""
        for binding in function.outputs.values():
            if binding["type"] == "queue":
                self._queues.client(binding.get("connection", ""), str(binding["queueName"]))

    def _timer(self, function: Function) -> Timer:
        trigger = function.trigger
        try:
            return Timer(
                Schedule(str(trigger["schedule"])),
                functools.partial(self._worker.invoke, function),
                StatusFile(self._options.state / "timers", function.name),
                monitor=trigger.get("useMonitor", True) is not False,
                on_startup=trigger.get("runOnStartup") is True,
            )
        except HostError as error:
            raise HostError(f"Function {function.name}: {error}") from error

    def _wake(self, queue: str) -> None:
        for part in self._parts:
            if isinstance(part, Listener) and part.name == queue:
                part.wake()

    async def drain(self, runner: web.AppRunner) -> bool:
        """Take nothing new, finish what runs within the grace time; tell whether all of it was finished."""
        logger.info("draining", extra={"fields": {"grace_s": self._options.grace}})
        self._admin.state = "Stopping"
        deadline = time.monotonic() + self._options.grace
        for part in self._parts:
            part.stop()
        for site in list(runner.sites):
            await site.stop()
        finished = await self._worker.drain(self._options.grace)
        if self._loops:
            _, left = await asyncio.wait(self._loops, timeout=max(0.1, deadline - time.monotonic()))
            finished = finished and not left
        if finished:
            await runner.cleanup()
            await self._queues.close()
        logger.info("the host ends", extra={"fields": {"drained": finished}})
        return finished


async def _keep_running(part: Listener | Timer) -> None:
    """Run until the part is stopped; begin again a second after a failure that it did not expect."""
    while True:
        try:
            await part.run()
        except Exception:
            logger.exception("a listener failed and is started again")
            await asyncio.sleep(1)
        else:
            return


async def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT, drain, and end the process; a second signal ends it at once.

    The exit code is 0 when all that ran was finished, and 1 when the grace time was over before. The process ends
    without waiting for threads and clients that the app left behind, as the real worker process does. Raises
    ``HostError`` when the app cannot be served.
    """
    load_local_settings(options.app)
    settings = HostSettings.load(options.app, os.environ)
    logs.configure(settings.log_level)
    host = Host(options, settings)
    runner = await host.start()
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        if told.is_set():
            os._exit(1)
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    await told.wait()
    finished = await host.drain(runner)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if finished else 1)
