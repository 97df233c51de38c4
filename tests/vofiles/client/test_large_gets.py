"""Large gets: over several connections at once, gone on with after whatever interrupts them, and never a wrong byte."""

import io
import json
import os
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

import vofiles
from tests.support.cutting import Proxy
from tests.support.dying import die_at
from tests.support.journey import environment
from tests.support.services import STORES, RunningServices, User
from tests.support.serving import wait_until
from vofiles import parallel, sources
from vofiles.checksums import Checksums
from vofiles.errors import ChecksumMismatch, InvalidArgument, StoreUnreachable, TicketExpired
from vofiles.partfile import PartFile, part_path
from vofiles.settings import Login, Settings
from vofiles.tokens import get_token
from vofiles.tree import Home, Node

STORE = STORES[0]
MIB = 1 << 20
PIECE = MIB // 4
CONTENT = os.urandom(4 * MIB + 17)
STOP = 2 * MIB
Asked = Callable[[], list[tuple[str, int, int]]]


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world in which contents of 1 MiB are large."""
    monkeypatch.setattr(sources, "LARGE", MIB)
    monkeypatch.setattr(parallel, "SMALLEST_PIECE", PIECE)
    monkeypatch.setattr(parallel, "KEEP_EVERY", PIECE)


@pytest.fixture
def node(folder: Node) -> Node:
    node = folder / "large.bin"
    node.put(CONTENT, store=STORE, resume=False)
    return node


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "large.bin"


@pytest.fixture
def fetched(services: RunningServices, node: Node) -> Callable[[], int]:
    """Bytes of contents that stores have sent since the test began."""
    services.accesses.clear()
    return lambda: sum(each.size for each in services.accesses if each.method == "GET")


class Stopped(BaseException):
    """As Ctrl-C."""


def stop(done: int, _: int | None) -> None:
    if done >= STOP:
        raise Stopped


def leave(node: Node, target: Path) -> int:
    """Begin to get a file and be stopped; how many of its bytes are kept."""
    with pytest.raises(Stopped):
        node.get(target, progress=stop)
    return kept(target)


def kept(target: Path) -> int:
    lines = Path(f"{part_path(target)}.json").read_text().splitlines()
    return sum(end - start for start, end in json.loads(lines[-1]))


def require_alone(target: Path) -> None:
    assert [each.name for each in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("connections", [1, 4, 16])
def test_all_of_it_comes_in_pieces_over_some_connections(
    connections: int, node: Node, target: Path, services: RunningServices, fetched: Callable[[], int]
) -> None:
    told: list[int] = []
    assert node.get(target, connections=connections, progress=lambda done, _: told.append(done)) == target
    assert target.read_bytes() == CONTENT
    require_alone(target)
    wait_until(lambda: fetched() == len(CONTENT) + 1, "all has been counted")
    pieces = [each for each in services.accesses if each.method == "GET" and each.size > 1]
    assert len(pieces) >= connections
    assert (told[0], told[-1], told) == (0, len(CONTENT), sorted(told))


def test_how_many_connections_is_not_a_wild_number(node: Node, target: Path) -> None:
    for connections in (0, -1, 17):
        with pytest.raises(InvalidArgument, match="connections"):
            node.get(target, connections=connections)


def test_every_connection_goes_on_where_it_broke(far: Home, node: Node, target: Path, proxy: Proxy) -> None:
    proxy.cut_after(received=PIECE // 2, times=9)
    assert (far / node.parent.name / node.name).get(target) == target
    assert proxy.broken == 9
    assert target.read_bytes() == CONTENT
    require_alone(target)


def test_what_stopped_is_gone_on_with(node: Node, target: Path, fetched: Callable[[], int]) -> None:
    target.write_bytes(b"what was there")
    target.chmod(0o640)
    there = leave(node, target)
    assert STOP // 2 <= there < len(CONTENT)
    assert target.read_bytes() == b"what was there"
    wait_until(lambda: fetched() >= there, "what came has been counted")
    before, told = fetched(), list[int]()
    node.get(target, progress=lambda done, _: told.append(done))
    assert target.read_bytes() == CONTENT
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert (told[0], told[-1]) == (there, len(CONTENT))
    wait_until(lambda: fetched() >= before + 1 + len(CONTENT) - there, "the rest has been counted")
    require_alone(target)


def test_what_was_killed_is_gone_on_with(
    node: Node, target: Path, services: RunningServices, dave: User, tmp_path: Path
) -> None:
    token = get_token(services.manager.address, dave.name, dave.password)
    settings = tmp_path / "settings"
    Settings(settings / "vofiles").save_login(Login(services.manager.address, dave.name, token.secret, token.expires))
    folder = tmp_path / "work"
    folder.mkdir()
    die_at(STOP, ["get", f"home:{node.parent.name}/{node.name}", "."], environment(settings), folder)
    target = folder / node.name
    assert {each.name for each in folder.iterdir()} == {
        f"{target.name}.vofiles-part",
        f"{target.name}.vofiles-part.json",
    }
    there, told = kept(target), list[int]()
    assert there >= STOP
    node.get(target, progress=lambda done, _: told.append(done))
    assert told[0] == there
    assert target.read_bytes() == CONTENT
    require_alone(target)


def test_another_content_is_fetched_from_its_start(node: Node, target: Path) -> None:
    leave(node, target)
    node.put(CONTENT[::-1], store=STORE, resume=False)
    told: list[int] = []
    node.get(target, progress=lambda done, _: told.append(done))
    assert told[0] == 0
    assert target.read_bytes() == CONTENT[::-1]
    require_alone(target)


def test_a_small_content_clears_away_what_a_large_one_left(node: Node, target: Path) -> None:
    leave(node, target)
    node.put(b"small", store=STORE)
    node.get(target)
    assert target.read_bytes() == b"small"
    require_alone(target)


def test_bytes_that_went_bad_are_noticed_and_come_anew(node: Node, target: Path) -> None:
    leave(node, target)
    with part_path(target).open("r+b") as part:
        part.write(bytes([CONTENT[0] ^ 1]))
    with pytest.raises(ChecksumMismatch):
        node.get(target)
    assert list(target.parent.iterdir()) == []
    node.get(target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("resume", [True, False])
def test_bytes_that_arrive_wrong_leave_what_was_there(
    resume: bool, node: Node, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.write_bytes(b"before")
    update = Checksums.update
    monkeypatch.setattr(Checksums, "update", lambda self, block: update(self, block[:-1] + b"!"))
    with pytest.raises(ChecksumMismatch):
        node.get(target, resume=resume)
    assert target.read_bytes() == b"before"
    require_alone(target)


def test_without_resume_nothing_is_left_and_nothing_gone_on_with(node: Node, target: Path) -> None:
    leave(node, target)
    told: list[int] = []

    def see(done: int, _: int | None) -> None:
        told.append(done)
        if done >= STOP:
            raise Stopped

    with pytest.raises(Stopped):
        node.get(target, resume=False, progress=see)
    assert told[0] == 0
    assert list(target.parent.iterdir()) == []
    node.get(target, resume=False)
    assert target.read_bytes() == CONTENT
    require_alone(target)


def test_two_gets_to_one_place_do_not_meet(node: Node, target: Path) -> None:
    leave(node, target)
    with PartFile(target, "another one's", len(CONTENT)) as other:
        assert other.stays
        node.get(target)
        assert target.read_bytes() == CONTENT
        assert part_path(target).exists()
    require_alone(target)


class Whole(HTTPAdapter):
    """A store that knows no ranges."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        request.headers.pop("Range", None)
        return super().send(request, *args, **options)


