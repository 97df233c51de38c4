"""The services and the model side by side, with what every rule of the machine stands on.

Rule: here stand no rules; what is done to both is done through `both`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from filemanager.config import Terms
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from filemanager.remote.machine import SystemNumbers
from filemanager.services.check import CheckService
from filemanager.services.desk import make_desk
from filestore.services import callbacks, imports
from filestore.services.check import check as check_store
from filestore.services.check_contents import Wish
from filestore.services.replays import Replay
from filestore.services.uploads import Upload
from tests.model.model import RECEIVING, WAITING, Entry, Model, Movement
from tests.support.filemanager import OPERATOR, FastPasswords, World, store_of
from tests.support.localstores import ADDRESS, SERVICE, Watch, tell
from vofiles import contract
from vofiles.contract import (
    AddNode,
    ImportData,
    ImportInit,
    Restore,
    Transfer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.errors import TicketExpired, TicketUnknown, VofilesError
from vofiles.findings import Report
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier

URL = "http://archive.example.org/"
"""Where stores fetch from; only what is called there is there."""


class Clock(Watch):
    """A clock that people set; the one for durations only goes forward."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = 0.0

    def elapsed(self) -> float:
        return self.gone

    def move(self, seconds: float) -> None:
        self.seconds += seconds
        self.gone += abs(seconds)


class Different(AssertionError):
    """The service and the model did not raise the same."""

    def __init__(self, expected: VofilesError | None, raised: VofilesError | None) -> None:
        super().__init__(f"{raised!r} instead of {expected!r}")
        self.raised = raised


def outcome(work: Callable[[], Any]) -> tuple[VofilesError | None, Any]:
    """What it raises, and what it answers."""
    try:
        return None, work()
    except VofilesError as error:
        return error, None


SEEN: Counter[str] = Counter()
"""What happened in all histories, so that a test can tell whether they went anywhere."""


def seen(what: str) -> None:
    SEEN[what] += 1


class Counting(SystemNumbers):
    """Numbers that are the same in every run, and in no order."""

    def __init__(self) -> None:
        self._random = Random(7)

    def new_number(self) -> str:
        return "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz234567", k=26))


