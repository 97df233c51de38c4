"""Connections that break: what is sent or fetched comes whole in the end, or is said not to have come; never twice."""

from pathlib import Path

import pytest

import vofiles
from tests.support.cutting import Proxy
from tests.support.pauses import Pauses
from tests.support.services import STORES
from tests.support.sources import scripted_source
from tests.support.unseekable import Unseekable
from vofiles.errors import Incomplete, ServiceUnreachable, StoreUnreachable
from vofiles.tree import Home, Node
from vofiles.uploading import ATTEMPTS

STORE = STORES[0]
CONTENT = bytes(range(256)) * 16_000  # 4 MB


@pytest.fixture
def node(far: Home, folder: Node) -> Node:
    return far / folder.name / "file"


@pytest.mark.parametrize("times", [1, 3])
def test_a_put_broken_in_the_middle_goes_on(times: int, node: Node, proxy: Proxy, pauses: Pauses) -> None:
    proxy.cut_after(sent=1_500_000, times=times)
    told: list[int] = []
    info = node.put(CONTENT, store=STORE, progress=lambda done, _: told.append(done))
    assert (info.size, info.version) == (len(CONTENT), 1)
    assert proxy.broken == times
    assert pauses.count >= times
    assert told.count(0) == times + 1
    assert node.read_bytes() == CONTENT


def test_a_put_whose_answer_is_lost_is_done_once(node: Node, proxy: Proxy) -> None:
    proxy.cut_after(received=0)
    assert node.put(CONTENT, store=STORE).version == 1
    assert proxy.broken == 1
    assert node.read_bytes() == CONTENT
    assert node.info().version == 1


def test_a_put_that_never_gets_through_is_given_up_and_can_be_made_again(node: Node, proxy: Proxy) -> None:
    node.put(b"old", store=STORE)
    # The connection of that one is open still, and would be the next one's.
    node._connection.session.close()
    proxy.cut_after(sent=100_000, times=ATTEMPTS)
    with pytest.raises(StoreUnreachable, match=f"tried {ATTEMPTS} times"):
        node.put(CONTENT, store=STORE)
    assert proxy.broken == ATTEMPTS
    assert node.read_bytes() == b"old"
    assert node.put(CONTENT, store=STORE).version == 2


def test_a_broken_stream_that_cannot_be_read_again_is_said_to_be_one(node: Node, proxy: Proxy) -> None:
    proxy.cut_after(sent=1_500_000)
    with pytest.raises(Incomplete, match="cannot be read a second time"):
        node.put(Unseekable(CONTENT), store=STORE)  # type: ignore[arg-type]
    assert node.info().version == 0
    assert node.put(Unseekable(CONTENT), store=STORE).version == 1  # type: ignore[arg-type]


def test_a_get_broken_in_the_middle_goes_on_where_it_was(node: Node, proxy: Proxy, tmp_path: Path) -> None:
    node.put(CONTENT, store=STORE)
    before = proxy.connections
    proxy.cut_after(received=1_500_000, times=2)
    node._connection.session.close()
    received: list[int] = []
    node.get(tmp_path / "file", progress=lambda done, _: received.append(done))
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert (proxy.broken, proxy.connections - before) == (2, 3)
    assert received == sorted(received)
    assert received.count(0) == 1


def test_a_get_that_never_gets_through_leaves_nothing(node: Node, proxy: Proxy, tmp_path: Path) -> None:
    node.put(CONTENT, store=STORE)
    node._connection.session.close()
    target = tmp_path / "file"
    target.write_bytes(b"before")
    proxy.cut_after(received=100, times=50)
    with pytest.raises(StoreUnreachable):
        node.get(target)
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_get_that_is_interrupted_leaves_nothing(node: Node, tmp_path: Path) -> None:
    node.put(CONTENT, store=STORE)

    def interrupt(done: int, _: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        node.get(tmp_path / "file", progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_put_that_is_interrupted_is_taken_back(node: Node) -> None:
    def interrupt(done: int, _: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        node.put(CONTENT, store=STORE, progress=interrupt)
    assert node.info().version == 0
    assert node.put(CONTENT, store=STORE).version == 1


def test_a_filemanager_that_is_not_there_is_said_to_be_away(pauses: Pauses) -> None:
    with vofiles.connect("http://127.0.0.1:1", user="dave", password="x", wait=pauses) as home:
        with pytest.raises(ServiceUnreachable, match=r"127\.0\.0\.1:1"):
            home.listdir()
    with scripted_source(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") as source:
        with vofiles.connect(source.url(""), user="dave", password="x", wait=pauses) as home:
            with pytest.raises(ServiceUnreachable):
                home.listdir()
