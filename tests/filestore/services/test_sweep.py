"""What a crash left, at the next start; and the manifest."""

import json
from dataclasses import replace

import pytest

from filestore.domain.sidecar import Sidecar
from filestore.services import sweep as sweeping
from filestore.services.containers import delete_container
from filestore.services.imports import Sent, open_upload
from filestore.services.manifest import manifest
from filestore.services.sweep import Swept, sweep
from tests.support.filestore_core import MANAGER, START, Core, sidecar_of_bytes
from vofiles.contract import DeleteContainer
from vofiles.instant import SECOND, Instant

DATA = b"abc" * 100
STRANGE = "strange2345"


def put_strange(core: Core, sidecar: Sidecar | None, number: str = STRANGE) -> None:
    """Bytes that no row knows of."""
    writer = core.store.backend.create(number, None)
    writer.write(DATA)
    if sidecar is not None:
        writer.seal(sidecar)
    writer.close()


def test_an_orderly_store_has_nothing_to_sweep(core: Core) -> None:
    receipt = core.stored(DATA).receipt
    core.offer()
    assert sweep(core.store) == Swept()
    assert core.get(receipt.container) == DATA


def test_a_broken_upload_leaves_no_lease_and_no_bytes(core: Core) -> None:
    offer = core.offer("t1")
    upload = open_upload(core.store, core.token(offer), Sent())
    upload.write(DATA)
    after = core.restarted()
    assert sweep(after.store) == Swept(leases=1, dropped=1)
    assert after.transfer("t1").state == "OFFERED"
    assert list(after.store.backend.numbers()) == []
    assert after.put(after.token(offer), DATA).receipt.size == len(DATA)


def test_more_than_a_page_of_leases_is_given_back(core: Core) -> None:
    for number in range(120):
        open_upload(core.store, core.token(core.offer(f"t{number}")), Sent())
    assert sweep(core.restarted().store).leases == 120


def test_however_many_there_are_each_is_judged(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are looked up at once, of every kind."""
    monkeypatch.setattr(sweeping, "BATCH", 2)
    kept = [core.stored(DATA).receipt.container for _ in range(5)]
    for number in range(5):
        open_upload(core.store, core.token(core.offer(f"broken-{number}")), Sent()).write(DATA)
    for number in range(3):
        put_strange(core, None, f"{STRANGE}{number}")
    again = core.restarted()
    assert sweep(again.store) == Swept(leases=5, dropped=5, orphans=3)
    assert {core.get(container) for container in kept} == {DATA}
    for container in kept[:3]:
        core.store.backend.delete(container.fragment)
    assert sweep(again.store) == Swept(orphans=3, missing=3)


def test_bytes_of_a_deleted_container_go(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = core.stored(DATA).receipt
    with monkeypatch.context() as patch:
        patch.setattr(core.store.backend, "delete", lambda number: None)
        delete_container(core.store, MANAGER, DeleteContainer(receipt.container))
    assert sweep(core.restarted().store) == Swept(dropped=1)
    assert list(core.store.backend.numbers()) == []


@pytest.mark.parametrize("sealed", [False, True])
def test_orphans_go_when_seen_again_after_the_grace_period(core: Core, sealed: bool) -> None:
    sweep(core.store)
    core.clock.move(SECOND)
    put_strange(core, replace(sidecar_of_bytes(STRANGE, DATA), completed=core.clock.now) if sealed else None)
    assert sweep(core.store) == Swept(orphans=1)
    core.clock.move(core.store.terms.grace)
    assert sweep(core.store) == Swept(orphans=1)
    core.clock.move(1)
    assert sweep(core.store) == Swept(dropped=1)
    assert list(core.store.backend.numbers()) == []


def test_bytes_that_are_older_than_the_catalogue_are_never_dropped(core: Core) -> None:
    put_strange(core, replace(sidecar_of_bytes(STRANGE, DATA), completed=Instant(START - 1)))
    sweep(core.store)
    core.clock.move(core.store.terms.grace * 2)
    assert sweep(core.store) == Swept(orphans=1)
    assert core.store.backend.has(STRANGE)


def test_bytes_that_are_missing_are_reported(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    receipt = core.stored(DATA).receipt
    core.store.backend.delete(receipt.container.fragment)
    assert sweep(core.store) == Swept(missing=1)
    assert receipt.container.fragment in caplog.text


def test_the_manifest_lists_what_the_store_holds(core: Core) -> None:
    first, second = core.stored(DATA, "text/plain").receipt, core.stored(b"").receipt
    open_upload(core.store, core.token(core.offer()), Sent()).write(DATA)
    lines = [json.loads(line) for line in manifest(core.store.backend)]
    assert [line["container"] for line in lines] == sorted(str(receipt.container) for receipt in (first, second))
    line = next(line for line in lines if line["container"] == str(first.container))
    assert (line["size"], line["type"], line["transfer"]) == (len(DATA), "text/plain", first.transfer)
    assert line["digests"] == {digest.algorithm: digest.value for digest in first.digests}
