"""A FileStore as the FileManagers that it serves call it.

Rule: one method for each operation, named as the operation in Python's manner; nothing else. Every method raises the
errors of `errors` that the service answers, and those of `SoapClient.call`.
"""

from typing import Unpack

from vofiles.contract import (
    FILESTORE,
    FILESTORE_NAMESPACE,
    DeleteContainer,
    DeleteContainerAnswer,
    Duplicate,
    GetIdentifier,
    GetProperties,
    GetPropertiesAnswer,
    IdentifierAnswer,
    ListContainers,
    ListContainersAnswer,
    StoreCancelTransfer,
    StoreExportData,
    StoreExportInit,
    StoreImportData,
    StoreImportInit,
    StoreTransferAnswer,
)
from vofiles.soap import Auth, Options, SoapClient


class FileStorePort:
    """The service at an address, called as somebody. Thread-safe; `close` gives its connections back."""

    def __init__(self, address: str, *, auth: Auth = None, **options: Unpack[Options]) -> None:
        self._client = SoapClient(
            "filestore-1.wsdl", FILESTORE, FILESTORE_NAMESPACE, address, auth=auth, options=options
        )

    @property
    def address(self) -> str:
        """The URL that is called."""
        return self._client.address

    def close(self) -> None:
        self._client.close()

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

    def duplicate(self, request: Duplicate) -> StoreTransferAnswer:
        answer: StoreTransferAnswer = self._client.call("duplicate", request)
        return answer

    def delete(self, request: DeleteContainer) -> DeleteContainerAnswer:
        answer: DeleteContainerAnswer = self._client.call("delete", request)
        return answer

    def cancel_transfer(self, request: StoreCancelTransfer) -> StoreTransferAnswer:
        answer: StoreTransferAnswer = self._client.call("cancelTransfer", request)
        return answer

    def get_properties(self, request: GetProperties) -> GetPropertiesAnswer:
        answer: GetPropertiesAnswer = self._client.call("getProperties", request)
        return answer

    def list_containers(self, request: ListContainers) -> ListContainersAnswer:
        answer: ListContainersAnswer = self._client.call("listContainers", request)
        return answer
