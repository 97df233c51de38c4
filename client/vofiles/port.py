"""What the typed ports have in common: one service's port type at an address, called as somebody.

Rule: knows no operation; a port adds a method for each of its own, and nothing else.
"""

from typing import ClassVar, Unpack

from vofiles.calls import Carrier
from vofiles.contract import Operation
from vofiles.soap import SoapClient
from vofiles.zeepcarrier import Auth, Options


class Port:
    """The service at an address, called as somebody. Thread-safe; `close` gives its connections back."""

    wsdl: ClassVar[str]
    """Name of the bundled contract."""
    namespace: ClassVar[str]
    operations: ClassVar[tuple[Operation, ...]]
    """Those of the port type."""

    def __init__(
        self, address: str, *, auth: Auth = None, carrier: Carrier | None = None, **options: Unpack[Options]
    ) -> None:
        """A `carrier` writes and sends the requests, as whom it is for, instead of what `auth` and `options` say."""
        self._client = SoapClient(
            self.wsdl, self.operations, self.namespace, address, auth=auth, options=options, carrier=carrier
        )

    @property
    def address(self) -> str:
        """The URL that is called."""
        return self._client.address

    def close(self) -> None:
        """Give the connections back. The port may be used again."""
        self._client.close()
