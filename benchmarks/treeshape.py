"""What the tree is like that is measured: folders of ten to a thousand files five steps down, a folder of ten thousand,
one of a hundred thousand to be moved, files with contents and some with properties.

Rule: pure and the same every time; what a file is follows from its key.

    hundred/ thousand/ wide/        100, 1000 and 10 000 files
    from/bulk/part-0001/…           100 000 nodes that are moved to  to/  and back
    projects/p-001/run-1/night-01/frame-0000001.fits …
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle, islice
from typing import NamedTuple

ROOT = 1
"""The key of the home that the tree is below: the first node of its database."""
WIDE, BULK, PART = 10_000, 100_000, 1000
NIGHTS = (10, 30, 100, 300, 1000)
"""Files of a night, in turn."""
INSTRUMENTS = ("acs", "fors2", "isis", "nicmos", "sofi", "uves", "wfc", "wfpc2")
SAMPLES = 1000
"""Paths that are looked up."""


class Planted(NamedTuple):
    """A node of the tree."""

    key: int
    parent: int
    name: str
    path: str
    """Below the home."""
    is_folder: bool


@dataclass(frozen=True)
class Shape:
    """A tree of about `total` nodes, numbered after its root."""

    total: int

    @property
    def wide(self) -> int:
        """Files in the widest folder."""
        return min(WIDE, self.total // 4)

    @property
    def bulk(self) -> int:
        """Nodes below the folder that is moved."""
        return min(BULK, self.total // 4)

    def nodes(self) -> Iterator[Planted]:
        """All of them, each after its folder."""
        return islice(self._endless(ROOT, count(ROOT + 1)), self.total)

    def _endless(self, root: int, keys: Iterator[int]) -> Iterator[Planted]:
        for name, files in (("hundred", 100), ("thousand", 1000), ("wide", self.wide)):
            yield from files_in(folder(keys, root, "", name), files, keys)
        origin = folder(keys, root, "", "from")
        yield from (origin, folder(keys, root, "", "to"))
        bulk = folder(keys, origin.key, origin.path, "bulk")
        yield bulk
        for part in range(self.bulk // PART):
            yield from files_in(folder(keys, bulk.key, bulk.path, f"part-{part:04}"), PART - 1, keys)
        projects = folder(keys, root, "", "projects")
        yield projects
        sizes = cycle(NIGHTS)
        for project_number in count(1):
            project = folder(keys, projects.key, projects.path, f"p-{project_number:03}")
            yield project
            for run_number in range(10):
                run = folder(keys, project.key, project.path, f"run-{run_number}")
                yield run
                for night in range(10):
                    yield from files_in(folder(keys, run.key, run.path, f"night-{night:02}"), next(sizes), keys)


def folder(keys: Iterator[int], parent: int, above: str, name: str) -> Planted:
    """A folder below the one of that path."""
    return Planted(next(keys), parent, name, f"{above}/{name}".lstrip("/"), is_folder=True)


def files_in(parent: Planted, files: int, keys: Iterator[int]) -> Iterator[Planted]:
    """The folder, and so many files in it."""
    yield parent
    for _ in range(files):
        key = next(keys)
        name = f"frame-{key:08}.fits"
        yield Planted(key, parent.key, name, f"{parent.path}/{name}", is_folder=False)


def scattered(key: int) -> int:
    """A number that has nothing to do with the key, but follows from it."""
    return key * 0x9E3779B97F4A7C15 % (1 << 64) >> 16


def size_of(key: int) -> int:
    """From a byte to some gigabytes, every order of magnitude as often."""
    number = scattered(key)
    return (1 << number % 33) + number % 977


def type_of(key: int) -> str:
    """One in ten thousand is a table."""
    return "application/x-votable+xml" if key % 10_000 == 42 else "image/fits"


def properties_of(key: int) -> Iterator[tuple[str, str]]:
    """Half of all files have an instrument, one in a thousand a target of its own."""
    if key % 2:
        yield "instrument", INSTRUMENTS[scattered(key) % len(INSTRUMENTS)]
    if key % 1000 == 7:
        yield "target", f"M{key // 1000}"


class Sampler:
    """Keeps about SAMPLES of the paths five steps down, spread over all."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self._every = 1
        self._seen = 0

    def look(self, node: Planted) -> None:
        """One more node."""
        if node.is_folder or not node.path.startswith("projects/"):
            return
        self._seen += 1
        if self._seen % self._every == 0:
            self.paths.append(node.path)
            if len(self.paths) > 2 * SAMPLES:
                self.paths, self._every = self.paths[1::2], 2 * self._every
