"""Spans: what took how long, under the operation of the Functions host that it belongs to.

The tracer is the hub's own, never OpenTelemetry's global one: clients that trace by themselves would tell whole URLs,
and with them people's names. Attributes are ids, words and codes. Where nothing is exported, a span costs next to
nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import azure.functions as func
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from provisioning.correlation import begin, correlation

_W3C = TraceContextTextMapPropagator()


@dataclass(slots=True)
class _Tracing:
    tracer: trace.Tracer | None = None


_tracing = _Tracing()


def trace_with(tracer: trace.Tracer | None) -> None:
    """Make spans by this tracer from now on, or none."""
    _tracing.tracer = tracer


@contextmanager
def invocation(context: func.Context) -> Iterator[None]:
    """Serve one invocation: a correlation of its own to begin with, and spans under the host's operation."""
    begin()
    # Also while nothing is exported: that begins with the hub, and so within the first invocation.
    token = contexts.attach(_remote(context.trace_context.trace_parent or ""))
    try:
        yield
    finally:
        contexts.detach(token)


@contextmanager
def span(name: str, *, calls: str = "", cause: str = "", **attributes: str) -> Iterator[trace.Span]:
    """Tell of what happens inside as a span. What is raised makes it a failed one, by the error's code or type alone.

    ``calls`` names the external system that is called. ``cause`` is the traceparent of what led to this: a link, and
    the parent where the host names none.
    """
    tracer = _tracing.tracer
    if tracer is None:
        yield trace.INVALID_SPAN
        return
    parent, links = contexts.get_current(), []
    caused = _remote(cause)
    led = trace.get_current_span(caused).get_span_context()
    if led.is_valid:
        links = [trace.Link(led)]
        if not trace.get_current_span(parent).get_span_context().is_valid:
            parent = caused
    told = tracer.start_span(
        name,
        context=parent,
        kind=trace.SpanKind.CLIENT if calls else trace.SpanKind.INTERNAL,
        attributes={**attributes, "correlation": correlation.get(), **({"peer.service": calls} if calls else {})},
        links=links,
    )
    with trace.use_span(told, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield told
        except BaseException as error:
            code = getattr(error, "code", "")
            failed(told, code if code and isinstance(code, str) else type(error).__name__)
            raise


def failed(told: trace.Span, why: str) -> None:
    """Mark a span as failed, by a code or the name of an error: never by its text, which may name somebody."""
    told.set_attribute("code", why)
    told.set_status(trace.StatusCode.ERROR)


def current() -> str:
    """Return the traceparent of the running span, to be carried to where its work goes on; "" unless it is told of."""
    if _tracing.tracer is None or not trace.get_current_span().is_recording():
        return ""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent", "")


def _remote(traceparent: str) -> contexts.Context:
    return _W3C.extract({"traceparent": traceparent}, contexts.Context())
