"""No operation of a store fails with what its contract does not declare: each argument wrong in each way.

Rule: a new operation, or a new argument of an old one, is tried without a word here (tests/support/oddcalls.py).
"""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from filestore.api.control import functions
from filestore.backends.memory import MemoryBackend
from filestore.persistence.memory import MemoryCatalogue
from filestore.services.lane import Lane
from tests.support.filestore_core import DAVE, MANAGER, NODE, OTHER_MANAGER, STORE, MemoryWeb, make_core
from tests.support.oddcalls import OddArguments
from vofiles.contract import FILESTORE, Operation, StoreCancelTransfer
from vofiles.errors import VofilesError
from vofiles.faults import row_of
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier

OPERATIONS = {operation.name: operation for operation in FILESTORE}
FRESH = "fresh"
"""A transfer that has never been; each call has another one."""


class Stage:
    """A store with a transfer and a container in each state, and a FileManager that may do as it likes."""

    def __init__(self) -> None:
        core = make_core(MemoryCatalogue(), MemoryBackend())
        self.functions = functions(
            core.store, MemoryWeb({"http://source/a": b"a"}), Lane(lambda transfer: None, threads=0)
        )
        full = core.stored(b"bytes").receipt.container
        offer, ended = core.offer("open"), core.offer("ended")
        self.functions["cancelTransfer"](MANAGER, StoreCancelTransfer("ended"))
        containers = [each.container for each in (offer, ended) if each.container is not None]
        others = (STORE.with_fragment("nonumber"), STORE, MANAGER.with_fragment("nonumber"), OTHER_MANAGER, DAVE)
        self.odd = OddArguments(
            {
                Ivorn: (MANAGER, OTHER_MANAGER, STORE, DAVE),
                LongIdentifier: (NODE, LongIdentifier(NodeIdentifier(OTHER_MANAGER, "nonumber"))),
                NodeIdentifier: (NODE.node, NodeIdentifier(OTHER_MANAGER, "nonumber")),
            },
            {"transfer": (FRESH, "open", "ended", "nothing"), "container": (full, *containers, *others)},
        )
        self._numbers = itertools.count()

    def ask(self, operation: Operation, caller: Ivorn, request: Any) -> None:
        """Call it. Raises what it raises."""
        if getattr(request, "transfer", None) == FRESH:
            request = replace(request, transfer=f"{FRESH}-{next(self._numbers)}")
        self.functions[operation.name](caller, request)


@pytest.mark.parametrize("name", OPERATIONS)
def test_wrong_arguments(name: str) -> None:
    stage, operation, found = Stage(), OPERATIONS[name], []
    for request in stage.odd.requests(operation):
        for caller in (MANAGER, OTHER_MANAGER):
            try:
                stage.ask(operation, caller, request)
            except VofilesError as error:
                if row_of(error).fault not in operation.faults:
                    found.append(f"{error.name} ({error.message}) by {request}")
            except Exception as error:  # noqa: BLE001 - what is no error of the tree surprises most
                found.append(f"{error!r} by {request}")
    assert found == []
