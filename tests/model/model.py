"""What a FileManager with its stores is, in a hundred lines: the model that the real one is compared with.

Rule: no clock, no database, no network. Each method does what the operation of that name does, and raises what it
raises; what one side knows and the other does not (`here`, `there`) is all that is said of messages.
"""

from dataclasses import dataclass, field

from vofiles.contract import NodeKind
from vofiles.errors import (
    Busy,
    DuplicateNode,
    FolderNotEmpty,
    IntoItself,
    NodeNotFound,
    NotAFile,
    NotAFolder,
    ParentNotFound,
    PermissionDenied,
    TicketExpired,
    TicketUsed,
    TransferEnded,
)

OPEN, WAITING, RECEIVING, STORED = "OPEN", "WAITING", "RECEIVING", "STORED"
ENDS = {STORED: "COMPLETED", "FAILED": "FAILED", "EXPIRED": "EXPIRED", "CANCELLED": "CANCELLED"}
"""What a transfer becomes here when its store says how it ended there."""


@dataclass
class Entry:
    """A node."""

    parent: str | None
    name: str
    kind: str
    properties: dict[str, str] = field(default_factory=dict)
    version: int = 0
    data: bytes = b""


@dataclass
class Movement:
    """An import."""

    node: str
    created: int
    expiry: int
    due: int
    here: str = OPEN
    there: str = WAITING
    data: bytes = b""


