"""Our jobs on a tree: one operation of the FileManager each.

Rule: a job is data; an answer is looked at only as far as to know that it is the right one.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks.jobs import IDENTIFIER, Service, add
from benchmarks.wire import Wire, value


@dataclass(frozen=True)
class Resolve:
    """getNode by one of these paths after the other."""

    service: Service
    paths: tuple[str, ...]

    def open(self, worker: int) -> Callable[[int], None]:
        """One connection."""
        wire = self.service.connect()

        def once(count: int) -> None:
            path = self.paths[(count * 8 + worker) % len(self.paths)]
            expect(wire.call("getNode", node=f"{self.service.home}/{path}"), 1)

        return once


@dataclass(frozen=True)
class List:
    """The first children of a folder."""

    service: Service
    path: str
    answers: int

    def open(self, _worker: int) -> Callable[[int], None]:
        """One connection."""
        wire = self.service.connect()

        def once(_count: int) -> None:
            reply = wire.call("listChildren", node=f"{self.service.home}/{self.path}", limit=str(self.answers))
            expect(reply, self.answers)

        return once


@dataclass(frozen=True)
class Bundle:
    """getNode with the nodes below it."""

    service: Service
    path: str
    depth: int
    most: int
    """Nodes besides the one asked for."""

    def open(self, _worker: int) -> Callable[[int], None]:
        """One connection."""
        wire = self.service.connect()
        hints = f"<hints><depth>{self.depth}</depth><maximumExtraNodes>{self.most}</maximumExtraNodes></hints>"

        def once(_count: int) -> None:
            node = f"<node>{escape(self.service.home)}/{self.path}</node>"
            if len(IDENTIFIER.findall(wire.send("getNode", node + hints))) < 2:
                raise ConnectionError("a bundle of one node")

        return once


@dataclass(frozen=True)
class Usage:
    """getUsage: how much there is below a folder."""

    service: Service
    path: str

    def open(self, _worker: int) -> Callable[[int], None]:
        """One connection."""
        wire = self.service.connect()

        def once(_count: int) -> None:
            value(wire.call("getUsage", node=f"{self.service.home}/{self.path}"), "files")

        return once


@dataclass(frozen=True)
class Add:
    """A new folder in the same one."""

    service: Service
    path: str

    def open(self, worker: int) -> Callable[[int], None]:
        """One connection."""
        wire, run = self.service.connect(), secrets.token_hex(8)

        def once(count: int) -> None:
            add(wire, f"{self.service.home}/{self.path}", "FOLDER", f"{run}-{worker}-{count}")

        return once


@dataclass(frozen=True)
class Rename:
    """A folder of the worker's own gets another name."""

    service: Service
    path: str

    def open(self, worker: int) -> Callable[[int], None]:
        """Makes the folder."""
        wire = self.service.connect()
        stem = f"{secrets.token_hex(8)}-{worker}"
        node = add(wire, f"{self.service.home}/{self.path}", "FOLDER", f"{stem}-0")
        names = [f"{stem}-1", f"{stem}-0"]

        def once(_count: int) -> None:
            expect(wire.call("move", node=node, name=names[0]), 1)
            names.reverse()

        return once


@dataclass(frozen=True)
class MoveFolder:
    """A folder with much below it goes to another one, or back."""

    service: Service
    name: str
    places: tuple[str, str]

    def open(self, _worker: int) -> Callable[[int], None]:
        """Finds out where it is."""
        wire = self.service.connect()
        parents = [f"{self.service.home}/{place}" for place in self.places]
        try:
            node = identifier_of(wire, f"{parents[0]}/{self.name}")
            parents.reverse()
        except ConnectionError:
            node = identifier_of(wire, f"{parents[1]}/{self.name}")

        def once(_count: int) -> None:
            expect(wire.call("move", node=node, parent=parents[0]), 1)
            parents.reverse()

        return once


@dataclass(frozen=True)
class Find:
    """A page of a search from the home down."""

    service: Service
    conditions: str
    """As the elements of the request after the node."""
    least: int
    """How many it finds at least."""

    def open(self, _worker: int) -> Callable[[int], None]:
        """One connection."""
        wire = self.service.connect()
        request = f"<node>{escape(self.service.home)}</node>{self.conditions}"

        def once(_count: int) -> None:
            found = len(IDENTIFIER.findall(wire.send("find", request)))
            if found < self.least:
                raise ConnectionError(f"{self.conditions} finds {found}")

        return once


def identifier_of(wire: Wire, path: str) -> str:
    """The identifier of the node at a path."""
    return value(wire.call("getNode", node=path), "identifier")


def expect(reply: str, nodes: int) -> None:
    """Raises unless the reply has so many nodes."""
    if len(IDENTIFIER.findall(reply)) != nodes:
        raise ConnectionError(f"not {nodes} nodes in {reply[:2000]}")
