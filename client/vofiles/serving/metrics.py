"""What a server is measured by, for Prometheus; served on loopback, on a port of its own.

    requests  ──► Meter, on the reactor: a few additions to plain numbers       ─┐
    the rest  ──► read when Prometheus asks: queues, backlogs, states            ─┴─► /metrics

Rule: what is counted on the hot path takes no lock and makes no object; labels come from routes, operations and
statuses, never from what a client sends, so that nobody can make us remember more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from vofiles.serving.http import AccessLog, AccessRecord, Control, Request, Response, Route, Site

PATH: Final = "/metrics"
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
"""Upper bounds, in seconds."""
GROUPS: Final = (1, 2, 4, 8, 16, 32, 64)
"""Upper bounds of commit groups, in callers."""
OTHER: Final = "other"

Sample = tuple[tuple[str, ...], float]
"""Values of the labels, and the number."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Tally:
    """Requests of one method, route, operation and status."""

    count: int = 0
    seconds: float = 0.0
    received: int = 0
    sent: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))


class Meter:
    """Counts requests; `count` is called on the reactor only."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._methods = site.methods
        self._tallies: dict[tuple[str, str, str, int], _Tally] = {}

    def count(self, record: AccessRecord) -> None:
        """One request is over."""
        route = self._site.find_route(record.path)
        method = record.method if record.method in self._methods else OTHER
        key = (method, route.path if route is not None else OTHER, record.operation, record.status)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
        tally.count += 1
        tally.seconds += record.seconds
        tally.received += record.received
        tally.sent += record.size
        tally.buckets[bisect_left(BUCKETS, record.seconds)] += 1

    def watching(self, access: AccessLog) -> AccessLog:
        """An access log that counts, too."""

        def write(record: AccessRecord) -> None:
            self.count(record)
            access(record)

        return write

    def collect(self) -> Iterator[Metric]:
        """The numbers as they stand."""
        labels = ("method", "route", "operation", "status")
        count = CounterMetricFamily("vofiles_requests", "Requests that are over.", labels=labels)
        received = CounterMetricFamily("vofiles_received_bytes", "Bytes of requests' bodies.", labels=labels)
        sent = CounterMetricFamily("vofiles_sent_bytes", "Bytes of answers' bodies.", labels=labels)
        seconds = HistogramMetricFamily(
            "vofiles_request_seconds", "From a request's head to its answer's last byte.", labels=labels
        )
        for (method, route, operation, status), tally in list(self._tallies.items()):
            values = (method, route, operation, str(status))
            count.add_metric(values, tally.count)
            received.add_metric(values, tally.received)
            sent.add_metric(values, tally.sent)
            seconds.add_metric(values, _cumulated(BUCKETS, tally.buckets), tally.seconds)
        yield from (count, received, sent, seconds)


class Measures(Collector):
    """All that one server is measured by. What is registered is read at each scrape, from a thread of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._readers: list[Callable[[], Iterable[Metric]]] = []
        self._failures = 0
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def add(self, read: Callable[[], Iterable[Metric]]) -> None:
        """Have metrics read; what raises is left out, logged and counted."""
        self._readers.append(read)

    def gauge(self, name: str, about: str, read: Callable[[], float | Iterable[Sample]], *labels: str) -> None:
        """A number that goes up and down, or one for each value of `labels`."""

        def collect() -> Iterator[Metric]:
            family = GaugeMetricFamily(f"vofiles_{name}", about, labels=labels)
            found = read()
            for values, number in [((), found)] if isinstance(found, int | float) else found:
                family.add_metric(values, number)
            yield family

        self.add(collect)

    def groups(self, read: Callable[[], Mapping[int, int]]) -> None:
        """How many callers share a commit."""

        def collect() -> Iterator[Metric]:
            counts = [0] * (len(GROUPS) + 1)
            found = read()
            for size, number in found.items():
                counts[bisect_left(GROUPS, size)] += number
            family = HistogramMetricFamily("vofiles_commit_callers", "Callers that share one commit.", labels=())
            family.add_metric((), _cumulated(GROUPS, counts), sum(size * number for size, number in found.items()))
            yield family

        self.add(collect)

    def collect(self) -> Iterator[Metric]:
        """What is registered, as it stands."""
        for read in self._readers:
            try:
                yield from list(read())
            except Exception:  # noqa: BLE001 - the other numbers are wanted all the more
                self._failures += 1
                _log.exception("a metric could not be read")
        failures = CounterMetricFamily("vofiles_metric_failures", "Metrics that could not be read.")
        failures.add_metric((), self._failures)
        yield failures

    def describe(self) -> Iterator[Metric]:
        """Nothing is read before somebody asks."""
        return iter(())

    def route(self) -> Route:
        """Where they are asked for."""

        def answer(_request: Request) -> Response:
            headers = (("Content-Type", "text/plain; version=0.0.4; charset=utf-8"), ("Cache-Control", "no-store"))
            return Response(200, headers, generate_latest(self._registry))

        return Route(PATH, frozenset({"GET"}), Control(answer, body_limit=0))


def _cumulated(bounds: Iterable[float], counts: Iterable[int]) -> list[tuple[str, float]]:
    total = 0
    rows = []
    for bound, count in zip([*(str(float(bound)) for bound in bounds), "+Inf"], counts, strict=True):
        total += count
        rows.append((bound, float(total)))
    return rows
