"""One get as a whole: begun at the FileManager, fetched from the store, compared with what the file should have.

Rule: a content that is gone when it is fetched was replaced meanwhile, and one whose bytes the store finds to be wrong
may be right in another store: an address is asked for anew, a bounded number of times. What ends well is whole, and of
the size and the digests that are known of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

import requests

from vofiles import data, sources
from vofiles.checksums import Checksums
from vofiles.contract import Digest, Endpoint, ExportInit, Transfer
from vofiles.data import ConnectionLost, Progress
from vofiles.errors import ChecksumMismatch, Damaged, Incomplete, NotFound, Refused, ServiceBusy, StoreUnreachable
from vofiles.fetching import Fetching, Sink, require_same
from vofiles.filemanager_port import FileManagerPort
from vofiles.parallel import CONNECTIONS, Parallel, Wanted
from vofiles.partfile import PartFile, remove_abandoned
from vofiles.targets import NewFile
from vofiles.waiting import Patience, Pause, Waiter, tell
from vofiles.watching import Watching

ADDRESSES = 3
"""How many addresses one get asks for, where each leads to nothing good."""
LOOKED_AT = 0.5
"""Seconds that a store is given to make sure that bytes are wrong: from then on it gives no address of theirs."""
ATTEMPTS = 6
"""How often bytes are fetched without getting any further, before giving up."""
RETRY_PATIENCE = 30.0
"""Seconds spent on pauses between those attempts."""


_FOUND_HERE = (ChecksumMismatch, Incomplete)
"""What is wrong with bytes after they have come; the store has not said so."""

R = TypeVar("R")
Answer_co = TypeVar("Answer_co", covariant=True)


@dataclass(frozen=True, slots=True)
class How:
    """How a local file is fetched."""

    connections: int = CONNECTIONS
    """At once, of a large content."""
    resume: bool = True
    """Whether what an interrupted one left is gone on with, and is left by this one."""
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class _Offer:
    """A content as the FileManager offers it."""

    endpoint: Endpoint
    label: object
    size: int | None = None
    digests: tuple[Digest, ...] = ()


class _Fetch(Protocol[Answer_co]):
    """Fetches what is offered, for another time where another address led nowhere."""

    def __call__(self, offer: _Offer, *, again: bool) -> Answer_co: ...


class Downloading:
    """Gets under one FileManager."""

    def __init__(self, port: FileManagerPort, session: requests.Session, watching: Watching, wait: Waiter) -> None:
        self._port, self._session, self._watching, self._wait = port, session, watching, wait

    def get(self, request: ExportInit, sink: Sink, label: object, progress: Progress | None) -> Checksums:
        """Fetch a content of a file and verify it."""

        def fetch(offer: _Offer, *, again: bool) -> Checksums:
            if again:
                sink.restart()
            return self._fetch_whole(offer, sink, progress)

        return self._from_where_it_is(request, label, fetch)

    def get_file(self, request: ExportInit, path: Path, label: object, how: How) -> None:
        """Fetch a content into a local file: it appears when it is whole and verified, or not at all."""
        # Before anything is asked for: where it can never lie, it is not fetched.
        path.parent.stat()

        def renew() -> Endpoint:
            return _endpoint_of(self._watching.offered(self._port.export_init(request).transfer))

        def fetch(offer: _Offer, *, again: bool) -> None:  # noqa: ARG001 - a file of its own each time
            wanted = self._find_parts(offer) if (offer.size or 0) >= sources.LARGE else None
            if wanted is not None:
                self._fetch_parts(offer, wanted, path, how, renew)
                return
            with NewFile(path) as target:
                self._fetch_whole(offer, target, how.progress)
                target.complete()
            remove_abandoned(path)

        self._from_where_it_is(request, label, fetch)

    def _from_where_it_is(self, request: ExportInit, label: object, fetch: "_Fetch[R]") -> R:
        """What `fetch` answers, of an address that leads to a content that is there."""
        again, looked = False, 0.0
        for left in reversed(range(ADDRESSES)):
            answer = self._port.export_init(request)
            transfer = self._watching.offered(answer.transfer)
            # The node tells of its current content, which an earlier one is not.
            known = transfer.receipt or (answer.node if request.version is None else None)
            told = (known.size, known.digests) if known is not None else ()
            try:
                return fetch(_Offer(_endpoint_of(transfer), label, *told), again=again)
            except (NotFound, Damaged) as error:
                # Gone from the store: most likely the file was written anew since we asked. Or not what came to it: the
                # next address is of another store that has it, or it is told that none has.
                if not left or isinstance(error, _FOUND_HERE):
                    raise
                if isinstance(error, Damaged):
                    limit = (ADDRESSES - 1) * LOOKED_AT
                    tell(Pause(error.message, LOOKED_AT, looked, limit, trouble=True))
                    looked += LOOKED_AT
                    self._wait(LOOKED_AT)
                again = True
        raise AssertionError

    def _fetch_whole(self, offer: _Offer, sink: Sink, progress: Progress | None) -> Checksums:
        fetching = Fetching(offer.endpoint, sink, offer.label, progress)
        self._fetch(fetching)
        fetching.require_same(offer.size, offer.digests)
        return fetching.checksums

    # --- in parts ---

    def _find_parts(self, offer: _Offer) -> Wanted | None:
        """What can be fetched in parts, and known again; None where the store cannot do that."""
        patience = Patience(self._wait, attempts=ATTEMPTS, seconds=RETRY_PATIENCE)
        while True:
            try:
                with data.fetch(self._session, offer.endpoint, start=0, end=1) as fetched:
                    size, tag = fetched.size, fetched.tag
                    if not fetched.partial or size is None or tag is None or tag.startswith("W/"):
                        return None
                    # To its end, so that the connection can be used again.
                    for _ in fetched.blocks():
                        pass
                    return Wanted(offer.endpoint, tag, size, offer.label, fetched.digests)
            except (ConnectionLost, ServiceBusy) as error:
                patience.pause(error, 0)

    def _fetch_parts(self, offer: _Offer, wanted: Wanted, path: Path, how: How, renew: Callable[[], Endpoint]) -> None:
        with PartFile(path, wanted.tag, wanted.size, resume=how.resume) as part:
            try:
                checksums = self._fill(part, wanted, how, renew)
                for size, digests in ((wanted.size, wanted.digests), (offer.size, offer.digests)):
                    require_same(offer.label, wanted.size, checksums, size, digests)
            except (NotFound, Damaged):
                # Bytes that are wrong, or those of another content, are nothing to go on with.
                part.discard()
                raise
            part.complete()

    def _fill(self, part: PartFile, wanted: Wanted, how: How, renew: Callable[[], Endpoint]) -> Checksums:
        while True:
            before = part.done
            parallel = Parallel(
                self._session, wanted, part, connections=how.connections, progress=how.progress, wait=self._wait
            )
            try:
                return parallel.fetch()
            except Refused:
                # An address is good for a while only, and each piece is a request of its own.
                if part.done == before:
                    raise
                wanted = replace(wanted, endpoint=renew())

    def _fetch(self, fetching: Fetching) -> None:
        """All of one content, going on where a connection was lost."""
        patience = Patience(self._wait, attempts=ATTEMPTS, seconds=RETRY_PATIENCE)
        while True:
            try:
                fetching.go_on(self._session)
                return
            except (ConnectionLost, ServiceBusy) as error:
                patience.pause(error, fetching.done)


def _endpoint_of(transfer: Transfer) -> Endpoint:
    endpoint = data.find_endpoint(transfer, "GET")
    if endpoint is None:
        raise StoreUnreachable("", reason="it offers no way to fetch bytes that this client knows")
    return endpoint
