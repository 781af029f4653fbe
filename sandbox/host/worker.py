"""Drives Microsoft's Python worker package: loads the app, runs one function, and hands on what it put out."""

import asyncio
import contextvars
import json
import logging
import os
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure_functions_runtime as runtime  # type: ignore[import-untyped]  # it ships no types

from sandbox.host import logs
from sandbox.host.messages import StatusResult, TypedData, init_request, invocation_request
from sandbox.host.settings import HostError, expand

logger = logging.getLogger("host")

SUPPORTED = ("httpTrigger", "queueTrigger", "timerTrigger")
_RESOLVED = ("queueName", "schedule")

type Binding = Mapping[str, Any]
type Emit = Callable[[Binding, TypedData], Awaitable[None]]
"""Writes one output binding's data; raises when it could not."""


@dataclass(frozen=True)
class Function:
    """One function of the app: its trigger binding and its output bindings by name (``$return``: the return value)."""

    id: str
    name: str
    trigger: Binding
    outputs: Mapping[str, Binding]

    @property
    def kind(self) -> str:
        """The type of the trigger: ``httpTrigger``, ``queueTrigger``, ``timerTrigger``."""
        return str(self.trigger["type"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one invocation ended. ``value`` is what the function returned."""

    ok: bool
    value: TypedData | None = None


class Worker:
    """The one function app of this process."""

    def __init__(self, timeout: timedelta | None) -> None:
        self._timeout = timeout.total_seconds() if timeout is not None else None
        self._running: set[asyncio.Task[Any]] = set()
        self._context = contextvars.copy_context()
        self.emit: Emit = _no_outputs

    async def load(self, app: Path, environment: Mapping[str, str]) -> list[Function]:
        """Import ``function_app.py`` and return its functions, without those that a setting disables.

        The folder becomes the working directory and comes first in the import path, as in Azure. Raises
        ``HostError``: the app cannot be imported or uses a trigger that this host does not run.
        """
        if not (app / "function_app.py").exists():
            raise HostError(f"{app} holds no function_app.py.")
        os.chdir(app)
        sys.path.insert(0, str(app))
        runtime.start_threadpool_executor()
        answer = await runtime.worker_init_request(init_request(str(app)))
        if answer.result.status != StatusResult.Success:
            failure = answer.result.exception
            logger.error("loading the function app failed", extra={"fields": {"exception": failure.stack_trace}})
            raise HostError(f"the function app could not be loaded. {failure.message}")
        indexed = (await runtime.functions_metadata_request(None)).function_metadata_results or []
        functions = [_function(metadata, environment) for metadata in indexed]
        disabled = [
            function.name
            for function in functions
            if environment.get(f"AzureWebJobs.{function.name}.Disabled", "").lower() in ("1", "true")
        ]
        if disabled:
            logger.info("functions are disabled by settings", extra={"fields": {"functions": disabled}})
        return [function for function in functions if function.name not in disabled]

    async def invoke(
        self,
        function: Function,
        data: TypedData,
        metadata: Mapping[str, TypedData] | None = None,
        *,
        trace_parent: str = "",
        **fields: object,
    ) -> Outcome:
        """Run the function, write its outputs, and log one line with the ``fields`` given. Never raises.

        Output bindings belong to the invocation: when one cannot be written, the invocation failed. Each invocation
        has a context of its own, so that no context variable leaks from one to the next.
        """
        task = asyncio.create_task(
            self._invoke(function, data, metadata or {}, trace_parent, fields), context=self._context.copy()
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _invoke(
        self,
        function: Function,
        data: TypedData,
        metadata: Mapping[str, TypedData],
        trace_parent: str,
        fields: dict[str, object],
    ) -> Outcome:
        invocation = str(uuid.uuid4())
        logs.invocation.set(invocation)
        started = time.perf_counter()
        error, trace, value = "", "", None
        request = invocation_request(function.id, invocation, function.trigger["name"], data, metadata, trace_parent)
        try:
            async with asyncio.timeout(self._timeout):
                answer = await runtime.invocation_request(request)
            if answer.result.status == StatusResult.Success:
                value = answer.return_value
                await self._write_outputs(function, answer)
            else:
                error, trace = answer.result.exception.message, answer.result.exception.stack_trace
        except TimeoutError:
            error = f"functionTimeout of {self._timeout:g} s exceeded"
        except Exception as problem:  # noqa: BLE001 - whatever an output raises fails this invocation, not the host
            error = f"an output binding could not be written: {type(problem).__name__}: {problem}"
        fields |= {"function": function.name, "duration_ms": round((time.perf_counter() - started) * 1000, 2)}
        if error:
            fields |= {"error": error, "exception": trace}
            logger.error("invocation failed", extra={"fields": fields})
            return Outcome(ok=False)
        logger.info("invocation succeeded", extra={"fields": fields})
        return Outcome(ok=True, value=value)

    async def _write_outputs(self, function: Function, answer: Any) -> None:
        written = {binding.name: binding.data for binding in answer.output_data or []}
        returned = function.outputs.get("$return")
        if returned and returned["type"] == "queue" and answer.return_value is not None:
            written["$return"] = answer.return_value
        for name, data in written.items():
            await self.emit(function.outputs[name], data)

    async def drain(self, grace: float) -> bool:
        """Wait up to ``grace`` seconds for what runs; tell whether all of it ended."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=grace)
        return not self._running


async def _no_outputs(binding: Binding, _: TypedData) -> None:
    raise HostError(f"there is nothing to write a {binding['type']} output with")


def _function(metadata: Any, environment: Mapping[str, str]) -> Function:
    bindings: list[dict[str, Any]] = [json.loads(raw) for raw in metadata.raw_bindings]
    try:
        for binding in bindings:
            binding.update({name: expand(binding[name], environment) for name in _RESOLVED if binding.get(name)})
    except HostError as error:
        raise HostError(f"Function {metadata.name}: {error}") from error
    trigger = next(binding for binding in bindings if binding["type"].lower().endswith("trigger"))
    outputs = {binding["name"]: binding for binding in bindings if binding["direction"] == "OUT"}
    strange = {binding["type"] for binding in bindings} - {*SUPPORTED, "http", "queue"}
    if strange:
        raise HostError(f"Function {metadata.name}: the local host does not know the binding {min(strange)}.")
    if metadata.retry_options:
        logger.warning("the local host ignores retry policies", extra={"fields": {"function": metadata.name}})
    return Function(metadata.function_id, metadata.name, trigger, outputs)
