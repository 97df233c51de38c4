"""The tables of operations: every name on the wire, what goes in, what comes out, which faults it may raise.

Rule: a port type is one table here; the services, the clients, the published texts and the documents are all held
against these.
"""

from dataclasses import dataclass, field
from typing import Final

from vofiles.contract.accounts import (
    AccountAnswer,
    AddAccount,
    GetAccount,
    GetIdentifier,
    GetServices,
    GetServicesAnswer,
    IdentifierAnswer,
    SetAccountProperties,
)
from vofiles.contract.callback import Acknowledged, TransferCompleted, TransferFailed
from vofiles.contract.contents import (
    AppendInit,
    CancelTransfer,
    CompleteTransfer,
    ExportData,
    ExportInit,
    ExportTree,
    GetTransfer,
    ImportData,
    ImportInit,
    ImportTree,
    ListVersions,
    ListVersionsAnswer,
    TransferAnswer,
)
from vofiles.contract.filestore import (
    DeleteContainer,
    DeleteContainerAnswer,
    Duplicate,
    GetProperties,
    GetPropertiesAnswer,
    GetStatus,
    GetStatusAnswer,
    ListContainers,
    ListContainersAnswer,
    StoreAppendInit,
    StoreCancelTransfer,
    StoreCompleteTransfer,
    StoreExportData,
    StoreExportInit,
    StoreImportData,
    StoreImportInit,
    StoreTransferAnswer,
)
from vofiles.contract.finding import Find, FindAnswer
from vofiles.contract.history import GetHistory, GetHistoryAnswer
from vofiles.contract.jobs import (
    CancelJob,
    GetJob,
    JobAnswer,
    ListJobItems,
    ListJobItemsAnswer,
    ListJobs,
    ListJobsAnswer,
    RetryJob,
)
from vofiles.contract.nodes import (
    AddNode,
    Copy,
    GetNode,
    GetNodeAnswer,
    GetUsage,
    GetUsageAnswer,
    ListChildren,
    ListChildrenAnswer,
    Move,
    NodeAnswer,
    NodeJobAnswer,
    SetProperties,
)
from vofiles.contract.stores import GetStores, GetStoresAnswer
from vofiles.contract.trash import Delete, DeleteAnswer, ListTrash, ListTrashAnswer, PurgeTrash, Restore

FILEMANAGER_NAMESPACE: Final = "urn:vofiles:filemanager:1"
FILESTORE_NAMESPACE: Final = "urn:vofiles:filestore:1"


@dataclass(frozen=True)
class Operation:
    """One line of a contract: its name on the wire, what goes in, what comes out, which faults it may raise."""

    name: str
    request: type
    answer: type
    faults: tuple[str, ...] = field(default=())
    """Categories, by name (see `errors`); ALWAYS comes besides."""


ALWAYS: Final = ("Refused", "Invalid", "Unreachable", "Unexpected")
"""Faults that any operation may raise."""


def _operation(name: str, request: type, answer: type, *faults: str) -> Operation:
    return Operation(name, request, answer, (*faults, *ALWAYS))


_TREE: Final = ("NotFound", "WrongKind")
_JOB: Final = ("NotFound", "Conflict")

