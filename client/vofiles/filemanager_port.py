"""The FileManager as its callers call it.

Rule: one method for each operation, named as the operation in Python's manner; nothing else. Every method raises the
errors of `errors` that the service answers, and those of `SoapClient.call`.
"""

from vofiles.contract import (
    FILEMANAGER,
    FILEMANAGER_NAMESPACE,
    AccountAnswer,
    AddAccount,
    AddNode,
    AppendInit,
    CancelJob,
    CancelTransfer,
    CompleteTransfer,
    Copy,
    Delete,
    DeleteAnswer,
    ExportData,
    ExportInit,
    ExportTree,
    Find,
    FindAnswer,
    GetAccount,
    GetHistory,
    GetHistoryAnswer,
    GetIdentifier,
    GetJob,
    GetNode,
    GetNodeAnswer,
    GetServices,
    GetServicesAnswer,
    GetStores,
    GetStoresAnswer,
    GetTransfer,
    GetUsage,
    GetUsageAnswer,
    IdentifierAnswer,
    ImportData,
    ImportInit,
    ImportTree,
    JobAnswer,
    ListChildren,
    ListChildrenAnswer,
    ListJobItems,
    ListJobItemsAnswer,
    ListJobs,
    ListJobsAnswer,
    ListTrash,
    ListTrashAnswer,
    ListVersions,
    ListVersionsAnswer,
    Move,
    NodeAnswer,
    NodeJobAnswer,
    PurgeTrash,
    Restore,
    RetryJob,
    SetAccountProperties,
    SetProperties,
    TransferAnswer,
)
from vofiles.port import Port


class FileManagerPort(Port):
    """The service at an address, called as somebody. Thread-safe; `close` gives its connections back."""

    wsdl = "filemanager-1.wsdl"
    namespace = FILEMANAGER_NAMESPACE
    operations = FILEMANAGER

    def get_identifier(self, request: GetIdentifier) -> IdentifierAnswer:
        answer: IdentifierAnswer = self._client.call("getIdentifier", request)
        return answer

    def add_account(self, request: AddAccount) -> AccountAnswer:
        answer: AccountAnswer = self._client.call("addAccount", request)
        return answer

    def get_account(self, request: GetAccount) -> AccountAnswer:
        answer: AccountAnswer = self._client.call("getAccount", request)
        return answer

    def set_account_properties(self, request: SetAccountProperties) -> AccountAnswer:
        answer: AccountAnswer = self._client.call("setAccountProperties", request)
        return answer

    def add_node(self, request: AddNode) -> NodeAnswer:
        answer: NodeAnswer = self._client.call("addNode", request)
        return answer

    def get_node(self, request: GetNode) -> GetNodeAnswer:
        answer: GetNodeAnswer = self._client.call("getNode", request)
        return answer

    def list_children(self, request: ListChildren) -> ListChildrenAnswer:
        answer: ListChildrenAnswer = self._client.call("listChildren", request)
        return answer

    def set_properties(self, request: SetProperties) -> NodeAnswer:
        answer: NodeAnswer = self._client.call("setProperties", request)
        return answer

    def move(self, request: Move) -> NodeJobAnswer:
        answer: NodeJobAnswer = self._client.call("move", request)
        return answer

    def copy(self, request: Copy) -> NodeJobAnswer:
        answer: NodeJobAnswer = self._client.call("copy", request)
        return answer

    def delete(self, request: Delete) -> DeleteAnswer:
        answer: DeleteAnswer = self._client.call("delete", request)
        return answer

    def list_trash(self, request: ListTrash) -> ListTrashAnswer:
        answer: ListTrashAnswer = self._client.call("listTrash", request)
        return answer

    def restore(self, request: Restore) -> NodeAnswer:
        answer: NodeAnswer = self._client.call("restore", request)
        return answer

    def purge_trash(self, request: PurgeTrash) -> DeleteAnswer:
        answer: DeleteAnswer = self._client.call("purgeTrash", request)
        return answer

    def get_usage(self, request: GetUsage) -> GetUsageAnswer:
        answer: GetUsageAnswer = self._client.call("getUsage", request)
        return answer

    def find(self, request: Find) -> FindAnswer:
        answer: FindAnswer = self._client.call("find", request)
        return answer

    def get_history(self, request: GetHistory) -> GetHistoryAnswer:
        answer: GetHistoryAnswer = self._client.call("getHistory", request)
        return answer

    def list_versions(self, request: ListVersions) -> ListVersionsAnswer:
        answer: ListVersionsAnswer = self._client.call("listVersions", request)
        return answer

    def import_init(self, request: ImportInit) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("importInit", request)
        return answer

    def import_data(self, request: ImportData) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("importData", request)
        return answer

    def append_init(self, request: AppendInit) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("appendInit", request)
        return answer

    def export_init(self, request: ExportInit) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("exportInit", request)
        return answer

    def export_data(self, request: ExportData) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("exportData", request)
        return answer

    def import_tree(self, request: ImportTree) -> NodeJobAnswer:
        answer: NodeJobAnswer = self._client.call("importTree", request)
        return answer

    def export_tree(self, request: ExportTree) -> NodeJobAnswer:
        answer: NodeJobAnswer = self._client.call("exportTree", request)
        return answer

    def get_transfer(self, request: GetTransfer) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("getTransfer", request)
        return answer

    def cancel_transfer(self, request: CancelTransfer) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("cancelTransfer", request)
        return answer

    def complete_transfer(self, request: CompleteTransfer) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("completeTransfer", request)
        return answer

    def get_job(self, request: GetJob) -> JobAnswer:
        answer: JobAnswer = self._client.call("getJob", request)
        return answer

    def list_jobs(self, request: ListJobs) -> ListJobsAnswer:
        answer: ListJobsAnswer = self._client.call("listJobs", request)
        return answer

    def list_job_items(self, request: ListJobItems) -> ListJobItemsAnswer:
        answer: ListJobItemsAnswer = self._client.call("listJobItems", request)
        return answer

    def cancel_job(self, request: CancelJob) -> JobAnswer:
        answer: JobAnswer = self._client.call("cancelJob", request)
        return answer

    def retry_job(self, request: RetryJob) -> JobAnswer:
        answer: JobAnswer = self._client.call("retryJob", request)
        return answer

    def get_services(self, request: GetServices) -> GetServicesAnswer:
        answer: GetServicesAnswer = self._client.call("getServices", request)
        return answer

    def get_stores(self, request: GetStores) -> GetStoresAnswer:
        answer: GetStoresAnswer = self._client.call("getStores", request)
        return answer
