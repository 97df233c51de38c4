"""Plays of the tree's verbs: moving, copying, deleting, taking back, and content that goes from store to store.

Rule: as of all plays. Each call has an idempotency key, so that whoever repeats it hears what he heard first, and it is
done once: the history says how often. Where a play has many effects each is tried at every third, fifth or seventh of
them: `every` is odd, so that some of them stop everything and some one process.
"""

from collections.abc import Callable

from tests.support.faultcallers import (
    ABSENT,
    DAVE,
    FILE,
    OLD,
    OTHER,
    add_node,
    ask,
    finish,
    look,
    path_of,
    put,
    settle_in,
)
from tests.support.faultnotes import MANAGER
from tests.support.faultplays import Play, old_file
from tests.support.faultworld import World
from tests.support.filemanager import CAMBRIDGE, LEICESTER, OPERATOR
from tests.support.stage import Wrong
from vofiles.contract import (
    Copy,
    Delete,
    GetNode,
    Move,
    NodeKind,
    Property,
    PurgeTrash,
    Restore,
    SetProperties,
)
from vofiles.ivorn import LongIdentifier, NodeIdentifier

COPY = "copy.vot"
FOLDER = "results"
BOTH = (CAMBRIDGE, LEICESTER)
MANY = 101
"""Nodes of a folder that is too much to be purged within the call."""


# --- beginnings -------------------------------------------------------------------------------------------------------


def number_of(world: World, name: str) -> str:
    (node,) = world.desk.nodes.get_node(DAVE, GetNode(path_of(world, name)))
    return node.identifier.number


def stands(world: World, names: str, *scene: object) -> None:
    """Some files stand together so, and are not looked at one by one any more."""
    for name in names.split("|"):
        world.notes.allowed.pop(("content", name), None)
    world.notes.done("scene", names, scene)


def counted(world: World, number: str, *operations: str) -> None:
    """Nothing of that kind has been done to a node."""
    world.notes.nodes["it"] = number
    for operation in operations:
        world.notes.done("history", f"{number} {operation}", 0)


def with_folder(world: World) -> None:
    old_file(world)
    add_node(world, FOLDER, NodeKind.FOLDER)
    stands(world, f"{FILE}|{FOLDER}/{COPY}", OLD, ABSENT, ())
    counted(world, number_of(world, FILE), "move")


def with_another(world: World) -> None:
    old_file(world)
    add_node(world, COPY)
    put(world, COPY, OTHER)
    stands(world, f"{FILE}|{COPY}", OLD, OTHER, ())
    counted(world, number_of(world, FILE), "move")


def with_file(world: World) -> None:
    old_file(world)
    stands(world, FILE, OLD, ())
    counted(world, number_of(world, FILE), "trash", "restore", "delete")


def with_trash(world: World) -> None:
    with_file(world)
    trash(world)


def with_tree(world: World) -> None:
    """A folder with much in it, and one content."""
    settle_in(world)
    add_node(world, FOLDER, NodeKind.FOLDER)
    for each in range(MANY):
        add_node(world, f"{FOLDER}/{each}")
        del world.notes.allowed[("content", f"{FOLDER}/{each}")]
    put(world, f"{FOLDER}/0", OLD)
    del world.notes.allowed[("content", FOLDER)]
    stands(world, f"{FOLDER}/0", OLD, ())


def before_copy(world: World) -> None:
    old_file(world)
    stands(world, f"{FILE}|{COPY}", OLD, ABSENT, ())


def in_cambridge(world: World) -> None:
    old_file(world)
    world.notes.done("location", FILE, CAMBRIDGE)
    counted(world, number_of(world, FILE), "relocate")


def with_property(world: World) -> None:
    old_file(world)
    for key in ("a", "b"):
        world.notes.done("property", f"{FILE} {key}", None)
    counted(world, number_of(world, FILE), "setProperties")


# --- plays ------------------------------------------------------------------------------------------------------------


def once(world: World, operation: str, names: str, scene: tuple[object, ...], call: Callable[[], object]) -> None:
    """What is one commit: files stand otherwise, and the history says it once."""
    change = f"{world.notes.nodes['it']} {operation}"
    world.notes.begin("scene", names, scene)
    world.notes.begin("history", change, 1)
    ask(world, operation, call)
    world.notes.done("scene", names, scene)
    world.notes.done("history", change, 1)
    world.pump()


def move(world: World) -> None:
    """Into another folder, under another name."""
    request = Move(path_of(world, FILE), path_of(world, FOLDER), COPY, idempotency_key="move")
    call = lambda: world.desk.moves.move(DAVE, request)  # noqa: E731
    once(world, "move", f"{FILE}|{FOLDER}/{COPY}", (ABSENT, OLD, ()), call)


def replace(world: World) -> None:
    """To the name of another file, which goes to the trash."""
    request = Move(path_of(world, FILE), name=COPY, replace=True, idempotency_key="move")
    call = lambda: world.desk.moves.move(DAVE, request)  # noqa: E731
    once(world, "move", f"{FILE}|{COPY}", (ABSENT, OLD, (COPY,)), call)