class Nameless(HTTPAdapter):
    """A store that does not name its contents."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        response = super().send(request, *args, **options)
        response.headers.pop("ETag", None)
        return response


@pytest.mark.parametrize("way", [Whole, Nameless])
def test_a_store_that_cannot_send_parts_sends_all(
    way: type[HTTPAdapter], node: Node, target: Path, services: RunningServices, dave: User
) -> None:
    with vofiles.connect(services.manager.address, user="dave", password=dave.password) as home:
        home._connection.session.mount(services.stores[STORE].address, way())
        (home / node.parent.name / node.name).get(target)
    assert target.read_bytes() == CONTENT
    require_alone(target)


class Changing(HTTPAdapter):
    """Has a file's content go and come under another name, once, after so many requests."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._left = after

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        response = super().send(request, *args, **options)
        self._left -= 1
        if self._left == 0:
            response.headers["ETag"] = '"another"'
        return response


def test_a_content_that_is_replaced_while_it_comes_is_fetched_anew(
    node: Node, target: Path, services: RunningServices, dave: User
) -> None:
    with vofiles.connect(services.manager.address, user="dave", password=dave.password) as home:
        home._connection.session.mount(services.stores[STORE].address, Changing(4))
        (home / node.parent.name / node.name).get(target)
    assert target.read_bytes() == CONTENT
    require_alone(target)


class Expiring(HTTPAdapter):
    """Has every address be good for so many requests."""

    def __init__(self, good: int) -> None:
        super().__init__()
        self._good = good
        self.used: Counter[str] = Counter()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        url = str(request.url)
        self.used[url] += 1
        if self.used[url] <= self._good:
            return super().send(request, *args, **options)
        refusal = json.dumps({"name": "TicketExpired", "detail": "too late"}).encode()
        return self.build_response(request, HTTPResponse(io.BytesIO(refusal), status=403, preload_content=False))


def test_an_address_that_is_good_no_longer_is_asked_for_anew(
    node: Node, target: Path, services: RunningServices, dave: User
) -> None:
    way = Expiring(6)
    with vofiles.connect(services.manager.address, user="dave", password=dave.password) as home:
        home._connection.session.mount(services.stores[STORE].address, way)
        (home / node.parent.name / node.name).get(target)
    assert len(way.used) > 1
    assert target.read_bytes() == CONTENT
    require_alone(target)


def test_an_address_that_is_good_for_nothing_is_a_refusal(
    node: Node, target: Path, services: RunningServices, dave: User
) -> None:
    with vofiles.connect(services.manager.address, user="dave", password=dave.password) as home:
        home._connection.session.mount(services.stores[STORE].address, Expiring(1))
        with pytest.raises(TicketExpired):
            (home / node.parent.name / node.name).get(target)
    assert list(target.parent.iterdir()) == []


def test_a_store_that_stays_away_leaves_what_has_come(far: Home, node: Node, target: Path, proxy: Proxy) -> None:
    proxy.cut_after(received=PIECE * 2, times=2)
    proxy.cut_after(received=0, times=1000)
    with pytest.raises(StoreUnreachable, match="tried 20 times"):
        (far / node.parent.name / node.name).get(target, connections=1)
    there, told = kept(target), list[int]()
    assert there > 0
    node.get(target, progress=lambda done, _: told.append(done))
    assert told[0] == there
    assert target.read_bytes() == CONTENT


def test_a_folder_that_is_not_there_is_said_first(node: Node, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        node.get(tmp_path / "no-such-folder" / "file")


def test_an_earlier_version_and_an_open_file_come_too(node: Node, target: Path) -> None:
    node.put(b"newer", store=STORE)
    node.get(target, version=1)
    assert target.read_bytes() == CONTENT
    with target.open("wb") as file:
        node.get(file, version=1)
    assert target.read_bytes() == CONTENT
    assert node.read_bytes(version=1) == CONTENT
