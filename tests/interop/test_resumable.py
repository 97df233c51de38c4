"""tus-js-client, as it comes from npm, against a store: stopped, the store killed, started again, and gone on with."""

import hashlib
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.interop.clients import INTEROP, Client
from tests.interop.stage import Workshop, build_from, clean_environment
from tests.support.filestore import FileStoreProcess, calling_manager, url_of
from tests.support.rawclient import RawClient
from tests.support.tusrequests import PART, offset_of
from vofiles.contract import TransferCompleted
from vofiles.serving.listening import bind

TUS = Client(
    "tus",
    job=("node", "upload.mjs"),
    build=(
        ("cp", "-r", "{here}/.", "."),
        ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
    ),
    needs=("node", "npm"),
    packages="nodejs npm",
)
CONTENT = random.Random(6).randbytes(8_000_000)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return build_from(TUS, INTEROP, tmp_path_factory.mktemp("tus"))


def free_port() -> int:
    """A store that is started again is where it was."""
    with bind("127.0.0.1", 0) as held:
        port: int = held.getsockname()[1]
    return port


@contextmanager
def uploading(workshop: Workshop, address: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [*workshop.command(TUS.job), address, str(folder / "content"), str(folder / "memory.json")]
    client = subprocess.Popen(
        command,
        cwd=workshop.built,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield client
    finally:
        client.kill()
        client.wait()
        assert client.stdout is not None
        client.stdout.close()


def says(client: "subprocess.Popen[str]", word: str, least: int = 0) -> int:
    """Wait until the client says a word, of so many bytes or more; of how many. What is said before is passed over."""
    assert client.stdout is not None
    heard = []
    for line in client.stdout:
        heard.append(line)
        said, _, rest = line.strip().partition(" ")
        assert said != "failed", heard
        if said == word and (not rest.isdigit() or int(rest) >= least):
            return int(rest) if rest.isdigit() else 0
    raise AssertionError(f"the client has not said {word!r}: {heard}")


def test_a_file_is_sent_whatever_stops_on_its_way(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(CONTENT)
    listen = f"[listen]\nport = {free_port()}"
    with calling_manager() as manager, FileStoreProcess(tmp_path, [manager], listen) as store:
        transfer = manager.port(store.address).import_init(manager.import_request(size=len(CONTENT))).transfer
        with uploading(workshop, url_of(transfer), tmp_path) as client:
            accepted = says(client, "accepted", 2 << 20)
            store.kill()
            store.start()
            # It asks how far it is, and nothing that was told to be safe is sent again.
            assert says(client, "accepted") > accepted
            accepted = says(client, "accepted", 4 << 20)
        with uploading(workshop, url_of(transfer), tmp_path) as client:
            assert says(client, "from") >= accepted
            says(client, "done")
            assert client.wait(60) == 0
        message = manager.await_callback(transfer.transfer)
        assert isinstance(message, TransferCompleted)
        receipt = message.receipt
        digests = {digest.algorithm: digest.value for digest in receipt.digests}
        assert (receipt.size, digests["sha-256"]) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
        assert receipt.content_type == "application/fits"


def test_a_connection_that_was_lost_without_a_word_is_in_nobodys_way(workshop: Workshop, tmp_path: Path) -> None:
    """As where a network went away: for the store it is still open, and part of a part has come over it."""
    (tmp_path / "content").write_bytes(CONTENT)
    with calling_manager() as manager, FileStoreProcess(tmp_path, [manager]) as store:
        port = manager.port(store.address)
        transfer = port.import_init(manager.import_request(size=len(CONTENT))).transfer
        url = url_of(transfer)
        with uploading(workshop, url, tmp_path) as client:
            says(client, "accepted", 1 << 20)
        at = offset_of(url)
        with RawClient(urlsplit(url).port or 0) as lost:
            head = "".join(f"{name}: {value}\n" for name, value in PART.items())
            length = len(CONTENT) - at
            lost.send(
                f"PATCH {urlsplit(url).path} HTTP/1.1\nHost: h\n{head}Upload-Offset: {at}\nContent-Length: {length}\n\n"
            )
            lost.send(CONTENT[at : at + 1000])
            with uploading(workshop, url, tmp_path) as client:
                assert says(client, "from") >= at
                says(client, "done")
                assert client.wait(60) == 0
        message = manager.await_callback(transfer.transfer)
        assert isinstance(message, TransferCompleted)
        digests = {digest.algorithm: digest.value for digest in message.receipt.digests}
        assert digests["sha-256"] == hashlib.sha256(CONTENT).hexdigest()
