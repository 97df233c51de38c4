"""Answers that are given again, to requests that are the same byte for byte.

To take a head apart, find its handler, have it decide and write the answer's head costs many times what it costs to
send 4 KiB. Where a handler says that its answer may be given again (`Response.again`), and as long as that says so when
it is asked, which is at each request, none of this is done twice. Of an answer whose body is a file that is all but the
file: it is given again where that is open.

Rule: what is kept is bounded, in number and in bytes; those kept longest go first. A head may hold a secret: it is
found by a hash of all of it whose key nobody knows (SipHash), so that time tells nothing of one that is nearly right.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Final

from .access import AccessLog, AccessRecord
from .answer import AnswerHeads, rest
from .head import Head
from .limits import Limits
from .messages import FileBody, LaterBody, Request, Response
from .output import Output
from .turn import Turn

MOST: Final = 4096
"""Answers."""
ROOM: Final = 16 << 20
"""Bytes of them all."""
LONGEST_HEAD: Final = 2048
"""Bytes of a request that may be met again."""


class Repeat:
    """An answer that may be given again."""

    __slots__ = ("again", "asked", "done", "find", "head", "request", "response", "rest", "status")

    def __init__(self, request: Request, head: Head, response: Response) -> None:
        assert response.again is not None
        given = b"" if request.method == "HEAD" else response.body
        body = given if isinstance(given, bytes) else b""
        self.find = given.find if isinstance(given, LaterBody) else None
        """Finds the file that follows, where one does."""
        self.request, self.head, self.response, self.again = request, head, response, response.again
        self.status = response.status
        self.asked = (request.method, request.path, response.status, len(body))
        self.done = (True, response.operation)
        """Both for the access log, where the answer is handed on wholly."""
        self.rest = rest(response, None) + body
        """All behind the request's id: headers, the empty line, and the body."""


class Rest:
    """What is still to be sent of an answer that is given again: bytes, and perhaps a file behind them."""

    __slots__ = ("_repeat", "_request_id", "file", "unsent")

    def __init__(self, repeat: Repeat, request_id: str, unsent: memoryview, file: FileBody | None = None) -> None:
        self._repeat, self._request_id, self.unsent, self.file = repeat, request_id, unsent, file

    def turn(self, peer: str, limits: Limits, output: Output) -> Turn:
        """The turn in which it is sent."""
        turn = Turn(self._repeat.request._replace(peer=peer, request_id=self._request_id), self._repeat.head, limits)
        turn.settle(self._repeat.response, closing=False, held=0, drain=0)
        turn.progress = output.progress
        return turn


class Repeats:
    """By the head of their request. On the reactor only."""

    def __init__(
        self,
        heads: AnswerHeads,
        access: AccessLog,
        new_request_id: Callable[[], str],
        most: int = MOST,
        room: int = ROOM,
    ) -> None:
        self._heads, self._access, self._new_request_id = heads, access, new_request_id
        self._most, self._room = most, room
        self._kept: dict[bytes, Repeat] = {}
        self._held = 0

    def give(self, raw: bytes, peer: str, output: Output) -> Rest | bool:
        """Answer the request with that head again; False where there is no answer that still holds."""
        repeat = self._kept.get(raw)
        if repeat is None:
            return False
        if not repeat.again():
            self._drop(raw)
            return False
        started = perf_counter()
        file = None
        if repeat.find is not None and (file := repeat.find()) is None:
            return False
        request_id = self._new_request_id()
        data = self._heads.begin(repeat.status, request_id) + repeat.rest
        if file is not None:
            return Rest(repeat, request_id, memoryview(data), file)
        count = output.offer(data)
        if count < len(data):
            return Rest(repeat, request_id, memoryview(data)[count:])
        self._access(AccessRecord(*repeat.asked, perf_counter() - started, request_id, peer, *repeat.done))
        return True

    def keep(self, raw: bytes, turn: Turn, response: Response) -> None:
        """Keep the answer to a request whose head came as `raw`, if it may be given again and is short enough."""
        if raw in self._kept:
            self._drop(raw)
        head = turn.head
        # A request with a body, or an id of its own, never comes again as it is.
        if head.length != 0 or head.request_id is not None or turn.connection is not None:
            return
        body = response.body
        if len(raw) > LONGEST_HEAD or isinstance(body, FileBody) or self._is_too_long(body):
            return
        repeat = self._kept[raw] = Repeat(turn.request, head, response)
        self._held += len(raw) + len(repeat.rest)
        while len(self._kept) > self._most or self._held > self._room:
            self._drop(next(iter(self._kept)))

    def _is_too_long(self, body: bytes | LaterBody) -> bool:
        return isinstance(body, bytes) and len(body) > self._room // 16

    def _drop(self, raw: bytes) -> None:
        self._held -= len(raw) + len(self._kept.pop(raw).rest)
