"""A FileManager and its stores, real but for the network, and the model beside them: every rule does the same to both.

Rule: nothing happens by itself; messages are lost, late and doubled when a rule says so, and processes restart between
any two steps.
"""

from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, multiple, precondition, rule

from filestore.services import callbacks, imports
from tests.model.model import OPEN, STORED
from tests.model.passing import Passing
from tests.model.rig import at
from tests.support.filemanager import store_of
from vofiles import contract
from vofiles.contract import (
    Delete,
    ExportInit,
    ImportInit,
    Move,
    NodeKind,
    Property,
    PurgeTrash,
    SetProperties,
    TransferCompleted,
    TransferFailed,
)
from vofiles.errors import ContentNotFound, VofilesError
from vofiles.ivorn import Ivorn

NAMES = st.sampled_from(["a", "b", "c"])
EDITS = st.dictionaries(
    st.sampled_from(["colour", "content.type"]), st.none() | st.sampled_from(["x/y", "z/z"]), min_size=1
)
DATA = st.sampled_from([b"", b"one", b"two", b"three" * 3])
DAY = 86_400


class Machine(Passing):
    """Dave and his programs, the operators, and the world's bad luck."""

    nodes = Bundle("nodes")
    files = Bundle("files")
    transfers = Bundle("transfers")
    messages = Bundle("messages")

    @initialize(keep=st.integers(1, 2), target=files)
    def begin(self, keep: int) -> Any:
        self.set_up(keep)
        return multiple(*(self.make(self.home, name, NodeKind.FILE) for name in "ab"))

    # --- the tree ---

    @rule(target=nodes)
    def know_home(self) -> str:
        """The root is a node like others, and not one that everything is done to."""
        return self.home

    @rule(target=nodes, name=NAMES)
    def add_full_folder(self, name: str) -> Any:
        made = self.make(self.home, name, NodeKind.FOLDER)
        if made is None:
            return multiple()
        self.make(made, "a", NodeKind.FILE)
        return made

    @rule(target=nodes, parent=nodes, name=NAMES)
    def add_folder(self, parent: str, name: str) -> Any:
        made = self.make(parent, name, NodeKind.FOLDER)
        return multiple() if made is None else made

    @rule(target=files, name=NAMES)
    def add_file_at_home(self, name: str) -> Any:
        return self.add_file(self.home, name)

    @rule(target=files, parent=nodes | files, name=NAMES)
    def add_file(self, parent: str, name: str) -> Any:
        made = self.make(parent, name, NodeKind.FILE)
        return multiple() if made is None else made

    @rule(node=nodes | files, edits=st.lists(EDITS, min_size=1, max_size=3))
    def set_properties(self, node: str, edits: list[dict[str, str | None]]) -> None:
        for edit in edits:
            put = tuple(Property(key, value) for key, value in edit.items() if value is not None)
            request = SetProperties(at(node), put, tuple(key for key, value in edit.items() if value is None))
            self.both(
                partial(self.model.change, node, edit),
                partial(self.world.desk.nodes.set_properties, self.dave, request),
            )

    @rule(node=nodes | files, recursive=st.booleans(), purge=st.booleans())
    def delete(self, node: str, recursive: bool, purge: bool) -> None:
        self.both(
            lambda: self.model.delete(node, self.clock.now(), recursive=recursive, purge=purge),
            lambda: self.world.desk.deletions.delete(self.dave, Delete(at(node), recursive, purge)),
        )

    @rule(node=nodes | files, parent=st.none() | nodes | files, name=st.none() | NAMES, replace=st.booleans())
    def move(self, node: str, parent: str | None, name: str | None, replace: bool) -> None:
        request = Move(at(node), None if parent is None else at(parent), name, replace=replace)
        self.both(
            lambda: self.model.move(node, parent, name, self.clock.now(), replace=replace),
            lambda: self.world.desk.moves.move(self.dave, request),
        )

    @rule(node=nodes | files, other=nodes | files)
    def move_over(self, node: str, other: str) -> None:
        """To where something is, whatever that is."""
        entry = self.model.nodes.get(other)
        if entry is not None and entry.parent is not None:
            self.move(node, entry.parent, entry.name, replace=True)

    @rule(node=nodes | files, parent=st.none() | nodes, name=st.none() | NAMES)
    def delete_and_regret(self, node: str, parent: str | None, name: str | None) -> None:
        self.delete(node, recursive=True, purge=False)
        self.restore(node, parent, name)

    @precondition(lambda self: self.model.trashed)
    @rule(choice=st.integers(0, 9), parent=st.none() | nodes, purge=st.booleans())
    def take_from_the_trash(self, choice: int, parent: str | None, purge: bool) -> None:
        """Back, or for good."""
        some = sorted(self.model.trashed)
        number = some[choice % len(some)]
        if not purge:
            self.restore(number, parent, None)
            return
        self.both(
            lambda: self.model.purge(number, self.clock.now()),
            lambda: self.world.desk.trash.purge_trash(self.dave, PurgeTrash(at(number).node)),
        )

    @rule(node=nodes | files)
    def read(self, node: str) -> None:
        """Reading a node asks the store of its latest open import."""

        def expect() -> None:
            self.model.get(node)
            for transfer in self.model.open_on(node)[-1:]:
                self.model.settle(transfer)

        found = self.both(expect, lambda: self.world.node(self.dave, at(node)))
        if found is not None:
            self.compare(self.model.nodes[node], found)

    # --- content ---

    @rule(target=transfers, node=files, there=st.sampled_from([None, "there", "nowhere"]))
    def begin_import(self, node: str, there: str | None) -> Any:
        made = self.start_import(node, there)
        return multiple() if made is None else made

    @rule(node=nodes)
    def import_into_a_folder(self, node: str) -> None:
        self.both(
            lambda: self.model.require_file(node),
            lambda: self.world.desk.imports.import_init(self.dave, ImportInit(at(node))),
        )

    @rule(target=transfers, node=files, data=DATA)
    def upload(self, node: str, data: bytes) -> Any:
        """importInit and PUT; the callback is another matter."""
        transfer = self.start_import(node, None)
        if transfer is None:
            return multiple()
        self.put(transfer, data)
        return transfer

    @rule(transfer=transfers, twice=st.booleans())
    def start_put(self, transfer: str, twice: bool = False) -> None:
        if not self.is_put(transfer) or self.model.moves[transfer].there == STORED:
            return
        token = self.token(self.offers[transfer])
        local = self.local(transfer)
        upload = self.both(
            lambda: self.model.start(transfer, self.clock.now()),
            lambda: imports.open_upload(local.store, token, imports.Sent()),
        )
        if upload is not None:
            self.uploads[transfer] = upload
            if twice:
                self.start_put(transfer)

    @rule(target=transfers, node=files, data=DATA, again=st.booleans())
    def upload_with_a_broken_connection(self, node: str, data: bytes, again: bool) -> Any:
        transfer = self.start_import(node, None)
        if transfer is None:
            return multiple()
        self.start_put(transfer)
        self.break_put(transfer, self.uploads.pop(transfer))
        if again:
            self.put(transfer, data)
        return transfer

    @precondition(lambda self: self.uploads)
    @rule(data=DATA, broken=st.booleans(), choice=st.integers(0, 9))
    def end_put(self, data: bytes, broken: bool, choice: int) -> None:
        transfer = sorted(self.uploads)[choice % len(self.uploads)]
        upload = self.uploads.pop(transfer)
        if broken:
            self.break_put(transfer, upload)
            if choice % 2:
                self.put(transfer, data)
            return

        def send() -> None:
            try:
                upload.write(data)
            except VofilesError:
                upload.abort()
                raise
            upload.complete()

        self.both(lambda: self.model.store(transfer, data), send)

    @rule(transfer=transfers, data=DATA)
    def put(self, transfer: str, data: bytes) -> None:
        """A whole PUT; the same again if there was one, its answer having been lost."""
        if not self.is_put(transfer):
            return
        if self.model.moves[transfer].there == STORED:
            self.put_again(transfer, data)
            return
        self.start_put(transfer)
        upload = self.uploads.pop(transfer, None)
        if upload is not None:
            upload.write(data)
            self.both(lambda: self.model.store(transfer, data), upload.complete)

    @rule(transfer=transfers)
    def cancel(self, transfer: str) -> None:
        self.both(
            lambda: self.model.cancel(transfer), lambda: self.world.desk.transfers.cancel_transfer(self.dave, transfer)
        )

    @rule(transfer=transfers)
    def look_at_transfer(self, transfer: str) -> None:
        answer = self.both(
            lambda: self.model.settle(transfer), lambda: self.world.desk.transfers.get_transfer(self.dave, transfer)
        )
        here = self.model.moves[transfer].here
        assert (answer.transfer.state if here != OPEN else OPEN) == here
        assert (answer.transfer.state in contract.TransferState.ENDED) == (here != OPEN)

    @rule(node=files, later=st.booleans())
    def export(self, node: str, later: bool) -> None:
        """Exporting asks the stores of every open import on the node, so that what was put is what is fetched."""

        def expect() -> None:
            for below in self.model.below(node) if node in self.model.nodes else []:
                for transfer in self.model.open_on(below):
                    self.model.settle(transfer)
            self.model.require_file(node)
            if not self.model.nodes[node].version:
                raise ContentNotFound(node)

        answer = self.both(expect, lambda: self.world.desk.exports.export_init(self.dave, ExportInit(at(node))))
        if answer is not None:
            self.downloads.append((node, answer.transfer, self.model.nodes[node].data))
        if not later:
            self.fetch()

    @rule()
    def fetch(self) -> None:
        """GET all that was offered. Never other bytes than at the offer, whatever has come since (I8)."""
        for node, offer, data in self.downloads:
            try:
                assert self.world.stores[store_of(offer)].get(offer) == data
            except VofilesError:
                assert node not in self.model.nodes or self.clock.now() > (offer.expiry or 0) or self.was_swept(offer)
        self.downloads = []

    # --- messages, time and processes ---

    @rule(target=messages, acknowledged=st.booleans(), choice=st.integers(0, 9))
    def deliver(self, acknowledged: bool, choice: int) -> Any:
        """One callback; its answer may be lost, and then it comes again."""
        waiting = list(self.letters())
        if not waiting:
            return multiple()
        name, letter = waiting[choice % len(waiting)]
        local = self.world.stores[name]
        message = callbacks.message_of(local.store, letter.transfer)
        self.hear(name, message)
        if acknowledged:
            callbacks.acknowledge(local.store, letter.id)
        return name, message

    @rule(message=messages)
    def deliver_again(self, message: tuple[Ivorn, TransferCompleted | TransferFailed]) -> None:
        """An old message arrives once more."""
        self.hear(*message)
