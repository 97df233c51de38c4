"""What an operator sees of running services: /metrics, /readyz."""

import sqlite3
import threading
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.support.filestore import OWNER, calling_manager, running_filestore
from tests.support.services import STORES, RunningServices, running_services
from tests.support.serving import wait_until
from tests.support.sources import Received, ok, scripted_source
from vofiles.contract import AddNode, ImportInit, NodeKind, Property, StoreImportData
from vofiles.errors import VofilesError
from vofiles.ivorn import LongIdentifier, new_number
from vofiles.names import parse_name

METRICS = "[metrics]\nport = 0"
PREFERRED = (Property("filestore.preferred", str(STORES[0])),)


def scraped(address: str) -> dict[str, dict[tuple[str, ...], float]]:
    text = requests.get(f"{address}/metrics", timeout=10).text
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def ready(address: str) -> tuple[int, dict[str, str]]:
    response = requests.get(f"{address}/readyz", timeout=10)
    words: dict[str, str] = response.json()
    return response.status_code, words


def used(services: RunningServices) -> None:
    """A file uploaded, and a transfer left open."""
    port = services.port(dave := services.add_account("dave"))
    home = services.home(dave)
    for name, data in (("a.vot", b"x" * 1000), ("b.vot", None)):
        node = port.add_node(AddNode(home, parse_name(name), NodeKind.FILE, PREFERRED)).node
        offer = port.import_init(ImportInit(LongIdentifier(node.identifier))).transfer
        if data is not None:
            assert requests.put(offer.endpoints[0].url, data=data, timeout=10).status_code == 201


def test_a_filemanager_is_measured(tmp_path: Path) -> None:
    with running_services(tmp_path, METRICS) as services:
        used(services)
        address = services.manager.metrics_address
        assert address.startswith("http://127.0.0.1:")
        wait_until(lambda: scraped(address)["vofiles_transfers_open"] == {("OFFERED",): 1.0}, "one transfer open")
        found = scraped(address)
        assert found["vofiles_requests_total"]["POST", "addNode", "/filemanager", "200"] == 2
        assert found["vofiles_requests_total"]["POST", "transferCompleted", "/callback", "200"] == 1
        assert found["vofiles_received_bytes_total"]["POST", "addNode", "/filemanager", "200"] > 500
        assert found["vofiles_job_items_waiting"] == {(): 0.0}
        assert found["vofiles_store_silent"] == {(str(store),): 0.0 for store in STORES}
        assert found["vofiles_errands"] == {(): 0.0}
        assert found["vofiles_errands_oldest_seconds"] == {(): 0.0}
        assert found["vofiles_commit_callers_count"][()] >= 4
        assert found["vofiles_pool_waiting"]["control",] == 0
        assert found["vofiles_connections"][()] >= 1
        assert found["vofiles_metric_failures_total"][()] == 0
        assert requests.get(f"{services.manager.address}/metrics", timeout=10).status_code == 404


def test_a_store_is_measured(tmp_path: Path) -> None:
    with calling_manager() as manager, running_filestore(tmp_path, [manager], METRICS) as store:
        manager.stored(store.address, b"x" * 1000)
        address = store.server.metrics_address
        wait_until(lambda: scraped(address)["vofiles_callbacks"][()] == 0, "no callback outstanding")
        store.server.store.health.fail("a test")
        found = scraped(address)
        assert found["vofiles_received_bytes_total"]["PUT", "", "/content/", "201"] == 1000
        assert found["vofiles_requests_total"]["POST", "importInit", "/filestore", "200"] == 1
        assert found["vofiles_transfers"] == {("COMPLETED",): 1.0}
        assert found["vofiles_read_only"][()] == 1
        assert found["vofiles_free_bytes"][()] > 0
        assert (found["vofiles_lane_waiting"][()], found["vofiles_lane_running"][()]) == (0, 0)
        assert found["vofiles_metric_failures_total"][()] == 0


def test_movements_under_way_and_those_that_wait_are_counted(tmp_path: Path) -> None:
    go_on = threading.Event()

    def hold(_received: Received) -> bytes:
        assert go_on.wait(60)
        return ok(b"abc")

    outbound = '[outbound]\nallow = ["127.0.0.1/32"]\nthreads = 1'
    with (
        scripted_source(hold) as source,
        calling_manager() as manager,
        running_filestore(tmp_path, [manager], METRICS, outbound) as store,
    ):
        numbers = [new_number() for _ in range(4)]
        for number in numbers:
            request = StoreImportData(number, manager.identifier, manager.new_node(), OWNER, source.url())
            manager.port(store.address).import_data(request)
        address = store.server.metrics_address
        try:
            wait_until(lambda: scraped(address)["vofiles_lane_running"][()] == 1, "one under way")
            assert scraped(address)["vofiles_lane_waiting"][()] == 3
        finally:
            go_on.set()
        for number in numbers:
            manager.await_callback(number)
        wait_until(lambda: scraped(address)["vofiles_lane_running"][()] == 0, "none under way")
        assert scraped(address)["vofiles_lane_waiting"][()] == 0


def test_without_a_port_there_are_no_metrics(tmp_path: Path) -> None:
    with calling_manager() as manager, running_filestore(tmp_path, [manager]) as store:
        assert store.server.metrics_address == ""


def test_a_filemanager_is_ready_while_it_can_work(tmp_path: Path) -> None:
    with running_services(tmp_path) as services:
        address = services.manager.address
        assert ready(address) == (200, {"status": "ready", "database": "ok", "schema": "ok", "stores": "ok"})
        changed = sqlite3.connect(tmp_path / "filemanager.db")
        with changed:
            changed.execute("UPDATE alembic_version SET version_num = 'later'")
        changed.close()
        assert ready(address) == (503, {"status": "not ready", "database": "ok", "schema": "changed", "stores": "ok"})


def test_a_filemanager_without_any_store_that_answers_is_not_ready(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=STORES[:1]) as services:
        port = services.port(dave := services.add_account("dave"))
        home = services.home(dave)
        services.stop_store(STORES[0])
        node = port.add_node(AddNode(home, parse_name("a"), NodeKind.FILE, PREFERRED)).node
        for _ in range(3):
            with pytest.raises(VofilesError):
                port.import_init(ImportInit(LongIdentifier(node.identifier)))
        status, words = ready(services.manager.address)
        assert (status, words["stores"]) == (503, "silent")


def test_a_store_is_ready_while_it_can_give(tmp_path: Path) -> None:
    with calling_manager() as manager, running_filestore(tmp_path, [manager]) as store:
        well = {"status": "ready", "catalogue": "ok", "schema": "ok", "contents": "ok"}
        assert ready(store.address) == (200, well)
        store.server.store.health.fail("a test")
        assert ready(store.address) == (200, {**well, "contents": "read-only"})
        changed = sqlite3.connect(tmp_path / "store" / "catalogue.db")
        with changed:
            changed.execute("UPDATE alembic_version SET version_num = 'later'")
        changed.close()
        assert ready(store.address)[0] == 503