class Model:
    """A tree, its transfers, and what stores are still to be told."""

    def __init__(self, root: str) -> None:
        self.nodes = {root: Entry(None, "home", NodeKind.FOLDER)}
        self.hidden: dict[str, Entry] = {}
        """What is in the trash, by itself or with a folder above it."""
        self.trashed: dict[str, tuple[str | None, str]] = {}
        """What is there by itself, and what folder it was in under what name."""
        self.has_moved = False
        """Whether anything ever went to another place, so that stores, who were told of the first, know it no more."""
        self.moves: dict[str, Movement] = {}
        self.errands: list[tuple[int, str]] = []

    def get(self, number: str) -> Entry:
        if number not in self.nodes:
            raise NodeNotFound(number)
        return self.nodes[number]

    def children(self, number: str) -> list[str]:
        return [child for child, entry in self.nodes.items() if entry.parent == number]

    def add(self, parent: str, name: str, kind: str) -> Entry:
        if parent not in self.nodes:
            raise ParentNotFound(parent)
        if self.nodes[parent].kind != NodeKind.FOLDER:
            raise NotAFolder(parent)
        if self.find_child(parent, name) is not None:
            raise DuplicateNode(name)
        return Entry(parent, name, kind)

    def find_child(self, parent: str, name: str) -> str | None:
        return next((child for child in self.children(parent) if self.nodes[child].name == name), None)

    def above(self, number: str) -> list[str]:
        """The folders that a node is in."""
        parent = self.nodes[number].parent
        return [] if parent is None else [parent, *self.above(parent)]

    def below(self, number: str) -> list[str]:
        """A node and all that hangs below it, visible or not."""
        entries = self.nodes | self.hidden
        children = [child for child, entry in entries.items() if entry.parent == number]
        return [number, *(lower for child in children for lower in self.below(child))]

    def move(self, number: str, parent: str | None, name: str | None, now: int, *, replace: bool) -> None:
        entry = self.get(number)
        if entry.parent is None:
            raise PermissionDenied(number)
        into = parent or entry.parent
        if into not in self.nodes:
            raise ParentNotFound(into)
        if into == number:
            raise IntoItself(number)
        if self.nodes[into].kind != NodeKind.FOLDER:
            raise NotAFolder(into)
        if number in self.above(into):
            raise IntoItself(number)
        there = self.find_child(into, name or entry.name)
        if there == number:
            return
        if there is not None and not replace:
            raise DuplicateNode(name)
        if there in self.above(number):
            raise IntoItself(number)
        if there is not None:
            self.trash(there, now)
        entry.parent, entry.name, self.has_moved = into, name or entry.name, True

    def change(self, number: str, edits: dict[str, str | None]) -> None:
        entry = self.get(number)
        after = {**entry.properties, **edits}
        entry.properties = {key: value for key, value in after.items() if value is not None}

    def delete(self, number: str, now: int, *, recursive: bool, purge: bool) -> None:
        if self.get(number).parent is None:
            raise PermissionDenied(number)
        if self.children(number) and not recursive:
            raise FolderNotEmpty(number)
        self.trash(number, now)
        if purge:
            self.purge(number, now)

    def trash(self, number: str, now: int) -> None:
        """All below it goes unseen, and goes on; what was on its way to it alone ends."""
        entry = self.nodes[number]
        for each in self.below(number):
            if each in self.nodes:
                self.hidden[each] = self.nodes.pop(each)
        self.trashed[number] = entry.parent, entry.name
        entry.parent = "trash"
        self._end(number, now)

    def restore(self, number: str, parent: str | None, name: str | None) -> None:
        if number not in self.trashed:
            raise NodeNotFound(number)
        was_in, was_called = self.trashed[number]
        into = parent or was_in or ""
        self.add(into, name or was_called, NodeKind.FILE)
        del self.trashed[number]
        self.hidden[number].parent, self.hidden[number].name = into, name or was_called
        for each in self.below(number):
            self.nodes[each] = self.hidden.pop(each)
        self.has_moved = self.has_moved or (into, name or was_called) != (was_in, was_called)

    def purge(self, number: str, now: int) -> None:
        if number not in self.trashed:
            raise NodeNotFound(number)
        del self.trashed[number]
        for each in self.below(number):
            del self.hidden[each]
            self._end(each, now)

    def _end(self, number: str, now: int) -> None:
        for transfer in self.open_on(number):
            self.moves[transfer].here = "CANCELLED"
            self.errands.append((now, transfer))

    def open_on(self, number: str) -> list[str]:
        """The open imports of a node, in the order in which they began."""
        found = [name for name, move in self.moves.items() if move.node == number and move.here == OPEN]
        return sorted(found, key=lambda name: self.moves[name].created)

    def require_file(self, number: str) -> None:
        if self.get(number).kind != NodeKind.FILE:
            raise NotAFile(number)

    def start(self, transfer: str, now: int) -> None:
        """The first bytes of a PUT come."""
        move = self.moves[transfer]
        if move.there == RECEIVING:
            raise Busy(transfer)
        if move.there == "EXPIRED" or (move.there == WAITING and now > move.expiry):
            raise TicketExpired
        if move.there != WAITING:
            raise TransferEnded(transfer)
        move.there = RECEIVING

    def store(self, transfer: str, data: bytes) -> None:
        """The last ones have come."""
        move = self.moves[transfer]
        if move.there != RECEIVING:
            raise TransferEnded(transfer)
        move.there, move.data = STORED, data

    def repeat(self, transfer: str, data: bytes) -> None:
        """A PUT that was acknowledged comes again."""
        if data != self.moves[transfer].data:
            raise TicketUsed

    def settle(self, transfer: str) -> None:
        """The store's word arrives here, for the first time or again."""
        move = self.moves[transfer]
        if move.here == OPEN and move.there in ENDS:
            move.here = ENDS[move.there]
            if move.there == STORED:
                entry = self.nodes.get(move.node) or self.hidden[move.node]
                entry.version, entry.data = entry.version + 1, move.data

    def cancel(self, transfer: str) -> None:
        move = self.moves[transfer]
        if move.here == OPEN and move.there in {WAITING, RECEIVING}:
            move.here = move.there = "CANCELLED"
        self.settle(transfer)
        if move.here != "CANCELLED":
            raise TransferEnded(transfer)

    def run_errands(self, now: int) -> None:
        for move in [self.moves[transfer] for due, transfer in self.errands if due <= now]:
            move.there = "CANCELLED" if move.there in {WAITING, RECEIVING} else move.there
        self.errands = [(due, transfer) for due, transfer in self.errands if due > now]

    def expire(self, now: int) -> None:
        for move in self.moves.values():
            move.there = "EXPIRED" if move.there == WAITING and move.expiry < now else move.there

    def sweep(self, now: int, again: int) -> None:
        late = [name for name, move in self.moves.items() if move.here == OPEN and move.due <= now]
        for name in sorted(late, key=lambda name: self.moves[name].due):
            self.settle(name)
            self.moves[name].due = now + again