class Rig(RuleBasedStateMachine):
    """A FileManager with its stores, and the model of them."""

    def set_up(self, keep: int) -> None:
        """Everything new, and an account with a home."""
        # A store is asked whenever somebody reads, so that what is read does not depend on how long ago it was asked.
        terms = Terms(pull_interval=0.0, keep_versions=keep)
        self.world = World(self.make_database(), terms=terms)
        self.clock, self.numbers, self.keep = Clock(), Counting(), keep
        self.world.watch = self.clock
        for local in self.world.stores.stores.values():
            local.store = replace(local.store, clock=self.clock.now, numbers=self.numbers.new_number)
            local.web.pages[URL + "there"] = b"from the archive"
        self.new_desk()
        self.dave = self.world.add_account("dave")
        self.home = self.world.home(self.dave).node.number
        self.model = Model(self.home)
        self.offers: dict[str, Transfer] = {}
        self.uploads: dict[str, Upload] = {}
        self.downloads: list[tuple[str, Transfer, bytes]] = []
        self.modified: dict[str, int] = {}

    def new_desk(self) -> None:
        """The FileManager's process starts: nothing of what was in memory is left."""
        config, world = self.world.desk.config, self.world
        world.desk = make_desk(
            config, world.database, world.stores, world.errands, self.clock, self.numbers, FastPasswords()
        )

    def make_database(self) -> Database:
        return MemoryDatabase()

    def make(self, parent: str, name: str, kind: str) -> str | None:
        """A new node of both, or None where both refuse it."""
        entries: list[Entry] = []
        request = AddNode(at(parent), name, kind)
        node = self.both(
            lambda: entries.append(self.model.add(parent, name, kind)),
            lambda: self.world.desk.nodes.add_node(self.dave, request),
        )
        if node is None:
            return None
        number: str = node.identifier.number
        self.model.nodes[number] = entries[0]
        return number

    def restore(self, number: str, parent: str | None, name: str | None) -> None:
        """Take a node out of the trash of both; what is not there is refused by both."""
        request = Restore(at(number).node, None if parent is None else at(parent), name)
        self.both(
            lambda: self.model.restore(number, parent, name),
            lambda: self.world.desk.trash.restore(self.dave, request),
        )

    def both(self, model: Callable[[], Any], real: Callable[[], Any]) -> Any:
        """Do it to both; they answer, or they raise the same."""
        expected, _ = outcome(model)
        raised, answer = outcome(real)
        if type(raised) is not type(expected):
            raise Different(expected, raised)
        seen(getattr(raised, "name", "done"))
        return answer

    def start_import(self, node: str, there: str | None) -> str | None:
        imported = self.world.desk.imports
        call = (
            (lambda: imported.import_init(self.dave, ImportInit(at(node))))
            if there is None
            else (lambda: imported.import_data(self.dave, ImportData(at(node), URL + there)))
        )
        offer = self.both(lambda: self.model.require_file(node), call)
        if offer is None:
            return None
        now = self.clock.now()
        lifetime = self.world.terms.transfer_lifetime * SECOND
        self.model.moves[offer.transfer] = Movement(node, now, offer.expiry, now + lifetime)
        self.offers[offer.transfer] = offer
        name: str = offer.transfer
        return name

    def break_put(self, transfer: str, upload: Upload) -> None:
        upload.abort()
        move = self.model.moves[transfer]
        move.there = WAITING if move.there == RECEIVING else move.there

    def put_again(self, transfer: str, data: bytes) -> None:
        def send() -> None:
            upload = imports.open_upload(self.local(transfer).store, self.token(self.offers[transfer]), imports.Sent())
            assert isinstance(upload, Replay)
            upload.write(data)
            assert upload.complete().repeated

        try:
            self.both(lambda: self.model.repeat(transfer, data), send)
        except Different as difference:
            # The bytes may have been deleted since, or it is too late to repeat it.
            if not isinstance(difference.raised, TicketUnknown | TicketExpired):
                raise

    def was_swept(self, offer: Transfer) -> bool:
        found = self.world.database.read(lambda tx: tx.transfers.find_transfer(offer.transfer))
        return found is not None and found.has_ended

    def hear(self, store: Ivorn, message: TransferCompleted | TransferFailed) -> None:
        transfer = message.receipt.transfer if isinstance(message, TransferCompleted) else message.transfer
        self.both(lambda: self.model.settle(transfer), lambda: tell(self.world.desk, store, message))

    def letters(self) -> Iterator[tuple[Ivorn, Any]]:
        for name, local in self.world.stores.stores.items():
            for letter in callbacks.list_due(local.store, Instant(1 << 62), 1000):
                yield name, letter

    def compare(self, entry: Entry, node: contract.Node) -> None:
        assert (entry.name, entry.kind, entry.version) == (node.name, node.type, node.version)
        assert node.size == (len(entry.data) if entry.version else None)
        told = {each.key: each.value for each in node.properties}
        assert told.get("colour") == entry.properties.get("colour")
        assert entry.properties.get("content.type", told.get("content.type")) == told.get("content.type")

    def check(self) -> list[str]:
        config = self.world.desk.config
        core = CheckService(config, self.world.database, self.world.stores, self.clock)
        found = Report("x").add(core.check(OPERATOR)).findings
        for local in self.world.stores.stores.values():
            found += Report("x").add(check_store(local.store, Wish(digests=True))).findings
        return [f"{each.kind} {each.subject} {each.detail}" for each in found]

    def drain(self) -> None:
        for name, letter in list(self.letters()):
            local = self.world.stores[name]
            self.hear(name, callbacks.message_of(local.store, letter.transfer))
            callbacks.acknowledge(local.store, letter.id)

    def is_put(self, transfer: str) -> bool:
        return bool(self.offers[transfer].endpoints)

    def local(self, transfer: str) -> Any:
        return self.world.stores[store_of(self.offers[transfer])]

    def token(self, offer: Transfer) -> str:
        (endpoint,) = offer.endpoints
        return endpoint.url.removeprefix(ADDRESS)

    def requested(self, transfer: str) -> str:
        found = self.local(transfer).store.catalogue.read(lambda records: records.find_transfer(transfer))
        assert found is not None
        url: str = found.remote.url
        return url


def at(number: str) -> LongIdentifier:
    return LongIdentifier(NodeIdentifier(SERVICE, number))
