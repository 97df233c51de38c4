"""A whole movement of bytes: ask the FileManager, move them to or from the store, learn how it ended.

Rule: nothing is done when it is merely sent. A put ends when the FileManager says COMPLETED, with the size and the
digests of what was sent (`uploading`); a get ends when the bytes are those of the node (`downloading`). All requests of
one movement carry one id.
"""

from pathlib import Path

import requests

from vofiles import requestid, waiting
from vofiles.checksums import Checksums
from vofiles.contract import AppendInit, ExportInit, ImportInit, TransferAnswer
from vofiles.data import Progress
from vofiles.downloading import Downloading, How
from vofiles.fetching import Sink
from vofiles.filemanager_port import FileManagerPort
from vofiles.journals import Journal
from vofiles.sources import Source
from vofiles.uploading import Uploading
from vofiles.waiting import Waiter
from vofiles.watching import END_PATIENCE, Watching


class Transfers:
    """The movements of bytes under one FileManager."""

    def __init__(self, port: FileManagerPort, session: requests.Session, wait: Waiter = waiting.sleep) -> None:
        self._watching = Watching(port, wait)
        self._uploading = Uploading(port, session, self._watching, wait)
        self._downloading = Downloading(port, session, self._watching, wait)

    def put(
        self, request: ImportInit, source: Source, progress: Progress | None = None, journal: Journal | None = None
    ) -> TransferAnswer:
        """Send a source as the next version of a file; answers when it is that. With a journal it goes on where a lost
        connection, or an earlier run, has stopped. Raises VofilesError, OSError.
        """
        with requestid.job():
            return self._uploading.put(request, source, progress, journal)

    def drop(self, journal: Journal) -> None:
        """End for good the upload that an earlier run has noted, if there is one."""
        with requestid.job():
            self._uploading.drop(journal)

    def append(self, request: AppendInit, source: Source, progress: Progress | None = None) -> TransferAnswer:
        """Send a source to be added to a file; answers when the two together are its next version. Raises as `put`."""
        with requestid.job():
            return self._uploading.append(request, source, progress)

    def get(self, request: ExportInit, sink: Sink, label: object, progress: Progress | None = None) -> Checksums:
        """Fetch a content of a file and verify it. Raises VofilesError, and OSError of the sink."""
        with requestid.job():
            return self._downloading.get(request, sink, label, progress)

    def get_file(self, request: ExportInit, path: Path, label: object, how: How) -> None:
        """Fetch a content into a local file, verify it, and only then give it its name. Raises as `get`."""
        with requestid.job():
            self._downloading.get_file(request, path, label, how)

    def get_transfer(self, transfer: str) -> TransferAnswer:
        """A transfer as it stands."""
        return self._watching.get_transfer(transfer)

    def wait_for_end(self, transfer: str, patience: float = END_PATIENCE) -> TransferAnswer:
        """The transfer when it has completed. Raises its failure, or CallbackUnreachable after `patience` seconds."""
        return self._watching.wait_for_end(transfer, patience)
