"""One part of an upload that comes in parts: bytes behind those that are safe, until its sender has no more or leaves.

    prepare() …  write(data) …  then  complete()  or  abort()     as an `Upload`; and, from any thread:
    displace()  if its sender is silent

Rule: what a sender was told is safe stays so: bytes are durable before the commit that counts them. However a part
ends, what came of it is kept and its lease given back, unless it has to be known whole first (a checksum). Then the
next part goes on, in whatever process. Only what cannot become a good content any more is dropped.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import Final

from filestore.domain.checksum import wanted
from filestore.domain.container import Container, Content
from filestore.domain.ingest import Ingest, require_no_longer
from filestore.domain.partial import Partial
from filestore.domain.stretch import SUMS, Stretch
from filestore.domain.transfer import Promise, Transfer
from filestore.ports import Records, StorageFailure
from filestore.services.beginnings import PIECE
from filestore.services.endings import take_back
from filestore.services.kept import Kept, kept_of, wrong_offset
from filestore.services.rereading import Rereading
from filestore.services.senders import Sender
from filestore.services.store import Store
from filestore.services.uploads import Filling, Stored, require_lease
from vofiles.contract import Durability
from vofiles.errors import (
    Busy,
    ChecksumMismatch,
    ContainerNotFound,
    ServiceBusy,
    StoreFull,
    TransferEnded,
    VofilesError,
)
from vofiles.instant import SECOND

TURN: Final = 0.02
"""Seconds between two looks at whether another connection's part has ended."""
SAFE_EVERY: Final = 64 << 20
"""Bytes after which what came is made safe, at the latest."""
SAFE_AFTER: Final = 10 * SECOND
"""Microseconds after which it is, if anything came."""
GAIN: Final = 4
"""How many times its own bytes a part reads back of those before it, where their digests are missing."""

PART: Final = "part"
"""The property of a ChecksumMismatch that is the part's alone: it may be sent again."""


