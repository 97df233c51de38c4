"""The port type FileManagerCallback: stores say how transfers ended.

Rule: who speaks is who signed; a store settles its own transfers alone.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from filemanager.api.soap.native import addresses
from filemanager.services.desk import Desk
from vofiles.contract import (
    CALLBACK,
    FILEMANAGER_NAMESPACE,
    Acknowledged,
    GetIdentifier,
    IdentifierAnswer,
    TransferCompleted,
    TransferFailed,
)
from vofiles.ivorn import Ivorn
from vofiles.serving.http import Request
from vofiles.serving.signatures import Verifier
from vofiles.serving.soap import SoapService

WSDL: Final = "filemanager-callback-1.wsdl"

# RFC 9421 names no scheme for WWW-Authenticate.
_CHALLENGES: Final = ('Signature realm="filemanager"',)


def callback_service(desk: Desk, address: str, verifier: Verifier) -> SoapService:
    """The SOAP service for the stores that the verifier knows, announced at a base address."""

    def identify(request: Request) -> Ivorn:
        return verifier.verify(request, desk.clock.now())

    return SoapService(
        CALLBACK,
        FILEMANAGER_NAMESPACE,
        WSDL,
        addresses(address),
        functions(desk),
        identify,
        identifier=str(desk.config.identifier),
        challenges=_CHALLENGES,
    )


def functions(desk: Desk) -> Mapping[str, Callable[[Ivorn, Any], Any]]:
    """The function of each operation."""

    def get_identifier(_store: Ivorn, _request: GetIdentifier) -> IdentifierAnswer:
        return IdentifierAnswer(desk.config.identifier)

    def transfer_completed(store: Ivorn, request: TransferCompleted) -> Acknowledged:
        desk.outcomes.complete(store, request.receipt)
        return Acknowledged()

    def transfer_failed(store: Ivorn, request: TransferFailed) -> Acknowledged:
        desk.outcomes.fail(store, request)
        return Acknowledged()

    return {
        "getIdentifier": get_identifier,
        "transferCompleted": transfer_completed,
        "transferFailed": transfer_failed,
    }
