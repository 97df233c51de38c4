"""One client's connection: reads heads and bodies in order, has each request served, sends the answers.

The rule that keeps it so: one request at a time. What a client sends ahead waits unread in its socket, so none can
make the server keep more than about `HOLD` bytes; and nothing here calls itself (`_drive` is a loop), however much was
pipelined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import structlog
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from .access import AccessRecord
from .answer import CONTINUE
from .body import LengthBody
from .cursor import Cursor
from .dispatch import dispatch, request_of
from .exchange import Abort, BodyConsumer
from .head import END, Head, HeadParser
from .lifetime import Lifetime
from .loan import Loan
from .messages import FileBody, Response, text
from .output import PlainOutput, TlsOutput
from .phase import NEVER, Phase
from .reactor import Wire
from .refusal import Refusal
from .run import Run
from .turn import Turn

if TYPE_CHECKING:
    from .server import Server

_log = structlog.get_logger(__name__)

HOLD = 64 * 1024


@implementer(IHalfCloseableProtocol)
class Connection(Lifetime):
    """The protocol of one accepted socket."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self._parser = HeadParser(server.limits)
        self._reading = True
        self._enter(Phase.IDLE, server.limits.head_seconds)

    # What the transport says

    def connectionMade(self) -> None:  # noqa: N802 - twisted's name
        wire = self._wire = cast(Wire, self.transport)
        wire.setTcpNoDelay(True)
        if self._server.secure:
            self._output = TlsOutput(wire, self.cut, self._answer_instead)
        else:
            self._output = PlainOutput(wire, self.cut, self._answer_instead)
        self.peer = wire.getPeer().host
        if not self._server.admit(self):
            self._output.write(self._server.heads.write(Response(503, (("Retry-After", "5"),)), "-", "close"))
            self._leave()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - twisted's name
        if self._phase is Phase.IDLE and not (self._held or self._eof or self._server.stopping) and self._repeat(data):
            return
        self._held = self._held + data if self._held else data
        self._drive()

    def readConnectionLost(self) -> None:  # noqa: N802 - twisted's name
        """The client will send no more. It may still want its answer."""
        self._eof = True
        turn = self._turn
        if self._phase in (Phase.IDLE, Phase.HEAD, Phase.LINGER) or (
            turn is not None and turn.run is not None and turn.run.half_closed()
        ):
            self._leave()
        else:
            self._drive()

    def writeConnectionLost(self) -> None:  # noqa: N802 - twisted's name
        """We have closed our side ourselves, to linger."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002, N802 - twisted's signature
        self._enter(Phase.CLOSED, NEVER)
        self._held = b""
        self._output.lost()
        turn, self._turn = self._turn, None
        try:
            if turn is not None and not turn.sent:
                turn.lose(self._server.access, self.peer, Abort.STOPPING if self._server.stopping else Abort.LOST)
        finally:
            # Last: when nobody is left a stopping server ends its pools, and a consumer may need one to abort.
            self._server.forget(self)

    # Reading

    def _drive(self) -> None:
        """Use what has been read as far as it can be used now."""
        if self._driving:
            return
        self._driving = True
        try:
            while self._step():
                pass
        finally:
            self._driving = False
        self._regulate()

    def _step(self) -> bool:
        """Do one thing; whether another may be possible."""
        if self._phase is Phase.CLOSED:
            self._held = b""
            return False
        if self._phase is Phase.LINGER:
            return self._drop()
        if (turn := self._turn) is None:
            return bool(self._held) and self._phase in (Phase.IDLE, Phase.HEAD) and self._read_head()
        if turn.body is not None and turn.flowing and (self._held or turn.body.done):
            return self._read_body(turn)
        return False

    def _regulate(self) -> None:
        """Read from the socket only while what comes has somewhere to go."""
        turn = self._turn
        if self._phase is Phase.CLOSED:
            return
        if self._eof:
            if turn is not None and turn.body is not None and turn.flowing:
                self.cut()  # the body will never be complete
            return
        reads = len(self._held) < HOLD
        if turn is not None and turn.sink is not None and turn.body is not None and not turn.flowing:
            reads = False
        if reads != self._reading:
            self._reading = reads
            (self._wire.resumeProducing if reads else self._wire.pauseProducing)()

    def _repeat(self, raw: bytes) -> bool:
        """Give the same answer to the same request again, where there is one that still holds."""
        given = self._server.repeats.give(raw, self.peer, self._output)
        if given is False:
            return False
        self._enter(Phase.IDLE, self._limits.idle_seconds)
        if given is not True:
            self._turn = given.turn(self.peer, self._limits, self._output)
            self._enter(Phase.SEND, self._limits.send_seconds)
            file = Cursor(given.file, self.workshop.mailbox, self._server.readers) if given.file else None
            self._output.send(given.unsent, file, self._sent)
        return True

    def _read_head(self) -> bool:
        held = self._held
        if held.startswith(b"\r\n"):  # empty lines before a request are harmless (RFC 9112, 2.2)
            held = self._held = held.lstrip(b"\r\n")
        end = held.find(END)
        try:
            if end < 0:
                self._parser.require_bounded(held)
                if held and self._phase is Phase.IDLE:
                    self._enter(Phase.HEAD, self._limits.head_seconds)
                return False
            end += len(END)
            raw, self._held = held[:end], held[end:]
            head = self._parser.parse(raw)
        except Refusal as refusal:
            self._refuse_head(refusal, held)
            return True
        self._start(head, raw)
        return True

    def _start(self, head: Head, raw: bytes) -> None:
        """Begin the turn of the request with this head."""
        server = self._server
        request = request_of(head, self.peer, head.request_id or server.new_request_id(), secure=server.secure)
        turn = self._turn = Turn(request, head, self._limits, raw)
        self._enter(Phase.HANDLER, NEVER)
        try:
            served, turn.body_limit = dispatch(self, server.site, request, head)
            if isinstance(served, Response):
                self._respond(turn, served)
            else:
                turn.run = served
                served.begin()
        except Exception:  # noqa: BLE001 - whatever a handler raises, its client gets an answer
            self._fail(turn)

    def _read_body(self, turn: Turn) -> bool:
        assert turn.body is not None
        try:
            payload, self._held = turn.body.feed(self._held)
        except Refusal as refusal:
            self._abort_body(turn, Abort.FRAMING, refusal.status, refusal.message)
            return True
        turn.count(len(payload))
        if turn.body_limit is not None and turn.received > turn.body_limit and not turn.answered:
            self._abort_body(turn, Abort.TOO_LARGE, 413, f"a body here has at most {turn.body_limit} bytes")
            return True
        done = turn.body.done
        try:
            if payload and turn.sink is not None:
                turn.sink.data(payload)
            if done:
                self._end_body(turn)
        except Exception:  # noqa: BLE001 - as in _start
            self._fail(turn)
        return True

    def _end_body(self, turn: Turn) -> None:
        turn.body = None
        sink, turn.sink = turn.sink, None
        if turn.sent:
            self._next()
        elif not turn.answered:
            self._enter(Phase.HANDLER, NEVER)
            if sink is not None:
                sink.end()

    def _abort_body(self, turn: Turn, reason: Abort, status: int, message: str) -> None:
        """The body cannot be read to its end: tell its consumer and, if that is still open, the client."""
        turn.keep = False
        turn.flowing = False
        turn.tell_aborted(reason)
        if not turn.answered:
            assert turn.run is not None
            self._respond(turn, turn.run.refuse(turn.request, status, message))
        elif turn.sent:
            self._close(unread=True)

    # What a run says

    def has_more(self) -> bool:
        return bool(self._held)

    def start_body(self, run: Run, sink: BodyConsumer) -> None:
        turn = self._turn
        if turn is None or turn.run is not run or turn.answered:
            return
        turn.sink = sink
        if turn.body is None:
            turn.body = LengthBody(0)  # ends as any body does, after this has returned
        if turn.awaits_continue:
            turn.awaits_continue = False
            self._output.write(CONTINUE)
        self._enter(Phase.BODY, self._limits.body_window)
        self.release_body(run)
        turn.restart_window()

    def hold_body(self, run: Run) -> None:
        turn = self._turn
        if turn is not None and turn.run is run and not turn.answered:
            turn.flowing = False
            turn.held_back = True
            if not self._driving:
                self._regulate()

    def release_body(self, run: Run) -> None:
        turn = self._turn
        if turn is not None and turn.run is run and not turn.answered and turn.sink is not None:
            turn.flowing = True
            if not self._driving:
                self.workshop.mailbox.post(self._drive)

    def lend_body(self, run: Run) -> Loan | None:
        turn = self._turn
        if turn is None or turn.run is not run or self._server.secure or self._eof or self._held:
            return None
        loan = turn.lend(self._wire.getHandle())
        if loan is not None:
            self.hold_body(run)
        return loan

    def take_back(self, run: Run, loan: Loan) -> None:
        loan.close()
        turn = self._turn
        if turn is not None and turn.take_back(loan):
            self.release_body(run)

    def answer(self, run: Run, response: Response) -> None:
        turn = self._turn
        if turn is None or turn.run is not run or turn.answered:
            if isinstance(response.body, FileBody):
                response.body.close()
            return
        self._respond(turn, response)

    # Answering

    def _respond(self, turn: Turn, response: Response) -> None:
        closing = self._eof or self._server.stopping
        turn.settle(response, closing=closing, held=len(self._held), drain=self._limits.drain)
        data = self._server.heads.write(response, turn.request.request_id, turn.connection)
        if response.again is not None and turn.raw:
            self._server.repeats.keep(turn.raw, turn, response)
        body, file = response.body, None
        if isinstance(body, bytes):
            data += body if turn.size else b""
        elif turn.size:
            file = Cursor(body, self.workshop.mailbox, self._server.readers)
        elif isinstance(body, FileBody):
            body.close()
        turn.progress = self._output.progress
        self._enter(Phase.SEND, self._limits.send_seconds)
        self._output.send(data, file, self._sent)

    def _answer_instead(self, response: Response) -> None:
        """What was to be sent could not be opened, and nothing of it has been sent."""
        if (turn := self._turn) is not None:
            self._respond(turn, response)

    def _sent(self) -> None:
        """The answer has been handed on wholly."""
        if (turn := self._turn) is None:  # the head had been refused
            self._close(unread=True)
            return
        turn.sent = True
        self._server.access(turn.access_record(self.peer))
        if turn.body is None or not turn.keep:
            self._next()
        else:
            turn.restart_window()
            self._enter(Phase.BODY, self._limits.body_window)

    def _next(self) -> None:
        """The turn is over."""
        turn = self._turn
        assert turn is not None
        if not turn.keep or self._eof or self._server.stopping:
            self._close(unread=turn.body is not None or bool(self._held))
            return
        self._turn = None
        self._enter(Phase.IDLE, self._limits.idle_seconds)
        if not self._driving:
            self._drive()

    def _fail(self, turn: Turn) -> None:
        """A handler has raised: log it, and answer if that can still be done."""
        request = turn.request
        _log.exception("a handler failed", request_id=request.request_id, path=request.path)
        turn.sink = None
        if not turn.answered and self._turn is turn and turn.run is not None:
            message = f"the server failed; its log has the reason under {request.request_id}"
            self._respond(turn, turn.run.refuse(request, 500, message))

    def _refuse_head(self, refusal: Refusal, held: bytes) -> None:
        """Answer a request that cannot be read, and close."""
        self._held = b""
        request_id = self._server.new_request_id()
        response = text(refusal.status, refusal.message)
        data = self._server.heads.write(response, request_id, "close")
        data += b"" if held.startswith(b"HEAD ") else cast(bytes, response.body)
        self._server.access(AccessRecord("-", "-", refusal.status, response.length, 0.0, request_id, self.peer))
        self._enter(Phase.SEND, self._limits.send_seconds)
        self._output.send(data, None, self._sent)