FILEMANAGER: Final = (
    _operation("getIdentifier", GetIdentifier, IdentifierAnswer),
    _operation("addAccount", AddAccount, AccountAnswer, "Conflict", "WrongKind"),
    _operation("getAccount", GetAccount, AccountAnswer, "NotFound"),
    _operation("setAccountProperties", SetAccountProperties, AccountAnswer, "NotFound", "WrongKind", "Conflict"),
    _operation("addNode", AddNode, NodeAnswer, *_TREE, "Conflict"),
    _operation("getNode", GetNode, GetNodeAnswer, *_TREE),
    _operation("listChildren", ListChildren, ListChildrenAnswer, *_TREE),
    _operation("setProperties", SetProperties, NodeAnswer, *_TREE, "Conflict"),
    _operation("move", Move, NodeJobAnswer, *_TREE, "Conflict", "Damaged"),
    _operation("copy", Copy, NodeJobAnswer, *_TREE, "Conflict", "Damaged"),
    _operation("delete", Delete, DeleteAnswer, *_TREE, "Conflict"),
    _operation("listTrash", ListTrash, ListTrashAnswer),
    _operation("restore", Restore, NodeAnswer, *_TREE, "Conflict"),
    _operation("purgeTrash", PurgeTrash, DeleteAnswer, *_TREE, "Conflict"),
    _operation("getUsage", GetUsage, GetUsageAnswer, *_TREE),
    _operation("find", Find, FindAnswer, *_TREE),
    _operation("getHistory", GetHistory, GetHistoryAnswer, *_TREE),
    _operation("listVersions", ListVersions, ListVersionsAnswer, *_TREE),
    _operation("importInit", ImportInit, TransferAnswer, *_TREE, "Conflict"),
    _operation("importData", ImportData, TransferAnswer, *_TREE, "Conflict", "Damaged"),
    _operation("appendInit", AppendInit, TransferAnswer, *_TREE, "Conflict", "Damaged"),
    _operation("exportInit", ExportInit, TransferAnswer, *_TREE, "Conflict", "Damaged"),
    _operation("exportData", ExportData, TransferAnswer, *_TREE, "Conflict", "Damaged"),
    _operation("importTree", ImportTree, NodeJobAnswer, *_TREE, "Conflict"),
    _operation("exportTree", ExportTree, NodeJobAnswer, *_TREE, "Conflict"),
    _operation("getTransfer", GetTransfer, TransferAnswer, "NotFound"),
    _operation("cancelTransfer", CancelTransfer, TransferAnswer, "NotFound", "Conflict"),
    _operation("completeTransfer", CompleteTransfer, TransferAnswer, "NotFound", "Conflict", "Damaged"),
    _operation("getJob", GetJob, JobAnswer, "NotFound"),
    _operation("listJobs", ListJobs, ListJobsAnswer),
    _operation("listJobItems", ListJobItems, ListJobItemsAnswer, "NotFound"),
    _operation("cancelJob", CancelJob, JobAnswer, *_JOB),
    _operation("retryJob", RetryJob, JobAnswer, *_JOB),
    _operation("getServices", GetServices, GetServicesAnswer),
    _operation("getStores", GetStores, GetStoresAnswer),
)
"""Port type FileManager, in FILEMANAGER_NAMESPACE, for callers."""

CALLBACK: Final = (
    _operation("getIdentifier", GetIdentifier, IdentifierAnswer),
    _operation("transferCompleted", TransferCompleted, Acknowledged, "NotFound", "Conflict"),
    _operation("transferFailed", TransferFailed, Acknowledged, "NotFound", "Conflict"),
)
"""Port type FileManagerCallback, in FILEMANAGER_NAMESPACE, for stores."""

FILESTORE: Final = (
    _operation("getIdentifier", GetIdentifier, IdentifierAnswer),
    _operation("importInit", StoreImportInit, StoreTransferAnswer, "Conflict"),
    _operation("importData", StoreImportData, StoreTransferAnswer, "Conflict"),
    _operation("exportInit", StoreExportInit, StoreTransferAnswer, "NotFound", "Conflict", "Damaged"),
    _operation("exportData", StoreExportData, StoreTransferAnswer, "NotFound", "Conflict", "Damaged"),
    _operation("appendInit", StoreAppendInit, StoreTransferAnswer, "NotFound", "Conflict", "Damaged"),
    _operation("duplicate", Duplicate, StoreTransferAnswer, "NotFound", "Conflict", "Damaged"),
    _operation("delete", DeleteContainer, DeleteContainerAnswer),
    _operation("cancelTransfer", StoreCancelTransfer, StoreTransferAnswer, "NotFound", "Conflict"),
    _operation("completeTransfer", StoreCompleteTransfer, StoreTransferAnswer, "NotFound", "Conflict", "Damaged"),
    _operation("getProperties", GetProperties, GetPropertiesAnswer, "NotFound"),
    _operation("listContainers", ListContainers, ListContainersAnswer),
    _operation("getStatus", GetStatus, GetStatusAnswer),
)
"""Port type FileStore, in FILESTORE_NAMESPACE, for FileManagers."""
