"""The callback port: what stores say of transfers, one service call an operation.

Rule: `store` is who signed the request, and nobody else's word says who speaks.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filemanager.ports import Clock
from filemanager.services.outcomes import Outcomes
from vofiles.contract import (
    CALLBACK,
    FILEMANAGER_NAMESPACE,
    Acknowledged,
    TransferCompleted,
    TransferFailed,
)
from vofiles.ivorn import Ivorn
from vofiles.serving.http import Request
from vofiles.serving.signatures import Verifier
from vofiles.serving.soap import SoapService

PATH = "/callback"

# What a caller without a signature is told to bring (RFC 9421 names no scheme for WWW-Authenticate).
_CHALLENGES = ('Signature realm="filemanager"',)


def callback_port(
    outcomes: Outcomes, verifier: Verifier, clock: Clock, wsdl: str, addresses: Mapping[str, str]
) -> SoapService:
    """The SOAP service for the stores that the verifier knows; `addresses` has the announced URL of each port."""

    def transfer_completed(store: Ivorn, request: TransferCompleted) -> Acknowledged:
        outcomes.complete(store, request.receipt)
        return Acknowledged()

    def transfer_failed(store: Ivorn, request: TransferFailed) -> Acknowledged:
        outcomes.fail(store, request)
        return Acknowledged()

    def identify(request: Request) -> Ivorn:
        return verifier.verify(request, clock.now())

    functions: dict[str, Callable[[Ivorn, Any], Any]] = {
        "transferCompleted": transfer_completed,
        "transferFailed": transfer_failed,
    }
    return SoapService(
        CALLBACK, FILEMANAGER_NAMESPACE, wsdl, addresses, functions, identify, challenges=_CHALLENGES
    )
