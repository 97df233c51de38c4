"""Small bodies that have come wholly: judged, made durable and published several at a time, without a lease.

    read what the tickets are good for ──► judge the bytes ──► all durable in one go ──► all published in one commit

Rule: the safe order, as for every upload; only the lease is another one. Who stores a small body claims its transfer in
this process (`Flows.claim`), so that nobody takes its lease meanwhile, and what is published is published only where
the transfer still stands as it was read. Bytes are withdrawn by the attempt that brought them, so that nobody else's
are. What is not as simple as that (a replay, an append, an upload in parts) goes the usual way.
"""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from filestore.domain.checksum import wanted
from filestore.domain.container import Container, Content
from filestore.domain.ingest import Ingest, receipt, require_length
from filestore.domain.sidecar import sidecar_of
from filestore.domain.ticket import Ticket
from filestore.domain.transfer import Transfer
from filestore.ports import Outgoing, Records, SmallContents, StorageFailure
from filestore.services.imports import Sent, joint_promise, require_startable
from filestore.services.store import Store
from filestore.services.uploads import Stored
from vofiles.contract import ContainerState, Direction, Receipt
from vofiles.errors import Busy, ServiceBusy, StoreFull, TicketUnknown, TransferEnded, VofilesError
from vofiles.instant import Instant

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SmallBody:
    """A whole body and what its sender says of it."""

    token: str
    sent: Sent
    content: bytes
    request_id: str | None = None


class Unusual(Exception):
    """It is to go the usual way (`imports.open_upload`); nothing has been done."""


Outcome = Stored | Exception
"""What became of a body: how it is stored, or why not; `Unusual`, `StorageFailure`, or what `open_upload`, `write` and
`complete` of an upload would raise.
"""


class _Case:
    """One body on its way."""

    def __init__(self, body: SmallBody) -> None:
        self.body = body
        self.outcome: Outcome | None = None
        self.claimed: str | None = None
        self.ticket: Ticket
        self.before: Transfer
        self.container: Container
        self.content: Content
        self.after: Transfer
        self.receipt: Receipt

    @property
    def open(self) -> bool:
        """Whether nothing has stopped it."""
        return self.outcome is None

    @property
    def number(self) -> str:
        return self.container.number


def store_small(store: Store, together: SmallContents, bodies: Sequence[SmallBody]) -> list[Outcome]:
    """What becomes of each of these bodies, none of which is longer than `together.longest`. Raises nothing."""
    cases = [_Case(body) for body in bodies]
    try:
        for case in cases:
            _trying([case], lambda case=case: _claim(store, case))  # type: ignore[misc]
        _trying(_open(cases), lambda: _look_up(store, _open(cases)))
        for case in _open(cases):
            _trying([case], lambda case=case: _judge(store, case))  # type: ignore[misc]
        _require_space(store, _open(cases))
        _store(store, together, _open(cases))
    finally:
        for case in cases:
            if case.claimed is not None:
                store.flows.release(case.claimed)
    if any(isinstance(case.outcome, Stored) for case in cases):
        store.wake()
    return [case.outcome or StorageFailure("it came to nothing") for case in cases]


def _open(cases: Sequence[_Case]) -> list[_Case]:
    return [case for case in cases if case.open]


def _trying(cases: Sequence[_Case], work: Callable[[], None]) -> bool:
    """Do something for these cases; what it raises is the outcome of each. Whether all went well."""
    try:
        if cases:
            work()
    except Exception as error:  # noqa: BLE001 - it is told to each of those whom it concerns
        for case in cases:
            case.outcome = error
        return False
    return True


def _claim(store: Store, case: _Case) -> None:
    case.ticket = store.tickets.check(case.body.token, "PUT")
    if not store.flows.claim(case.ticket.transfer):
        raise Busy("this transfer address", reason="bytes are on their way already")
    case.claimed = case.ticket.transfer


def _look_up(store: Store, cases: Sequence[_Case]) -> None:
    def look(records: Records) -> list[tuple[Transfer | None, Container | None]]:
        found = []
        for case in cases:
            transfer = records.find_transfer(case.ticket.transfer)
            found.append((transfer, records.find_container(transfer.container) if transfer is not None else None))
        return found

    for case, (transfer, container) in zip(cases, store.catalogue.read(look), strict=True):
        if transfer is None or container is None or transfer.epoch != case.ticket.epoch:
            case.outcome = TicketUnknown()
        else:
            case.before, case.container = transfer, container


def _judge(store: Store, case: _Case) -> None:
    """Judge ticket and bytes. Raises what an upload would."""
    transfer, body, now = case.before, case.body, store.clock()
    if transfer.receipt is not None or transfer.direction != Direction.IMPORT_INIT or transfer.staged is not None:
        raise Unusual
    require_startable(transfer, now)
    if transfer.bytes_done or transfer.partial is not None or case.container.state != ContainerState.EMPTY:
        raise Unusual
    require_length(transfer.promise, len(body.content))
    store.health.require_writable()
    promise = joint_promise(transfer.promise, body.sent)
    ingest = Ingest(promise, wanted(promise.digests, sha256=store.terms.sha256), name=case.container.name)
    ingest.receive(body.content)
    case.content = ingest.finish()
    _prepare(store, case, now)


