"""Large puts: what has arrived is not sent again, neither after a lost connection nor by a later run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.support.cutting import Proxy
from tests.support.dying import die_at
from tests.support.journey import environment
from tests.support.largeputs import STORE, Stopped, await_kept, find_noted, state_of, stop_at
from tests.support.services import STORES, RunningServices, User
from vofiles import journals, sources
from vofiles.contract import TransferState
from vofiles.errors import ChecksumMismatch, StoreUnreachable
from vofiles.ivorn import LongIdentifier
from vofiles.settings import Login, Settings
from vofiles.sources import open_source
from vofiles.tokens import get_token
from vofiles.tree import Home, Node
from vofiles.uploading import LONG_PATIENCE

MIB = 1 << 20
Leave = Callable[..., str]
CONTENT = os.urandom(4 * MIB)
STOP = 3 * MIB
# What a broken connection takes with it is in the buffers of sockets; there is far more of this.
LONG = CONTENT * 6
BREAK = 20 * MIB
DEFAULT = sources.LARGE


def test_a_movement_is_large_from_64_mib_on() -> None:
    assert DEFAULT == 64 * MIB


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where journals are, in a world in which contents of 1 MiB are large."""
    monkeypatch.setattr(sources, "LARGE", MIB)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "vofiles" / "uploads"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def long(file: Path) -> Path:
    """A file that is longer than what may be lost on the way."""
    file.write_bytes(LONG)
    return file


@pytest.fixture
def sent(services: RunningServices) -> Callable[[], list[tuple[str, int]]]:
    """What has been sent to stores since the test began: methods and how many bytes came."""
    services.accesses.clear()

    def seen() -> list[tuple[str, int]]:
        return [(each.method, each.received) for each in services.accesses if each.method in {"PUT", "PATCH"}]

    return seen


@pytest.fixture
def leave(services: RunningServices) -> Leave:
    """Begins to put a file and is stopped; the transfer, once the store has made safe what came."""

    def begin(node: Node, file: Path, **options: Any) -> str:
        with pytest.raises(Stopped):
            node.put(file, store=STORE, progress=stop_at(STOP), **options)
        transfer = str(find_noted()["transfer"])
        await_kept(services, transfer)
        return transfer

    return begin


def test_a_put_that_nothing_happens_to_leaves_no_journal(folder: Node, file: Path, state: Path, sent: Any) -> None:
    told: list[int] = []
    assert (folder / "file").put(file, store=STORE, progress=lambda done, _: told.append(done)).size == len(CONTENT)
    assert sent() == [("PATCH", len(CONTENT))]
    assert (told[0], told[-1], told) == (0, len(CONTENT), sorted(told))
    assert list(state.iterdir()) == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_lost_connection_is_gone_on_with_from_what_the_store_has(
    times: int, far: Home, folder: Node, long: Path, proxy: Proxy, sent: Any
) -> None:
    node = far / folder.name / "file"
    for cut in range(times):
        proxy.cut_after(sent=BREAK - cut * 18 * MIB)
    told: list[int] = []
    info = node.put(long, store=STORE, progress=lambda done, _: told.append(done))
    assert (info.size, info.version, proxy.broken) == (len(LONG), 1, times)
    assert told.count(0) == 1, "it never began anew"
    assert all(size < len(LONG) for _, size in sent())
    assert node.read_bytes() == LONG


def test_what_is_added_is_gone_on_with_likewise(far: Home, folder: Node, long: Path, proxy: Proxy, sent: Any) -> None:
    node = far / folder.name / "file"
    node.put(b"before it", store=STORE)
    far._connection.session.close()
    proxy.cut_after(sent=BREAK)
    assert node.append(long).size == 9 + len(LONG)
    assert all(size < len(LONG) for _, size in sent())
    assert node.read_bytes() == b"before it" + LONG


def test_bytes_in_memory_are_gone_on_with_likewise(
    far: Home, folder: Node, state: Path, proxy: Proxy, sent: Any
) -> None:
    node = far / folder.name / "file"
    proxy.cut_after(sent=BREAK)
    assert node.put(LONG, store=STORE).version == 1
    assert all(size < len(LONG) for _, size in sent())
    assert node.read_bytes() == LONG
    assert not state.exists()


def test_a_put_that_is_stopped_is_gone_on_with_by_the_next_one(
    leave: Leave, folder: Node, file: Path, state: Path, sent: Any, services: RunningServices, dave: User
) -> None:
    node = folder / "file"
    transfer = leave(node, file)
    assert state_of(services, dave, transfer) not in TransferState.ENDED
    told: list[int] = []
    info = node.put(file, store=STORE, progress=lambda done, _: told.append(done))
    assert (info.size, info.version) == (len(CONTENT), 1)
    assert 0 < told[0] < len(CONTENT)
    assert told == sorted(told)
    assert ("PATCH", len(CONTENT) - told[0]) in sent()
    assert state_of(services, dave, transfer) == TransferState.COMPLETED
    assert node.read_bytes() == CONTENT
    assert list(state.iterdir()) == []


