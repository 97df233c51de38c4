"""One body on its way here, over as many connections as it takes.

    the whole ──► it breaks after n bytes ──► a pause ──► "bytes from n on, if it is still the same" ──► …

Rule: what came is never asked for again, and what comes later belongs to the same bytes: it is gone on with only where
the source named them by a strong entity tag, and says by status and range that it goes on (RFC 9110, 13.1.5 and 14).
After a few connections in a row that bring nothing it is given up; the deadline is one for all of them.
"""

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from http.client import HTTPException, HTTPResponse
from types import TracebackType
from typing import TYPE_CHECKING, Final

from filestore.domain.transfer import Remote
from filestore.ports import Halt
from filestore.remote.addresses import Target, parse_target
from filestore.remote.connection import Connection, Deadline
from filestore.remote.exchange import PROBLEM, Headers, exchange, merged, redirected, require_status, why
from vofiles.errors import Damaged, Incomplete, SourceUnreachable, TooLarge

if TYPE_CHECKING:
    from typing import Self

BLOCK: Final = 1 << 20
"""Bytes taken from a source at a time."""
REDIRECTS: Final = 3
PAUSES: Final = (0.2, 1.0, 3.0, 8.0)
"""Seconds before each connection that is made anew: a server that was restarted is there again by the last."""

_GET_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TYPE: Final = re.compile(r"[\x20-\x7e]{1,255}\Z")
_STRONG_TAG: Final = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"\Z')
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)\Z")

Connect = Callable[[Target], Connection]
"""A connection to a target that may be connected to. Raises AddressRefused, SourceUnreachable."""


class Fetching:
    """The port Incoming; good inside its own `with`, which begins the exchange and closes the connection."""

    def __init__(
        self,
        remote: Remote,
        connect: Connect,
        halt: Halt,
        deadline: Deadline,
        *,
        maximum_size: int | None,
        pauses: Sequence[float],
    ) -> None:
        self._remote, self._connect, self._halt, self._deadline = remote, connect, halt, deadline
        self._maximum_size, self._pauses = maximum_size, pauses
        self._first = parse_target(remote.url)
        self._connection: Connection | None = None
        self._failed = 0
        """Connections in a row that brought nothing."""
        self._tag = ""
        """By which the source names these very bytes; empty where it does not."""

    def __enter__(self) -> "Self":
        """Raises AddressRefused, InvalidArgument, SourceUnreachable, TooLarge."""
        try:
            self._response = self._begin()
            self._describe(self._response)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they come, in pieces of at most BLOCK. Raises Incomplete, TooLarge."""
        got = 0
        while True:
            try:
                block = self._read(got)
            except Incomplete as broken:
                self._response = self._go_on(got, broken)
                continue
            if not block:
                return
            self._failed = 0
            got += len(block)
            if self._maximum_size is not None and got > self._maximum_size:
                raise TooLarge(self._first, reason=f"at most {self._maximum_size} bytes are fetched")
            yield block

    def _begin(self) -> HTTPResponse:
        try:
            return self._ask(0)
        except SourceUnreachable as broken:
            # Another store may be on its way up again; a stranger's address is as good as it is now.
            if self._remote.source is None or not _may_pass(broken):
                raise
            return self._try_again(0, broken)

    def _describe(self, response: HTTPResponse) -> None:
        self.length: int | None = response.length
        announced = (response.getheader("Content-Type") or "").strip()
        self.content_type = announced if _TYPE.match(announced) else None
        tag = (response.getheader("ETag") or "").strip()
        self._tag = tag if _STRONG_TAG.match(tag) else ""
        if self._maximum_size is not None and self.length is not None and self.length > self._maximum_size:
            raise TooLarge(f"{self.length} bytes", reason=f"at most {self._maximum_size} are fetched")

    def _read(self, got: int) -> bytes:
        try:
            block = self._response.read1(BLOCK)
        except (OSError, HTTPException, ValueError) as error:
            raise Incomplete(self._first, reason=f"{why(error)} after {got} bytes") from error
        if not block and self.length is not None and got < self.length:
            raise Incomplete(self._first, reason=f"it announced {self.length} bytes and sent {got}")
        return block

    def _go_on(self, got: int, broken: Incomplete) -> HTTPResponse:
        if not self._tag:
            raise broken
        return self._try_again(got, broken)

    def _try_again(self, got: int, broken: Incomplete | SourceUnreachable) -> HTTPResponse:
        """The rest, from byte `got` on. Raises `broken` where it cannot be had."""
        while self._failed < len(self._pauses):
            self._pause(self._pauses[self._failed], broken)
            self._failed += 1
            try:
                return self._ask(got)
            except SourceUnreachable as error:
                if not _may_pass(error):
                    raise broken from error
        raise broken

    def _pause(self, seconds: float, broken: Incomplete | SourceUnreachable) -> None:
        """Wait, but not when nobody waits for the bytes any more, nor beyond the deadline. Raises `broken`."""
        halted = threading.Event()
        self._halt.on_halt(halted.set)
        try:
            seconds = min(seconds, self._deadline.left())
        except TimeoutError:
            raise broken from None
        if halted.wait(seconds):
            raise broken

    def _ask(self, offset: int) -> HTTPResponse:
        """The head of an answer that has the bytes from an offset on; its connection is the open one."""
        target, headers = self._first, [(header.name, header.value) for header in self._remote.headers]
        for _ in range(REDIRECTS + 1):
            self._close()
            self._connection = self._connect(target)
            response = exchange(self._connection, target, "GET", merged(self._own_headers(offset), headers), ())
            if response.status not in _GET_REDIRECTS:
                require_status(target, response, {206} if offset else {200})
                if offset:
                    self._require_rest(target, response, offset)
                return response
            target, headers = redirected(target, response, headers)
        raise SourceUnreachable(self._first, reason=f"it redirects more than {REDIRECTS} times")

    def _own_headers(self, offset: int) -> Headers:
        # No Accept-Encoding but identity: the bytes are wanted as they are kept there.
        own = [("User-Agent", "vofiles-filestore"), ("Accept", "*/*"), ("Accept-Encoding", "identity")]
        return own + ([("Range", f"bytes={offset}-"), ("If-Range", self._tag)] if offset else [])

    def _require_rest(self, target: Target, response: HTTPResponse, offset: int) -> None:
        said = _RANGE.match((response.getheader("Content-Range") or "").strip())
        whole = str(self.length) if self.length is not None else None
        if said is None or int(said[1]) != offset or (whole is not None and said[2] not in {whole, "*"}):
            raise SourceUnreachable(target, reason="it goes on at another place", properties=(("status", "206"),))

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.__exit__(None, None, None)
            self._connection = None


def _may_pass(error: SourceUnreachable) -> bool:
    """Whether it may be otherwise in a moment: nothing was answered, or the server had trouble of its own. Bytes that
    have gone bad there stay so.
    """
    told = dict(error.properties)
    status = told.get("status")
    return status is None or (int(status) >= 500 and told.get(PROBLEM) != Damaged.__name__)
