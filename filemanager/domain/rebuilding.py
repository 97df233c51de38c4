"""Rebuilding: from what stores hold to the tree that it was.

    containers  ->  files (by the node's own number; by its path where the store was not told)
                ->  each file's versions, newest last, and its place: where the newest bytes were put
                ->  places that two files claim: the newer keeps the name, the older gets its number to it

Rule: pure and deterministic: the same containers give the same tree, in whatever order they come.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from operator import attrgetter
from typing import Final

from vofiles.contract import ContainerState, Holding
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.names import MAX_NAME_BYTES, NodeName

Path = tuple[NodeName, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One content of a file, in one container of each store that has it."""

    holdings: tuple[Holding, ...]
    """The newest first."""

    @property
    def newest(self) -> Holding:
        return self.holdings[0]


@dataclass(frozen=True, slots=True)
class File:
    """A file, as its containers tell of it."""

    number: str | None
    """The node's number; None where no store was told."""
    owner: Ivorn
    path: Path
    """From its owner's root."""
    versions: tuple[Version, ...]
    """The current one last."""
    superseded: tuple[Holding, ...]
    """Containers of older contents than are kept."""
    waiting: tuple[Holding, ...]
    """Containers whose bytes have not come yet."""
    wanted: Path
    """The path that it had; another one than `path` where a newer file has that."""

    @property
    def holdings(self) -> tuple[Holding, ...]:
        """All its containers."""
        current = tuple(holding for version in self.versions for holding in version.holdings)
        return (*current, *self.superseded, *self.waiting)

    @property
    def created(self) -> Instant:
        return min(holding.created for holding in self.holdings)


@dataclass(frozen=True, slots=True)
class Root:
    """An account's home."""

    owner: Ivorn
    number: str
    created: Instant
    others: tuple[str, ...] = ()
    """Numbers of other roots that containers name for the same account."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What is to be rebuilt."""

    roots: tuple[Root, ...]
    files: tuple[File, ...]
    """The newest first: who comes first keeps the name."""


def tree_of(holdings: Iterable[Holding], keep: int) -> Tree:
    """The tree that these containers were, with at most `keep` versions of each file."""
    groups: dict[tuple[str, ...], list[Holding]] = {}
    for holding in sorted(holdings, key=_age):
        groups.setdefault(_key(holding), []).append(holding)
    files = sorted((_file(group, keep) for group in groups.values()), key=_rank)
    return Tree(_roots([holding for group in groups.values() for holding in group]), tuple(_placed(files)))


def _age(holding: Holding) -> tuple[bool, int, str]:
    """What orders containers, the newest last: those with bytes before those without, by when the bytes came."""
    complete = holding.state == ContainerState.COMPLETE and holding.completed is not None
    return complete, holding.completed or holding.created, str(holding.container)


def _key(holding: Holding) -> tuple[str, ...]:
    if holding.node_identifier is not None:
        return (holding.node_identifier.number,)
    return (str(holding.owner), *holding.node.path)


def _rank(file: File) -> tuple[int, str]:
    newest = file.versions[-1].newest if file.versions else file.waiting[-1]
    return -(newest.completed or newest.created), str(newest.container)


def _file(group: Sequence[Holding], keep: int) -> File:
    """One file's containers, the newest last."""
    kept: list[dict[Ivorn, Holding]] = []
    superseded, waiting = [], []
    for holding in reversed(group):
        if holding.state != ContainerState.COMPLETE:
            waiting.append(holding)
            continue
        store = holding.container.service
        same = next((stores for stores in kept if store not in stores and _is_of(stores, holding)), None)
        if same is not None:
            same[store] = holding
        elif len(kept) < keep:
            kept.append({store: holding})
        else:
            superseded.append(holding)
    versions = tuple(Version(tuple(stores.values())) for stores in kept)[::-1]
    newest = group[-1]
    number = newest.node_identifier.number if newest.node_identifier is not None else None
    path = newest.node.path
    return File(number, newest.owner, path, versions, tuple(superseded), tuple(waiting[::-1]), path)


def _is_of(stores: Mapping[Ivorn, Holding], holding: Holding) -> bool:
    """Whether it holds the same bytes as the others do."""
    other = next(iter(stores.values()))
    return (other.size, frozenset(other.digests)) == (holding.size, frozenset(holding.digests))


def _roots(holdings: Iterable[Holding]) -> tuple[Root, ...]:
    found: dict[Ivorn, dict[str, Holding]] = {}
    for holding in sorted(holdings, key=_age):
        found.setdefault(holding.owner, {})[holding.node.node.number] = holding
    roots = []
    for owner in sorted(found, key=str):
        numbers = sorted(found[owner], key=lambda number: _age(found[owner][number]))
        created = min(map(attrgetter("created"), found[owner].values()))
        roots.append(Root(owner, numbers[-1], created, tuple(sorted(numbers[:-1]))))
    return tuple(roots)


def _placed(files: Sequence[File]) -> Iterable[File]:
    """The files, each in a place of its own. What is a folder to one cannot be a file's place."""
    folders = {(file.owner, file.path[:depth]) for file in files for depth in range(len(file.path))}
    taken: set[tuple[Ivorn, Path]] = set()
    for file in files:
        number = file.number or file.holdings[0].container.fragment
        places = chain([file.path] if file.path else [], beside(file.path, number))
        path = next(
            place for place in places if (file.owner, place) not in folders and (file.owner, place) not in taken
        )
        taken.add((file.owner, path))
        yield replace(file, path=path)


_FOUND: Final = NodeName("found")
"""What a file is called that stood nowhere: the root itself cannot be one."""


def beside(path: Path, number: str) -> Iterator[Path]:
    """Places beside one that is taken, no two alike: its name with a number to it."""
    name = path[-1] if path else _FOUND
    for turn in count(1):
        end = f".{number}" if turn == 1 else f".{number}.{turn}"
        kept = name
        while len((kept + end).encode("utf-8")) > MAX_NAME_BYTES:
            kept = NodeName(kept[:-1])
        yield (*path[:-1], NodeName(kept + end))
