"""Completions: a FileManager says that all bytes of a transfer have been sent.

Rule: whoever says it too often, or of bytes that the store gets by a ticket and sees itself, is answered the transfer
as it stands.
"""

from filestore.domain.transfer import Transfer
from filestore.ports import Records
from filestore.services.store import Store
from vofiles.contract import StoreCompleteTransfer, StoreTransferAnswer
from vofiles.errors import TransferNotFound
from vofiles.ivorn import Ivorn


def complete_transfer(store: Store, caller: Ivorn, request: StoreCompleteTransfer) -> StoreTransferAnswer:
    """Take the bytes of a transfer, where they were not sent to the store itself. Raises TransferNotFound."""

    def look_up(records: Records) -> Transfer:
        transfer = records.find_transfer(request.transfer)
        if transfer is None or transfer.manager != caller:
            raise TransferNotFound(request.transfer)
        return transfer

    return StoreTransferAnswer(store.transfer_as_it_stands(store.catalogue.read(look_up)))
