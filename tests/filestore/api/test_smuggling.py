"""The corpus of smuggled requests, played on a ticket's own address: refused, and nothing of it is stored.

Rule: after every refusal the same ticket still takes its content, whole.
"""

import pytest
import requests

from tests.filestore.api.test_put import CONTENT, path_of, put
from tests.support.filestore import CallingManager, RunningFileStore, url_of
from tests.support.rawclient import Gone, RawClient
from tests.support.serving import wait_until
from tests.support.smuggling import CORPUS
from vofiles.contract import GetProperties, TransferState

MIB = 1 << 20
FRAMED = {name: row for name, row in CORPUS.items() if row[1].startswith(b"POST / ")}
"""Those that are about a body."""


def behind(path: str) -> bytes:
    """A whole upload of other bytes, for whoever takes the body's end to be somewhere else."""
    return b"PUT %s HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nbad" % path.encode("ascii")


@pytest.mark.parametrize("name", FRAMED)
def test_a_body_that_can_be_read_in_two_ways(manager: CallingManager, store: RunningFileStore, name: str) -> None:
    status, request = FRAMED[name]
    transfer = manager.port(store.address).import_init(manager.import_request()).transfer
    url = url_of(transfer)
    path = path_of(url)
    with RawClient(store.port) as client:
        client.send(request.replace(b"POST / ", b"PUT %s " % path.encode("ascii")) + behind(path))
        reply = client.reply()
        assert (reply.status, reply.headers["connection"]) == (status, "close")
        assert client.is_closed()
    wait_until(lambda: state_of(manager, store, transfer.transfer) == TransferState.OFFERED, "the ticket is free again")
    response = put(url)
    assert (response.status_code, response.json()["size"]) == (201, len(CONTENT))


def state_of(manager: CallingManager, store: RunningFileStore, transfer: str) -> str:
    found = manager.port(store.address).get_properties(GetProperties(transfer=transfer)).transfer
    assert found is not None
    return found.state


@pytest.mark.parametrize("size", [0, 10, 70_000, 3 * MIB])
@pytest.mark.parametrize("chunked", [False, True])
def test_what_follows_a_body_is_the_next_request(
    manager: CallingManager, store: RunningFileStore, size: int, chunked: bool
) -> None:
    first, second = (path_of(manager.put_url(store.address)) for _ in range(2))
    # Bytes that look like requests are bytes.
    content = (behind(second) * (size // 10 + 1))[:size]
    head = f"PUT {first} HTTP/1.1\r\nHost: h\r\n".encode("ascii")
    if chunked:
        pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in cut(content))
        body = b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
    else:
        body = b"Content-Length: %d\r\n\r\n" % size + content
    with RawClient(store.port) as client:
        client.send(head + body + behind(second))
        replies = [client.reply(), client.reply()]
    assert [reply.status for reply in replies] == [201, 201]
    assert b'"size": %d,' % size in replies[0].body
    assert b'"size": 3,' in replies[1].body


def cut(content: bytes) -> list[bytes]:
    return [content[at : at + 4096] for at in range(0, len(content), 4096)]


@pytest.mark.parametrize("sent", [0, 1, 4096, MIB + 1, 5 * MIB - 1])
def test_a_body_that_breaks_off_is_not_a_content(manager: CallingManager, store: RunningFileStore, sent: int) -> None:
    transfer = manager.port(store.address).import_init(manager.import_request()).transfer
    content = bytes(range(256)) * (5 * MIB // 256)
    for framing in (f"Content-Length: {len(content)}\n\n", "Transfer-Encoding: chunked\n\n"):
        with RawClient(store.port) as client:
            client.send(f"PUT {path_of(url_of(transfer))} HTTP/1.1\nHost: h\n{framing}")
            if framing.startswith("Content"):
                client.send(content[:sent])
            else:
                client.send(b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in cut(content[:sent])))
            client.socket.shutdown(1)
            with pytest.raises((Gone, ConnectionError)):
                client.reply()
        wait_until(lambda: state_of(manager, store, transfer.transfer) == TransferState.OFFERED, "the ticket is free")
    assert transfer.container is not None
    found = manager.port(store.address).get_properties(GetProperties(transfer.container)).container
    assert found is not None
    assert (found.state, found.size) == ("EMPTY", None)
    assert requests.put(url_of(transfer), data=content, timeout=30).status_code == 201