class Part(Filling):
    """One part on its way in, under a lease of its own."""

    def __init__(
        self,
        store: Store,
        transfer: Transfer,
        container: Container,
        promise: Promise,
        stretch: Stretch,
        base: Content | None = None,
        *,
        heard: bool = False,
    ) -> None:
        """Begin to write behind what is safe; `base` is what the container begins with, `heard` whether its
        sender is. Raises Conflict where what was safe is gone, and what `Upload` does; the lease has been given back
        then.
        """
        assert transfer.partial is not None
        self._lock = threading.RLock()
        self._partial, self._promise, self._stretch, self._base = transfer.partial, promise, stretch, base
        self._sums = [(each, SUMS[each.algorithm]()) for each in stretch.checksums]
        self._rereading: Rereading | None = None
        self._over: VofilesError | None = None
        self._stored: Stored | None = None
        self._failed = True
        """Whether a step has raised; the first one is to open."""
        self._worn = False
        """Whether the writer failed, or has sealed: nothing more can be kept with it."""
        self._spoilt = False
        """Whether what is safe cannot become a good content."""
        self._safe = transfer.bytes_done
        self._position = transfer.kept + transfer.bytes_done
        """Bytes of the whole that are written."""
        self._told = store.clock()
        self.sender = Sender(store.clock, heard=heard)
        super().__init__(store, transfer, container, promise)
        self._failed = False

    @property
    def size(self) -> int:
        """Bytes so far, of all that come."""
        return self._position - self._transfer.kept

    def prepare(self) -> bool:
        """As an upload's; what is safe already is prepared likewise. Raises Conflict where it is not what it was."""
        with self._lock, self._failing():
            self._require_mine()
            if super().prepare():
                return True
            return self._rereading is not None and self._reread(self._rereading)

    def write(self, data: bytes | memoryview) -> None:
        """Take the next piece. Raises what an upload's does, and Busy where another part has taken its place."""
        with self._lock, self._failing():
            while self.prepare():
                pass
            self._require_open()
            self._require_room(len(data))
            end = self._position + len(data)
            require_no_longer(self._promise, end - self._transfer.kept)
            for _, made in self._sums:
                made.update(data)
            with self._digesting(data) if self._ingest.whole == self._position else nullcontext():
                self._append(data)
            self._position = end
            if not self._sums and not self._is_all() and self._is_time():
                self._make_safe()

    def begin_write(self, data: memoryview) -> Callable[[], object]:
        """As an upload's."""
        return self._line(partial(self.write, data))

    def complete(self) -> Stored | Kept:
        """The part has ended: keep it; and if nothing is missing now, publish the whole as an upload does.

        Raises ChecksumMismatch where it does not have the checksum it was to have (with the property `PART`), or the
        whole not its digests, and what an upload's does.
        """
        with self._lock:
            if self._stored is not None:  # whoever displaced it found that nothing was missing
                return self._stored
            try:
                with self._failing():
                    while self.prepare():
                        pass
                    self._require_open()
                    self._require_sums()
                    return self._finish() if self._is_all() else self._rest(verified=True)
            except BaseException:
                self.abort()
                raise

    def abort(self) -> None:
        """No more will come: keep what came and give the lease back; aborting twice is no error. Where nothing is
        missing all the same, it is published: who asks how far it is must not hear that all is safe before it is.
        """
        with self._lock, suppress(VofilesError, StorageFailure):
            if self._over is not None:
                return
            if self._is_all() and not (self._failed or self._worn or self._sums or self._revoked):
                with suppress(VofilesError, StorageFailure):
                    self.complete()
                    return
            if self._over is None:
                self._rest(verified=False)

    def displace(self, within: float) -> bool:
        """Keep what came and give the lease back, because another connection goes on with this upload; whether that was
        done within so many seconds. A sender who is there is left in peace. For any thread.
        """
        patience, ends = threading.Event(), time.monotonic() + within
        while not self._displace_silent(ends - time.monotonic()):
            left = ends - time.monotonic()
            if left <= 0:
                return False
            patience.wait(min(TURN, left))
        return True

    def _displace_silent(self, within: float) -> bool:
        if not self._is_silent() or not self._lock.acquire(timeout=max(0.0, within)):
            return False
        try:
            if not self._is_silent():
                return False
            self.abort()
            return True
        finally:
            self._lock.release()

    def _is_silent(self) -> bool:
        return self._over is not None or self.sender.is_silent

    # --- beginning ---

    def _open(self, promise: Promise) -> None:
        transfer = self._transfer
        if not transfer.begun:
            super()._open(promise)
            return
        algorithms = wanted(promise.digests, sha256=self._store.terms.sha256)
        judged = self._store.partials.take(self._partial.attempt, self._position)
        self._ingest = judged or Ingest(promise, algorithms, self._base, name=self._container.name)
        self._ingest.learn(promise)
        self._store.health.require_writable()
        try:
            with self._store.health.watching():
                self._writer = self._store.backend.resume(transfer.container, self._position, self._whole(promise))
                target = self._worth_reading()
                if target > self._ingest.whole:
                    self._rereading = Rereading(self._store, transfer, target)
        except ContainerNotFound as error:
            self._spoilt = True
            raise wrong_offset(0) from error

    def _worth_reading(self) -> int:
        """How far the bytes before this part are to be judged before it comes: all, where it may be the last one;
        else so far that many small parts, however seldom this process is asked, never read much more than came.
        """
        end = self._stretch.end
        # A store that does not wait for its disk cannot know what the loss of power left, and looks.
        unsure = self._store.terms.durability != Durability.DISK
        if end is None or end == self._promise.size or unsure:
            return self._position
        share = max(PIECE, GAIN * (self._stretch.length or 0))
        return min(self._position, self._ingest.whole + share)

    def _reread(self, rereading: Rereading) -> bool:
        self._require_open()
        try:
            with self._store.health.watching():
                if rereading.step(self._ingest):
                    return True
        except ChecksumMismatch as error:
            self._spoilt = True
            raise wrong_offset(0) from error
        self._rereading = None
        return False

    # --- on the way ---

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._failed = True
            raise

    def _is_all(self) -> bool:
        return self.size == self._promise.size

    def _require_mine(self) -> None:
        if self._over is not None:
            raise self._over

    def _append(self, data: bytes | memoryview) -> None:
        assert self._writer is not None
        try:
            with self._store.health.watching():
                self._writer.write(data)
        except BaseException:
            self._worn = True
            raise

    def _is_time(self) -> bool:
        fresh = self.size - self._safe
        return fresh >= SAFE_EVERY or self._store.clock() - self._told >= SAFE_AFTER

    def _make_safe(self) -> None:
        """Keep what came and say so. Where the database is busy, the next time does it."""
        done = self._keep()
        partial = self._remembered(done)
        with suppress(ServiceBusy):
            self._store.catalogue.write(lambda records: self._note(records, done, partial))
            self._safe, self._partial = done, partial
        self._told = self._store.clock()

    def _keep(self) -> int:
        """Make what came durable; answers how much of what comes that is. Raises StoreFull, StorageFailure."""
        assert self._writer is not None
        try:
            with self._store.health.watching():
                return max(self._safe, self._writer.keep() - self._transfer.kept)
        except BaseException:
            self._worn = True
            raise

    def _remembered(self, done: int) -> Partial:
        whole = self._transfer.kept + done
        if self._ingest.whole != whole:
            return self._partial
        return replace(self._partial, digested=whole, digest=self._ingest.fast)

    def _note(self, records: Records, done: int, partial: Partial) -> Transfer:
        held = require_lease(records, self._transfer.transfer, self.lease).keep(done, partial)
        records.set_transfer(held)
        return held

    # --- the end ---

    def _require_sums(self) -> None:
        for told, made in self._sums:
            if made.digest() != told.value:
                reason = f"its {told.algorithm} is not the one that was announced"
                raise ChecksumMismatch("this part of the content", reason=reason, properties=((PART, told.algorithm),))

    def _finish(self) -> Stored:
        """Publish the whole."""
        self._worn = True
        try:
            content, now = self._seal()
        except ChecksumMismatch:
            # Nothing that comes behind these bytes makes them what was promised.
            self._spoilt = True
            raise
        self._stored = self._settle(content, now)
        self._over = TransferEnded(self._transfer.transfer, reason="it is stored")
        return self._stored

    def _rest(self, *, verified: bool) -> Kept:
        """Keep what came, as far as that may be, and give the lease back. Raises StoreFull, StorageFailure,
        TransferEnded; the lease has been given back then.
        """
        self._over = Busy("this transfer address", reason="another connection goes on with it")
        if self._rereading is not None:
            self._rereading.close()
        if self._hopeless is not None:
            super().abort()
            raise TransferEnded(self._transfer.transfer, reason=self._hopeless.message)
        failure: Exception | None = None
        done = self._safe
        try:
            done = self._last_kept(verified=verified)
        except (StoreFull, StorageFailure, ServiceBusy) as error:
            failure = error
        waiting = self._give_back(done)
        if failure is not None:
            raise failure
        return kept_of(waiting)

    def _last_kept(self, *, verified: bool) -> int:
        if self._spoilt:
            self._forget()
            return 0
        usable = not self._worn and self._beginning is None and self._revoked is None
        # Who is told that all is safe takes it for done.
        counts = self.size > self._safe and not self._is_all() and (verified or not self._sums)
        return self._keep() if usable and counts else self._safe

    def _forget(self) -> None:
        """Have nothing count any more, before it is dropped."""
        self._partial = replace(self._partial, attempt=self.lease, digested=0, digest=None)
        with suppress(ServiceBusy, TransferEnded):
            self._store.catalogue.write(lambda records: self._note(records, 0, self._partial))

    def _give_back(self, done: int) -> Transfer:
        """Let go of the bytes, which are dropped where none of them is safe, then of the lease."""
        if self._beginning is not None:
            self._beginning.close()
        partial = self._remembered(done) if done else self._partial
        if self._writer is not None:
            self._writer.close() if done else self._writer.abort()
        transfer, now = self._transfer.transfer, self._store.clock()

        def give(records: Records) -> Transfer | None:
            self._note(records, done, partial)
            return take_back(records, transfer, self.lease, now)

        try:
            waiting = self._store.catalogue.write(give)
        except TransferEnded:
            self._drop_ended()
            raise
        except BaseException:
            self._store.flows.add_stuck(self.lease, transfer)
            raise
        finally:
            self._store.flows.delete(self.lease)
        assert waiting is not None
        if done and self._ingest.whole <= self._transfer.kept + done:
            self._store.partials.put(partial.attempt, self._ingest)
        return waiting

    def _drop_ended(self) -> None:
        """What was kept of a transfer that has ended without its content is nobody's."""
        number = self._transfer.container
        held = self._store.catalogue.read(lambda records: records.find_transfer(self._transfer.transfer))
        if held is not None and held.ended and held.receipt is None:
            with suppress(StorageFailure), self._store.health.watching():
                self._store.backend.delete(number)
