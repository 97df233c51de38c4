"""Answers that are given again, to requests that are the same byte for byte.

To take a head apart, find its handler, have it decide and write the answer's head costs many times what it costs to
send 4 KiB. Where a handler says that its answer may be given again (`Response.again`), and as long as that says so when
it is asked, which is at each request, none of this is done twice.

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
from .messages import Request, Response
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

    __slots__ = ("again", "asked", "done", "head", "request", "response", "rest", "status")

    def __init__(self, request: Request, head: Head, response: Response) -> None:
        assert response.again is not None
        assert isinstance(response.body, bytes)
        body = b"" if request.method == "HEAD" else response.body
        self.request, self.head, self.response, self.again = request, head, response, response.again
        self.status = response.status
        self.asked = (request.method, request.path, response.status, len(body))
        self.done = (True, response.operation)
        """Both for the access log, where the answer is handed on wholly."""
        self.rest = rest(response, None) + body
        """All behind the request's id: headers, the empty line, and the body."""


class Rest:
    """What the socket did not take of an answer that is given again."""

    __slots__ = ("_repeat", "_request_id", "unsent")

    def __init__(self, repeat: Repeat, request_id: str, unsent: memoryview) -> None:
        self._repeat, self._request_id, self.unsent = repeat, request_id, unsent

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
        request_id = self._new_request_id()
        data = self._heads.begin(repeat.status, request_id) + repeat.rest
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
        if len(raw) > LONGEST_HEAD or not isinstance(response.body, bytes) or response.length > self._room // 16:
            return
        repeat = self._kept[raw] = Repeat(turn.request, head, response)
        self._held += len(raw) + len(repeat.rest)
        while len(self._kept) > self._most or self._held > self._room:
            self._drop(next(iter(self._kept)))

    def _drop(self, raw: bytes) -> None:
        self._held -= len(raw) + len(self._kept.pop(raw).rest)
