"""A transfer as its store sees it: one movement of bytes into, out of or within the store.

    importInit, appendInit
                OFFERED --start--> RECEIVING --store--> STORED --acknowledge--> COMPLETED
                OFFERED <--give back-- RECEIVING           OFFERED --expire--> EXPIRED
                (with the bytes that are safe where they come in parts: `bytes_done` says how many)
                OFFERED --take--> REQUESTED, as below, where the bytes were sent past the store
    importData, exportData, duplicate
                REQUESTED --start--> RECEIVING --store--> STORED --acknowledge--> COMPLETED
                REQUESTED <--give back-- RECEIVING
    exportInit  OFFERED --expire--> EXPIRED        (silently: any number of downloads until then)
    all         OFFERED, REQUESTED, RECEIVING --cancel--> CANCELLED; REQUESTED, RECEIVING --fail--> FAILED

Rule: pure; `TRANSITIONS` is the one table. A transfer ends once. RECEIVING is a lease: whoever holds it may finish,
and a broken connection gives it back.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Final

from filestore.domain.partial import Partial
from filestore.domain.staging import Staged
from vofiles.contract import Digest, Direction, Failure, Header, Receipt, TransferState
from vofiles.errors import TransferEnded
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.shape import parts

DUPLICATE: Final = "duplicate"
"""The direction of a copy within the store."""

OFFERS: Final = frozenset({Direction.IMPORT_INIT, Direction.APPEND_INIT, Direction.EXPORT_INIT})
"""Directions whose bytes somebody else moves, by ticket."""
IMPORTS: Final = frozenset({Direction.IMPORT_INIT, Direction.APPEND_INIT, Direction.IMPORT_DATA, DUPLICATE})
"""Directions that make a container."""
METHODS: Final = {Direction.IMPORT_INIT: "PUT", Direction.APPEND_INIT: "PUT", Direction.EXPORT_INIT: "GET"}
"""The method of a direction's ticket."""

START: Final = "start"
GIVE_BACK: Final = "give back"
STORE: Final = "store"
ACKNOWLEDGE: Final = "acknowledge"
TAKE: Final = "take"
EXPIRE: Final = "expire"
CANCEL: Final = "cancel"
FAIL: Final = "fail"

TRANSITIONS: Final = {
    (TransferState.OFFERED, START): TransferState.RECEIVING,
    (TransferState.REQUESTED, START): TransferState.RECEIVING,
    (TransferState.RECEIVING, STORE): TransferState.STORED,
    (TransferState.STORED, ACKNOWLEDGE): TransferState.COMPLETED,
    (TransferState.OFFERED, TAKE): TransferState.REQUESTED,
    (TransferState.OFFERED, EXPIRE): TransferState.EXPIRED,
    (TransferState.REQUESTED, EXPIRE): TransferState.EXPIRED,
    (TransferState.OFFERED, CANCEL): TransferState.CANCELLED,
    (TransferState.REQUESTED, CANCEL): TransferState.CANCELLED,
    (TransferState.RECEIVING, CANCEL): TransferState.CANCELLED,
    (TransferState.REQUESTED, FAIL): TransferState.FAILED,
    (TransferState.RECEIVING, FAIL): TransferState.FAILED,
}
"""Which state follows when what is done; giving back depends on the direction (`Transfer.step`)."""

ENDED: Final = frozenset({*TransferState.ENDED, TransferState.STORED})
"""States in which the store has nothing more to do with bytes."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the bytes of a transfer were announced to be."""

    size: int | None = None
    """Exactly so many bytes."""
    maximum_size: int | None = None
    """At most so many."""
    digests: tuple[Digest, ...] = ()
    content_type: str | None = None
    claimed_type: str | None = None
    """What the sender of the bytes says of their type, who may not have looked."""


@dataclass(frozen=True, slots=True)
class Remote:
    """An address elsewhere that the store fetches from or sends to."""

    url: str
    protocol: str = "HTTP"
    method: str = "GET"
    headers: tuple[Header, ...] = ()
    source: Ivorn | None = None
    """The container that the URL is another store's offer of, where it is not a stranger's address."""


