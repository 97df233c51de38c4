"""The FileManager as file stores call it back.

Rule: one method for each operation, named as the operation in Python's manner; nothing else. Every method raises the
errors of `errors` that the service answers, and those of `SoapClient.call`.
"""

from vofiles.contract import (
    CALLBACK,
    FILEMANAGER_NAMESPACE,
    Acknowledged,
    GetIdentifier,
    IdentifierAnswer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.port import Port


class CallbackPort(Port):
    """The service at an address, called as somebody. Thread-safe; `close` gives its connections back."""

    wsdl = "filemanager-callback-1.wsdl"
    namespace = FILEMANAGER_NAMESPACE
    operations = CALLBACK

    def get_identifier(self, request: GetIdentifier) -> IdentifierAnswer:
        answer: IdentifierAnswer = self._client.call("getIdentifier", request)
        return answer

    def transfer_completed(self, request: TransferCompleted) -> Acknowledged:
        answer: Acknowledged = self._client.call("transferCompleted", request)
        return answer

    def transfer_failed(self, request: TransferFailed) -> Acknowledged:
        answer: Acknowledged = self._client.call("transferFailed", request)
        return answer
