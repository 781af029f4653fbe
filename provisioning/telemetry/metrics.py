"""Recording: the one way to a metric. It costs a look-up in a dict where nothing is exported."""

from collections.abc import Callable, Mapping

from provisioning.telemetry.catalogue import Metric

type Recorder = Callable[[float, Mapping[str, str]], None]

_recorders: dict[str, Recorder] = {}


def record(metric: Metric, value: float = 1, /, **attributes: str) -> None:
    """Record a value. ``attributes`` are those that the catalogue names for the metric, all of them."""
    recorder = _recorders.get(metric.name)
    if recorder is not None:
        recorder(value, attributes)


def record_with(recorders: Mapping[str, Recorder]) -> None:
    """Have values taken by these from now on, by a metric's name; the others go nowhere."""
    _recorders.clear()
    _recorders.update(recorders)
