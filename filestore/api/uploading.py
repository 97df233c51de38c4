"""A body on its way from a connection into an upload: gathered into blocks on the reactor, written in a pool.

    connection ──data──► gathered ──a block──► pool: write ──► … ──end──► pool: write the rest, complete ──► 201

Rule: a thread is held only while a block is written, never while a client sends; at most one block is being written and
one gathered, then the connection is paused, so memory is flat whatever the size. What happens on the reactor and what
in the pool stands in two parts of the class.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from filestore.services.uploads import Coming
from vofiles.serving.http import Abort, Exchange, Pool, Response

BLOCK = 1 << 20
"""Bytes written at a time."""


T = TypeVar("T")


class Uploading(Generic[T]):
    """The consumer of one body (see `BodyConsumer`)."""

    def __init__(
        self,
        exchange: Exchange,
        upload: Coming[T],
        pool: Pool,
        *,
        stored: Callable[[T], Response],
        failed: Callable[[BaseException], Response],
    ) -> None:
        self._exchange, self._upload, self._pool = exchange, upload, pool
        self._stored, self._failed = stored, failed
        self._pieces: list[bytes] = []
        self._gathered = 0
        self._writing = False
        self._paused = False
        self._ended = False
        self._aborted = False
        self._over = False

    # --- on the reactor ---

    def data(self, chunk: bytes, /) -> None:
        """The next bytes."""
        self._pieces.append(chunk)
        self._gathered += len(chunk)
        if self._gathered < BLOCK:
            return
        if not self._writing:
            self._begin_write()
        elif not self._paused:
            self._paused = True
            self._exchange.pause()

    def end(self, /) -> None:
        """All has come."""
        self._ended = True
        if not self._writing:
            self._begin_write()

    def aborted(self, reason: Abort, /) -> None:  # noqa: ARG002 - the engine has answered where there is somebody
        """No more will come."""
        self._aborted = True
        self._pieces.clear()
        if not self._writing:
            self._begin_abort()

    def _begin_write(self) -> None:
        pieces, self._pieces, self._gathered = self._pieces, [], 0
        self._writing = True
        last = self._ended
        self._submit(lambda: self._write(pieces, last=last))

    def _begin_abort(self) -> None:
        if not self._over:
            self._over = True
            self._submit(self._upload.abort)

    def _submit(self, work: Callable[[], None]) -> None:
        # The queue is longer than there can be connections, each with one job at a time.
        if not self._pool.submit(work):
            raise RuntimeError("the pool of the data plane is full")

    def _written(self) -> None:
        self._writing = False
        if self._aborted:
            self._begin_abort()
            return
        if self._ended or self._gathered >= BLOCK:
            self._begin_write()
        if self._paused:
            self._paused = False
            self._exchange.resume()

    def _finish(self, response: Response) -> None:
        self._over = True
        self._exchange.respond(response)

    # --- in the pool, one job at a time ---

    def _write(self, pieces: list[bytes], *, last: bool) -> None:
        try:
            if pieces:
                self._upload.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
            if last:
                answer = self._stored(self._upload.complete())
            else:
                self._exchange.call_from_thread(self._written)
                return
        except BaseException as error:  # noqa: BLE001 - whatever it is, the lease goes back and the client hears of it
            answer = self._fail(error)
        self._exchange.call_from_thread(lambda: self._finish(answer))

    def _fail(self, error: BaseException) -> Response:
        try:
            self._upload.abort()
        except Exception as second:  # noqa: BLE001 - whatever it is, the client is answered; `second` knows the first
            return self._failed(second)
        return self._failed(error)
