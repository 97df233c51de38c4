"""A FileStore as the FileManagers that it serves call it.

Rule: one method for each operation, named as the operation in Python's manner; nothing else. Every method raises the
errors of `errors` that the service answers, and those of `SoapClient.call`.
"""

from vofiles.contract import (
    FILESTORE,
    FILESTORE_NAMESPACE,
    DeleteContainer,
    DeleteContainerAnswer,
    Duplicate,
    GetIdentifier,
    GetProperties,
    GetPropertiesAnswer,
    GetStatus,
    GetStatusAnswer,
    IdentifierAnswer,
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
from vofiles.port import Port


class FileStorePort(Port):
    """The service at an address, called as somebody. Thread-safe; `close` gives its connections back."""

    wsdl = "filestore-1.wsdl"
    namespace = FILESTORE_NAMESPACE
    operations = FILESTORE

    def get_identifier(self, request: GetIdentifier) -> IdentifierAnswer:
        answer: IdentifierAnswer = self._client.call("getIdentifier", request)
        return answer

    def import_init(self, request: StoreImportInit) -> StoreTransferAnswer:
        answer: StoreTransferAnswer = self._client.call("importInit", request)
        return answer

    def import_data(self, request: StoreImportData) -> StoreTransferAnswer:
        answer: StoreTransferAnswer = self._client.call("importData", request)
        return answer

    def export_init(self, request: StoreExportInit) -> StoreTransferAnswer:
        answer: StoreTransferAnswer = self._client.call("exportInit", request)
        return answer

    def export_data(self, request: StoreExportData) -> StoreTransferAnswer:
        answer: StoreTransferAnswer = self._client.call("exportData", request)
        return answer

    def append_init(self, request: StoreAppendInit) -> StoreTransferAnswer:
        answer: StoreTransferAnswer = self._client.call("appendInit", request)
        return answer

    def duplicate(self, request: Duplicate) -> StoreTransferAnswer:
        answer: StoreTransferAnswer = self._client.call("duplicate", request)
        return answer

    def delete(self, request: DeleteContainer) -> DeleteContainerAnswer:
        answer: DeleteContainerAnswer = self._client.call("delete", request)
        return answer

    def cancel_transfer(self, request: StoreCancelTransfer) -> StoreTransferAnswer:
        answer: StoreTransferAnswer = self._client.call("cancelTransfer", request)
        return answer

    def complete_transfer(self, request: StoreCompleteTransfer) -> StoreTransferAnswer:
        answer: StoreTransferAnswer = self._client.call("completeTransfer", request)
        return answer

    def get_properties(self, request: GetProperties) -> GetPropertiesAnswer:
        answer: GetPropertiesAnswer = self._client.call("getProperties", request)
        return answer

    def list_containers(self, request: ListContainers) -> ListContainersAnswer:
        answer: ListContainersAnswer = self._client.call("listContainers", request)
        return answer

    def get_status(self, request: GetStatus) -> GetStatusAnswer:
        answer: GetStatusAnswer = self._client.call("getStatus", request)
        return answer
