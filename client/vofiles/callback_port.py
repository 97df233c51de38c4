"""The FileManager as file stores call it back.

Rule: one method for each operation, named as the operation in Python's manner; nothing else. Every method raises the
errors of `errors` that the service answers, and those of `SoapClient.call`.
"""

from typing import Unpack

from vofiles.contract import (
    CALLBACK,
    FILEMANAGER_NAMESPACE,
    Acknowledged,
    GetIdentifier,
    IdentifierAnswer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.soap import Auth, Options, SoapClient


class CallbackPort:
    """The service at an address, called as somebody. Thread-safe; `close` gives its connections back."""

    def __init__(self, address: str, *, auth: Auth = None, **options: Unpack[Options]) -> None:
        self._client = SoapClient(
            "filemanager-1.wsdl", CALLBACK, FILEMANAGER_NAMESPACE, address, auth=auth, options=options
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

    def transfer_completed(self, request: TransferCompleted) -> Acknowledged:
        answer: Acknowledged = self._client.call("transferCompleted", request)
        return answer

    def transfer_failed(self, request: TransferFailed) -> Acknowledged:
        answer: Acknowledged = self._client.call("transferFailed", request)
        return answer
