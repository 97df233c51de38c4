"""Concurrent histories of one node: each is explained by some one-at-a-time order (I7); and the checker refuses those
that nothing explains.
"""

import random
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from filemanager.domain.caller import Caller
from filemanager.persistence.engine import open_database
from filemanager.persistence.memory import MemoryDatabase
from filemanager.ports import Database
from tests.model.histories import Call, History, explain
from tests.support.filemanager import World, property_of, store_of
from vofiles import contract
from vofiles.contract import Delete, ExportInit, GetNode, Property, SetProperties, TransferState
from vofiles.errors import ContentNotFound, NodeNotFound
from vofiles.ivorn import LongIdentifier

KEYS = ("colour", "shape")
SEED = 20_261_122


@dataclass(frozen=True)
class Seen:
    """What one call tells of the node."""

    generation: int
    version: int
    size: int | None
    values: tuple[str | None, ...]


@dataclass(frozen=True)
class State:
    """The node between two calls; its generation is counted from when it was made."""

    there: bool = True
    generation: int = 1
    version: int = 0
    data: bytes = b""
    values: tuple[str | None, ...] = (None,) * len(KEYS)

    @property
    def seen(self) -> Seen:
        return Seen(self.generation, self.version, len(self.data) if self.version else None, self.values)

    def changed(self, **changes: object) -> "State":
        return replace(self, generation=self.generation + 1, **changes)  # type: ignore[arg-type]


GONE = "NodeNotFound"


def step(state: State, call: Call) -> State | None:
    """The specification: what a node does when it is asked one thing at a time."""
    if call.answer == GONE:
        return None if state.there else state
    if not state.there:
        return None
    after = _change(state, call)
    if call.what in {"get", "set"}:
        return after if call.answer == after.seen else None
    if call.what == "read":
        return after if call.answer == (state.data if state.version else None) else None
    return after


def _change(state: State, call: Call) -> State:
    if call.what == "set":
        values = tuple(value or old for value, old in zip(call.argument, state.values, strict=True))  # type: ignore[call-overload]
        return state.changed(values=values) if values != state.values else state
    if call.what == "upload":
        return state.changed(version=state.version + 1, data=call.argument)
    if call.what == "delete":
        return replace(state, there=False)
    return state


# --- the service ------------------------------------------------------------------------------------------------------


class Users:
    """Dave's programs, all at one file at once."""

    def __init__(self, world: World, dave: Caller, file: LongIdentifier) -> None:
        self.world, self.dave, self.file = world, dave, file
        self.history = History()

    def get(self, _random: random.Random) -> None:
        with self.history.call("get") as answer:
            answer(self._or_gone(lambda: seen(self.world.desk.nodes.get_node(self.dave, GetNode(self.file))[0])))

    def set(self, dice: random.Random) -> None:
        values = tuple(dice.choice([None, "a", "b"]) for _ in KEYS)
        wanted = tuple(Property(key, value) for key, value in zip(KEYS, values, strict=True) if value is not None)
        request = SetProperties(self.file, wanted)
        with self.history.call("set", values) as answer:
            answer(self._or_gone(lambda: seen(self.world.desk.nodes.set_properties(self.dave, request))))

    def upload(self, dice: random.Random) -> None:
        data = bytes([dice.randrange(256)]) * dice.randrange(1, 20)

        def put() -> str:
            offer = self.world.offer(self.dave, self.file)
            if offer.state == TransferState.CANCELLED:
                return GONE  # it went while the store was asked
            self.world.send(offer, data)
            self.world.stores.deliver(self.world.desk)
            state = self.world.desk.transfers.get_transfer(self.dave, offer.transfer).transfer.state
            return GONE if state == TransferState.CANCELLED else state  # it went while the bytes came

        with self.history.call("upload", data) as answer:
            answer(self._or_gone(put))

    def read(self, _random: random.Random) -> None:
        def fetch() -> bytes | str | None:
            try:
                offer = self.world.desk.exports.export_init(self.dave, ExportInit(self.file)).transfer
            except ContentNotFound:
                return None
            if offer.state == TransferState.CANCELLED:
                return GONE
            return self.world.stores[store_of(offer)].get(offer)

        with self.history.call("read") as answer:
            answer(self._or_gone(fetch))

    def delete(self, _random: random.Random) -> None:
        with self.history.call("delete") as answer:
            answer(self._or_gone(lambda: self.world.desk.deletions.delete(self.dave, Delete(self.file, purge=True))))

    def _or_gone(self, work: Callable[[], object]) -> object:
        try:
            return work()
        except NodeNotFound:
            return GONE


def seen(node: contract.Node) -> Seen:
    return Seen(node.generation, node.version, node.size, tuple(property_of(node, key) for key in KEYS))


def run(users: Users, seed: int, threads: int, calls: int) -> list[Call]:
    """A history of so many threads with so many calls each."""
    barrier = threading.Barrier(threads)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        dice = random.Random(f"{seed} {number}")
        verbs = [users.get, users.get, users.set, users.set, users.upload, users.read]
        plan = [dice.choice(verbs) for _ in range(calls)]
        if number == 0 and dice.random() < 0.5:
            plan[-1] = users.delete
        barrier.wait(30)
        try:
            for verb in plan:
                verb(dice)
        except BaseException as error:  # noqa: BLE001 - raised in the test
            failures.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    if failures:
        raise failures[0]
    assert len(users.history.calls) == threads * calls
    return users.history.calls