def test_a_put_that_is_killed_is_gone_on_with_by_the_next_one(
    folder: Node, file: Path, tmp_path: Path, services: RunningServices, dave: User, sent: Any
) -> None:
    token = get_token(services.manager.address, dave.name, dave.password)
    login = Login(services.manager.address, dave.name, token.secret, token.expires)
    settings = tmp_path / "settings"
    Settings(settings / "vofiles").save_login(login)
    own = environment(settings) | {"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    words = ["put", "--store", str(STORE), "--no-preserve", file.name, f"home:{folder.name}/file"]
    die_at(STOP, words, own, tmp_path)
    transfer = str(find_noted()["transfer"])
    await_kept(services, transfer)
    told: list[int] = []
    info = (folder / "file").put(file, store=STORE, progress=lambda done, _: told.append(done))
    assert (info.size, info.version) == (len(CONTENT), 1)
    assert 0 < told[0] < len(CONTENT)
    assert ("PATCH", len(CONTENT) - told[0]) in sent()
    assert state_of(services, dave, transfer) == TransferState.COMPLETED
    assert (folder / "file").read_bytes() == CONTENT


def test_a_journal_says_nothing_that_others_could_use(leave: Leave, folder: Node, file: Path, state: Path) -> None:
    leave(folder / "file", file)
    (journal,) = state.iterdir()
    assert journal.stat().st_mode & 0o777 == 0o600
    assert "http" not in journal.read_text()
    assert set(find_noted()) == {
        "transfer", "path", "size", "modified", "inode", "content_type", "store", "if_version",
    }  # fmt: skip


def write_anew(file: Path) -> None:
    file.write_bytes(CONTENT[::-1])


def grow(file: Path) -> None:
    with file.open("ab") as open_file:
        open_file.write(b"!")


def replace(file: Path) -> None:
    status = file.stat()
    other = file.with_name("other")
    other.write_bytes(CONTENT[::-1])
    other.replace(file)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("change", [write_anew, grow, replace])
def test_a_file_that_was_changed_is_put_anew_and_the_old_transfer_cancelled(
    leave: Leave,
    change: Callable[[Path], None],
    folder: Node,
    file: Path,
    services: RunningServices,
    dave: User,
    sent: Any,
) -> None:
    node = folder / "file"
    transfer = leave(node, file)
    change(file)
    assert node.put(file, store=STORE).version == 1
    assert ("PATCH", file.stat().st_size) in sent()
    assert state_of(services, dave, transfer) == TransferState.CANCELLED
    assert node.read_bytes() == file.read_bytes()


@pytest.mark.parametrize("options", [{"content_type": "image/png"}, {"if_version": 0}, {"store": STORES[1]}])
def test_another_purpose_is_another_transfer(
    leave: Leave, options: dict[str, Any], folder: Node, file: Path, services: RunningServices, dave: User, sent: Any
) -> None:
    node = folder / "file"
    transfer = leave(node, file)
    assert node.put(file, **{"store": STORE} | options).version == 1
    assert ("PATCH", len(CONTENT)) in sent()
    assert state_of(services, dave, transfer) == TransferState.CANCELLED


def test_another_file_of_the_same_name_is_another_one(leave: Leave, folder: Node, file: Path, sent: Any) -> None:
    node = folder / "file"
    leave(node, file)
    node.rename("elsewhere")
    assert node.put(file, store=STORE).version == 1
    assert ("PATCH", len(CONTENT)) in sent()
    assert (folder / "elsewhere").info().version == 0
    # The first one is still waited for.
    told: list[int] = []
    assert (folder / "elsewhere").put(file, store=STORE, progress=lambda done, _: told.append(done)).version == 1
    assert told[0] > 0


def test_what_has_ended_meanwhile_is_begun_anew(
    leave: Leave, folder: Node, file: Path, services: RunningServices, dave: User, sent: Any
) -> None:
    node = folder / "file"
    transfer = leave(node, file)
    from vofiles.contract import CancelTransfer

    services.port(dave).cancel_transfer(CancelTransfer(transfer))
    assert node.put(file, store=STORE).version == 1
    assert ("PATCH", len(CONTENT)) in sent()
    assert node.read_bytes() == CONTENT


def die_after(node: Node, file: Path) -> None:
    """Put a file and die when all has been sent, before anything is known of its end."""

    def dead(_: object) -> None:
        raise Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journals.Journal, "forget", dead)
        with pytest.raises(Stopped):
            node.put(file, store=STORE)


def test_what_was_complete_but_for_the_answer_is_not_sent_again(
    folder: Node, file: Path, state: Path, sent: Any
) -> None:
    node = folder / "file"
    die_after(node, file)
    before = len(sent())
    info = node.put(file, store=STORE)
    assert (info.version, info.size, len(sent())) == (1, len(CONTENT), before)
    assert list(state.iterdir()) == []
    # Once it is known to be over, the same is the next version.
    assert node.put(file, store=STORE).version == 2