def _prepare(store: Store, case: _Case, now: Instant) -> None:
    """What its rows will be."""
    started = case.before.start("", Instant(now + store.terms.longest_transfer), now)
    case.container = case.container.fill(case.content, now)
    case.receipt = receipt(started.transfer, store.identifier, case.container)
    started = replace(started, request_id=case.body.request_id or started.request_id)
    case.after = started.store(case.receipt, now)


def _require_space(store: Store, cases: Sequence[_Case]) -> None:
    def look() -> None:
        with store.health.watching():
            left = store.left()
        for case in cases:
            left -= case.content.size
            if left < 0:
                case.outcome = StoreFull(store.identifier, reason=f"{max(0, left + case.content.size)} bytes are left")

    _trying(cases, look)


def _store(store: Store, together: SmallContents, cases: Sequence[_Case]) -> None:
    """Make them durable, then publish them; where that fails for all, each by itself."""
    if not cases:
        return
    attempt = secrets.randbits(62)

    def add() -> None:
        contents = [
            (case.number, sidecar_of(store.identifier, case.container, case.content, case.container.changed), case.body)
            for case in cases
        ]
        with store.health.watching():
            there = together.add_all(attempt, [(number, sidecar, body.content) for number, sidecar, body in contents])
        for case in cases:
            if case.number in there:
                # Of an attempt that came to nothing: who takes the lease drops it.
                case.outcome = Unusual()

    if _trying(cases, add):
        _publish(store, together, attempt, _open(cases))
    else:
        _withdraw(store, together, attempt, cases)


def _publish(store: Store, together: SmallContents, attempt: int, cases: Sequence[_Case]) -> None:
    def publish(records: Records) -> list[bool]:
        return [_publish_one(records, case) for case in cases]

    if not cases:
        return
    try:
        published = store.catalogue.write(publish)
    except ServiceBusy as error:
        _settle_unknown(store, together, attempt, cases, error)
        return
    except VofilesError as error:
        # One of them has rows that do not fit together: the others are not to suffer for it.
        if len(cases) > 1:
            for case in cases:
                _publish(store, together, attempt, [case])
        else:
            cases[0].outcome = error
            _withdraw(store, together, attempt, cases)
        return
    except Exception as error:  # noqa: BLE001 - as for every upload, see below
        # Whether the commit holds is known after the next start only: until then the bytes must stay.
        store.health.fail(f"the catalogue could not commit: {error!r}")
        for case in cases:
            case.outcome = StorageFailure(f"commit of transfer {case.before.transfer}: {error}")
        return
    for case, done in zip(cases, published, strict=True):
        # Something was faster: another process, or the end of the transfer.
        case.outcome = Stored(case.receipt) if done else TransferEnded(case.before.transfer, reason="it has changed")
    _withdraw(store, together, attempt, [case for case in cases if not isinstance(case.outcome, Stored)])


def _publish_one(records: Records, case: _Case) -> bool:
    if not records.publish(case.before, case.after, case.container):
        return False
    now = case.after.changed
    records.add_outgoing(Outgoing(case.after.transfer, case.after.manager, now, now))
    return True


def _settle_unknown(
    store: Store, together: SmallContents, attempt: int, cases: Sequence[_Case], error: ServiceBusy
) -> None:
    """A database that stopped answering may have committed all the same: look, and where nobody can tell, leave the
    bytes. The next upload to the same address, or the next start, drops them.
    """
    for case in cases:
        case.outcome = error

    def look(records: Records) -> list[Transfer | None]:
        # Held, and not only read: so it waits for the end of a commit whose connection has gone before its answer.
        return [records.hold_transfer(case.before.transfer) for case in cases]

    try:
        rows = store.catalogue.write(look)
    except Exception as second:  # noqa: BLE001 - whatever it is, nobody can tell
        _log.warning("whether %d small contents are published is unknown: %s", len(cases), second)
        return
    for case, found in zip(cases, rows, strict=True):
        if found is not None and found.receipt == case.receipt:
            case.outcome = Stored(case.receipt)
    _withdraw(store, together, attempt, [case for case in cases if case.outcome is error])


def _withdraw(store: Store, together: SmallContents, attempt: int, cases: Sequence[_Case]) -> None:
    """Drop bytes that do not count. What cannot be dropped now is dropped by the next start."""
    if not cases:
        return
    try:
        with store.health.watching():
            together.withdraw(attempt, [case.number for case in cases])
    except Exception as error:  # noqa: BLE001 - they have an outcome, and it is not this
        _log.warning("%d small contents could not be dropped: %s", len(cases), error)