@pytest.fixture
def eager() -> Iterator[None]:
    """Threads take turns a thousand times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(params=["memory", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    opened: Database = (
        MemoryDatabase() if request.param == "memory" else open_database(f"sqlite:///{tmp_path / 'tree.db'}")
    )
    yield opened
    opened.close()


def overlapping(calls: list[Call]) -> int:
    """How many pairs of calls were under way at once."""
    return sum(
        one.began < two.ended and two.began < one.ended for one in calls for two in calls if one.number < two.number
    )


@pytest.mark.usefixtures("eager")
def test_every_history_of_one_node_has_an_order(database: Database) -> None:
    world = World(database)
    dave = world.add_account("dave")
    histories, overlaps, kinds = 0, 0, set[str]()
    wanted = 200 if isinstance(database, MemoryDatabase) else 60
    for seed in range(SEED, SEED + wanted):
        users = Users(world, dave, world.add_file(dave, f"file {seed}"))
        calls = run(users, seed, threads=4, calls=4)
        assert explain(calls, State(), step) is not None, f"seed {seed}: {calls}"
        histories, overlaps = histories + 1, overlaps + overlapping(calls)
        kinds |= {f"{call.what} {call.answer if call.answer == GONE else ''}".strip() for call in calls}
    print(f"{histories} histories, {overlaps} pairs of calls at once, {sorted(kinds)}")
    # What never happens at once proves nothing.
    assert overlaps > histories
    assert kinds >= {"get", "set", "upload", "read", "delete", f"get {GONE}"}


# --- what the checker would see ---------------------------------------------------------------------------------------

BEFORE, BLUE = State().seen, Seen(2, 0, None, ("blue", None))


def history(*calls: tuple[str, object, object, int, int]) -> list[Call]:
    return [Call(number, *call) for number, call in enumerate(calls)]


def test_calls_at_once_may_be_taken_in_any_order() -> None:
    setting = ("set", ("blue", None), BLUE, 0, 9)
    for answer in (BEFORE, BLUE):
        assert explain(history(setting, ("get", None, answer, 1, 2)), State(), step) is not None


@pytest.mark.parametrize(
    "calls",
    [
        # A read that began when the write had answered does not see it.
        history(("set", ("blue", None), BLUE, 0, 1), ("get", None, BEFORE, 2, 3)),
        # Seen, and then not any more, while the write is under way.
        history(("set", ("blue", None), BLUE, 0, 9), ("get", None, BLUE, 1, 2), ("get", None, BEFORE, 3, 4)),
        # Two writes at once, and one is lost.
        history(
            ("set", ("blue", None), BLUE, 0, 9),
            ("set", (None, "round"), Seen(2, 0, None, (None, "round")), 1, 8),
            ("get", None, BLUE, 10, 11),
        ),
        # A version with the size of the one before.
        history(
            ("upload", b"one", "COMPLETED", 0, 1),
            ("upload", b"three", "COMPLETED", 2, 3),
            ("get", None, Seen(3, 2, 3, (None, None)), 4, 5),
        ),
        # Bytes of nobody's upload.
        history(
            ("upload", b"one", "COMPLETED", 0, 9), ("upload", b"two", "COMPLETED", 1, 8), ("read", None, b"onw", 2, 3)
        ),
        # Acknowledged, and not there.
        history(("upload", b"one", "COMPLETED", 0, 1), ("read", None, None, 2, 3)),
        # Deleted, and there again.
        history(("delete", None, None, 0, 1), ("get", None, BEFORE, 2, 3)),
        # Not found, although nobody has deleted it yet.
        history(("get", None, GONE, 0, 1), ("delete", None, None, 2, 3)),
    ],
)
def test_a_history_that_nothing_explains_is_refused(calls: list[Call]) -> None:
    assert explain(calls, State(), step) is None


class StaleDatabase(MemoryDatabase):
    """Once `stale`, reads from a copy that is one write behind, as a slow replica would."""

    stale = False

    def write(self, fn):  # type: ignore[no-untyped-def]
        self._behind = self._state
        return super().write(fn)

    def read(self, fn):  # type: ignore[no-untyped-def]
        now = self._state
        self._state = self._behind if self.stale else now
        try:
            return super().read(fn)
        finally:
            self._state = now


def test_a_service_that_reads_stale_state_is_seen() -> None:
    """One thread alone: what it has just written is not what it reads."""
    database = StaleDatabase()
    world = World(database)
    dave = world.add_account("dave")
    users = Users(world, dave, world.add_file(dave, "file"))
    dice = random.Random(1)
    for verb in (users.set, users.get, users.set, users.get):
        verb(dice)
    assert explain(users.history.calls, State(), step) is not None
    database.stale = True
    for _ in range(3):
        users.set(dice)
        users.get(dice)
    assert explain(users.history.calls, State(), step) is None
