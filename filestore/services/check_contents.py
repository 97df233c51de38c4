"""The check of a stretch of numbers: what is kept under them against what the catalogue knows of them.

Rule: looks twice before it reports. A row comes before its bytes and goes after them, so what has no row by now is an
orphan; and a COMPLETE container that is still COMPLETE when its bytes have been missed has lost them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

from filestore.domain.checksum import Digester
from filestore.domain.container import DELETE, Container
from filestore.domain.findings import (
    DAMAGED,
    LEFTOVER,
    MISSING_BYTES,
    NO_SIDECAR,
    OLDER,
    ORPHAN,
    STRANDED,
    UNREADABLE,
    WRONG_DIGEST,
    WRONG_SIDECAR,
    WRONG_SIZE,
    found,
)
from filestore.domain.sidecar import Sidecar, sidecar_of
from filestore.ports import Reader, Records, StorageFailure
from filestore.services.check_adopted import check_adopted
from filestore.services.digesting import Behind, read_through, unwatched
from filestore.services.store import Store
from vofiles.adoption import is_adopted
from vofiles.contract import ContainerState
from vofiles.errors import ChecksumMismatch, ContainerNotFound
from vofiles.findings import Finding, Repair
from vofiles.instant import SECOND, Instant, to_text

SETTLING: Final = 60 * SECOND
"""Microseconds within which what a commit leaves to be done is done."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a store is to be checked."""

    repair: bool = False
    digests: bool = False
    """Whether all bytes are read and their digests compared."""
    behind: Behind = unwatched
    """Told of what has been read."""


def check_stretch(store: Store, wish: Wish, numbers: Collection[str], rows: Sequence[Container]) -> Iterator[Finding]:
    """What is wrong with these numbers, all that are kept in a stretch, and these rows, all of the same stretch."""
    known = {row.number for row in rows}
    kept = set(numbers)
    lie = [row.number for row in rows if is_adopted(row.transfer)]
    adopted = store.catalogue.read(lambda records: records.adopted_among(lie)) if lie else {}
    for number in sorted(kept - known):
        yield from _check_unknown(store, wish, number)
    for row in rows:
        if row.state == ContainerState.COMPLETE and row.number in adopted:
            yield from check_adopted(store, row, adopted[row.number], digests=wish.digests, behind=wish.behind)
        elif row.state == ContainerState.COMPLETE:
            yield from _check_complete(store, wish, row)
        else:
            yield from _check_other(store, wish, row, has_bytes=row.number in kept)


def _check_unknown(store: Store, wish: Wish, number: str) -> Iterator[Finding]:
    """Bytes without a row; the same judgement as the sweep's at start."""
    now = store.clock()

    def note(records: Records) -> tuple[Instant, Instant] | None:
        if records.find_container(number) is not None:
            return None
        return records.born(now), records.add_orphan(number, now)

    noted = store.catalogue.write(note)
    sidecar = store.backend.find_sidecar(number)
    if noted is None or not (sidecar is not None or store.backend.has(number)):
        return
    born, seen = noted
    subject = store.identifier.with_fragment(number)
    if sidecar is not None and sidecar.completed < born:
        yield found(OLDER, subject, f"the catalogue is younger and does not know it; it is {sidecar.node}")
        return
    repair = Repair.LATER if now - seen <= store.terms.grace else Repair.POSSIBLE
    if repair == Repair.POSSIBLE and wish.repair:
        store.backend.delete(number)
        store.catalogue.write(lambda records: records.delete_orphan(number))
        repair = Repair.DONE
    yield found(ORPHAN, subject, "bytes that the catalogue does not know", repair)


def _check_other(store: Store, wish: Wish, row: Container, *, has_bytes: bool) -> Iterator[Finding]:
    """A container that is not COMPLETE."""
    subject, age = store.identifier.with_fragment(row.number), store.clock() - row.changed
    if age <= SETTLING:
        return
    if row.state == ContainerState.DELETED:
        if has_bytes and store.backend.has(row.number):
            if wish.repair:
                # DELETED is the end: nobody will ever put bytes there again.
                store.backend.delete(row.number)
            yield found(LEFTOVER, subject, "its bytes were to go with it", _repaired(wish))
        return
    if _can_be_filled(store, row):
        return
    repair = Repair.NONE
    if row.state == ContainerState.EMPTY:
        if wish.repair:
            _delete_stranded(store, row.number)
        repair = _repaired(wish)
    yield found(STRANDED, subject, f"it is {row.state}, and transfer {row.transfer} will not fill it", repair)


