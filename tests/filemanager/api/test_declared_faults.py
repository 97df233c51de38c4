"""No operation fails with what its contract does not declare: each argument wrong in each way, each store unwilling.

Rule: what an argument may be is told by its type and its name alone, so that a new operation, or a new argument of an
old one, is tried without a word here. One argument is wrong at a time; the others are as in a call that makes sense.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from filemanager.api.soap.native import functions
from filemanager.domain.caller import Caller
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, OPERATOR, World
from vofiles import errors
from vofiles.contract import (
    FILEMANAGER,
    FILESTORE,
    BundleHints,
    CancelJob,
    Copy,
    Delete,
    Digest,
    Header,
    NodeKind,
    Operation,
    Property,
    PropertyMatch,
    TreeSource,
)
from vofiles.errors import VofilesError
from vofiles.faults import row_of
from vofiles.instant import Instant, parse_instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import parse_name
from vofiles.serving.soap import Parked
from vofiles.shape import Part, parts

ELSEWHERE = Ivorn.parse("ivo://roe.ac.uk/filemanager")
NOBODY = Ivorn.parse("ivo://ast.cam.ac.uk/nobody")
FOREIGN = Ivorn.parse("ivo://roe.ac.uk/bob")
LAST = parse_instant("9999-12-31T23:59:59.999999Z")
OPERATIONS = {operation.name: operation for operation in FILEMANAGER}
STORE_FAULTS = {operation.name: operation.faults for operation in FILESTORE}
REFUSALS = [
    *(errors.ContainerNotFound("x"), errors.TransferNotFound("x")),
    *(errors.Busy("x"), errors.TransferEnded("x"), errors.TicketUsed()),
    *(errors.ChecksumMismatch("x"), errors.Incomplete("x")),
    *(errors.StoreFull("x"), errors.StoreReadOnly("x"), errors.PermissionDenied("x"), errors.AddressRefused("x")),
    *(errors.InvalidArgument("x"), errors.TooLarge("x")),
    *(errors.StoreUnreachable("x"), errors.ServiceBusy("x"), errors.Unexpected("x")),
]
"""What stores may say: an error or more of each category."""


class Stage:
    """A world with a node, a transfer and a job of each kind, and arguments of every type."""

    def __init__(self) -> None:
        world = self.world = World()
        self.functions = functions(world.desk, "http://127.0.0.1:9")
        self.dave, bob = world.add_account("dave"), world.add_account("bob")
        home = world.home(self.dave)
        self.folder = world.add_folder(self.dave, "folder")
        self.file = world.add_file(self.dave, "file", self.folder)
        world.put(self.dave, self.file, b"bytes")
        busy = world.add_file(self.dave, "busy")
        self.open = world.offer(self.dave, busy).transfer
        ended = world.offer(self.dave, busy).transfer
        world.desk.transfers.cancel_transfer(self.dave, ended)
        trashed = world.add_file(self.dave, "trashed")
        self.ask(self.dave, Delete(trashed))
        self.trashed = trashed
        self.job = self._job()
        inside = LongIdentifier(self.file.node, (parse_name("inside"),))
        theirs = world.add_file(bob, "theirs")
        self.nodes = (
            *(home, self.folder, self.file, busy, trashed, inside, theirs, world.home(bob)),
            LongIdentifier(home.node, (parse_name("nothing"),)),
            LongIdentifier(home.node, (parse_name("nothing"), parse_name("below"))),
            LongIdentifier(NodeIdentifier(home.node.service, "nonumber")),
            LongIdentifier(NodeIdentifier(ELSEWHERE, "nonumber")),
        )
        self.transfers = (self.open, ended, "nothing", "")

    def _job(self) -> str:
        """One that has ended before it had begun."""
        answer = self.ask(self.dave, Copy(self.folder, name="copied", wait=0))
        assert answer.job is not None
        self.ask(self.dave, CancelJob(answer.job.job))
        number: str = answer.job.job
        return number

    def ask(self, caller: Caller, request: Any) -> Any:
        """What the operation answers, waited for not at all. Raises what it raises."""
        name = next(each.name for each in FILEMANAGER if each.request is type(request))
        answer = self.functions[name](caller, request)
        return answer.finish() if isinstance(answer, Parked) else answer

    def values(self, part: Part) -> tuple[Any, ...]:
        """What an argument may be, the first of them so that the call makes sense."""
        if part.many:
            return (*((each,) for each in self._one(part)), (), self._one(part) * 3)
        return (*self._one(part), None) if part.optional else self._one(part)

    def _one(self, part: Part) -> tuple[Any, ...]:
        if part.type is LongIdentifier:
            return (self.folder if part.field == "parent" else self.file, *self.nodes)
        if part.type is NodeIdentifier:
            return (self.trashed.node, *(each.node for each in self.nodes))
        if part.type is str:
            return self._texts(part.field)
        by_type: dict[Any, tuple[Any, ...]] = {
            int: (1, 0, -1, 2, 10**12, -(2**63), 2**63 - 1),
            bool: (True, False),
            Instant: (Instant(1), Instant(0), LAST),
            Ivorn: (CAMBRIDGE, LEICESTER, EDINBURGH, ELSEWHERE, NOBODY, FOREIGN, self.dave.account),
            BundleHints: (BundleHints(), BundleHints(-1, -1, True), BundleHints(10**9, 0)),
            Property: (
                *(Property("note", "x"), Property("", ""), Property("content.size", "1"), Property("node.name", "x")),
                *(Property("filestore.preferred", "x"), Property("posix.mode", "x"), Property("versions.keep", "-1")),
                *(Property("a" * 300, "x"), Property("note", "x" * 70_000), Property("transfer.digest.sha-256", "x")),
            ),
            Digest: (Digest("sha-256", "00" * 32), Digest("", ""), Digest("sha-256", "?"), Digest("md5", "00")),
            Header: (Header("X-Note", "x"), Header("", ""), Header("Host", "x\r\ny"), Header("Authorization", "x")),
            PropertyMatch: (PropertyMatch("note", "x"), PropertyMatch("", "", "?"), PropertyMatch("a", "b", "LIKE")),
            TreeSource: (
                *(TreeSource("a", "http://source/a"), TreeSource("", ""), TreeSource("../a", "ftp://x")),
                *(TreeSource("a/b/c", "http://10.0.0.1/"), TreeSource("file", "http://source/a", -1, "?")),
            ),
        }
        return by_type[part.type]

    def _texts(self, field: str) -> tuple[str, ...]:
        odd = ("", "x" * 300, "\r\n", "..", "a/b", "?", "é", "\u202e")
        known: dict[str, tuple[str, ...]] = {
            "transfer": self.transfers,
            "job": (self.job, "nothing"),
            "name": ("new", "file", "folder", "busy"),
            "type": (NodeKind.FILE, NodeKind.FOLDER, NodeKind.LINK, "TRASH"),
            "url": ("http://source/a", "ftp://source/a", "file:///etc/passwd", "http://10.0.0.1/", "http://[::1]:1/"),
            "idempotency_key": ("again", "again"),
        }
        return (*known.get(field, ("x",)), *odd)


def requests(stage: Stage, operation: Operation) -> Iterator[Any]:
    """Calls of an operation in which one argument after the other has each value."""
    fields = parts(operation.request)
    plain = {part.field: stage.values(part)[0] for part in fields if not part.optional}
    yield operation.request(**plain)
    for part in fields:
        for value in stage.values(part):
            if value is not None or part.optional:
                yield operation.request(**plain | {part.field: value})


def surprises(stage: Stage, operation: Operation, callers: list[Caller]) -> list[str]:
    """What came that is not declared, with what brought it."""
    found = []
    for request in requests(stage, operation):
        for caller in callers:
            try:
                stage.ask(caller, request)
            except VofilesError as error:
                if row_of(error).fault not in operation.faults:
                    found.append(f"{error.name} ({error.message}) by {request}")
            except Exception as error:  # noqa: BLE001 - what is no error of the tree surprises most
                found.append(f"{error!r} by {request}")
    return found


@pytest.mark.parametrize("name", OPERATIONS)
def test_wrong_arguments(name: str) -> None:
    stage = Stage()
    assert surprises(stage, OPERATIONS[name], [stage.dave, OPERATOR]) == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_unwilling_stores(name: str) -> None:
    """Whatever a store answers, the FileManager's caller is told in the words of the operation's own contract."""
    found = []
    for refusal in REFUSALS:
        stage = Stage()
        stage.world.stores.before = unwilling(refusal)
        found += [f"{refusal.name}: {one}" for one in surprises_of_one(stage, OPERATIONS[name])]
    assert found == []


def unwilling(refusal: VofilesError) -> Callable[[str], None]:
    """Has a store refuse what its contract lets it refuse so."""

    def before(asked: str) -> None:
        if row_of(refusal).fault in STORE_FAULTS[asked]:
            raise refusal

    return before


def surprises_of_one(stage: Stage, operation: Operation) -> list[str]:
    """Of the plain call alone."""
    request = next(requests(stage, operation))
    try:
        stage.ask(stage.dave, request)
    except VofilesError as error:
        if row_of(error).fault not in operation.faults:
            return [f"{error.name} ({error.message})"]
    return []
