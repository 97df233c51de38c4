"""Callers: what people and programs do with a FileManager and its stores, and what they see there.

Rule: who asks for a change notes it before it asks, and what was acknowledged when it was. Nobody looks at how things
stand inside of a service.
"""

from collections.abc import Callable
from typing import TypeVar

from filemanager.domain.caller import Caller
from filestore.backends.packed import PackedBackend
from filestore.services.imports import Sent, open_upload
from filestore.services.small import SmallBody, Unusual, store_small
from filestore.services.uploads import Stored
from tests.support.downloads import open_download
from tests.support.faultnotes import HOST, MANAGER
from tests.support.faultworld import World
from tests.support.filemanager import COMMUNITY, OPERATOR
from tests.support.localstores import SERVICE
from tests.support.stage import Gone, Wrong
from vofiles import contract
from vofiles.contract import (
    AddAccount,
    AddNode,
    AppendInit,
    Delete,
    ExportInit,
    GetAccount,
    GetHistory,
    GetNode,
    ImportInit,
    JobState,
    ListTrash,
    NodeKind,
    Property,
    RetryJob,
)
from vofiles.errors import (
    AccountNotFound,
    ContentNotFound,
    DuplicateAccount,
    DuplicateNode,
    NodeNotFound,
)
from vofiles.instant import SECOND
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import parse_name

A = TypeVar("A")
DAVE = Caller(Ivorn.parse(f"{COMMUNITY}/dave"))
FILE = "query-7.vot"
ABSENT = "there is no such thing"
OLD = b"what was there before " * 40
NEW = b"what comes in its place, and is longer " * 70
OTHER = b"what nobody has promised anything about " * 50
FETCHED = b"what comes from elsewhere " * 10
PAGE = "http://archive.example/m31.fits"
HOUR = 3600 * SECOND
PATIENCE = 40
"""Turns after which a job goes on for ever."""


# --- what callers do --------------------------------------------------------------------------------------------------


def path_of(world: World, name: str) -> LongIdentifier:
    home = NodeIdentifier(SERVICE, world.notes.nodes["home"])
    return LongIdentifier(home, tuple(parse_name(step) for step in name.split("/")) if name else ())


def settle_in(world: World) -> None:
    """An account with a home."""
    add_account(world, "dave")
    home = world.desk.accounts.get_account(DAVE, GetAccount()).home
    world.notes.nodes["home"] = home.number


def add_account(world: World, name: str) -> None:
    notes, identifier = world.notes, Ivorn.parse(f"{COMMUNITY}/{name}")
    notes.begin("account", name, True)
    try:
        world.visit(MANAGER, lambda: world.desk.accounts.add_account(OPERATOR, AddAccount(identifier)))
    except DuplicateAccount:
        if not notes.attempts:
            raise
    notes.done("account", name, True)


def add_node(world: World, name: str, kind: str = NodeKind.FILE, *properties: Property) -> None:
    notes = world.notes
    notes.allowed.setdefault(("content", name), [ABSENT])
    notes.begin("content", name, None)
    parent, _, last = name.rpartition("/")
    request = AddNode(path_of(world, parent), last, kind, properties)
    try:
        world.visit(MANAGER, lambda: world.desk.nodes.add_node(DAVE, request))
    except DuplicateNode:
        if not notes.attempts:
            raise
    notes.done("content", name, None)
    for each in properties:
        notes.done("property", f"{name} {each.key}", each.value)


def offer(world: World, name: str, size: int) -> contract.Transfer:
    """Where to PUT; asked for once, as long as the answer is remembered."""
    notes = world.notes
    if name not in notes.offers:
        request = ImportInit(path_of(world, name.partition(":")[0]), size=size)
        notes.offers[name] = world.visit(MANAGER, lambda: world.desk.imports.import_init(DAVE, request))
    return notes.offers[name]


def send(world: World, transfer: contract.Transfer, data: bytes, *, breaking_off: bool = False) -> None:
    """PUT, as the data plane does it; the sender may go away half-way."""
    assert transfer.container is not None
    store = world.store(transfer.container.service)
    (endpoint,) = transfer.endpoints
    third = len(data) // 3 + 1

    def put() -> None:
        together = store.store.backend
        if isinstance(together, PackedBackend) and not breaking_off:
            body = SmallBody(endpoint.url.removeprefix(HOST), Sent(len(data)), data)
            (outcome,) = store_small(store.store, together, [body])
            if isinstance(outcome, Stored):
                return
            if not isinstance(outcome, Unusual):
                raise outcome
        upload = open_upload(store.store, endpoint.url.removeprefix(HOST), Sent(len(data)))
        try:
            upload.write(data[:third])
            upload.write(data[third : 2 * third])
            if breaking_off:
                upload.abort()
                return
            upload.write(data[2 * third :])
            upload.complete()
        except BaseException:
            upload.abort()
            raise

    world.visit(store.name, put)


def put(world: World, name: str, data: bytes) -> None:
    """importInit, PUT, and the callback."""
    notes, node = world.notes, name.partition(":")[0]
    place = offer(world, name, len(data))
    notes.begin("content", node, data)
    send(world, place, data)
    notes.done("content", node, data)
    del notes.offers[name]
    world.pump()


