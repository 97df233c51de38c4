"""Whatever is done to a store in whatever order, with crashes between: its promises hold."""

import contextlib
import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from filestore.backends.memory import MemoryBackend
from filestore.domain.stretch import Stretch
from filestore.persistence.memory import MemoryCatalogue
from filestore.services import callbacks
from filestore.services.containers import cancel_transfer, delete_container
from filestore.services.copies import duplicate
from filestore.services.expiry import expire_due
from filestore.services.imports import Sent, open_upload
from filestore.services.kept import Kept
from filestore.services.parts import Part
from filestore.services.replays import Replay
from filestore.services.resuming import begin_anew, find_kept, open_part
from filestore.services.sweep import sweep
from filestore.services.uploads import Stored, Upload
from tests.support.filestore_core import DAVE, MANAGER, NODE, make_core
from vofiles.contract import (
    ContainerState,
    DeleteContainer,
    Duplicate,
    Receipt,
    StoreCancelTransfer,
    Transfer,
    TransferState,
)
from vofiles.errors import Conflict, NotFound, Refused, TicketUsed
from vofiles.instant import SECOND, Instant

# What somebody who does things in the wrong order may be answered.
WRONG_ORDER = (Conflict, NotFound, Refused)
ENDED = TransferState.ENDED | {TransferState.STORED}
LONG_AGO = Instant(2**62)


