"""Many callers at once in one tree, on the databases that are served from: nothing is lost, nothing is left over, no
name is there twice, no folder is below itself, and the history tells all of it.
"""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from filemanager.domain.caller import Caller
from filemanager.domain.change import Change
from filemanager.domain.node import Node
from filestore.services.callbacks import acknowledge, list_due, message_of
from tests.support.databases import server
from tests.support.filemanager import World, below
from tests.support.localstores import tell
from tests.support.treedatabases import opened_tree
from vofiles import contract
from vofiles.contract import (
    AddNode,
    Delete,
    ImportInit,
    ListChildren,
    ListTrash,
    Move,
    NodeKind,
    Property,
    SetProperties,
)
from vofiles.errors import DuplicateNode, IntoItself, NodeNotFound, ParentNotFound
from vofiles.instant import Instant
from vofiles.ivorn import LongIdentifier

__all__ = ["server"]

LONG = 60
CALLERS = 8
EXPECTED = (DuplicateNode, IntoItself, NodeNotFound, ParentNotFound)
"""What may be answered to who comes too late."""


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, server: str | None, tmp_path: Path) -> Iterator[World]:
    with opened_tree(request.param, server, tmp_path) as opened:
        yield World(opened)


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


def at_once(work: Callable[[int], Any], callers: int = CALLERS) -> list[Any]:
    """What so many threads answer that begin together."""
    together = threading.Barrier(callers)

    def begin(number: int) -> Any:
        together.wait(LONG)
        return work(number)

    with ThreadPoolExecutor(callers) as pool:
        return [done.result(LONG) for done in [pool.submit(begin, number) for number in range(callers)]]


def attempt(work: Callable[[], Any]) -> Any:
    """What it answers, or the error that it may answer to who comes too late."""
    try:
        return work()
    except EXPECTED as error:
        return error


# --- what is there, and what the history says -------------------------------------------------------------------------


def all_nodes(world: World) -> dict[str, Node]:
    nodes = world.database.read(lambda tx: tx.census.nodes(0, 10_000))
    return {node.number: node for node in nodes}


def history(world: World) -> list[Change]:
    return world.database.read(lambda tx: tx.changes.list_changes(0, 10_000))


def replay(changes: list[Change]) -> dict[str, dict[str, str | None]]:
    """The tree that a history leads to: name and parent of each node by its number. Each change has to find what it
    says was there before.
    """
    assert [change.number for change in changes] == list(range(1, len(changes) + 1))
    tree: dict[str, dict[str, str | None]] = {}
    for change in changes:
        place = {key: value for key, value in change.before.items() if key in {"node.name", "node.parent"}}
        known = tree.get(change.node, {})
        assert {key: known.get(key) for key in place} == place, change
        if change.operation == "trash":
            del tree[change.node]
            continue
        after = {key: value for key, value in change.after.items() if key in {"node.name", "node.parent"}}
        tree[change.node] = {**known, **after}
    return tree


def require_sound(world: World, dave: Caller) -> None:
    """Every node hangs from a root, and where it hangs is what the history says."""
    nodes = all_nodes(world)
    home = world.home(dave).node.number
    told = replay(history(world))
    trash = {each.node.identifier.number for each in world.desk.trash.list_trash(dave, ListTrash()).trashed}
    for node in nodes.values():
        steps, above = 0, node
        while above.parent_number is not None:
            above, steps = nodes[above.parent_number], steps + 1
            assert steps <= len(nodes), f"{node.name} is below itself"
        if node.number not in trash and node.parent is not None:
            assert told.pop(node.number) == {"node.name": node.name, "node.parent": node.parent_number}
    told.pop(home)
    assert told == {}, "lost"
    # A name of the database's own reckoning: that of children, by the index of names.
    for node in nodes.values():
        if node.kind == NodeKind.FOLDER and node.number not in trash:
            key = node.key
            listed = world.database.read(lambda tx, key=key: tx.nodes.children(key, None, 1000))  # type: ignore[misc]
            assert [child.number for child in listed] == [
                child.number
                for child in sorted(nodes.values(), key=lambda child: child.name)
                if child.parent_number == node.number
            ]
            assert len({child.name for child in listed}) == len(listed)


# --- one folder -------------------------------------------------------------------------------------------------------