def trash(world: World) -> None:
    request = Delete(path_of(world, FILE), idempotency_key="trash")
    once(world, "trash", FILE, (ABSENT, (FILE,)), lambda: world.desk.deletions.delete(DAVE, request))


def restore(world: World) -> None:
    request = Restore(_it(world), idempotency_key="restore")
    once(world, "restore", FILE, (OLD, ()), lambda: world.desk.trash.restore(DAVE, request))


def purge(world: World) -> None:
    request = PurgeTrash(_it(world), idempotency_key="delete")
    once(world, "delete", FILE, (ABSENT, ()), lambda: world.desk.trash.purge_trash(DAVE, request))


def _it(world: World) -> NodeIdentifier:
    return NodeIdentifier(LongIdentifier(path_of(world, "").node).node.service, world.notes.nodes["it"])


def purge_tree(world: World) -> None:
    """For good, by a job."""
    names, gone = f"{FOLDER}/0", (ABSENT, ())
    request = Delete(path_of(world, FOLDER), recursive=True, purge=True, idempotency_key="purge")
    world.notes.begin("scene", names, gone)
    answer = ask(world, "purge", lambda: world.desk.deletions.delete(DAVE, request))
    world.notes.done("scene", names, gone)
    if answer.job is None:
        raise Wrong("it was no job")
    finish(world, answer.job)


def copy(world: World) -> None:
    """Within the store."""
    _copy(world, Copy(path_of(world, FILE), name=COPY, idempotency_key="copy"))


def copy_elsewhere(world: World) -> None:
    """From one store to another."""
    _copy(world, Copy(path_of(world, FILE), name=COPY, store=LEICESTER, idempotency_key="copy"))


def _copy(world: World, request: Copy) -> None:
    notes, names = world.notes, f"{FILE}|{COPY}"
    for content in (None, OLD):
        notes.begin("scene", names, (OLD, content, ()))
    answer = ask(world, "copy", lambda: world.desk.copies.copy(DAVE, request))
    # The node is there from now on, and its content comes.
    notes.allowed[("scene", names)] = [(OLD, None, ()), (OLD, OLD, ())]
    finish(world, answer.job)
    notes.done("scene", names, (OLD, OLD, ()))


def relocate(world: World) -> None:
    """Content goes to another store, while the file stays where it is and is read."""
    notes, change = world.notes, f"{world.notes.nodes['it']} relocate"
    request = Move(path_of(world, FILE), store=LEICESTER, idempotency_key="relocate")
    notes.begin("location", FILE, LEICESTER)
    notes.begin("history", change, 1)
    answer = ask(world, "relocate", lambda: world.desk.moves.move(DAVE, request))
    finish(world, answer.job)
    notes.done("location", FILE, LEICESTER)
    notes.done("history", change, 1)


def drain(world: World) -> None:
    """A store is to be empty."""
    notes, change = world.notes, f"{world.notes.nodes['it']} relocate"
    notes.begin("location", FILE, LEICESTER)
    notes.begin("history", change, 1)
    finish(world, world.visit(MANAGER, lambda: world.desk.relocations.drain(OPERATOR, CAMBRIDGE)), OPERATOR)
    notes.done("location", FILE, LEICESTER)
    notes.done("history", change, 1)


def keyed_properties(world: World) -> None:
    """Set by one, then by another; when the first one comes again he changes nothing any more."""
    notes, names = world.notes, [f"{FILE} {key}" for key in ("a", "b")]
    mine, other = (
        SetProperties(path_of(world, FILE), tuple(Property(key, value) for key in ("a", "b")), idempotency_key=value)
        for value in ("mine", "other")
    )
    change = f"{notes.nodes['it']} setProperties"
    for number, request in enumerate((mine, other, mine)):
        value = "other" if number else "mine"
        for name in names:
            notes.begin("property", name, value)
        notes.begin("history", change, number + 1)
        key = str(request.idempotency_key)
        ask(world, key, lambda request=request: world.desk.nodes.set_properties(DAVE, request))  # type: ignore[misc]
        if "other" in notes.answers:
            for name in names:
                notes.done("property", name, "other")
            notes.done("history", change, 2)
            if look(world, "property", names[0]) != "other":
                raise Wrong("I7: what was done once has been done again")


VERBS = (
    Play("move", with_folder, move),
    Play("move and replace", with_another, replace),
    Play("trash", with_file, trash),
    Play("restore", with_trash, restore),
    Play("purge", with_trash, purge),
    Play("purge by a job", with_tree, purge_tree, every=5),
    Play("copy", before_copy, copy, every=5),
    Play("copy to another store", before_copy, copy_elsewhere, BOTH, every=5),
    Play("content to another store", in_cambridge, relocate, BOTH, every=3),
    Play("drain", in_cambridge, drain, BOTH, every=7),
    Play("setProperties once", with_property, keyed_properties),
)
