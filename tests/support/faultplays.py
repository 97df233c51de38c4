"""Plays: what callers do with a FileManager and its stores, one operation each, so that it can be stopped anywhere.

Rule: `run` may be broken off at any point and is then simply run again, as a person would: it says in the notes what
was asked for, before, and what was acknowledged, after. It never looks at how things stand inside of a service.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from filestore.services import containers, copies
from filestore.services.imports import Sent, open_upload
from tests.support.faultcallers import (
    DAVE,
    FETCHED,
    FILE,
    HOUR,
    NEW,
    OLD,
    OTHER,
    PAGE,
    add_account,
    add_node,
    append,
    delete,
    fetch,
    get_transfer,
    offer,
    path_of,
    put,
    send,
    settle_in,
)
from tests.support.faultnotes import HOST, MANAGER
from tests.support.faultworld import World
from tests.support.filemanager import CAMBRIDGE, LEICESTER
from tests.support.localstores import SERVICE
from tests.support.stage import STOPS, Gone, Stopped, Wrong
from vofiles.contract import (
    DeleteContainer,
    Duplicate,
    ExportData,
    GetNode,
    GetProperties,
    ImportData,
    NodeKind,
    Property,
    SetProperties,
    TransferState,
)
from vofiles.errors import (
    NotFound,
    TicketUsed,
    TransferEnded,
    TransferNotFound,
)
from vofiles.ivorn import Ivorn


@dataclass(frozen=True, slots=True)
class Play:
    """One operation."""

    name: str
    prepare: Callable[[World], None]
    run: Callable[[World], None]
    names: tuple[Ivorn, ...] = (CAMBRIDGE,)
    """The stores."""
    tidy: Callable[[World], None] = lambda world: None
    """What a caller that gives up still does."""
    every: int = 1
    """At which of its effects something goes wrong: at the first, and at every so many after it."""

    def __str__(self) -> str:
        return self.name


# --- beginnings -------------------------------------------------------------------------------------------------------


def empty_file(world: World) -> None:
    settle_in(world)
    add_node(world, FILE)


def old_file(world: World) -> None:
    empty_file(world)
    put(world, FILE, OLD)


def offered(world: World) -> None:
    old_file(world)
    offer(world, FILE, len(NEW))


def used_ticket(world: World) -> None:
    empty_file(world)
    world.notes.offers["used"] = offer(world, FILE, len(OLD))
    put(world, FILE, OLD)


def with_page(world: World) -> None:
    old_file(world)
    world.notes.pages[PAGE] = FETCHED


def with_leftovers(world: World) -> None:
    """A PUT under way, a movement that waits, a callback that was not delivered, an errand that was not run."""
    with_page(world)
    add_node(world, "moved")
    add_node(world, "told")
    add_node(world, "gone")
    put(world, "gone", OTHER)
    world.notes.done("content", "moved", FETCHED)
    world.desk.imports.import_data(DAVE, ImportData(path_of(world, "moved"), PAGE))
    send(world, offer(world, "told", len(OLD)), OLD)
    world.notes.done("content", "told", OLD)
    delete(world, "gone")
    place = offer(world, FILE, len(NEW))
    assert place.container is not None
    (endpoint,) = place.endpoints
    upload = open_upload(world.store(place.container.service).store, endpoint.url.removeprefix(HOST), Sent(len(NEW)))
    upload.write(NEW[:1000])


# --- plays ------------------------------------------------------------------------------------------------------------


def write(world: World) -> None:
    put(world, FILE, NEW)


def add_to(world: World) -> None:
    append(world, FILE, OLD, NEW)


def write_and_read(world: World) -> None:
    """Whoever reads asks the store, before the callback comes."""
    place = offer(world, FILE, len(NEW))
    world.notes.begin("content", FILE, NEW)
    send(world, place, NEW)
    world.notes.done("content", FILE, NEW)
    if get_transfer(world, place.transfer).state != TransferState.COMPLETED and not world.stage.happened:
        raise Wrong("the transfer is not COMPLETED for who asks")
    world.pump()


def broken_write(world: World) -> None:
    send(world, offer(world, FILE, len(NEW)), NEW, breaking_off=True)
    write(world)


def other_bytes(world: World) -> None:
    """The ticket was used; it is good for the same bytes again, and for no others."""
    place = world.notes.offers["used"]
    send(world, place, OLD)
    try:
        send(world, place, OTHER[: len(OLD)])
    except TicketUsed:
        return
    world.notes.done("content", FILE, OTHER[: len(OLD)])


def import_data(world: World) -> None:
    notes = world.notes
    notes.begin("content", FILE, FETCHED)
    request = ImportData(path_of(world, FILE), PAGE)
    transfer = world.visit(MANAGER, lambda: world.desk.imports.import_data(DAVE, request)).transfer
    if not _may_fail(world):
        notes.done("content", FILE, FETCHED)  # the store moves it, however often it is started again
    world.pump()
    _require_completed(world, transfer)


def _may_fail(world: World) -> bool:
    """Whether a movement may end as FAILED: its disk, its source or its store's answers do not do as they should."""
    fault = world.stage.fault
    return world.stage.armed and fault is not None and fault.deed not in STOPS