@dataclass
class Program:
    """One of Dave's programs: renames, moves, adds and deletes in one folder like all the others."""

    world: World
    dave: Caller
    folder: LongIdentifier
    drawer: LongIdentifier
    dice: random.Random
    answers: list[contract.Node] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def run(self, calls: int) -> "Program":
        verbs = [self.add, self.add, self.rename, self.rename, self.move, self.paint, self.delete]
        for _ in range(calls):
            self.dice.choice(verbs)()
        return self

    def _some(self) -> LongIdentifier | None:
        """Any node that is there now; somebody else may be about to take it."""
        listed = self.world.desk.nodes.list_children(
            self.dave, ListChildren(self.dice.choice([self.folder, self.drawer]))
        )
        files = [node for node in listed.nodes if node.type == NodeKind.FILE]
        return LongIdentifier(self.dice.choice(files).identifier) if files else None

    def _name(self) -> str:
        return f"file {self.dice.randrange(12)}"

    def _note(self, work: Callable[[], contract.Node]) -> None:
        answer = attempt(work)
        if isinstance(answer, contract.Node):
            self.answers.append(answer)
        else:
            self.refused.append(type(answer).__name__)

    def add(self) -> None:
        parent = self.dice.choice([self.folder, self.drawer])
        request = AddNode(parent, self._name(), NodeKind.FILE)
        self._note(lambda: self.world.desk.nodes.add_node(self.dave, request))

    def rename(self) -> None:
        node = self._some()
        if node is not None:
            self._note(lambda: self.world.desk.moves.move(self.dave, Move(node, name=self._name())).node)

    def move(self) -> None:
        node, parent = self._some(), self.dice.choice([self.folder, self.drawer])
        if node is not None:
            request = Move(node, parent, self.dice.choice([None, self._name()]))
            self._note(lambda: self.world.desk.moves.move(self.dave, request).node)

    def paint(self) -> None:
        node = self._some()
        if node is not None:
            request = SetProperties(node, (Property("colour", str(self.dice.random())),))
            self._note(lambda: self.world.desk.nodes.set_properties(self.dave, request))

    def delete(self) -> None:
        node = self._some()
        if node is None:
            return
        answer = attempt(lambda: self.world.desk.deletions.delete(self.dave, Delete(node)))
        if isinstance(answer, Exception):
            self.refused.append(type(answer).__name__)
        else:
            self.deleted.append(node.node.number)


@pytest.mark.parametrize("seed", [1, 2])
def test_eight_callers_in_one_folder_lose_nothing_and_leave_no_ghost(world: World, dave: Caller, seed: int) -> None:
    folder = world.add_folder(dave, "folder")
    drawer = world.add_folder(dave, "drawer", folder)
    programs: list[Program] = at_once(
        lambda number: Program(world, dave, folder, drawer, random.Random(f"{seed} {number}")).run(20)
    )
    require_sound(world, dave)
    answers = [answer for program in programs for answer in program.answers]
    deleted = [number for program in programs for number in program.deleted]
    refused = [name for program in programs for name in program.refused]
    assert len(deleted) == len(set(deleted)), "deleted twice"
    assert deleted, "nobody deleted anything"
    assert refused, "nobody was ever in anybody's way"
    seen: dict[str, contract.Node] = {}
    for answer in sorted(answers, key=lambda node: node.generation):
        seen[answer.identifier.number] = answer
    there = all_nodes(world)
    for number, last in seen.items():
        if number in deleted:
            with pytest.raises(NodeNotFound):
                world.node(dave, LongIdentifier(last.identifier))
        else:
            # The last that anybody was answered is what there is, and every generation was answered to somebody.
            assert world.node(dave, LongIdentifier(last.identifier)) == last
            mine = {answer.generation for answer in answers if answer.identifier.number == number}
            assert mine == set(range(1, there[number].generation + 1))
    changed = [change for change in history(world) if change.node in seen and change.operation != "trash"]
    assert len(changed) == len({(answer.identifier.number, answer.generation) for answer in answers})


def test_of_eight_who_want_one_name_one_gets_it(world: World, dave: Caller) -> None:
    folder = world.add_folder(dave, "f")
    files = [world.add_file(dave, f"file {number}", folder) for number in range(CALLERS)]
    for turn in range(5):

        def rename(number: int, turn: int = turn) -> Any:
            request = Move(files[number], name=f"best {turn}")
            return attempt(lambda: world.desk.moves.move(dave, request))

        answers = at_once(rename)
        assert sorted(type(answer).__name__ for answer in answers) == ["DuplicateNode"] * 7 + ["NodeJobAnswer"]
    require_sound(world, dave)


def test_everybodys_renames_count(world: World, dave: Caller) -> None:
    """On the AstroGrid original three of four were lost."""
    folder = world.add_folder(dave, "f")
    files = [world.add_file(dave, f"file {number}", folder) for number in range(CALLERS)]

    def rename(number: int) -> None:
        for turn in range(5):
            world.desk.moves.move(dave, Move(files[number], name=f"file {number} {turn}"))

    at_once(rename)
    listed = world.desk.nodes.list_children(dave, ListChildren(folder)).nodes
    assert [(node.name, node.generation) for node in listed] == [(f"file {number} 4", 6) for number in range(CALLERS)]
    require_sound(world, dave)


# --- moves that cross -------------------------------------------------------------------------------------------------


