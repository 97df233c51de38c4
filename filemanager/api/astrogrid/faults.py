"""THE table of our errors as AstroGrid's faults; the counterpart of `vofiles.faults` for its contract.

    error, looked up along its ancestry  →  NodeNotFoundFault, DuplicateNodeFault or FileManagerFault

Rule: pure, and one table. Clients do not read what is wrong, they tell these three apart: exists() is a NodeNotFound
that was caught, and so is the question whether a file has been written yet.
"""

from typing import Final

from filemanager.api.astrogrid.types import DUPLICATE_NODE, FILE_MANAGER, NODE_NOT_FOUND
from vofiles import errors
from vofiles.contract import Operation
from vofiles.errors import VofilesError

TABLE: Final[dict[type[VofilesError], str]] = {
    errors.NodeNotFound: NODE_NOT_FOUND,
    errors.ParentNotFound: NODE_NOT_FOUND,
    errors.AccountNotFound: NODE_NOT_FOUND,
    errors.ContentNotFound: NODE_NOT_FOUND,
    errors.DuplicateNode: DUPLICATE_NODE,
    errors.DuplicateAccount: DUPLICATE_NODE,
    VofilesError: FILE_MANAGER,
}

OUTSIDE: Final = (errors.NotAuthenticated,)
"""What is no fault of the contract, which knows nothing of it."""


def fault_of(operation: Operation, error: VofilesError) -> str:
    """The name of the fault that an operation tells an error as: one that it declares, where it declares any."""
    name = next(TABLE[ancestor] for ancestor in type(error).__mro__ if ancestor in TABLE)
    return name if name in operation.faults else FILE_MANAGER
