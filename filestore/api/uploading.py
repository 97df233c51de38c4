"""A body on its way from a connection into an upload: gathered into blocks on the reactor, written in a pool.

    connection ──data──► gathered ──a block──► pool: write ──► … ──end──► pool: write the rest, complete ──► 201

A large one that comes faster than the reactor reads it is read by a thread (`drawing.py`), for as long as it does:

    connection ──a lump──► lent ──► pool: read and write, read and write … ──dry, or all──► taken back

Rule: a thread is held only while a block is written or bytes come fast, never while a client thinks; at most one block
is being written and one gathered, then the connection is paused, so memory is flat whatever the size. What happens on
the reactor and what in the pool stands in two parts of the class.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from filestore.api.drawing import Bulk, draw, write_gathered
from filestore.services.senders import Sender
from filestore.services.uploads import Coming
from vofiles.serving.http import Abort, Exchange, Loan, Pool, Response

BLOCK = 1 << 20
"""Bytes gathered before they are written."""
LUMP = 64 << 10
"""As much as the engine reads at a time: where so much comes at once, more is waiting."""
LARGE = 1 << 20
"""Bytes of a body from which on it is worth a thread's while."""


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
        bulk: Bulk | None = None,
        keep: bool = False,
        sender: Sender | None = None,
    ) -> None:
        """`bulk` is what large bodies are taken in with, where there is that; `keep`: whether what came of a body that
        breaks off is worth writing; `sender` is held up while what came is written, or waits for a thread.
        """
        self._exchange, self._upload, self._pool = exchange, upload, pool
        self._bulk = bulk if (exchange.content_length or 0) >= LARGE else None
        self._lendable = self._bulk is not None
        self._stored, self._failed, self._keep, self._sender = stored, failed, keep, sender
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
        if self._writing:
            if self._gathered >= BLOCK and not self._paused:
                self._paused = True
                self._exchange.pause()
        elif self._lendable and len(chunk) >= LUMP and (loan := self._borrow()) is not None:
            self._begin_turn(loan)
        elif self._gathered >= BLOCK:
            self._begin_write()

    def _borrow(self) -> Loan | None:
        loan = self._exchange.lend()
        self._lendable = loan is not None
        return loan

    def end(self, /) -> None:
        """All has come."""
        self._ended = True
        if not self._writing:
            self._begin_write()

    def aborted(self, reason: Abort, /) -> None:  # noqa: ARG002 - the engine has answered where there is somebody
        """No more will come."""
        self._aborted = True
        if not self._writing:
            self._begin_abort()

    def _begin_write(self) -> None:
        pieces, self._pieces, self._gathered = self._pieces, [], 0
        self._hold()
        last = self._ended
        self._submit(lambda: self._write(pieces, last=last))

    def _begin_turn(self, loan: Loan) -> None:
        pieces, self._pieces, self._gathered = self._pieces, [], 0
        self._hold()
        bulk = self._bulk
        assert bulk is not None
        if not bulk.pool.submit(lambda: self._turn(bulk, loan, pieces)):
            self._exchange.take_back(loan)
            raise RuntimeError("the pool of large bodies is full")

    def _begin_abort(self) -> None:
        if self._over:
            return
        self._over = True
        pieces, self._pieces = self._pieces, []
        self._submit((lambda: self._leave(pieces)) if self._keep and pieces else self._upload.abort)

    def _submit(self, work: Callable[[], None]) -> None:
        # The queue is longer than there can be connections, each with one job at a time.
        if not self._pool.submit(work):
            raise RuntimeError("the pool of the data plane is full")

    def _hold(self) -> None:
        self._writing = True
        if self._sender is not None:
            self._sender.hold()

    def _release(self) -> None:
        self._writing = False
        if self._sender is not None:
            self._sender.release()

    def _written(self, rest: list[bytes]) -> None:
        self._release()
        self._pieces[:0] = rest
        if self._aborted:
            self._begin_abort()
            return
        self._gathered += sum(map(len, rest))
        # Who comes so fast that he had to wait may be read by a thread, with the next that comes.
        if self._ended or (self._gathered >= BLOCK and not self._lendable):
            self._begin_write()
        if self._paused:
            self._paused = False
            self._exchange.resume()

    def _give_back(self, loan: Loan, rest: list[bytes]) -> None:
        self._exchange.take_back(loan)
        self._written(rest)

    def _give_up(self, loan: Loan, response: Response) -> None:
        self._exchange.take_back(loan)
        self._finish(response)

    def _finish(self, response: Response) -> None:
        self._over = True
        self._exchange.respond(response)

    # --- in the pool, one job at a time ---

    def _turn(self, bulk: Bulk, loan: Loan, pieces: list[bytes]) -> None:
        try:
            rest = draw(loan, pieces, self._upload.begin_write, bulk)
            if loan.left and not loan.dry and bulk.pool.submit(lambda: self._turn(bulk, loan, rest)):
                return
        except BaseException as error:  # noqa: BLE001 - as below
            answer = self._fail(error)
            self._exchange.call_from_thread(lambda: self._give_up(loan, answer))
            return
        self._exchange.call_from_thread(lambda: self._give_back(loan, rest))

    def _write(self, pieces: list[bytes], *, last: bool) -> None:
        try:
            if not last and self._bulk is not None:
                rest = write_gathered(pieces, self._upload.write, self._bulk.blocks)
                self._exchange.call_from_thread(lambda: self._written(rest))
                return
            if pieces:
                self._upload.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
            if not last:
                self._exchange.call_from_thread(lambda: self._written([]))
                return
            answer = self._stored(self._upload.complete())
        except BaseException as error:  # noqa: BLE001 - whatever it is, the lease goes back and the client hears of it
            answer = self._fail(error)
        self._exchange.call_from_thread(lambda: self._finish(answer))

    def _leave(self, pieces: list[bytes]) -> None:
        try:
            self._upload.write(b"".join(pieces))
        except Exception as error:  # noqa: BLE001 - there is nobody left to hear of it
            self._fail(error)
        else:
            self._upload.abort()

    def _fail(self, error: BaseException) -> Response:
        try:
            self._upload.abort()
        except Exception as second:  # noqa: BLE001 - whatever it is, the client is answered; `second` knows the first
            return self._failed(second)
        return self._failed(error)