def _repaired(wish: Wish) -> str:
    return Repair.DONE if wish.repair else Repair.POSSIBLE


def _can_be_filled(store: Store, row: Container) -> bool:
    """Whether its transfer is open, or it is another container by now."""

    def look(records: Records) -> bool:
        filling = records.find_transfer(row.transfer)
        return records.find_container(row.number) != row or (filling is not None and not filling.ended)

    return store.catalogue.read(look)


def _delete_stranded(store: Store, number: str) -> None:
    now = store.clock()

    def delete(records: Records) -> None:
        held = records.hold_container(number)
        filling = records.hold_transfer(held.transfer) if held is not None else None
        if held is not None and held.state == ContainerState.EMPTY and (filling is None or filling.ended):
            records.set_container(held.step(DELETE, now))

    store.catalogue.write(delete)


def _check_complete(store: Store, wish: Wish, row: Container) -> Iterator[Finding]:
    if row.damage is not None:
        yield damaged(store, row)
        return
    findings = list(compare(store, wish, row))
    if findings and store.catalogue.read(lambda records: records.find_container(row.number)) == row:
        # Still COMPLETE: it was not its deletion that we have seen.
        yield from findings


def damaged(store: Store, row: Container) -> Finding:
    """The finding of a container that is known not to be what came."""
    assert row.damage is not None
    detail = f"{row.node}: {row.damage.reason}, as was seen at {to_text(row.damage.found)}"
    return found(DAMAGED, store.identifier.with_fragment(row.number), detail)


def compare(store: Store, wish: Wish, row: Container) -> Iterator[Finding]:
    """What is wrong with the bytes and the sidecar of a COMPLETE container. Raises ServiceBusy."""
    subject = store.identifier.with_fragment(row.number)
    assert row.content is not None
    try:
        reader = store.backend.open(row.number)
    except ContainerNotFound:
        yield found(MISSING_BYTES, subject, f"{row.content.size} bytes of {row.node} are not there")
        return
    except StorageFailure as error:
        yield found(UNREADABLE, subject, f"{row.node}: {error}")
        return
    try:
        if reader.size != row.content.size:
            yield found(WRONG_SIZE, subject, f"{reader.size} bytes, not {row.content.size}, of {row.node}")
        elif wish.digests:
            yield from _compare_digests(reader, wish.behind, row, subject)
        yield from _compare_sidecar(store, row, subject)
    finally:
        reader.close()


def _compare_digests(reader: Reader, behind: Behind, row: Container, subject: object) -> Iterator[Finding]:
    assert row.content is not None
    digester = Digester(digest.algorithm for digest in row.content.digests)
    try:
        made = read_through(reader, digester, behind=behind)
    except StorageFailure as error:
        yield found(UNREADABLE, subject, f"{row.node}: {error}")
        return
    except (ContainerNotFound, ChecksumMismatch):
        # An object in a bucket, which nothing holds on to: whoever looks again sees what there is now.
        yield found(WRONG_DIGEST, subject, f"the bytes of {row.node} went or became others while they were read")
        return
    wrong = set(row.content.digests) - set(made)
    if wrong:
        names = ", ".join(sorted(digest.algorithm for digest in wrong))
        yield found(WRONG_DIGEST, subject, f"the bytes of {row.node} are not those that came, by {names}")


def _compare_sidecar(store: Store, row: Container, subject: object) -> Iterator[Finding]:
    sidecar = store.backend.find_sidecar(row.number)
    if sidecar is None:
        yield found(NO_SIDECAR, subject, f"nothing that can be read says what it is; it is {row.node}")
        return
    assert row.content is not None
    expected = sidecar_of(store.identifier, row, row.content, row.changed)
    differ = [field.name for field in fields(Sidecar) if getattr(sidecar, field.name) != getattr(expected, field.name)]
    if differ:
        yield found(WRONG_SIDECAR, subject, f"its sidecar says something else in {', '.join(differ)}")
