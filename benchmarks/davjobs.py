"""What WebDAV servers can do of what is done with a tree: PROPFIND, MKCOL, MOVE.

Rule: a job is data; the requests ask for no more than our answers tell.
"""

import http.client
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.webdav import AUTHORIZATION

RESPONSE = re.compile(rb"</(?:\w+:)?response>")


@dataclass(frozen=True)
class Site:
    """A WebDAV server of files."""

    port: int

    def connect(self) -> "Visit":
        """A kept connection."""
        return Visit(self.port)


class Visit:
    """One connection to a WebDAV server."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self._address = f"http://127.0.0.1:{port}/"

    def ask(self, method: str, path: str, status: int, headers: dict[str, str] | None = None) -> bytes:
        """The answer's body. Raises ConnectionError for another status."""
        self._connection.request(method, f"/{path}", headers=AUTHORIZATION | (headers or {}))
        response = self._connection.getresponse()
        body = response.read()
        if response.status != status:
            raise ConnectionError(f"{method} /{path} was answered {response.status}: {body[:500]!r}")
        return body

    def move(self, path: str, target: str) -> None:
        """MOVE to where nothing is."""
        self.ask("MOVE", path, 201, {"Destination": self._address + target, "Overwrite": "F"})


@dataclass(frozen=True)
class Propfind:
    """PROPFIND of one of these paths after the other."""

    site: Site
    paths: tuple[str, ...]
    depth: int
    answers: int
    """How many there are in each multistatus."""

    def open(self, worker: int) -> Callable[[int], None]:
        """One connection."""
        visit = self.site.connect()
        headers = {"Depth": str(self.depth)}

        def once(count: int) -> None:
            path = self.paths[(count * 8 + worker) % len(self.paths)]
            body = visit.ask("PROPFIND", path, 207, headers)
            if len(RESPONSE.findall(body)) != self.answers:
                raise ConnectionError(f"not {self.answers} responses in {body[:500]!r}")

        return once


@dataclass(frozen=True)
class Mkcol:
    """A new folder in the same one."""

    site: Site
    folder: str

    def open(self, worker: int) -> Callable[[int], None]:
        """One connection."""
        visit, run = self.site.connect(), secrets.token_hex(8)

        def once(count: int) -> None:
            visit.ask("MKCOL", f"{self.folder}/{run}-{worker}-{count}", 201)

        return once


@dataclass(frozen=True)
class Rename:
    """A folder of the worker's own gets another name."""

    site: Site
    folder: str

    def open(self, worker: int) -> Callable[[int], None]:
        """Makes the folder."""
        visit = self.site.connect()
        stem = f"{self.folder}/{secrets.token_hex(8)}-{worker}"
        visit.ask("MKCOL", f"{stem}-0", 201)
        names = [f"{stem}-0", f"{stem}-1"]

        def once(_count: int) -> None:
            visit.move(*names)
            names.reverse()

        return once


@dataclass(frozen=True)
class MoveFolder:
    """A folder with much below it goes to another one, or back."""

    site: Site
    name: str
    places: tuple[str, str]

    def open(self, _worker: int) -> Callable[[int], None]:
        """Finds out where it is."""
        visit = self.site.connect()
        paths = [f"{place}/{self.name}" for place in self.places]
        try:
            visit.ask("PROPFIND", paths[0], 207, {"Depth": "0"})
        except ConnectionError:
            paths.reverse()

        def once(_count: int) -> None:
            visit.move(*paths)
            paths.reverse()

        return once
