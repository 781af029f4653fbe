"""Which spans are told of. Imported with the SDK only."""

import threading
import time
from collections.abc import Callable, Sequence

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.util.types import Attributes

PER_SECOND = 1.0
BURST = 20.0
FOLLOWING = 5.0
"""How many times more of what follows from a story is told than of new ones."""


class Examples(Sampler):
    """Tells of whole stories: ``per_second`` new ones on an instance, up to ``burst`` at once, and what they lead to.

    Spans are examples of how time is spent; how many and how long is told by metrics, of all. A trickle is told
    whole. Of a flood a bounded part is, whatever it costs elsewhere: some 3 spans of 1 KB for each story. What was
    caused by something that is told is told as well, so that a request is seen with its jobs, up to five times as
    much: one resync leads to as many jobs as there are people. The host's own mark (``sampled``) is not heeded:
    Application Insights' classic SDK never sets it.
    """

    def __init__(
        self, per_second: float = PER_SECOND, burst: float = BURST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._new = _Allowance(per_second, burst, clock)
        self._following = _Allowance(per_second * FOLLOWING, burst * FOLLOWING, clock)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: trace.SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[trace.Link] | None = None,
        trace_state: trace.TraceState | None = None,
    ) -> SamplingResult:
        """Decide about a span: as its parent in this process, or else by its cause, or else by what is left."""
        parent = trace.get_current_span(parent_context)
        within = parent.get_span_context().is_valid and not parent.get_span_context().is_remote
        told = parent.is_recording() if within else (self._following if links else self._new).take()
        return SamplingResult(Decision.RECORD_AND_SAMPLE if told else Decision.DROP, attributes)

    def get_description(self) -> str:
        """Return what stands for this in the SDK's own words."""
        return f"Examples({self._new.per_second:g}/s)"


class _Allowance:
    """What may be told: ``per_second``, and ``burst`` at once."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float]) -> None:
        self.per_second, self._burst, self._clock = per_second, burst, clock
        self._left, self._seen = burst, clock()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Tell whether there is one left, and take it."""
        with self._lock:
            now = self._clock()
            self._left = min(self._burst, self._left + (now - self._seen) * self.per_second)
            self._seen = now
            if self._left < 1:
                return False
            self._left -= 1
            return True
