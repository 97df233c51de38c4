"""Bytes on the disk that are not those that came: nobody who asks for all of them gets them to their end."""

import json
import random
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.support.filestore import CallingManager, RunningFileStore, running_filestore
from tests.support.rawclient import Gone, RawClient
from tests.support.rotting import rewrite
from tests.support.serving import wait_until

SHORT = random.Random(1).randbytes(60_000)
LONG = random.Random(2).randbytes(700_001)


@pytest.fixture(scope="module")
def store(manager: CallingManager, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFileStore]:
    with running_filestore(tmp_path_factory.mktemp("filestore"), [manager]) as store:
        yield store


def flip(at: float) -> Callable[[bytes], bytes]:
    """One bit, so far into it."""

    def rot(content: bytes) -> bytes:
        place = int(at * (len(content) - 1))
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    return rot


ROTS: dict[str, Callable[[bytes], bytes]] = {
    "first": flip(0),
    "middle": flip(0.5),
    "last": flip(1),
    "truncated": lambda content: content[:-1],
    "longer": lambda content: content + b"x",
}


@pytest.mark.parametrize("content", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("rot", ROTS.values(), ids=ROTS.keys())
def test_rot_is_never_given_to_its_end(
    manager: CallingManager, store: RunningFileStore, content: bytes, rot: Callable[[bytes], bytes]
) -> None:
    container = manager.stored(store.address, content)
    url = manager.get_url(store.address, container)
    path = url.removeprefix(store.address)
    rewrite(store.server, container, rot)
    seen = store.server.store.health.damaged
    # A part says nothing of the rest, nor does HEAD, which sends nothing.
    with RawClient(store.port) as client:
        assert client.ask(f"HEAD {path} HTTP/1.1\nHost: h\n\n", head=True).status == 200
        part = client.ask(f"GET {path} HTTP/1.1\nHost: h\nRange: bytes=100-199\n\n")
        assert (part.status, part.body) == (206, content[100:200])
        try:
            reply = client.ask(f"GET {path} HTTP/1.1\nHost: h\n\n")
        except (Gone, ConnectionError):
            pass
        else:
            # It was refused whole, and nothing was wrong with the request.
            assert (reply.status, json.loads(reply.body)["name"]) == (500, "Damaged")
    wait_until(lambda: store.server.store.health.damaged == seen + 1, "it is counted")
    # Whoever has met it has had it looked at closer; then it is known, and nobody gets any of it.
    wait_until(lambda: requests.head(url, timeout=30).status_code == 500, "it is known")
    assert requests.get(url, headers={"Range": "bytes=0-9"}, timeout=30).status_code == 500


@pytest.mark.parametrize("content", [SHORT, LONG], ids=["short", "long"])
def test_what_is_right_is_given_again_and_again(
    manager: CallingManager, store: RunningFileStore, content: bytes
) -> None:
    url = manager.get_url(store.address, manager.stored(store.address, content))
    with requests.Session() as session:
        for _ in range(3):
            assert session.get(url, timeout=30).content == content
            part = session.get(url, headers={"Range": "bytes=10-19"}, timeout=30)
            assert (part.status_code, part.content) == (206, content[10:20])