def append(world: World, name: str, before: bytes, data: bytes) -> None:
    """appendInit, PUT of what comes behind what was there before, and the callback. However often it is done it is one
    append, for it has a key.
    """
    request = AppendInit(path_of(world, name), size=len(data), idempotency_key="append")
    world.notes.begin("content", name, before + data)
    place = world.visit(MANAGER, lambda: world.desk.appends.append_init(DAVE, request))
    if place.endpoints:
        send(world, place, data)
    world.notes.done("content", name, before + data)
    world.pump()


def fetch(world: World, name: str) -> bytes:
    """exportInit and GET."""
    request = ExportInit(path_of(world, name))
    transfer = world.visit(MANAGER, lambda: world.desk.exports.export_init(DAVE, request)).transfer
    assert transfer.container is not None
    store = world.store(transfer.container.service)
    (endpoint,) = transfer.endpoints

    def get() -> bytes:
        with open_download(store.store, endpoint.url.removeprefix(HOST)) as download:
            return download.reader.pread(download.size + 1, 0)

    return world.visit(store.name, get)


def get_transfer(world: World, number: str) -> contract.Transfer:
    world.notes.move(2 * SECOND)
    return world.visit(MANAGER, lambda: world.desk.transfers.get_transfer(DAVE, number)).transfer


def delete(world: World, name: str) -> None:
    notes = world.notes
    notes.begin("content", name, ABSENT)
    try:
        world.visit(MANAGER, lambda: world.desk.deletions.delete(DAVE, Delete(path_of(world, name), purge=True)))
    except NodeNotFound:
        if not notes.attempts:
            raise
    notes.done("content", name, ABSENT)


def ask(world: World, key: str, call: Callable[[], A]) -> A:
    """What a call with an idempotency key answers: whenever it is made, what it answered first."""
    answer = world.visit(MANAGER, call)
    first = world.notes.answers.setdefault(key, answer)
    if answer != first:
        raise Wrong(f"I7: a repeat is answered {answer}, and the first was {first}")
    return answer


def finish(world: World, job: contract.Job | None, caller: Caller = DAVE) -> None:
    """Wait for a job's end, and have what failed in it tried again, as a person would."""
    world.pump()
    turns = 0
    while job is not None and not _is_done(world, job.job, caller, turns):
        turns += 1
        if turns == PATIENCE:
            raise Wrong(f"the job does not come to an end: {job}")
        world.notes.move(3 * SECOND)
        world.desk.runner.wake()  # what its thread waits for is due by now
        world.pump()


def _is_done(world: World, number: str, caller: Caller, turns: int) -> bool:
    stage = world.stage
    job = world.visit(MANAGER, lambda: world.desk.jobs.get_job(caller, number))
    if job.state == JobState.COMPLETED:
        return True
    if stage.dead:
        raise Gone("it takes too long")
    if job.state == JobState.FAILED:
        if stage.armed and stage.happened:
            raise Gone("it has failed")
        if not stage.happened:
            raise Wrong(f"the job has failed: {job}")
        again = RetryJob(number, idempotency_key=f"retry {turns}")
        world.visit(MANAGER, lambda: world.desk.jobs.retry_job(caller, again))
    return False


# --- what there is to see ---------------------------------------------------------------------------------------------


def look(world: World, kind: str, name: str) -> object:
    """How a thing stands, as callers see it: who reads a node after an upload sees what was uploaded."""
    return _LOOKS[kind](world, name)


def _content(world: World, name: str) -> object:
    world.notes.move(2 * SECOND)
    try:
        (node,) = world.desk.nodes.get_node(DAVE, GetNode(path_of(world, name)))
    except NodeNotFound:
        return ABSENT
    if node.type != NodeKind.FILE:
        return None
    try:
        return fetch(world, name)
    except ContentNotFound:
        return None


def _property(world: World, name: str) -> object:
    node, _, key = name.partition(" ")
    (found,) = world.desk.nodes.get_node(DAVE, GetNode(path_of(world, node)))
    return next((each.value for each in found.properties if each.key == key), None)


def _account(world: World, name: str) -> object:
    identifier = Ivorn.parse(f"{COMMUNITY}/{name}")
    try:
        account = world.desk.accounts.get_account(Caller(identifier), GetAccount())
    except AccountNotFound:
        return None
    world.desk.nodes.get_node(Caller(identifier), GetNode(LongIdentifier(account.home)))
    return True


def _transfer(world: World, name: str) -> object:
    return world.desk.transfers.get_transfer(DAVE, name).transfer.state


def _page(world: World, name: str) -> object:
    return world.notes.pages.get(name)


def _scene(world: World, names: str) -> object:
    """The contents of some files, and what is in the trash, all at once."""
    trashed = world.desk.trash.list_trash(DAVE, ListTrash()).trashed
    in_trash = tuple(sorted(each.path.path[-1] for each in trashed))
    return *(_content(world, name) for name in names.split("|")), in_trash


def _location(world: World, name: str) -> object:
    (node,) = world.desk.nodes.get_node(DAVE, GetNode(path_of(world, name)))
    return Ivorn.parse(next(each.value for each in node.properties if each.key == "filestore.location")).service


def _history(world: World, name: str) -> object:
    """How often something was done to a node."""
    number, _, operation = name.partition(" ")
    request = GetHistory(LongIdentifier(NodeIdentifier(SERVICE, number)))
    return sum(each.operation == operation for each in world.desk.history.get_history(DAVE, request).changes)


_LOOKS: dict[str, Callable[[World, str], object]] = {
    "content": _content,
    "property": _property,
    "account": _account,
    "transfer": _transfer,
    "page": _page,
    "scene": _scene,
    "location": _location,
    "history": _history,
}