def export_data(world: World) -> None:
    target = "http://elsewhere.example/in"
    world.notes.begin("page", target, OLD)
    request = ExportData(path_of(world, FILE), target)
    transfer = world.visit(MANAGER, lambda: world.desk.exports.export_data(DAVE, request)).transfer.transfer
    world.pump()
    _require_completed(world, transfer)
    world.notes.done("page", target, OLD)


def _require_completed(world: World, number: str) -> None:
    state = get_transfer(world, number).state
    if state != TransferState.COMPLETED:
        if not (world.stage.armed and world.stage.happened):
            raise Wrong(f"the transfer is {state}")
        raise Gone("it failed")


def export_init(world: World) -> None:
    if fetch(world, FILE) != OLD:
        raise Wrong("other bytes came")


def duplicate(world: World) -> None:
    """What a FileManager asks of a store; nothing in the tree is about the copy, so it goes at the end."""
    store = world.store(CAMBRIDGE)
    source = _container(world)
    request = Duplicate("copy-1", SERVICE, source, path_of(world, FILE), DAVE.account)
    copy = world.visit(store.name, lambda: copies.duplicate(store.store, SERVICE, request)).transfer.container
    assert copy is not None
    made = store.kept().get(copy.fragment)
    if "copy" not in world.notes.nodes and (made is None or made.read_bytes() != OLD):
        raise Wrong("I1: the copy is not what was acknowledged")
    world.notes.nodes["copy"] = "it may be gone from now on"
    _delete_copy(world, copy)


def forget_copy(world: World) -> None:
    store = world.store(CAMBRIDGE).store
    try:
        found = containers.get_properties(store, SERVICE, GetProperties(transfer="copy-1"))
    except TransferNotFound:
        return
    if found.container is not None:
        _delete_copy(world, found.container.identifier)


def _delete_copy(world: World, copy: Ivorn) -> None:
    store = world.store(CAMBRIDGE)
    world.visit(store.name, lambda: containers.delete_container(store.store, SERVICE, DeleteContainer(copy)))


def _container(world: World) -> Ivorn:
    (node,) = world.desk.nodes.get_node(DAVE, GetNode(path_of(world, FILE)))
    return Ivorn.parse(next(each.value for each in node.properties if each.key == "filestore.location"))


def delete_file(world: World) -> None:
    delete(world, FILE)
    world.pump()


def delete_while_writing(world: World) -> None:
    """The node goes; then somebody who has the address sends the bytes all the same."""
    place = offer(world, FILE, len(NEW))
    delete(world, FILE)
    with suppress(NotFound, TransferEnded):
        send(world, place, NEW)
    world.pump()


