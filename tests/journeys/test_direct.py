"""Contents sent past a store, into its bucket: by our client, by curl, and by whoever gives up halfway.

Over moto, or Ceph's radosgw where OBJECT_STORE says so (`./toxw -e s3`); only the latter looks at what was signed.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from filestore.backends.s3bucket import Bucket
from filestore.domain.staging import PART
from tests.support.objectstores import ObjectStore, object_store, running_object_store
from tests.support.services import STORES, RunningServices, User, running_services
from tests.support.serving import wait_until
from vofiles import connect
from vofiles.contract import (
    AddNode,
    CancelTransfer,
    CompleteTransfer,
    Digest,
    ExportInit,
    GetAccount,
    GetNode,
    GetTransfer,
    ImportInit,
    Node,
    NodeKind,
    Transfer,
    TransferState,
)
from vofiles.errors import ChecksumMismatch, Incomplete
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import LongIdentifier

__all__ = ["object_store", "running_object_store"]

(STORE,) = STORES[:1]
DATA = b"SIMPLE  =                    T" * 1000
SHA256 = Digest("sha-256", hashlib.sha256(DATA).hexdigest())
JUDGED = os.environ.get("OBJECT_STORE") == "radosgw"
"""Whether signatures are looked at."""


class Deployment:
    """Services whose one store has its contents in a bucket, and somebody who uses them."""

    def __init__(self, services: RunningServices, bucket: Bucket, prefix: str) -> None:
        self.services, self.bucket, self.prefix = services, bucket, prefix
        self.dave: User = services.add_account("dave")
        self.port: FileManagerPort = services.port(self.dave)
        self.home = LongIdentifier(self.port.get_account(GetAccount()).account.home)

    def add(self, name: str) -> LongIdentifier:
        return LongIdentifier(self.port.add_node(AddNode(self.home, name, NodeKind.FILE)).node.identifier)

    def offer(self, file: LongIdentifier, size: int | None, *digests: Digest) -> Transfer:
        return self.port.import_init(ImportInit(file, size=size, digests=digests)).transfer

    def node(self, file: LongIdentifier) -> Node:
        return self.port.get_node(GetNode(file)).nodes[0]

    def get(self, file: LongIdentifier) -> bytes:
        (endpoint,) = self.port.export_init(ExportInit(file)).transfer.endpoints
        return requests.get(endpoint.url, timeout=60).content

    def staged(self) -> list[str]:
        """What lies or is being sent where clients send."""
        prefix = f"{self.prefix}staging/"
        keys = [found.key for found in self.bucket.objects(prefix)]
        return sorted([*keys, *(upload.key for upload in self.bucket.uploads(prefix))])


@pytest.fixture(scope="module")
def deployment(
    running_object_store: ObjectStore | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    if running_object_store is None:
        pytest.skip("no store of objects is installed: moto[s3] with flask, or Ceph's radosgw")
    settings = running_object_store.part()
    section = (
        f'[s3]\nbucket = "{settings.bucket}"\nprefix = "{settings.prefix}"\nendpoint = "{settings.endpoint}"\n'
        f'access_key = "{settings.access_key}"\nsecret_key = "{settings.secret_key}"\ndirect = true\n'
        f"trusted = {str(not JUDGED).lower()}\n"
        "[tickets]\nlifetime = 16\n"
    )
    with running_services(tmp_path_factory.mktemp("direct"), stores=(STORE,), outbound=(section,)) as services:
        yield Deployment(services, Bucket(running_object_store.client, settings.bucket), settings.prefix)


def send(offer: Transfer, data: bytes) -> None:
    """PUT each address what is for it."""
    for endpoint in offer.endpoints:
        headers = {header.name: header.value for header in endpoint.headers}
        piece, data = data[: int(headers["Content-Length"])], data[int(headers["Content-Length"]) :]
        response = requests.put(endpoint.url, data=piece, headers=headers, timeout=60)
        assert response.status_code == 200, response.text
    assert data == b""


def host(url: str) -> str:
    return url.split("/")[2]


def test_our_client_sends_past_the_store(deployment: Deployment, tmp_path: Path) -> None:
    small, large = tmp_path / "small.fits", tmp_path / "large.fits"
    small.write_bytes(DATA)
    large.write_bytes(os.urandom(1 << 20) * 70)
    services = deployment.services
    before, told = len(services.accesses), list[tuple[int, int | None]]()
    home = connect(services.address, user=deployment.dave.name, password=deployment.dave.password)
    try:
        for source, parts in ((small, 1), (large, 2)):
            told.clear()
            info = (home / source.name).put(source, progress=lambda done, size: told.append((done, size)))
            assert info.size == source.stat().st_size
            assert max(told) == (info.size, info.size)
            assert len({done for done, _ in told}) >= parts
            assert (home / source.name).read_bytes() == source.read_bytes()
    finally:
        home.close()
    assert [each.method for each in services.accesses[before:] if each.method in {"PUT", "PATCH"}] == []
    wait_until(lambda: deployment.staged() == [], "what was taken is no longer staged")


def test_curl_does_it_too(deployment: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "m31.fits"
    path.write_bytes(DATA)
    file = deployment.add("by-curl")
    offer = deployment.offer(file, len(DATA), SHA256)
    (endpoint,) = offer.endpoints
    headers = [f"-H{header.name}: {header.value}" for header in endpoint.headers]
    command = ["curl", "-sS", "--fail", "-T", str(path), *headers, endpoint.url]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    answer = deployment.port.complete_transfer(CompleteTransfer(offer.transfer, digests=(SHA256,)))
    assert answer.transfer.state == TransferState.COMPLETED
    assert answer.node is not None
    assert SHA256 in answer.node.digests
    assert deployment.get(file) == DATA
    assert deployment.port.complete_transfer(CompleteTransfer(offer.transfer)) == answer


def test_what_is_missing_is_named_and_can_be_sent(deployment: Deployment) -> None:
    file = deployment.add("in-parts")
    data = bytes(PART) + DATA
    offer = deployment.offer(file, len(data))
    first, last = offer.endpoints
    assert requests.put(last.url, data=DATA, timeout=60).status_code == 200
    with pytest.raises(Incomplete, match="part 1 of 2"):
        deployment.port.complete_transfer(CompleteTransfer(offer.transfer))
    again = deployment.port.get_transfer(GetTransfer(offer.transfer)).transfer
    assert requests.put(again.endpoints[0].url, data=data[:PART], timeout=60).status_code == 200
    answer = deployment.port.complete_transfer(CompleteTransfer(offer.transfer))
    assert answer.transfer.receipt is not None
    assert answer.transfer.receipt.size == len(data)
    assert deployment.get(file) == data
    assert requests.put(first.url, data=bytes(PART), timeout=60).status_code >= 400


def test_other_bytes_than_said_are_refused(deployment: Deployment) -> None:
    file = deployment.add("wrong")
    offer = deployment.offer(file, len(DATA), SHA256)
    (endpoint,) = offer.endpoints
    headers = {header.name: header.value for header in endpoint.headers}
    if JUDGED:
        forged = endpoint.url.replace("Signature=", "Signature=0")
        other = headers | {"x-amz-checksum-sha256": "A" * 43 + "="}
        for url, data, told in (
            (endpoint.url, DATA[1:], headers | {"Content-Length": str(len(DATA) - 1)}),
            (endpoint.url, DATA, {}),
            (endpoint.url, DATA, other),
            (forged, DATA, headers),
        ):
            assert requests.put(url, data=data, headers=told, timeout=60).status_code == 403
        with pytest.raises(Incomplete):
            deployment.port.complete_transfer(CompleteTransfer(offer.transfer))
    with pytest.raises(ChecksumMismatch):
        deployment.port.complete_transfer(CompleteTransfer(offer.transfer, digests=(Digest("sha-256", "0" * 64),)))
    offer = deployment.offer(file, len(DATA))
    send(offer, DATA)
    with pytest.raises(ChecksumMismatch):
        deployment.port.complete_transfer(CompleteTransfer(offer.transfer, digests=(Digest("sha-256", "0" * 64),)))
    ended = deployment.port.get_transfer(GetTransfer(offer.transfer)).transfer
    assert ended.state == TransferState.FAILED
    assert deployment.node(file).version == 0


def test_the_store_looks_by_itself(deployment: Deployment) -> None:
    """What is given up is dropped; a whole is taken for a client that knows nothing of completeTransfer."""
    cancelled = deployment.offer(deployment.add("cancelled"), 2 * PART)
    assert requests.put(cancelled.endpoints[1].url, data=DATA, timeout=60).status_code in {200, 403}
    deployment.port.cancel_transfer(CancelTransfer(cancelled.transfer))
    file = deployment.add("unsaid")
    unsaid = deployment.offer(file, len(DATA))
    send(unsaid, DATA)
    assert deployment.staged() != []

    def state() -> str:
        return deployment.port.get_transfer(GetTransfer(unsaid.transfer)).transfer.state

    wait_until(lambda: state() == TransferState.COMPLETED, "the store looks by itself")
    assert deployment.get(file) == DATA
    wait_until(lambda: deployment.staged() == [], "what nobody wants is dropped")
    assert deployment.port.complete_transfer(CompleteTransfer(cancelled.transfer)).transfer.state == "CANCELLED"


def test_who_does_not_say_how_much_sends_to_the_store(deployment: Deployment) -> None:
    file = deployment.add("stream")
    offer = deployment.offer(file, None)
    assert (offer.properties, host(offer.endpoints[0].url)) == ((), host(deployment.services.stores[STORE].address))
    assert requests.put(offer.endpoints[0].url, data=DATA, timeout=60).status_code == 201
    wait_until(lambda: deployment.node(file).version == 1, "the callback")
    assert deployment.get(file) == DATA


def test_two_say_it_at_once(deployment: Deployment) -> None:
    file = deployment.add("twice")
    offer = deployment.offer(file, len(DATA))
    send(offer, DATA)
    first = deployment.port.complete_transfer(CompleteTransfer(offer.transfer, wait=0)).transfer
    second = deployment.port.complete_transfer(CompleteTransfer(offer.transfer)).transfer
    assert first.state in {TransferState.RECEIVING, TransferState.STORED, TransferState.COMPLETED}
    assert second.state == TransferState.COMPLETED
    assert deployment.node(file).version == 1
