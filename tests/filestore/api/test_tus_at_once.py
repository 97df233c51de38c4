"""Uploads in parts over several connections at once: who sends is not ended by who asks, but who is silent is."""

from urllib.parse import urlsplit

import pytest

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
    monkeypatch.setattr("filestore.services.parts.SILENCE", silence)
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
