"""Adopting: the files of a directory become containers where they lie; not a byte is copied, and nothing is written
there.

Rule: one batch, one transaction, so that it can be stopped anywhere and run again: what is known and stands as it was
adopted is passed over, what has changed since becomes another container. What was deleted here stays deleted, until
its file changes or the operator says otherwise.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from filestore.config import AdoptedDirectory
from filestore.domain.adopted import Adopted, LeftOut, Seen, adopted_number
from filestore.domain.container import Container, Content
from filestore.domain.contenttype import HEAD, detect
from filestore.domain.findings import LEFT_OUT, UNREADABLE, found
from filestore.ports import Archive, Records
from filestore.services.digesting import digests_of
from filestore.services.store import Store
from vofiles.adoption import transfer_of
from vofiles.contract import ContainerState
from vofiles.errors import SourceUnreachable, VofilesError
from vofiles.findings import Finding, Page
from vofiles.ivorn import LongIdentifier, NodeIdentifier
from vofiles.names import MAX_DEPTH, parse_name

BATCH: Final = 200
"""Files in one step, at most."""
STRETCH: Final = 4 << 30
"""Bytes read in one step, so that little is read twice by who is stopped."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How files are adopted."""

    digests: bool = True
    """Whether each is read for its digests; else `check --digests` does it."""
    again: bool = False
    """Whether also those whose containers were deleted."""


@dataclass(frozen=True, slots=True)
class _Fresh:
    container: Container
    adopted: Adopted


def adopt(store: Store, directory: AdoptedDirectory, manner: Manner, after: str | None = None) -> Iterator[Page]:
    """The steps of adopting a directory's files behind a path (a page's `next`).

    Raises SourceUnreachable; and from the steps that, ServiceBusy.
    """
    archive = store.archives[directory.name]
    if not archive.is_there():
        raise SourceUnreachable(directory.directory, reason="there is no such directory, or it may not be read")
    return _steps(store, archive, directory, manner, after or "")


def _steps(store: Store, archive: Archive, directory: AdoptedDirectory, manner: Manner, after: str) -> Iterator[Page]:
    with closing(archive.files(after)) as entries:
        batch: list[Seen | LeftOut] = []
        weight = 0
        for entry in entries:
            if len(batch) == BATCH or weight >= STRETCH:
                yield _take(store, archive, directory, manner, batch, batch[-1].path)
                batch, weight = [], 0
            batch.append(entry)
            weight += entry.size if isinstance(entry, Seen) and manner.digests else 0
        yield _take(store, archive, directory, manner, batch, None)


def _take(
    store: Store,
    archive: Archive,
    directory: AdoptedDirectory,
    manner: Manner,
    batch: Sequence[Seen | LeftOut],
    following: str | None,
) -> Page:
    seen = [entry for entry in batch if isinstance(entry, Seen)]
    findings = [_left_out(directory, entry.path, entry.reason) for entry in batch if isinstance(entry, LeftOut)]
    known = store.catalogue.read(lambda records: records.adopted_at(directory.name, [each.path for each in seen]))
    fresh: list[_Fresh] = []
    forgotten = 0
    for each in seen:
        former = known.get(each.path, [])
        if former and former[-1].is_of(each) and not (former[-1].forgotten and manner.again):
            forgotten += former[-1].forgotten
            continue
        made = _judge(store, archive, directory, manner, each, former)
        if isinstance(made, Finding):
            findings.append(made)
        else:
            fresh.append(made)
    if fresh:
        store.catalogue.write(lambda records: _publish(records, fresh))
    counted = {
        "files": len(seen),
        "files adopted": len(fresh),
        "bytes adopted": sum(each.adopted.size for each in fresh),
        "files deleted before": forgotten,
    }
    return Page(tuple(findings), {name: number for name, number in counted.items() if number}, following)


def _judge(
    store: Store,
    archive: Archive,
    directory: AdoptedDirectory,
    manner: Manner,
    seen: Seen,
    former: Sequence[Adopted],
) -> _Fresh | Finding:
    """The container for a file, or why there is none."""
    number = adopted_number(store.identifier, directory.name, seen, len(former))
    names = tuple(parse_name(step) for step in seen.path.split("/"))
    if len(directory.path) + len(names) > MAX_DEPTH:
        return _left_out(directory, seen.path, f"a path has at most {MAX_DEPTH} steps")
    adopted = Adopted(
        number, directory.name, seen.path, seen.size, seen.mtime, seen.properties,
        former[-1].number if former else None,
    )  # fmt: skip
    try:
        content = read_content(store, archive, adopted, digests=manner.digests)
    except VofilesError as error:
        subject = f"{directory.name}/{seen.path}"
        return found(UNREADABLE, subject, f"{error.message}; it is left out this time")
    now = store.clock()
    # Whose the node is the FileManager says; until it has one the container stands for it.
    node = LongIdentifier(NodeIdentifier(directory.manager, number), (*directory.path, *names))
    container = Container(
        number, directory.manager, node, directory.owner, transfer_of(number), ContainerState.COMPLETE, now, now,
        content,
    )  # fmt: skip
    return _Fresh(container, adopted)


def read_content(store: Store, archive: Archive, adopted: Adopted, *, digests: bool) -> Content:
    """What is known of a file from its bytes; without `digests` only its first ones are read. Raises
    ContainerNotFound, Damaged, SourceUnreachable, ServiceBusy.
    """
    name = adopted.path.rpartition("/")[2]
    reader = archive.open(adopted)
    try:
        if not digests:
            return Content(adopted.size, (), detect(reader.pread(HEAD, 0), name))
        head: list[bytes] = []
        made = digests_of(store, reader, lambda piece: head.append(piece[:HEAD]))
        return Content(adopted.size, made, detect(b"".join(head), name))
    finally:
        reader.close()


def _publish(records: Records, fresh: Sequence[_Fresh]) -> None:
    known = records.states_of([each.container.number for each in fresh])
    for each in fresh:
        # Somebody else may be adopting the same.
        if each.container.number not in known and records.find_adopted(each.adopted.number) is None:
            records.add_container(each.container)
            records.add_adopted(each.adopted)


def _left_out(directory: AdoptedDirectory, path: str, reason: str) -> Finding:
    return found(LEFT_OUT, f"{directory.name}/{path}", reason)
