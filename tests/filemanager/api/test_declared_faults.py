"""No operation fails with what its contract does not declare: each argument wrong in each way, each store unwilling.

Rule: a new operation, or a new argument of an old one, is tried without a word here (tests/support/oddcalls.py).
"""

from collections.abc import Callable
from typing import Any

import pytest

from filemanager.api.soap.native import functions
from filemanager.domain.caller import Caller
from tests.support.filemanager import CAMBRIDGE, EDINBURGH, LEICESTER, OPERATOR, World
from tests.support.oddcalls import OddArguments
from vofiles import errors
from vofiles.contract import (
    FILEMANAGER,
    FILESTORE,
    CancelJob,
    Copy,
    Delete,
    Operation,
)
from vofiles.errors import VofilesError
from vofiles.faults import row_of
from vofiles.instant import parse_instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import parse_name
from vofiles.serving.soap import Parked

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
        inside = LongIdentifier(self.file.node, (parse_name("inside"),))
        theirs = world.add_file(bob, "theirs")
        nodes = (
            *(home, self.folder, self.file, busy, trashed, inside, theirs, world.home(bob)),
            LongIdentifier(home.node, (parse_name("nothing"),)),
            LongIdentifier(home.node, (parse_name("nothing"), parse_name("below"))),
            LongIdentifier(NodeIdentifier(home.node.service, "nonumber")),
            LongIdentifier(NodeIdentifier(ELSEWHERE, "nonumber")),
        )
        stores = (CAMBRIDGE, LEICESTER, EDINBURGH, ELSEWHERE, NOBODY, FOREIGN, self.dave.account)
        self.odd = OddArguments(
            {
                LongIdentifier: (self.file, *nodes),
                NodeIdentifier: (trashed.node, *(each.node for each in nodes)),
                Ivorn: stores,
            },
            {
                "parent": (self.folder,),
                "transfer": (self.open, ended, "nothing"),
                "job": (self._job(), "nothing"),
                "name": ("new", "file", "folder", "busy"),
            },
        )

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


def surprises(stage: Stage, operation: Operation, callers: list[Caller]) -> list[str]:
    """What came that is not declared, with what brought it."""
    found = []
    for request in stage.odd.requests(operation):
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
    stage, asked = Stage(), list[str]()
    stage.world.stores.before = asked.append
    found = surprises_of_one(stage, OPERATIONS[name])
    for refusal in REFUSALS if asked else ():
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
    request = next(stage.odd.requests(operation))
    try:
        stage.ask(stage.dave, request)
    except VofilesError as error:
        if row_of(error).fault not in operation.faults:
            return [f"{error.name} ({error.message})"]
    return []