def cancel(world: World) -> None:
    notes, place = world.notes, world.notes.offers[FILE]
    notes.allowed.setdefault(("transfer", place.transfer), [place.state, TransferState.OFFERED])
    notes.begin("transfer", place.transfer, TransferState.CANCELLED)
    world.visit(MANAGER, lambda: world.desk.transfers.cancel_transfer(DAVE, place.transfer))
    notes.done("transfer", place.transfer, TransferState.CANCELLED)
    try:
        send(world, place, NEW)
    except (NotFound, TransferEnded):
        pass
    else:
        raise Wrong("bytes were taken for a transfer that was cancelled")
    world.pump()


def add_folder(world: World) -> None:
    add_node(world, "results", NodeKind.FOLDER, Property("content.title", "x"), Property("b", "y"))
    add_node(world, "results/new.vot", NodeKind.FILE, Property("a", "x"))


def set_properties(world: World) -> None:
    keys = ("a", "b", "c")
    value = f"value {world.notes.attempts}"
    for key in keys:
        world.notes.begin("property", f"{FILE} {key}", value)
    request = SetProperties(path_of(world, FILE), tuple(Property(key, value) for key in keys))
    world.visit(MANAGER, lambda: world.desk.nodes.set_properties(DAVE, request))
    for key in keys:
        world.notes.done("property", f"{FILE} {key}", value)


def new_account(world: World) -> None:
    add_account(world, "carol")


def expire(world: World) -> None:
    """Nobody came with the bytes, and everybody is told."""
    for _ in range(3):
        world.notes.move(25 * HOUR)
        world.tick()
        world.pump()


def forget(world: World) -> None:
    """What has ended is forgotten after the grace period."""
    expire(world)
    world.notes.move(8 * 24 * HOUR)
    world.tick()
    world.pump()


def start_again(world: World) -> None:
    """Every process is stopped in what it does, and started."""
    if _may_fail(world):
        world.notes.allowed[("content", "moved")] = [None, FETCHED]
    try:
        world.restart(MANAGER, *map(str, world.names))
    except (Stopped, Exception) as error:
        raise Gone("starting") from error
    world.pump()


def write_elsewhere(world: World) -> None:
    """The store that was to have it does not answer, so that another one is asked."""
    if not world.notes.attempts:
        world.stage.dead.add(str(CAMBRIDGE))
    write(world)


def write_two(world: World) -> None:
    """Two at once, on one file."""
    for name, data in ((f"{FILE}:1", NEW), (f"{FILE}:2", OTHER)):
        place = offer(world, name, len(data))
        world.notes.begin("content", FILE, data)
        send(world, place, data)
        del world.notes.offers[name]
    # Both have been acknowledged, and either may be the later one.
    world.notes.allowed[("content", FILE)] = [NEW, OTHER]
    world.pump()


PLAYS = (
    Play("first write", empty_file, write),
    Play("rewrite", old_file, write),
    Play("append", old_file, add_to),
    Play("write and read", old_file, write_and_read),
    Play("broken write", old_file, broken_write),
    Play("other bytes", used_ticket, other_bytes),
    Play("two writes", old_file, write_two),
    Play("importData", with_page, import_data),
    Play("exportInit", old_file, export_init),
    Play("exportData", old_file, export_data),
    Play("duplicate", old_file, duplicate, tidy=forget_copy),
    Play("delete", old_file, delete_file),
    Play("delete while writing", offered, delete_while_writing),
    Play("cancelTransfer", offered, cancel),
    Play("addNode", settle_in, add_folder),
    Play("setProperties", old_file, set_properties),
    Play("addAccount", settle_in, new_account),
    Play("expiry", offered, expire),
    Play("grace period", offered, forget),
    Play("start", with_leftovers, start_again),
    Play("store unreachable", empty_file, write_elsewhere, (CAMBRIDGE, LEICESTER)),
)
