"""How metrics are told from one minute to the next. Imported with the SDK only."""

from typing import Any

from opentelemetry.sdk.metrics import Counter, Histogram, _Gauge
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation


class NewValues(MetricExporter):
    """An exporter that is given what is new since the last time, of gauges too.

    Azure's exporter asks for that of counters and histograms only. A gauge would be told again every minute with the
    last value that this instance has seen, long after another instance has measured something else. Of a histogram
    Application Insights keeps count, sum and extremes, so there are no buckets to fill.
    """

    def __init__(self, exporter: MetricExporter) -> None:
        super().__init__(
            preferred_temporality=dict.fromkeys((Counter, Histogram, _Gauge), AggregationTemporality.DELTA),
            preferred_aggregation={Histogram: ExplicitBucketHistogramAggregation(())},
        )
        self._exporter = exporter

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        """Send what was collected."""
        return self._exporter.export(metrics_data, timeout_millis, **kwargs)

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Send what the exporter still holds."""
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """End."""
        self._exporter.shutdown(timeout_millis, **kwargs)
