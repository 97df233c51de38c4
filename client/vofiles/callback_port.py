"""The FileManager as file stores call it back.

Rule: one method for each operation, named as the operation in Python's manner, and one that tells of many transfers at
once. Every method raises the errors of `errors` that the service answers, and those of `SoapClient.call`.
"""

from collections.abc import Iterator, Sequence

from vofiles.calls import Call
from vofiles.contract import (
    CALLBACK,
    FILEMANAGER_NAMESPACE,
    Acknowledged,
    GetIdentifier,
    IdentifierAnswer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.errors import VofilesError
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

    def tell(
        self, messages: Sequence[tuple[TransferCompleted | TransferFailed, str | None]]
    ) -> Iterator[list[tuple[int, VofilesError | None]]]:
        """Calls that are under way together, each with the X-Request-Id to send; what each raises, or None when it is
        acknowledged, by its place in the sequence, some at a time.
        """
        for told in self._client.call_all([Call(_OPERATIONS[type(each)], each, number) for each, number in messages]):
            yield [(place, answer if isinstance(answer, VofilesError) else None) for place, answer in told]


_OPERATIONS: dict[type, str] = {operation.request: operation.name for operation in CALLBACK}
