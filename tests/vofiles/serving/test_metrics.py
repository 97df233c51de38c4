"""What a server is measured by."""

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.support.serving import running_site
from vofiles.serving.http import AccessRecord, Control, Response, Route, Site
from vofiles.serving.metrics import Measures, Meter


def samples(measures: Measures) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample that is served, by name and labels."""
    with running_site([measures.route()]) as served:
        text = requests.get(f"{served.url}/metrics", timeout=10).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def site() -> Site:
    control = Control(lambda _request: Response(200))
    return Site(
        [Route("/service", frozenset({"POST"}), control), Route("/content/", frozenset({"PUT"}), control, True)]
    )


def record(method: str = "POST", path: str = "/service", status: int = 200, seconds: float = 0.002) -> AccessRecord:
    return AccessRecord(method, path, status, 10, seconds, "id", "127.0.0.1", True, "getNode", 7)


@pytest.fixture
def measures() -> Measures:
    return Measures()


def test_requests_are_counted_by_route_operation_and_status(measures: Measures) -> None:
    meter = Meter(site())
    measures.add(meter.collect)
    seen: list[AccessRecord] = []
    access = meter.watching(seen.append)
    for status in (200, 200, 500):
        access(record(status=status))
    found = samples(measures)
    labels = (("method", "POST"), ("operation", "getNode"), ("route", "/service"), ("status", "200"))
    assert found["vofiles_requests_total", labels] == 2
    assert found["vofiles_received_bytes_total", labels] == 14
    assert found["vofiles_sent_bytes_total", labels] == 20
    assert found["vofiles_request_seconds_sum", labels] == pytest.approx(0.004)
    assert found["vofiles_request_seconds_bucket", tuple(sorted((*labels, ("le", "0.0025"))))] == 2
    assert found["vofiles_request_seconds_bucket", tuple(sorted((*labels, ("le", "0.001"))))] == 0
    assert len(seen) == 3


def test_nothing_that_a_client_chooses_becomes_a_label(measures: Measures) -> None:
    meter = Meter(site())
    measures.add(meter.collect)
    for number in range(50):
        meter.count(record("PUT", f"/content/ticket-{number}"))
        meter.count(record(f"METHOD{number}", f"/nothing/{number}"))
    names = {labels for name, labels in samples(measures) if name == "vofiles_requests_total"}
    assert {dict(labels)["route"] for labels in names} == {"/content/", "other"}
    assert {dict(labels)["method"] for labels in names} == {"PUT", "other"}


def test_a_metric_that_fails_leaves_the_others(measures: Measures) -> None:
    def fail() -> float:
        raise OSError("disk")

    measures.gauge("broken", "Breaks.", fail)
    measures.gauge("whole", "Does not.", lambda: 3)
    measures.gauge("labelled", "By store.", lambda: [(("a",), 1.0), (("b",), 0.0)], "store")
    found = samples(measures)
    assert found["vofiles_whole", ()] == 3
    assert found["vofiles_labelled", (("store", "b"),)] == 0
    assert found["vofiles_metric_failures_total", ()] == 1
    assert ("vofiles_broken", ()) not in found


def test_the_sizes_of_commit_groups(measures: Measures) -> None:
    measures.groups(lambda: {1: 5, 3: 2, 64: 1})
    found = samples(measures)
    assert found["vofiles_commit_callers_bucket", (("le", "1.0"),)] == 5
    assert found["vofiles_commit_callers_bucket", (("le", "4.0"),)] == 7
    assert found["vofiles_commit_callers_count", ()] == 8
    assert found["vofiles_commit_callers_sum", ()] == 75
