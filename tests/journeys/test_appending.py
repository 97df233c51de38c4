"""A log that grows, with real processes: appendInit by SOAP, bytes by a plain PUT, every content fetched again."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.journey import Up, deployment
from tests.support.serving import wait_until
from vofiles.contract import (
    AddNode,
    AppendInit,
    ExportInit,
    GetAccount,
    GetHistory,
    GetTransfer,
    ListVersions,
    NodeKind,
    Property,
    SetProperties,
    Transfer,
    TransferState,
)
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import LongIdentifier

FIRST = bytes(range(256)) * 300_000
"""77 MB: more than a store copies at a time."""
MORE = b"and what came later\n" * 5000


@pytest.fixture
def dave(running: Up) -> Iterator[FileManagerPort]:
    port = FileManagerPort(f"{running.address}/filemanager", auth=("dave", running.password))
    yield port
    port.close()


def send(dave: FileManagerPort, offer: Transfer, content: bytes) -> str:
    """PUT, as curl does it; how the transfer ended."""
    (endpoint,) = offer.endpoints
    response = requests.put(endpoint.url, data=content, timeout=120)
    assert response.status_code == 201, response.text

    def state() -> str:
        return dave.get_transfer(GetTransfer(offer.transfer)).transfer.state

    wait_until(lambda: state() in TransferState.ENDED, "the end of the transfer")
    return state()


def fetch(dave: FileManagerPort, node: LongIdentifier, version: int) -> bytes:
    (endpoint,) = dave.export_init(ExportInit(node, version)).transfer.endpoints
    return requests.get(endpoint.url, timeout=120).content


def test_a_log_grows_and_every_content_of_it_is_there(dave: FileManagerPort) -> None:
    home = LongIdentifier(dave.get_account(GetAccount()).account.home)
    dave.set_properties(SetProperties(home, (Property("versions.keep", "3"),)))
    log = LongIdentifier(dave.add_node(AddNode(home, "telescope.log", NodeKind.FILE)).node.identifier)
    for content, version in ((FIRST, 0), (MORE, 1)):
        offer = dave.append_init(AppendInit(log, size=len(content), if_version=version)).transfer
        assert send(dave, offer, content) == TransferState.COMPLETED
    assert fetch(dave, log, 1) == FIRST
    assert fetch(dave, log, 2) == FIRST + MORE
    newest, oldest = dave.list_versions(ListVersions(log)).versions
    assert (newest.size, oldest.size) == (len(FIRST + MORE), len(FIRST))
    digests = {digest.algorithm: digest.value for digest in newest.digests}
    assert digests["sha-256"] == hashlib.sha256(FIRST + MORE).hexdigest()
    operations = [change.operation for change in dave.get_history(GetHistory(log)).changes]
    assert operations == ["addNode", "append", "append"]


def test_a_store_that_dies_while_it_copies_what_was_there(tmp_path: Path) -> None:
    with deployment(tmp_path / "data") as up:
        port = FileManagerPort(f"{up.address}/filemanager", auth=("dave", up.password))
        home = LongIdentifier(port.get_account(GetAccount()).account.home)
        log = LongIdentifier(port.add_node(AddNode(home, "log", NodeKind.FILE)).node.identifier)
        assert send(port, port.append_init(AppendInit(log)).transfer, FIRST) == TransferState.COMPLETED
        offer = port.append_init(AppendInit(log)).transfer
        assert offer.container is not None
        store = offer.container.resource
        contents = up.folder / store / "contents" / offer.container.fragment[:2] / offer.container.fragment
        (endpoint,) = offer.endpoints

        def pieces() -> Iterator[bytes]:
            # The body is asked for when the copy is whole, so that half of it is on the disk whenever this is called.
            yield MORE[:1000]
            wait_until(contents.exists, "the first bytes of the copy")
            up.kill(store)
            assert up.finish().code == 1
            yield MORE[1000:]

        with pytest.raises(requests.ConnectionError):
            requests.put(endpoint.url, data=pieces(), timeout=120)
        up.start()
        # What is there of the copy counts for nothing, and the same address is good for another attempt.
        assert send(port, offer, MORE) == TransferState.COMPLETED
        assert fetch(port, log, 2) == FIRST + MORE
        port.close()
