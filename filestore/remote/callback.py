"""Callbacks on their way: the port CallbackSender over SOAP.

Rule: a callback goes to the address that the configuration has for its FileManager, never to one from a request, and is
signed at each delivery.
"""

from collections.abc import Mapping
from pathlib import Path

from filestore.ports import Clock
from vofiles.callback_port import CallbackPort
from vofiles.contract import TransferCompleted, TransferFailed
from vofiles.errors import CallbackUnreachable
from vofiles.ivorn import Ivorn
from vofiles.serving.keyring import Keyring
from vofiles.serving.signatures import SignedAuth

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
"""Seconds."""


class SoapCallbackSender:
    """Speaks to the callback port of each FileManager; see the port."""

    def __init__(
        self, addresses: Mapping[Ivorn, str], keyring: Keyring, clock: Clock, *, authorities: Path | None = None
    ) -> None:
        self._ports = {
            manager: CallbackPort(
                address,
                auth=SignedAuth(keyring, manager, clock),
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                verify=str(authorities) if authorities else True,
            )
            for manager, address in addresses.items()
        }

    def send(self, manager: Ivorn, message: TransferCompleted | TransferFailed) -> None:
        """Returns when the FileManager has acknowledged."""
        port = self._ports.get(manager)
        if port is None:
            raise CallbackUnreachable(manager, reason="it is not in this store's configuration any more")
        if isinstance(message, TransferCompleted):
            port.transfer_completed(message)
        else:
            port.transfer_failed(message)

    def close(self) -> None:
        """Give the connections back."""
        for port in self._ports.values():
            port.close()