def test_what_was_complete_and_then_replaced_is_put_anew(folder: Node, file: Path) -> None:
    node = folder / "file"
    die_after(node, file)
    node.put(b"another one's", store=STORE)
    assert node.put(file, store=STORE).version == 3
    assert node.read_bytes() == CONTENT


def test_two_puts_of_one_file_at_once_do_not_meet(
    leave: Leave, folder: Node, file: Path, services: RunningServices, sent: Any
) -> None:
    node = folder / "file"
    leave(node, file)
    root = node._root
    (found, *_) = root.port.get_node(_get(root.identify(node.path))).nodes
    with open_source(file) as source, journals.held(root.port.address, found.identifier, source.identity) as other:
        assert other.is_kept
        assert node.put(file, store=STORE).version == 1
        assert ("PATCH", len(CONTENT)) in sent()
        assert other.find() is not None, "it was not touched"
    # Now it is nobody's, and gone on with.
    assert node.put(file, store=STORE).version == 2
    assert sent().count(("PATCH", len(CONTENT))) == 1
    assert node.read_bytes() == CONTENT


def _get(place: LongIdentifier) -> Any:
    from vofiles.contract import GetNode

    return GetNode(place)


def test_without_resume_it_is_one_put(folder: Node, file: Path, state: Path, sent: Any) -> None:
    node = folder / "file"
    with pytest.raises(Stopped):
        node.put(file, store=STORE, resume=False, progress=stop_at(STOP))
    assert not state.exists()
    assert node.put(file, store=STORE, resume=False).version == 1
    assert ("PUT", len(CONTENT)) in sent()


def test_without_resume_nothing_is_left_of_earlier_runs(
    services: RunningServices, folder: Node, file: Path, state: Path, sent: Any, leave: Leave
) -> None:
    node = folder / "file"
    begun = leave(node, file)
    assert node.put(file, store=STORE, resume=False).version == 1
    assert list(state.iterdir()) == []
    found = services.stores[STORE].store.catalogue.read(lambda records: records.find_transfer(begun))
    assert found is None or found.state == TransferState.CANCELLED
    assert node.put(file, store=STORE).version == 2
    assert [size for method, size in sent() if method == "PATCH" and size == len(CONTENT)] == [len(CONTENT)]


class Plain(HTTPAdapter):
    """A way on which nobody speaks TUS."""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        request.headers.pop("Tus-Resumable", None)
        return super().send(request, *args, **options)


def test_a_store_that_cannot_be_gone_on_with_gets_all_by_put(
    folder: Node, file: Path, state: Path, services: RunningServices, dave: User, sent: Any
) -> None:
    import vofiles

    with vofiles.connect(services.manager.address, user="dave", password=dave.password) as home:
        home._connection.session.mount(services.stores[STORE].address, Plain())
        node = home / folder.name / "file"
        with pytest.raises(Stopped):
            node.put(file, store=STORE, progress=stop_at(STOP))
        assert node.put(file, store=STORE).version == 1
    assert ("PUT", len(CONTENT)) in sent()
    assert node.read_bytes() == CONTENT
    assert list(state.iterdir()) == []


def test_a_file_that_is_written_to_meanwhile_is_sent_from_its_start(
    far: Home, folder: Node, long: Path, proxy: Proxy, sent: Any
) -> None:
    node = far / folder.name / "file"
    proxy.cut_after(sent=BREAK)
    other = LONG[::-1]

    def write(done: int, _: int | None) -> None:
        if done >= BREAK and long.read_bytes() != other:
            long.write_bytes(other)

    assert node.put(long, store=STORE, progress=write).size == len(LONG)
    assert ("PUT", len(LONG)) in sent()
    assert node.read_bytes() == other


def test_a_put_that_never_gets_through_is_kept_for_later(
    far: Home, folder: Node, long: Path, proxy: Proxy, state: Path, sent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = far / folder.name / "file"
    proxy.cut_after(sent=BREAK)
    proxy.cut_after(sent=0, times=100)
    with pytest.raises(StoreUnreachable):
        node.put(long, store=STORE)
    assert len(list(state.iterdir())) == 1
    proxy._cuts.clear()
    assert node.put(long, store=STORE).version == 1
    assert all(size < len(LONG) for _, size in sent())
    assert LONG_PATIENCE > 60


def test_what_arrives_wrong_is_not_gone_on_with(
    folder: Node, file: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vofiles.checksums import Checksums

    update = Checksums.update
    with monkeypatch.context() as patch:
        patch.setattr(Checksums, "update", lambda self, block: update(self, block + b"!"))
        with pytest.raises(ChecksumMismatch):
            (folder / "file").put(file, store=STORE)
    assert list(state.iterdir()) == []


def test_a_home_that_nothing_can_be_written_to_hinders_nobody(
    folder: Node, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no-folder").write_bytes(b"")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "no-folder"))
    assert (folder / "file").put(file, store=STORE).size == len(CONTENT)
