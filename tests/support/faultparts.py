"""Plays of uploads in parts: their sender asks how far the store is, goes on from there, leaves and comes back.

Rule: as of all plays. What a sender was told is safe is in the notes: whoever is told less later, whatever happened in
between, has been lied to.
"""

from collections.abc import Callable

from filestore.domain.stretch import Stretch
from filestore.services.kept import Kept
from filestore.services.parts import SAFE_AFTER, Part
from filestore.services.resuming import find_kept, open_part
from filestore.services.store import Store
from tests.support.faultcallers import DAVE, FILE, NEW, OLD, A, offer, path_of, put
from tests.support.faultnotes import HOST, MANAGER
from tests.support.faultplays import Play, empty_file, old_file
from tests.support.faultworld import World
from tests.support.stage import Wrong
from vofiles import contract
from vofiles.contract import AppendInit

STEP = len(NEW) // 2
"""Bytes after which a sender leaves."""


def send_part(world: World, place: contract.Transfer, data: bytes, *, leaving: bool) -> bool:
    """Ask how far it is, and send more; whether that was the last of it."""
    told = _at(world, place, lambda token: find_kept(_store(world, place), token))
    _require_no_less(world, place, told.offset)
    if told.length == told.offset:
        return True
    end = told.offset + STEP if leaving else len(data)

    def send(token: str) -> bool:
        part = open_part(_store(world, place), token, Stretch(told.offset, None))
        assert isinstance(part, Part)
        try:
            while part.prepare():
                pass
            middle = (told.offset + end) // 2
            part.write(data[told.offset : middle])
            # It has been coming for so long that it is made safe in between.
            world.notes.move(SAFE_AFTER)
            part.write(data[middle:end])
            if leaving:
                part.abort()
                return False
            outcome = part.complete()
        except BaseException:
            part.abort()
            raise
        return not isinstance(outcome, Kept)

    return _at(world, place, send)


def _at(world: World, place: contract.Transfer, call: Callable[[str], A]) -> A:
    assert place.container is not None
    (endpoint,) = place.endpoints
    token = endpoint.url.removeprefix(HOST)
    return world.visit(str(place.container.service), lambda: call(token))


def _store(world: World, place: contract.Transfer) -> Store:
    assert place.container is not None
    return world.store(place.container.service).store


def _require_no_less(world: World, place: contract.Transfer, offset: int) -> None:
    safe = world.notes.answers.get(f"safe {place.transfer}", 0)
    if offset < safe:
        raise Wrong(f"{safe} bytes were told to be safe, and now it is {offset}")
    world.notes.answers[f"safe {place.transfer}"] = offset


def send_parts(world: World, place: contract.Transfer, data: bytes) -> None:
    """All of it, leaving once."""
    for leaving in (True, False):
        if send_part(world, place, data, leaving=leaving):
            break
    told = _at(world, place, lambda token: find_kept(_store(world, place), token))
    if told.length != told.offset:
        raise Wrong(f"all was sent, and it is at {told}")


def write_in_parts(world: World) -> None:
    place = offer(world, FILE, len(NEW))
    world.notes.begin("content", FILE, NEW)
    send_parts(world, place, NEW)
    world.notes.done("content", FILE, NEW)
    del world.notes.offers[FILE]
    world.pump()


def add_in_parts(world: World) -> None:
    request = AppendInit(path_of(world, FILE), size=len(NEW), idempotency_key="append")
    world.notes.begin("content", FILE, OLD + NEW)
    place = world.visit(MANAGER, lambda: world.desk.appends.append_init(DAVE, request))
    if place.endpoints:
        send_parts(world, place, NEW)
    world.notes.done("content", FILE, OLD + NEW)
    world.pump()


def give_up_parts(world: World) -> None:
    """Who has sent a part sends the whole instead."""
    place = offer(world, FILE, len(NEW))
    world.notes.begin("content", FILE, NEW)
    send_part(world, place, NEW, leaving=True)
    world.notes.answers.pop(f"safe {place.transfer}", None)
    put(world, FILE, NEW)


PARTS = (
    Play("write in parts", empty_file, write_in_parts),
    Play("append in parts", old_file, add_in_parts, every=7),
    Play("parts given up", old_file, give_up_parts, every=7),
)
