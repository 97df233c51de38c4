"""import_from and export_to: a store moves the bytes itself, waited for or followed."""

import threading

import pytest

from tests.support.serving import wait_until
from tests.support.sources import Received, ok, scripted_source
from vofiles.errors import (
    AddressRefused,
    ContentNotFound,
    Incomplete,
    NodeNotFound,
    SourceUnreachable,
    TransferNotFound,
    VofilesError,
)
from vofiles.tree import Node

BYTES = b"fetched by a store " * 5000


def test_import_from(folder: Node) -> None:
    node = folder / "query.vot"
    with scripted_source(ok(BYTES)) as source:
        status = node.import_from(source.url())
    assert (status.state, status.done, status.bytes_done) == ("COMPLETED", True, len(BYTES))
    assert node.read_bytes() == BYTES
    assert "authorization" not in source.requests[0].headers
    with scripted_source(ok(b"second")) as source:
        node.import_from(source.url(), content_type="text/csv")
    assert node.read_bytes() == b"second"
    info = node.info()
    assert (info.version, info.content_type) == (2, "text/csv")


def test_an_import_begun_and_then_followed(folder: Node) -> None:
    gate = threading.Event()

    def answer(_: Received) -> bytes:
        assert gate.wait(60)
        return ok(BYTES)

    node = folder / "slow"
    with scripted_source(answer) as source:
        begun = node.import_from(source.url(), wait=0)
        assert not begun.done
        assert not node.transfer(begun.transfer).done
        assert node.info().version == 0
        gate.set()
        wait_until(lambda: node.transfer(begun.transfer).done, "the import's end")
    assert node.read_bytes() == BYTES


def test_imports_that_fail_say_why_and_leave_the_old_content(folder: Node) -> None:
    node = folder / "file"
    node.put(b"old")
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this"
    for answer, error in ((missing, SourceUnreachable), (short, Incomplete)):
        with scripted_source(answer) as source, pytest.raises(error):
            node.import_from(source.url())
    for url in ("file:///etc/passwd", "http://10.0.0.1/x", "ftp://127.0.0.1/x"):
        with pytest.raises(VofilesError) as refused:
            node.import_from(url)
        assert type(refused.value).__name__ in {"AddressRefused", "InvalidArgument"}
    with pytest.raises(AddressRefused):
        node.import_from("http://10.0.0.1/x")
    assert node.read_bytes() == b"old"
    with pytest.raises(NodeNotFound):
        (folder / "missing").export_to("http://127.0.0.1:1/x")


def test_export_to(folder: Node) -> None:
    node = folder / "file"
    node.put(BYTES)
    created = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
    with scripted_source(created) as sink:
        status = node.export_to(sink.url("/taken"))
        assert (status.state, status.bytes_done) == ("COMPLETED", len(BYTES))
        begun = node.export_to(sink.url("/later"), method="POST", wait=0)
        wait_until(lambda: node.transfer(begun.transfer).done, "the export's end")
    assert [(one.method, one.target) for one in sink.requests] == [("PUT", "/taken"), ("POST", "/later")]
    assert [one.body for one in sink.requests] == [BYTES, BYTES]
    assert "authorization" not in sink.requests[0].headers


def test_exports_that_fail_say_why(folder: Node) -> None:
    node = folder / "file"
    with scripted_source(ok(b"")) as source, pytest.raises(SourceUnreachable):
        node.import_from(source.url().replace(str(source.port), "1"))
    with pytest.raises(ContentNotFound):
        node.export_to("http://127.0.0.1:1/x")
    node.put(BYTES)
    with pytest.raises(SourceUnreachable):
        node.export_to("http://127.0.0.1:1/x")
    with pytest.raises(TransferNotFound):
        node.transfer("no-such-transfer")
