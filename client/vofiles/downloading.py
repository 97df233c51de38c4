"""One get as a whole: begun at the FileManager, fetched from the store, compared with what the file should have.

Rule: a content that is gone when it is fetched was replaced meanwhile: an address is asked for anew, a bounded number
of times. What ends well is whole, and of the size and the digests that are known of it.
"""

import requests

from vofiles import data
from vofiles.checksums import Checksums
from vofiles.contract import Endpoint, ExportInit, Transfer
from vofiles.data import ConnectionLost, Progress
from vofiles.errors import NotFound, ServiceBusy, StoreUnreachable
from vofiles.fetching import Fetching, Sink
from vofiles.filemanager_port import FileManagerPort
from vofiles.waiting import Patience, Waiter
from vofiles.watching import Watching

ADDRESSES = 3
"""How many addresses one get asks for, where the content that each leads to has been replaced meanwhile."""
ATTEMPTS = 6
"""How often bytes are fetched without getting any further, before giving up."""
RETRY_PATIENCE = 30.0
"""Seconds spent on pauses between those attempts."""


class Downloading:
    """Gets under one FileManager."""

    def __init__(self, port: FileManagerPort, session: requests.Session, watching: Watching, wait: Waiter) -> None:
        self._port, self._session, self._watching, self._wait = port, session, watching, wait

    def get(self, request: ExportInit, sink: Sink, label: object, progress: Progress | None) -> Checksums:
        """Fetch a content of a file and verify it."""
        left = ADDRESSES
        while True:
            left -= 1
            answer = self._port.export_init(request)
            transfer = self._watching.offered(answer.transfer)
            fetching = Fetching(_endpoint_of(transfer), sink, label, progress)
            try:
                self._fetch(fetching)
                break
            except NotFound:
                # The content is gone from the store: most likely the file was written anew since we asked.
                if not left:
                    raise
                sink.restart()
        # The node tells of its current content, which an earlier one is not.
        known = transfer.receipt or (answer.node if request.version is None else None)
        if known is not None:
            fetching.require_same(known.size, known.digests)
        return fetching.checksums

    def _fetch(self, fetching: Fetching) -> None:
        """All of one content, going on where a connection was lost."""
        patience = Patience(self._wait, attempts=ATTEMPTS, seconds=RETRY_PATIENCE)
        while True:
            try:
                fetching.go_on(self._session)
                return
            except (ConnectionLost, ServiceBusy) as error:
                patience.pause(error, fetching.done)


def _endpoint_of(transfer: Transfer) -> Endpoint:
    endpoint = data.find_endpoint(transfer, "GET")
    if endpoint is None:
        raise StoreUnreachable("", reason="it offers no way to fetch bytes that this client knows")
    return endpoint
