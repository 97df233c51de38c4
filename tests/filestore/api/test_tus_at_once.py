"""Uploads in parts over several connections at once: who sends is not ended by who asks, but who is silent is."""

import threading
from typing import Any
from urllib.parse import urlsplit

import pytest

from filestore.services.parts import Part
from tests.support.filestore import CallingManager, RunningFileStore, url_of
from tests.support.rawclient import RawClient
from tests.support.serving import wait_until
from tests.support.tusrequests import PART, ask, offset_of, patch
from vofiles.contract import GetProperties, TransferState
from vofiles.instant import SECOND

CONTENT = bytes(range(256)) * 4


@pytest.mark.parametrize("silence", [60 * SECOND, 0])
def test_asking_how_far_it_is(
    manager: CallingManager, store: RunningFileStore, monkeypatch: pytest.MonkeyPatch, silence: int
) -> None:
    """Again and again, while a part comes whose sender is there, or has gone without a word."""
    monkeypatch.setattr("filestore.services.senders.SILENCE", silence)
    monkeypatch.setattr("filestore.services.resuming.PATIENCE", 0.05 if silence else 30.0)
    port = manager.port(store.address)
    transfer = port.import_init(manager.import_request(size=len(CONTENT))).transfer
    url = url_of(transfer)

    def is_coming() -> bool:
        found = port.get_properties(GetProperties(transfer=transfer.transfer)).transfer
        return found is not None and found.state == TransferState.RECEIVING

    head = "".join(f"{name}: {value}\n" for name, value in PART.items())
    with RawClient(store.port) as client:
        client.send(f"PATCH {urlsplit(url).path} HTTP/1.1\nHost: h\n{head}Upload-Offset: 0\nContent-Length: 1024\n\n")
        client.send(CONTENT[:500])
        wait_until(is_coming, "it comes")
        if not silence:
            at = offset_of(url)
            assert at <= 500
            assert patch(url, CONTENT[at:], at).status_code == 204
            return
        for _ in range(5):
            locked = ask("HEAD", url)
            assert (locked.status_code, locked.headers["Cache-Control"]) == (423, "no-store")
        assert [patch(url, b"x", 0).status_code, ask("DELETE", url).status_code] == [423, 423]
        client.send(CONTENT[500:])
        done = client.reply()
    assert (done.status, done.headers["upload-offset"]) == (204, "1024")


@pytest.mark.parametrize("step", ["prepare", "write"])
def test_who_waits_for_the_store_is_not_ended(
    manager: CallingManager, store: RunningFileStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """However long it takes to read again what came before, or to write; and every moment is one of silence."""
    transfer = manager.port(store.address).import_init(manager.import_request(size=len(CONTENT))).transfer
    waits, goes_on, plain = threading.Event(), threading.Event(), getattr(Part, step)

    def stalled(part: Part, *arguments: Any) -> Any:
        if part._transfer.transfer == transfer.transfer:
            waits.set()
            goes_on.wait()
        return plain(part, *arguments)

    monkeypatch.setattr("filestore.services.senders.SILENCE", 0)
    monkeypatch.setattr("filestore.services.resuming.PATIENCE", 0.05)
    monkeypatch.setattr(Part, step, stalled)
    url = url_of(transfer)
    head = "".join(f"{name}: {value}\n" for name, value in PART.items())
    with RawClient(store.port) as client:
        try:
            client.send(f"PATCH {urlsplit(url).path} HTTP/1.1\nHost: h\n{head}")
            client.send(f"Upload-Offset: 0\nContent-Length: {len(CONTENT)}\n\n")
            client.send(CONTENT)
            wait_until(waits.is_set, "its turn")
            assert ask("HEAD", url).status_code == 423
        finally:
            goes_on.set()
        assert client.reply().status == 204