class Anyhow(RuleBasedStateMachine):
    """A FileManager and its users, who do anything at any time."""

    offers = Bundle("offers")
    uploads = Bundle("uploads")
    parts = Bundle("parts")

    def __init__(self) -> None:
        super().__init__()
        self.core = make_core(MemoryCatalogue(), MemoryBackend())
        self.names = itertools.count(1)
        self.acknowledged: dict[Receipt, bytes] = {}
        self.sent: dict[Upload | Replay, bytes] = {}
        self.ended: dict[str, str] = {}
        self.begins: dict[str, bytes] = {}
        self.came: dict[str, bytes] = {}
        """What was sent of each upload in parts, as far as it may be safe."""
        self.told: dict[str, int] = {}
        """How much of that was told to be safe."""
        self.flowing: list[Part] = []

    @rule(target=offers)
    def begin(self) -> Transfer:
        return self.core.offer(f"t{next(self.names)}")

    @rule(target=uploads, offer=offers)
    def open(self, offer: Transfer) -> Upload | Replay | None:
        try:
            upload = open_upload(self.core.store, self.core.token(offer), Sent())
        except WRONG_ORDER:
            return None
        self.sent[upload] = b""
        self.told.pop(offer.transfer, None)
        return upload

    def ask(self, offer: Transfer) -> Kept | None:
        """How far an upload in parts is: never less far than it was told before."""
        try:
            kept = find_kept(self.core.store, self.core.token(offer))
        except WRONG_ORDER:
            return None
        assert kept.offset >= self.told.get(offer.transfer, 0)
        self.told[offer.transfer] = kept.offset
        return kept

    @rule(target=parts, offer=offers, data=st.binary(max_size=20))
    def send_part(self, offer: Transfer, data: bytes) -> tuple[Part, str] | None:
        kept = self.ask(offer)
        if kept is None or kept.receipt is not None:
            return None
        try:
            part = open_part(self.core.store, self.core.token(offer), Stretch(kept.offset))
        except WRONG_ORDER:
            return None
        assert isinstance(part, Part)
        part.write(data)
        self.flowing.append(part)
        self.came[offer.transfer] = self.came.get(offer.transfer, b"")[: kept.offset] + data
        return part, offer.transfer

    @rule(sent=consumes(parts), whole=st.booleans())
    def end_part(self, sent: tuple[Part, str] | None, whole: bool) -> None:
        if sent is None:
            return
        part, transfer = sent
        if part not in self.flowing:
            return
        self.flowing.remove(part)
        if not whole:
            part.abort()
            return
        try:
            kept = part.complete()
        except WRONG_ORDER:
            return
        assert isinstance(kept, Kept)
        assert kept.offset == len(self.came[transfer])
        self.told[transfer] = kept.offset

    @rule(offer=offers)
    def end_parts(self, offer: Transfer) -> None:
        """Nothing more is to come."""
        kept = self.ask(offer)
        if kept is None or kept.receipt is not None:
            return
        try:
            part = open_part(self.core.store, self.core.token(offer), Stretch(kept.offset, 0, kept.offset))
        except WRONG_ORDER:
            return
        assert isinstance(part, Part)
        try:
            stored = part.complete()
        except WRONG_ORDER:
            return
        assert isinstance(stored, Stored)
        whole = self.begins.get(offer.transfer, b"") + self.came.get(offer.transfer, b"")[: kept.offset]
        assert self.acknowledged.setdefault(stored.receipt, whole) == whole

    @rule(offer=offers)
    def drop_parts(self, offer: Transfer) -> None:
        with contextlib.suppress(*WRONG_ORDER):
            begin_anew(self.core.store, self.core.token(offer), None)
            self.told.pop(offer.transfer, None)

    @rule(upload=uploads, data=st.binary(max_size=20))
    def write(self, upload: Upload | Replay | None, data: bytes) -> None:
        if upload not in self.sent:
            return
        try:
            upload.write(data)
        except WRONG_ORDER:
            upload.abort()
            del self.sent[upload]
        else:
            self.sent[upload] += data

    @rule(upload=consumes(uploads))
    def complete(self, upload: Upload | Replay | None) -> None:
        if upload not in self.sent:
            return
        data = self.sent.pop(upload)
        try:
            stored = upload.complete()
        except TicketUsed:
            assert isinstance(upload, Replay)
            return
        except WRONG_ORDER:
            return
        whole = self.begins.get(stored.receipt.transfer, b"") + data
        assert self.acknowledged.setdefault(stored.receipt, whole) == whole

    @rule(upload=consumes(uploads))
    def break_off(self, upload: Upload | Replay | None) -> None:
        if upload in self.sent:
            upload.abort()
            del self.sent[upload]

    @rule(offer=offers)
    def cancel(self, offer: Transfer) -> None:
        with contextlib.suppress(*WRONG_ORDER):
            cancel_transfer(self.core.store, MANAGER, StoreCancelTransfer(offer.transfer))

    @rule(offer=offers)
    def delete(self, offer: Transfer) -> None:
        assert offer.container is not None
        delete_container(self.core.store, MANAGER, DeleteContainer(offer.container))
        self.acknowledged = {
            receipt: data for receipt, data in self.acknowledged.items() if receipt.container != offer.container
        }

    @rule(offer=offers)
    def copy(self, offer: Transfer) -> None:
        assert offer.container is not None
        request = Duplicate(f"t{next(self.names)}", MANAGER, offer.container, NODE, DAVE)
        try:
            receipt = duplicate(self.core.store, MANAGER, request).transfer.receipt
        except WRONG_ORDER:
            return
        original = next(data for made, data in self.acknowledged.items() if made.container == offer.container)
        assert receipt is not None
        self.acknowledged[receipt] = original

    @rule(target=offers, offer=offers)
    def append(self, offer: Transfer) -> Transfer:
        assert offer.container is not None
        try:
            fresh = self.core.append(offer.container, f"t{next(self.names)}")
        except WRONG_ORDER:
            return offer
        self.begins[fresh.transfer] = next(
            data for made, data in self.acknowledged.items() if made.container == offer.container
        )
        return fresh

    @rule(hours=st.sampled_from([1, 2, 25, 24 * 8]))
    def wait(self, hours: int) -> None:
        self.core.clock.move(hours * 3600 * SECOND)
        expire_due(self.core.store)

    @rule()
    def acknowledge(self) -> None:
        for row in callbacks.list_due(self.core.store, LONG_AGO, 100):
            callbacks.message_of(self.core.store, row.transfer)
            callbacks.acknowledge(self.core.store, row.id)

    @rule()
    def crash(self) -> None:
        self.core = self.core.restarted()
        self.sent.clear()
        self.flowing.clear()
        assert sweep(self.core.store).missing == 0

    @invariant()
    def what_was_acknowledged_is_readable(self) -> None:
        for receipt, data in self.acknowledged.items():
            assert self.core.get(receipt.container) == data

    @invariant()
    def a_transfer_ends_once(self) -> None:
        for name in [f"t{number}" for number in range(1, 40)]:
            try:
                state = self.core.transfer(name).state
            except AssertionError:
                continue
            if name in self.ended:
                assert state == self.ended[name] or (self.ended[name], state) == ("STORED", "COMPLETED")
            if state in ENDED:
                self.ended[name] = state

    @invariant()
    def bytes_lie_only_where_a_container_has_or_receives_them(self) -> None:
        alive = {
            container.number
            for state in (ContainerState.RECEIVING, ContainerState.COMPLETE)
            for container in self.core.store.catalogue.read(
                lambda records, state=state: records.list_containers(state, LONG_AGO, "", 1000)  # type: ignore[misc]
            )
        }
        # A revoked upload's bytes go when its sender is told, at the next piece.
        senders = [*(upload for upload in self.sent if isinstance(upload, Upload)), *self.flowing]
        revoked = {upload._container.number for upload in senders}
        assert set(self.core.store.backend.numbers()) <= alive | revoked


TestAnyhow = Anyhow.TestCase
TestAnyhow.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
