"""The check of adopted files: each stands as it was adopted, and nothing has appeared beside them.

Rule: reads, and repairs nothing: what happens to others' files is theirs to say. A directory that is not there is one
finding; its files are not missed. Digests that were not made when a file was adopted are made here, by who asks for
digests.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from filestore.domain.adopted import Adopted, LeftOut, Seen
from filestore.domain.container import Container
from filestore.domain.findings import (
    APPEARED,
    CHANGED,
    LEFT_OUT,
    NO_DIRECTORY,
    UNREADABLE,
    VANISHED,
    WRONG_DIGEST,
    found,
)
from filestore.ports import Archive, Records
from filestore.services.digesting import Behind, digests_of, unwatched
from filestore.services.store import Store
from vofiles.adoption import Standing
from vofiles.contract import Digest
from vofiles.errors import ContainerNotFound, Damaged, InvalidArgument, VofilesError
from vofiles.findings import Finding, Page

PAGE: Final = 500
"""Entries in one step."""


def check_adopted(
    store: Store, row: Container, adopted: Adopted, *, digests: bool, behind: Behind = unwatched
) -> Iterator[Finding]:
    """What is wrong with an adopted container; `behind` is told of what has been read."""
    archive = store.archives.get(adopted.directory)
    subject, name = store.identifier.with_fragment(row.number), f"{adopted.directory}/{adopted.path}"
    if archive is None:
        yield found(NO_DIRECTORY, subject, f"{name}: the directory is not in the configuration")
    elif archive.is_there():
        standing = archive.standing(adopted)
        if standing == Standing.VANISHED:
            yield found(VANISHED, subject, f"{name} is not there any more")
        elif standing == Standing.CHANGED:
            yield found(CHANGED, subject, f"{name} was changed after it was adopted; `adopt` takes in what it is now")
        elif standing == Standing.UNREACHABLE:
            yield found(UNREADABLE, subject, f"{name} cannot be read")
        elif digests:
            yield from _check_digests(store, archive, row, adopted, behind)


def _check_digests(
    store: Store, archive: Archive, row: Container, adopted: Adopted, behind: Behind
) -> Iterator[Finding]:
    assert row.content is not None
    subject, name = store.identifier.with_fragment(row.number), f"{adopted.directory}/{adopted.path}"
    try:
        reader = archive.open(adopted)
        try:
            made = digests_of(store, reader, behind=behind)
        finally:
            reader.close()
    except (ContainerNotFound, Damaged) as error:
        yield found(CHANGED, subject, f"{name}: {error.message}")
        return
    except VofilesError as error:
        yield found(UNREADABLE, subject, f"{name}: {error.message}")
        return
    if not row.content.digests:
        store.catalogue.write(lambda records: _note_digests(records, row, made))
        return
    wrong = sorted(digest.algorithm for digest in row.content.digests if digest not in made)
    if wrong:
        text = f"the bytes of {name} are not those that were adopted, by {', '.join(wrong)}; its time says otherwise"
        yield found(WRONG_DIGEST, subject, text)


def _note_digests(records: Records, row: Container, made: Sequence[Digest]) -> None:
    held = records.hold_container(row.number)
    if held == row and held.content is not None:
        records.set_container(replace(held, content=replace(held.content, digests=tuple(made))))


class Appearing:
    """The part of a check that looks for files nobody has adopted; its cursor is `directory/path`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._walks: dict[str, Iterator[Seen | LeftOut]] = {}
        """A walk that goes on, by where it is: a directory is not listed anew for every step."""

    def page(self, after: str) -> Page:
        """The page behind a path. Raises InvalidArgument, ServiceBusy."""
        archives = self._store.archives
        names = sorted(archives)
        if not names:
            return Page()
        name, _, path = after.partition("/")
        if name and name not in archives:
            raise InvalidArgument("after", reason="it is the `next` of the report before")
        name = name or names[0]
        rest = names[names.index(name) + 1 :]
        following = f"{rest[0]}/" if rest else None
        if not archives[name].is_there():
            text = "it is not there, or cannot be read: nothing can be said of what was adopted from it"
            return Page((found(NO_DIRECTORY, name, text),), {}, following)
        walk = self._walks.pop(after, None) or archives[name].files(path)
        try:
            entries = list(islice(walk, PAGE))
        except VofilesError as error:
            return Page((found(NO_DIRECTORY, name, error.message),), {}, following)
        if len(entries) == PAGE:
            following = f"{name}/{entries[-1].path}"
            self._walks[following] = walk
        return Page(tuple(self._judge(name, entries)), {"adopted directories' entries": len(entries)}, following)

    def _judge(self, name: str, entries: Sequence[Seen | LeftOut]) -> Iterator[Finding]:
        paths = [entry.path for entry in entries if isinstance(entry, Seen)]
        known: Mapping[str, Sequence[Adopted]] = self._store.catalogue.read(
            lambda records: records.adopted_at(name, paths)
        )
        for entry in entries:
            if isinstance(entry, LeftOut):
                yield found(LEFT_OUT, f"{name}/{entry.path}", entry.reason)
            elif entry.path not in known:
                yield found(APPEARED, f"{name}/{entry.path}", f"{entry.size} bytes that `adopt` takes in")
