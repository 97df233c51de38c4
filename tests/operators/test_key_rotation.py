"""Keys rotate under load without a failed call; clocks may differ by four minutes, and not by six."""

import io
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from tests.support.filestore import STORE, calling_manager, running_filestore
from tests.support.pair import PASSWORD, Key, Pair, service_pair
from tests.support.services import STORES, running_services
from tests.support.serving import wait_until
from tests.support.signing import SignedAuth
from vofiles import connect
from vofiles.callback_port import CallbackPort
from vofiles.contract import Failure, TransferFailed, TransferState
from vofiles.errors import NotAuthenticated, NotFound
from vofiles.filestore_port import FileStorePort
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import new_number
from vofiles.serving.keyring import Keyring, Peer


class Load:
    """Puts one file after the other until told to stop; each needs signed calls both ways."""

    def __init__(self, pair: Pair) -> None:
        self.done = 0
        self.failures: list[Exception] = []
        self._address = pair.manager.address
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(2)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def await_more(self, number: int = 4) -> None:
        """Wait until so many more are done; each thread began at least one of them after now."""
        target = self.done + number
        wait_until(lambda: self.done >= target or self.failures, "more puts")
        assert not self.failures, self.failures

    def _run(self, thread: int) -> None:
        with connect(self._address, user="dave", password=PASSWORD) as home:
            number = 0
            while not self._stop.is_set():
                number += 1
                try:
                    (home / f"{thread}-{number}.vot").put(io.BytesIO(b"<VOTABLE/>"))
                except Exception as error:  # noqa: BLE001 - whatever it is, the test must show it
                    self.failures.append(error)
                    return
                self.done += 1


def test_keys_rotate_without_a_failed_call(tmp_path: Path) -> None:
    old, new = Key(), Key()
    with service_pair(tmp_path, old) as pair, Load(pair) as load:
        load.await_more()
        steps: list[tuple[Callable[..., None], tuple[Key, ...]]] = [
            (pair.write_manager, (old, new)),  # both know the new one,
            (pair.write_store, (old, new)),
            (pair.write_manager, (new, old)),  # both sign with it,
            (pair.write_store, (new, old)),
            (pair.write_manager, (new,)),  # and forget the old one
            (pair.write_store, (new,)),
        ]
        for write, keys in steps:
            write(*keys)
            (pair.manager if write == pair.write_manager else pair.store).reload()
            load.await_more()
    assert not load.failures


def test_a_configuration_that_cannot_be_used_leaves_the_keys_as_they_are(tmp_path: Path) -> None:
    key = Key()
    with service_pair(tmp_path, key) as pair, Load(pair) as load:
        load.await_more()
        pair.store.config.write_text("identifier = 1")
        pair.store.reload("configuration not reloaded")
        assert "identifier" in pair.store.log.read_text()
        load.await_more()


def skewed(seconds: int) -> Callable[[], Instant]:
    return lambda: Instant(time.time_ns() // 1000 + seconds * SECOND)


@pytest.mark.parametrize("skew", [-240, 240])
def test_four_minutes_between_clocks_are_tolerated_both_ways(tmp_path: Path, skew: int) -> None:
    with calling_manager() as manager, running_filestore(tmp_path, [manager]) as store:
        auth = SignedAuth(Keyring([Peer(STORE, (manager.key,))]), STORE, skewed(skew))
        port = FileStorePort(f"{store.address}/filestore", auth=auth)
        assert port.import_init(manager.import_request()).transfer.state == TransferState.OFFERED
        port.close()


@pytest.mark.parametrize("skew", [-360, 360])
def test_six_minutes_are_refused(tmp_path: Path, skew: int) -> None:
    with calling_manager() as manager, running_filestore(tmp_path, [manager]) as store:
        auth = SignedAuth(Keyring([Peer(STORE, (manager.key,))]), STORE, skewed(skew))
        port = FileStorePort(f"{store.address}/filestore", auth=auth)
        with pytest.raises(NotAuthenticated, match="clock"):
            port.import_init(manager.import_request())
        port.close()


@pytest.mark.parametrize(("skew", "expected"), [(240, NotFound), (-240, NotFound), (360, NotAuthenticated)])
def test_the_filemanager_judges_callbacks_alike(tmp_path: Path, skew: int, expected: type[Exception]) -> None:
    with running_services(tmp_path, stores=STORES[:1]) as services:
        keyring = services.manager.keyring
        store_key = keyring.get_signing_key(STORES[0])
        auth = SignedAuth(Keyring([Peer(STORES[0], (store_key,))]), STORES[0], skewed(skew))
        port = CallbackPort(f"{services.manager.address}/callback", auth=auth)
        with pytest.raises(expected):
            port.transfer_failed(TransferFailed(new_number(), TransferState.FAILED, Failure("Unexpected", "a test")))
        port.close()
