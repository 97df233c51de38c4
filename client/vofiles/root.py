"""One account's tree as the client reaches it: its FileManager, the identifier of its root, and the words for it.

Rule: the only module of the client that turns a path into a long identifier, and a long identifier in a message back
into the path that the person typed.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Protocol, TypeVar

import requests

from vofiles.errors import Unexpected, VofilesError
from vofiles.filemanager_port import FileManagerPort
from vofiles.filemanagers import FileManagers
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier, decode_segment
from vofiles.names import HomePath
from vofiles.repeats import once_more
from vofiles.resolvers import AccountResolver
from vofiles.transfers import Transfers
from vofiles.waiting import Waiter

R = TypeVar("R")
A = TypeVar("A")


class Page(Protocol):
    """What every answer of more than a page has."""

    @property
    def next(self) -> str | None:
        """Where the next one starts."""


P = TypeVar("P", bound=Page)


class Connection:
    """What all trees that one caller reaches have in common."""

    def __init__(
        self, resolver: AccountResolver, filemanagers: FileManagers, session: requests.Session, wait: Waiter
    ) -> None:
        self.resolver, self.filemanagers, self.session, self.wait = resolver, filemanagers, session, wait
        self._roots: dict[tuple[str, str], Root] = {}

    def root_of(self, path: HomePath) -> "Root":
        """The tree that a path is in. Makes no remote call."""
        key = (path.authority, path.account)
        return self._roots.setdefault(key, Root(self, HomePath((), *key)))

    def close(self) -> None:
        """Close what connections are open."""
        self.filemanagers.close()
        self.session.close()


class Root:
    """One account's tree. It is looked up when it is first needed."""

    def __init__(self, connection: Connection, path: HomePath) -> None:
        self._connection, self._path = connection, path
        self._lock = Lock()
        self._found: tuple[FileManagerPort, NodeIdentifier] | None = None

    def _find(self) -> tuple[FileManagerPort, NodeIdentifier]:
        with self._lock:
            if self._found is None:
                owner = Ivorn(self._path.authority, self._path.account) if self._path.authority else None
                home = self._connection.resolver.get_home(owner)
                self._found = self._connection.filemanagers.get_filemanager(home.service), home
            return self._found

    @property
    def port(self) -> FileManagerPort:
        """The FileManager that keeps this tree."""
        return self._find()[0]

    @property
    def transfers(self) -> Transfers:
        """The movements of bytes under that FileManager."""
        return Transfers(self.port, self._connection.session, self._connection.wait)

    @property
    def service(self) -> Ivorn:
        """Identifier of that FileManager."""
        return self._find()[1].service

    @property
    def wait(self) -> Waiter:
        """Lets seconds pass between questions."""
        return self._connection.wait

    def identify(self, path: HomePath) -> LongIdentifier:
        """The long identifier of a path in this tree."""
        return LongIdentifier(self._find()[1], path.path)

    def path_of(self, identifier: LongIdentifier) -> HomePath:
        """The path of something in this tree. Raises Unexpected for what is in another one."""
        if identifier.node != self._find()[1]:
            raise Unexpected(identifier, reason="the service names a place in another tree than the one asked about")
        return HomePath(identifier.path, self._path.authority, self._path.account)

    def change(self, call: Callable[[R], A], request: R) -> A:
        """The answer to a request that changes something; a lost connection leaves no doubt (see `repeats`)."""
        with self.own_words():
            return once_more(call, request)

    def pages(self, ask: Callable[[str | None], P]) -> Iterator[P]:
        """The pages of a long answer, each asked for when it is wanted, by the `next` of the one before."""
        after: str | None = None
        while True:
            with self.own_words():
                page = ask(after)
            yield page
            after = page.next
            if after is None:
                return

    @contextmanager
    def own_words(self) -> Iterator[None]:
        """Errors raised within name paths as the person typed them, not by identifiers."""
        try:
            yield
        except VofilesError as error:
            error.message = self.reworded(error.message)
            error.args = (error.message,)
            raise

    def reworded(self, message: str) -> str:
        """A sentence of the service with paths of this tree as the person typed them."""
        return message if self._found is None else self._reworded(message, str(self._found[1]))

    def _reworded(self, message: str, root: str) -> str:
        def path_of(match: re.Match[str]) -> str:
            steps = [step for step in (match["path"] or "").split("/") if step]
            return shown(HomePath(tuple(map(decode_segment, steps)), self._path.authority, self._path.account))  # type: ignore[arg-type]

        with suppress(VofilesError):
            # A segment has no character outside RFC 3986's unreserved ones and %XX, so it ends where the path ends.
            return re.sub(rf"{re.escape(root)}(?P<path>(?:/[A-Za-z0-9._~%-]*)*)", path_of, message)
        return message


def shown(path: HomePath) -> str:
    """A path as text for a person; the root itself is `home:`."""
    return printable(str(path))


def printable(text: str) -> str:
    """Text in which nothing can move the cursor or hide: what is not printable is escaped as in Python."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