@dataclass(frozen=True, slots=True)
class Base:
    """What the container that a transfer fills begins with: all of another one."""

    container: str
    """Its number."""
    size: int
    """Its bytes."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer as the catalogue knows it."""

    transfer: str
    """Its id, made by the FileManager."""
    manager: Ivorn
    direction: str
    fingerprint: str
    """Of the request, so that a repeat is known from another one of the same id."""
    container: str
    """Number of the container it fills or empties."""
    state: str
    created: Instant
    changed: Instant
    expiry: Instant
    """Until when bytes may begin to flow."""
    epoch: int = 1
    """Part of the ticket: a higher one makes the old address worth nothing."""
    promise: Promise = Promise()
    remote: Remote | None = None
    """Of importData and exportData."""
    file_name: str | None = None
    """What a browser should call the file, for exportInit."""
    lease: str | None = None
    """Who moves the bytes just now; set while RECEIVING."""
    deadline: Instant | None = None
    """The hard cap: until when the bytes must have come; set while and after RECEIVING."""
    bytes_done: int = 0
    """Bytes of those that come that are safe: another attempt can go on behind them."""
    failure: Failure | None = None
    receipt: Receipt | None = None
    request_id: str | None = None
    """Of the request that last had bytes moved; in logs only."""
    base: Base | None = None
    """Of appendInit."""
    partial: Partial | None = None
    """Set while and after it comes in parts."""
    staged: Staged | None = None
    """Where its bytes are sent past the store, by addresses of the medium."""

    def step(self, action: str, now: Instant) -> "Transfer":
        """The transfer after an action. Raises TransferEnded where the table has no such line."""
        if action == GIVE_BACK and self.state == TransferState.RECEIVING:
            offered = self.direction in OFFERS and not self.is_taken
            waiting = TransferState.OFFERED if offered else TransferState.REQUESTED
            return replace(self, state=waiting, changed=now, lease=None)
        state = TRANSITIONS.get((self.state, action))
        if state is None:
            raise TransferEnded(self.transfer, reason=f"it is {self.state}")
        return replace(self, state=state, changed=now, lease=None)

    def start(self, lease: str, deadline: Instant, now: Instant) -> "Transfer":
        """The transfer with its bytes on their way, from the first one on. Raises TransferEnded."""
        return replace(self.step(START, now), lease=lease, deadline=deadline, bytes_done=0, partial=None)

    def start_part(self, lease: str, partial: Partial, deadline: Instant, now: Instant) -> "Transfer":
        """The transfer with more of its bytes on their way, behind those that are safe; the hard cap stays the one of
        the first of them. Raises TransferEnded.
        """
        started = replace(self.step(START, now), lease=lease, partial=partial)
        return started if self.begun else replace(started, deadline=deadline)

    def keep(self, bytes_done: int, partial: Partial) -> "Transfer":
        """The transfer with so many bytes safe."""
        return replace(self, bytes_done=bytes_done, partial=partial)

    @property
    def begun(self) -> bool:
        """Whether bytes are safe that another attempt can go on behind."""
        return self.bytes_done > 0 and not self.ended

    @property
    def until(self) -> Instant:
        """Until when its bytes may begin to flow, or go on once some are safe."""
        return self.deadline if self.begun and self.deadline is not None else self.expiry

    @property
    def is_taken(self) -> bool:
        """Whether the store is to take what was sent past it."""
        return self.staged is not None and self.staged.complete

    def take(self, digests: tuple[Digest, ...], expiry: Instant, now: Instant) -> "Transfer":
        """The transfer, all of whose bytes are staged and must have these digests, too. Raises TransferEnded."""
        if self.staged is None:
            raise TransferEnded(self.transfer, reason="its bytes come to the store itself")
        promise = replace(self.promise, digests=tuple(dict.fromkeys((*self.promise.digests, *digests))))
        staged = replace(self.staged, complete=True)
        return replace(self.step(TAKE, now), staged=staged, promise=promise, expiry=expiry)

    def store(self, receipt: Receipt, now: Instant) -> "Transfer":
        """The transfer with all its bytes durable. Raises TransferEnded."""
        return replace(self.step(STORE, now), receipt=receipt, bytes_done=receipt.size - self.kept)

    @property
    def kept(self) -> int:
        """Bytes that its container begins with and that do not come with it."""
        return self.base.size if self.base is not None else 0

    def fail(self, failure: Failure, now: Instant) -> "Transfer":
        """The transfer, ended badly. Raises TransferEnded."""
        return replace(self.step(FAIL, now), failure=failure)

    @property
    def ended(self) -> bool:
        """Whether no more bytes can flow that change anything."""
        return self.state in ENDED


def fingerprint(operation: str, request: Any) -> str:
    """A digest of what a request asks, the same for every repeat; fields that are not given do not count."""
    text = [operation]
    for part in parts(request.__class__):
        value = getattr(request, part.field)
        if value is not None and value != ():
            text.append(f"{part.field}={value!r}")
    return hashlib.sha256("\n".join(text).encode("utf-8", "backslashreplace")).hexdigest()
