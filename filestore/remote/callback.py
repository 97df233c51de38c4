"""Callbacks on their way: the port CallbackSender over SOAP.

Rule: a callback goes to the address that the Registry has for its FileManager, never to one from a request, and is
signed at each delivery. Before the first one, what answers there is asked who it is.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from filestore.ports import Clock, Word
from vofiles import requestid
from vofiles.callback_port import CallbackPort
from vofiles.calls import Call
from vofiles.contract import CALLBACK, FILEMANAGER_NAMESPACE, GetIdentifier, TransferCompleted, TransferFailed
from vofiles.errors import CallbackUnreachable, InvalidMessage, ServiceNotFound, VofilesError
from vofiles.ivorn import Ivorn
from vofiles.registry import Registry
from vofiles.serving.carrier import SignedCarrier
from vofiles.serving.keyring import Keyring
from vofiles.serving.lines import Lines
from vofiles.serving.signatures import Signer

CONNECTING: Final = 5.0
"""Seconds until a connection is there."""
ANSWERING: Final = 30.0
"""Seconds until an answer is there, in all."""


_OPERATIONS: Final[dict[type, str]] = {operation.request: operation.name for operation in CALLBACK}


class _Callbacks(CallbackPort):
    """The port of one FileManager, and a way to tell it of several transfers at once."""

    def tell(
        self, messages: Sequence[tuple[TransferCompleted | TransferFailed, str | None]]
    ) -> Iterator[list[tuple[int, VofilesError | None]]]:
        """Calls that are under way together, each with the X-Request-Id to send; what each raises, or None when it is
        acknowledged, by its place in the sequence, some at a time.
        """
        for told in self._client.call_all([Call(_OPERATIONS[type(each)], each, number) for each, number in messages]):
            yield [(place, answer if isinstance(answer, VofilesError) else None) for place, answer in told]


class SoapCallbackSender:
    """Speaks to the callback port of each FileManager; see the port."""

    def __init__(self, registry: Registry, keyring: Keyring, clock: Clock, *, authorities: Path | None = None) -> None:
        self._registry, self._keyring, self._clock = registry, keyring, clock
        self._authorities = authorities
        self._ports: dict[Ivorn, _Callbacks] = {}
        self._checked: set[Ivorn] = set()
        self._lock = Lock()

    def send(self, manager: Ivorn, words: Sequence[Word]) -> Iterator[list[tuple[int, VofilesError | None]]]:
        port = self._port(manager)
        if manager not in self._checked:
            _require_identity(manager, port)
            self._checked.add(manager)
        yield from port.tell([(word.message, word.request_id or requestid.request_id()) for word in words])

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            for port in self._ports.values():
                port.close()

    def _port(self, manager: Ivorn) -> _Callbacks:
        with self._lock:
            if manager not in self._ports:
                self._ports[manager] = self._open(manager)
            return self._ports[manager]

    def _open(self, manager: Ivorn) -> _Callbacks:
        try:
            address = self._registry.get_service(manager).address
        except ServiceNotFound as error:
            raise CallbackUnreachable(manager, reason="it is not in this store's configuration any more") from error
        lines = Lines(address, authorities=self._authorities)
        signer = Signer(self._keyring, manager, self._clock)
        carrier = SignedCarrier(lines, signer, FILEMANAGER_NAMESPACE, connect=CONNECTING, seconds=ANSWERING)
        return _Callbacks(address, carrier=carrier)


def _require_identity(manager: Ivorn, port: CallbackPort) -> None:
    """Refuse an address where another FileManager answers: it would know nothing of the transfer, and say so for good.

    Raises CallbackUnreachable, and what the service answers.
    """
    try:
        told = port.get_identifier(GetIdentifier()).identifier
    except InvalidMessage:
        # One of before this operation was in the contract; its signatures are all there is to go by.
        return
    if told != manager:
        raise CallbackUnreachable(manager, reason=f"at {port.address} answers {told}")
