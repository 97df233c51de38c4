"""The scrub: a container's bytes are read and compared with what came, and what is rotten is set aside.

    wrong  ──► read again ──► wrong: {damaged} is committed ──► the bytes are set aside
                          └─► right: reported, and nothing is done
    damaged, and bytes are there  ──► right: {not damaged} is committed
                                  └─► wrong: they are set aside

Rule: the commit comes first. From then on nobody gets the bytes, and what a kill leaves to be done is found by the next
reading. A file that cannot be read, or was read wrongly once, is reported and left. Others' files are never touched.
Read is what is on the disk, not what memory holds of it, and memory is left to those who read.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from filestore.domain.adopted import Adopted
from filestore.domain.container import Container, Damage
from filestore.domain.findings import (
    CHANGED,
    MISSING_BYTES,
    NO_DIRECTORY,
    UNREADABLE,
    UNSTEADY,
    VANISHED,
    WRONG_DIGEST,
    WRONG_SIZE,
    found,
)
from filestore.ports import Reader, Records, StorageFailure
from filestore.services.check_adopted import check_adopted
from filestore.services.check_contents import Wish, compare, damaged
from filestore.services.pace import Pace
from filestore.services.store import Store
from vofiles.contract import ContainerState
from vofiles.errors import ContainerNotFound
from vofiles.findings import Finding, Page, pages

PAGE: Final = 100
"""Containers in one step, at most."""
STRETCH: Final = 256 << 20
"""Bytes behind which a step ends; a container is never parted."""

ROT: Final = {
    MISSING_BYTES: "its bytes are not there",
    WRONG_SIZE: "it does not have the size of what came",
    WRONG_DIGEST: "its bytes are not those that came",
}
"""What no reader is to get, in the words in which it is told."""
_UNSEEN: Final = frozenset({UNREADABLE, CHANGED, VANISHED, NO_DIRECTORY})
"""What leaves open how the bytes are."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scrub:
    """Reads containers of one store, at a pace."""

    store: Store
    pace: Pace
    forget: Callable[[int, int, int], object] = lambda _descriptor, _offset, _length: None
    """Have memory drop what it holds of an open file (see `Files.forget`)."""

    def steps(self, after: str | None = None) -> Iterator[Page]:
        """All containers from `after` on (a page's `next`), page by page. Raises InvalidArgument; and from the pages
        ServiceBusy, Halted.
        """
        return pages({"containers": self.page}, after)

    def steps_of(self, numbers: Sequence[str]) -> Iterator[Page]:
        """These containers alone, one a page. Raises ContainerNotFound; and from the pages ServiceBusy, Halted."""
        states = self.store.catalogue.read(lambda records: records.states_of(numbers))
        for number in numbers:
            if states.get(number) != ContainerState.COMPLETE:
                raise ContainerNotFound(number)
        return (self.read_all([number]) for number in numbers)

    def page(self, after: str) -> Page:
        """The next few containers. Raises ServiceBusy, Halted."""
        numbers = self.store.catalogue.read(lambda records: records.list_numbers(ContainerState.COMPLETE, after, PAGE))
        page = self.read_all(numbers)
        more = len(numbers) == PAGE or page.counted["containers"] < len(numbers)
        return replace(page, next=numbers[page.counted["containers"] - 1] if more else None)

    def read_all(self, numbers: Sequence[str], stretch: int = STRETCH) -> Page:
        """These containers, as far as a stretch goes. Raises ServiceBusy, Halted."""
        findings, size, done = list[Finding](), 0, 0
        for number in numbers:
            some, bytes_read = self.read(number)
            findings, size, done = [*findings, *some], size + bytes_read, done + 1
            if size >= stretch:
                break
        return Page(tuple(findings), {"containers": done, "bytes": size})

    def read(self, number: str) -> tuple[Sequence[Finding], int]:
        """What is wrong with a container, and how many bytes it has; what is rotten has been set aside. Raises
        ServiceBusy, Halted.
        """
        row, adopted = self.store.catalogue.read(
            lambda records: (records.find_container(number), records.find_adopted(number))
        )
        if row is None or row.state != ContainerState.COMPLETE or row.content is None:
            return (), 0
        judge = self._judge_known if row.damage is not None else self._judge
        try:
            return judge(row, adopted), row.content.size
        except StorageFailure as failure:
            return (found(UNREADABLE, self._subject(row), f"{row.node}: {failure}"),), row.content.size

    def _judge(self, row: Container, adopted: Adopted | None) -> Sequence[Finding]:
        first = self._look(row, adopted)
        if not _rot(first):
            return first
        second = self._look(row, adopted)
        rotten = _rot(second)
        if MISSING_BYTES in rotten and next(iter(self.store.backend.numbers()), None) is None:
            # Nothing at all is there: it is the disk that is missed, and not this container.
            return second
        if not self._is_there(row):
            return ()
        if not rotten:
            text = f"{row.node}: its bytes were wrong when they were read first, and right the second time"
            return (found(UNSTEADY, self._subject(row), text), *second)
        return self._condemn(row, adopted, "; ".join(ROT[kind] for kind in rotten))

    def _condemn(self, row: Container, adopted: Adopted | None, reason: str) -> Sequence[Finding]:
        """Nobody gets these bytes any more."""
        now = self.store.clock()

        def condemn(records: Records) -> Container | None:
            held = records.hold_container(row.number)
            if held is None or held.state != ContainerState.COMPLETE or held.content != row.content:
                return None
            if held.damage is None:
                held = replace(held, damage=Damage(now, reason))
                records.set_container(held)
            return held

        held = self.store.catalogue.write(condemn)
        if held is None:
            return ()
        _log.critical("container %s of %s is damaged: %s; nobody gets it any more", row.number, row.manager, reason)
        if adopted is None:
            self._set_aside(row.number)
        return (damaged(self.store, held),)

    def _judge_known(self, row: Container, adopted: Adopted | None) -> Sequence[Finding]:
        """What is known to be damaged, and may have been put right by an operator."""
        if adopted is None and not self.store.backend.has(row.number):
            if self.store.backend.find_sidecar(row.number) is not None:
                # Stopped half-way.
                self._set_aside(row.number)
            return (damaged(self.store, row),)
        findings = self._look(row, adopted)
        if _rot(findings):
            if adopted is None:
                self._set_aside(row.number)
            return (damaged(self.store, row),)
        if any(finding.kind in _UNSEEN for finding in findings):
            return (damaged(self.store, row), *findings)

        def clear(records: Records) -> None:
            held = records.hold_container(row.number)
            if held == row:
                records.set_container(replace(held, damage=None))

        self.store.catalogue.write(clear)
        _log.warning("container %s was damaged, and its bytes are what came again", row.number)
        return findings

    def _set_aside(self, number: str) -> None:
        self.store.open_files.drop(number)
        try:
            self.store.backend.set_aside(number)
        except StorageFailure as failure:
            # Nobody gets them all the same.
            _log.error("container %s is damaged and could not be set aside: %s", number, failure)

    def _look(self, row: Container, adopted: Adopted | None) -> Sequence[Finding]:
        if adopted is not None:
            return tuple(check_adopted(self.store, row, adopted, digests=True, behind=self._behind))
        return tuple(compare(self.store, Wish(digests=True, behind=self._behind), row))

    def _behind(self, reader: Reader, offset: int, length: int) -> None:
        descriptor = reader.fileno()
        if descriptor is not None:
            self.forget(descriptor, offset, length)
        self.pace.spend(length)

    def _is_there(self, row: Container) -> bool:
        """Whether it was not its deletion that we have seen."""
        now = self.store.catalogue.read(lambda records: records.find_container(row.number))
        return now is not None and now.state == ContainerState.COMPLETE

    def _subject(self, row: Container) -> object:
        return self.store.identifier.with_fragment(row.number)


def _rot(findings: Sequence[Finding]) -> list[str]:
    """Those kinds of findings for which nobody is to get the bytes."""
    return [finding.kind for finding in findings if finding.kind in ROT]
