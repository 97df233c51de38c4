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
    CancelTransfer,
    Delete,
    DeleteAnswer,
    ExportData,
    ExportInit,
    GetAccount,
    GetIdentifier,
    GetNode,
    GetNodeAnswer,
    GetServices,
    GetServicesAnswer,
    GetTransfer,
    IdentifierAnswer,
    ImportData,
    ImportInit,
    ListChildren,
    ListChildrenAnswer,
    NodeAnswer,
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

    def delete(self, request: Delete) -> DeleteAnswer:
        answer: DeleteAnswer = self._client.call("delete", request)
        return answer

    def import_init(self, request: ImportInit) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("importInit", request)
        return answer

    def import_data(self, request: ImportData) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("importData", request)
        return answer

    def export_init(self, request: ExportInit) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("exportInit", request)
        return answer

    def export_data(self, request: ExportData) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("exportData", request)
        return answer

    def get_transfer(self, request: GetTransfer) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("getTransfer", request)
        return answer

    def cancel_transfer(self, request: CancelTransfer) -> TransferAnswer:
        answer: TransferAnswer = self._client.call("cancelTransfer", request)
        return answer

    def get_services(self, request: GetServices) -> GetServicesAnswer:
        answer: GetServicesAnswer = self._client.call("getServices", request)
        return answer
