"""The control plane: the operations of the port FileStore, one service call each.

Rule: `caller` is the FileManager whose key signed the request, and nobody else's word says who calls.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filestore.ports import Clock, Outbound
from filestore.services import appends, completions, containers, copies, exports, imports, moves, status
from filestore.services.lane import Lane
from filestore.services.store import Store
from vofiles.contract import FILESTORE, FILESTORE_NAMESPACE, GetIdentifier, IdentifierAnswer
from vofiles.ivorn import Ivorn
from vofiles.serving.http import Request
from vofiles.serving.signatures import Verifier
from vofiles.serving.soap import SoapService

PATH = "/filestore"
WSDL = "filestore-1.wsdl"
PORT = "FileStore"

# What a caller without a signature is told to bring (RFC 9421 names no scheme for WWW-Authenticate).
_CHALLENGES = ('Signature realm="filestore"',)


def functions(store: Store, outbound: Outbound, lane: Lane) -> Mapping[str, Callable[[Ivorn, Any], Any]]:
    """The function of each operation."""

    def get_identifier(_caller: Ivorn, _request: GetIdentifier) -> IdentifierAnswer:
        return IdentifierAnswer(store.identifier)

    return {
        "getIdentifier": get_identifier,
        "importInit": lambda caller, request: imports.begin_import(store, caller, request),
        "importData": lambda caller, request: moves.import_data(store, outbound, lane, caller, request),
        "exportInit": lambda caller, request: exports.begin_export(store, caller, request),
        "exportData": lambda caller, request: moves.export_data(store, outbound, lane, caller, request),
        "appendInit": lambda caller, request: appends.begin_append(store, caller, request),
        "duplicate": lambda caller, request: copies.duplicate(store, caller, request),
        "delete": lambda caller, request: containers.delete_container(store, caller, request),
        "cancelTransfer": lambda caller, request: containers.cancel_transfer(store, caller, request),
        "completeTransfer": lambda caller, request: completions.complete_transfer(store, lane, caller, request),
        "getProperties": lambda caller, request: containers.get_properties(store, caller, request),
        "listContainers": lambda caller, request: containers.list_containers(store, caller, request),
        "getStatus": lambda caller, request: status.get_status(store, caller, request),
    }


def control_plane(
    operations: Mapping[str, Callable[[Ivorn, Any], Any]],
    address: str,
    verifier: Verifier,
    clock: Clock,
    identifier: str = "",
) -> SoapService:
    """The SOAP service, announced at an address, for the FileManagers that the verifier knows; its page names it by an
    identifier.
    """

    def identify(request: Request) -> Ivorn:
        return verifier.verify(request, clock())

    return SoapService(
        FILESTORE,
        FILESTORE_NAMESPACE,
        WSDL,
        {PORT: address + PATH},
        operations,
        identify,
        identifier=identifier,
        challenges=_CHALLENGES,
    )