def test_of_two_folders_that_go_into_each_other_one_does(world: World, dave: Caller) -> None:
    for turn in range(15):
        folders = [world.add_folder(dave, f"{name} {turn}") for name in "ab"]
        answers = at_once(
            lambda number, folders=folders: attempt(  # type: ignore[misc]
                lambda: world.desk.moves.move(dave, Move(folders[number], folders[1 - number]))
            ),
            2,
        )
        assert sorted(type(answer).__name__ for answer in answers) == ["IntoItself", "NodeJobAnswer"]
    require_sound(world, dave)


def test_moves_among_twenty_folders_never_make_a_cycle(world: World, dave: Caller) -> None:
    folders = [world.add_folder(dave, f"folder {number}") for number in range(20)]

    def work(number: int) -> set[str]:
        dice, seen = random.Random(number), set()
        for _ in range(20):
            node, parent = dice.sample(folders, 2)
            request = Move(node, parent)
            seen.add(type(attempt(lambda request=request: world.desk.moves.move(dave, request))).__name__)  # type: ignore[misc]  # fmt: skip
        return seen

    seen = set().union(*at_once(work))
    assert seen >= {"IntoItself", "NodeJobAnswer"}
    require_sound(world, dave)
    for number, folder in enumerate(folders):
        assert world.node(dave, folder).name == f"folder {number}"


def test_what_goes_into_a_folder_that_goes_is_there_or_goes_with_it(world: World, dave: Caller) -> None:
    for turn in range(10):
        folder, file = world.add_folder(dave, f"f {turn}"), world.add_file(dave, f"a {turn}")
        work = [
            lambda folder=folder, file=file: world.desk.moves.move(dave, Move(file, folder)),
            lambda folder=folder: world.desk.deletions.delete(dave, Delete(folder, recursive=True)),
        ]
        moved, _ = at_once(lambda number, work=work: attempt(work[number]), 2)  # type: ignore[misc]
        found = attempt(lambda file=file: world.node(dave, file))  # type: ignore[misc]
        assert isinstance(moved, ParentNotFound) == isinstance(found, contract.Node)
    require_sound(world, dave)


# --- the same call at once --------------------------------------------------------------------------------------------


def test_of_eight_calls_with_one_key_one_is_done(world: World, dave: Caller) -> None:
    for turn in range(5):
        request = AddNode(world.home(dave), f"a {turn}", NodeKind.FILE, idempotency_key=f"k {turn}")
        answers = at_once(lambda _number, request=request: world.desk.nodes.add_node(dave, request))  # type: ignore[misc]
        assert len({answer.identifier for answer in answers}) == 1
        assert world.node(dave, below(world.home(dave), f"a {turn}")) == answers[0]
    assert world.changes().count("addNode") == 5


def test_of_eight_imports_with_one_key_one_begins(world: World, dave: Caller) -> None:
    for turn in range(5):
        file = world.add_file(dave, f"a {turn}")
        request = ImportInit(file, if_version=0, idempotency_key=f"k {turn}")
        offers = at_once(lambda _number, request=request: world.desk.imports.import_init(dave, request))  # type: ignore[misc]
        assert len({(offer.transfer, offer.endpoints) for offer in offers}) == 1
        assert offers[0].endpoints
        world.send(offers[0], b"bytes")
        world.stores.deliver(world.desk)
        assert world.get(dave, file) == b"bytes"
    assert len(world.database.read(lambda tx: tx.census.transfers("", 1000))) == 10, "imports, and an export of each"


def test_of_eight_imports_on_one_version_one_becomes_the_next(world: World, dave: Caller) -> None:
    file = world.add_file(dave, "a")
    for version in range(3):
        offers = at_once(lambda _number, version=version: world.offer(dave, file, if_version=version))  # type: ignore[misc]
        for number, offer in enumerate(offers):
            world.send(offer, f"{version} {number}".encode())
        callbacks = [
            (name, local.store, letter)
            for name, local in world.stores.stores.items()
            for letter in list_due(local.store, Instant(1 << 62), 1000)
        ]

        def hear(number: int, callbacks: list[Any] = callbacks) -> None:
            name, store, letter = callbacks[number]
            tell(world.desk, name, message_of(store, letter.transfer))
            acknowledge(store, letter.id)

        at_once(hear)
        ends = [world.desk.transfers.get_transfer(dave, offer.transfer).transfer for offer in offers]
        assert sorted(end.state for end in ends) == ["COMPLETED"] + ["FAILED"] * 7
        assert {end.failure.name for end in ends if end.failure is not None} == {"VersionConflict"}
        winner = next(number for number, end in enumerate(ends) if end.state == "COMPLETED")
        assert world.get(dave, file) == f"{version} {winner}".encode()
        assert world.node(dave, file).version == version + 1
