"""What a container begins with, copied before its body is asked for: a stretch at a time, in the pool.

Rule: a thread is held for one stretch only, so that however large the first container is, others get their turn; a
client that leaves meanwhile is noticed at the next stretch.
"""

from collections.abc import Callable

from filestore.services.uploads import Coming
from vofiles.errors import Incomplete, ServiceBusy
from vofiles.serving.http import Exchange, Pool, Response


class Preparing:
    """One upload before its body."""

    def __init__(
        self,
        exchange: Exchange,
        upload: Coming[object],
        pool: Pool,
        *,
        ready: Callable[[], None],
        failed: Callable[[BaseException], Response],
    ) -> None:
        """`ready` is called on the reactor when the body may come."""
        self._exchange, self._upload, self._pool = exchange, upload, pool
        self._ready, self._failed = ready, failed
        self._left = False

    def begin(self) -> None:
        """Prepare; in the pool."""
        if self._step():
            self._exchange.call_from_thread(lambda: self._exchange.on_closed(self._leave))
            self._go_on()

    def _leave(self) -> None:
        self._left = True

    def _run(self) -> None:
        if self._step():
            self._go_on()

    def _go_on(self) -> None:
        if not self._pool.submit(self._run):
            self._end(ServiceBusy("the data plane"))

    def _step(self) -> bool:
        """Take a stretch; whether there is another one to take."""
        if self._left:
            self._end(Incomplete("the content", reason="its sender has left"))
            return False
        try:
            more = self._upload.prepare()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the lease goes back and the client hears of it
            self._end(error)
            return False
        if not more:
            self._exchange.call_from_thread(self._ready)
        return more

    def _end(self, error: BaseException) -> None:
        try:
            self._upload.abort()
        except Exception as second:  # noqa: BLE001 - likewise; `second` knows the first
            error = second
        self._exchange.respond_from_thread(self._failed(error))
