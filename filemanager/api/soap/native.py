"""The port type FileManager of our own contract: one function an operation, one service call a function.

Rule: nothing is decided here but how long an answer waits. An answer that waits for the end of a transfer holds no
thread: it is parked, and looks from time to time itself, in case that the word came another way.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from filemanager.api.soap import copies, history, jobs, moves, searches, stores, trash, trees, versions
from filemanager.api.waiting import until_transfer_ends
from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import (
    FILEMANAGER,
    FILEMANAGER_NAMESPACE,
    AccountAnswer,
    AddAccount,
    AddNode,
    CancelTransfer,
    CompleteTransfer,
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
    TransferState,
)
from vofiles.errors import InvalidArgument
from vofiles.serving.atonce import AtOnce
from vofiles.serving.entrance import BySecurity, Identify
from vofiles.serving.soap import Parked, SoapService

PATH: Final = "/filemanager"
CALLBACK_PATH: Final = "/callback"
WSDL: Final = "filemanager-1.wsdl"

_WORKED_AT: Final = frozenset({TransferState.RECEIVING, TransferState.STORED})
"""What a transfer is while its bytes are being taken, or its end is about to be told."""

CALLBACK_FIRST: Final = 0.05
"""Seconds that getTransfer leaves to a callback before the store is asked."""


def addresses(base: str) -> dict[str, str]:
    """The announced URLs of the contract's ports."""
    return {"FileManager": base + PATH, "FileManagerCallback": base + CALLBACK_PATH}


def native_service(
    desk: Desk,
    address: str,
    identify: Identify[Caller],
    by_security: BySecurity[Caller] | None = None,
    at_once: AtOnce[Caller] | None = None,
) -> SoapService:
    """The SOAP service for callers, announced at a base address; `at_once` is tried before anything else."""
    return SoapService(
        FILEMANAGER,
        FILEMANAGER_NAMESPACE,
        WSDL,
        addresses(address),
        functions(desk, address),
        identify,
        by_security=by_security,
        identifier=str(desk.config.identifier),
        at_once=at_once,
    )


def functions(desk: Desk, address: str) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation of a service announced at a base address."""
    native = Native(desk, address)
    return {
        "getIdentifier": native.get_identifier,
        "addAccount": native.add_account,
        "getAccount": native.get_account,
        "setAccountProperties": native.set_account_properties,
        "addNode": native.add_node,
        "getNode": native.get_node,
        "listChildren": native.list_children,
        "setProperties": native.set_properties,
        "importInit": native.import_init,
        "importData": native.import_data,
        "exportInit": native.export_init,
        "exportData": native.export_data,
        "getTransfer": native.get_transfer,
        "cancelTransfer": native.cancel_transfer,
        "completeTransfer": native.complete_transfer,
        "getServices": native.get_services,
        **jobs.functions(desk),
        **searches.functions(desk),
        **moves.functions(desk),
        **versions.functions(desk),
        **history.functions(desk),
        **trash.functions(desk),
        **trees.functions(desk),
        **copies.functions(desk),
        **stores.functions(desk),
    }


class Native:
    """The operations."""

    def __init__(self, desk: Desk, address: str) -> None:
        self._desk = desk
        self._address = addresses(address)["FileManager"]

    def get_identifier(self, _caller: Caller, _request: GetIdentifier) -> IdentifierAnswer:
        return IdentifierAnswer(self._desk.config.identifier)

    def add_account(self, caller: Caller, request: AddAccount) -> AccountAnswer:
        return AccountAnswer(self._desk.accounts.add_account(caller, request))

    def get_account(self, caller: Caller, request: GetAccount) -> AccountAnswer:
        return AccountAnswer(self._desk.accounts.get_account(caller, request))

    def set_account_properties(self, caller: Caller, request: SetAccountProperties) -> AccountAnswer:
        return AccountAnswer(self._desk.accounts.set_account_properties(caller, request))

    def add_node(self, caller: Caller, request: AddNode) -> NodeAnswer:
        return NodeAnswer(self._desk.nodes.add_node(caller, request))

    def get_node(self, caller: Caller, request: GetNode) -> GetNodeAnswer:
        return GetNodeAnswer(self._desk.nodes.get_node(caller, request))

    def list_children(self, caller: Caller, request: ListChildren) -> ListChildrenAnswer:
        return self._desk.nodes.list_children(caller, request)

    def set_properties(self, caller: Caller, request: SetProperties) -> NodeAnswer:
        return NodeAnswer(self._desk.nodes.set_properties(caller, request))

    def import_init(self, caller: Caller, request: ImportInit) -> TransferAnswer:
        return TransferAnswer(self._desk.imports.import_init(caller, request))

    def import_data(self, caller: Caller, request: ImportData) -> TransferAnswer | Parked:
        wait = self._wait(request.wait)
        begun = TransferAnswer(self._desk.imports.import_data(caller, request))
        return until_transfer_ends(self._desk, caller, begun, wait, _as_it_is)

    def export_init(self, caller: Caller, request: ExportInit) -> TransferAnswer:
        return self._desk.exports.export_init(caller, request)

    def export_data(self, caller: Caller, request: ExportData) -> TransferAnswer | Parked:
        wait = self._wait(request.wait)
        begun = self._desk.exports.export_data(caller, request)
        return until_transfer_ends(self._desk, caller, begun, wait, _as_it_is)

    def get_transfer(self, caller: Caller, request: GetTransfer) -> TransferAnswer | Parked:
        transfers, number = self._desk.transfers, request.transfer
        known = transfers.read_transfer(caller, number)
        if known.transfer.state in TransferState.ENDED:
            return known
        # Who asks right after a PUT meets the callback on its way: waiting a moment is cheaper than asking the store.
        finish = partial(transfers.get_transfer, caller, number)
        return Parked(lambda wake: transfers.subscribe(number, wake), CALLBACK_FIRST, finish)

    def cancel_transfer(self, caller: Caller, request: CancelTransfer) -> TransferAnswer:
        return self._desk.transfers.cancel_transfer(caller, request.transfer)

    def complete_transfer(self, caller: Caller, request: CompleteTransfer) -> TransferAnswer | Parked:
        wait = self._wait(request.wait)
        told = self._desk.transfers.complete_transfer(caller, request)
        if told.transfer.state not in _WORKED_AT:
            return told
        return until_transfer_ends(self._desk, caller, told, wait, _as_it_is)

    def get_services(self, caller: Caller, request: GetServices) -> GetServicesAnswer:
        return GetServicesAnswer(self._desk.services.get_services(caller, request, self._address))

    def _wait(self, asked: int | None) -> int:
        longest = self._desk.config.terms.maximum_wait
        if asked is not None and asked < 0:
            raise InvalidArgument("wait", reason=f"{asked} seconds are not possible")
        return longest if asked is None else min(asked, longest)


def _as_it_is(answer: TransferAnswer) -> TransferAnswer:
    return answer
