"""Movements of bytes between stores and somewhere else, which this machine has no part in.

Rule: the service moves, this asks how far it is; one file is a transfer, a folder a job.
"""

from collections.abc import Mapping

from vofiles import contract
from vofiles.content import FileContent
from vofiles.contract import ExportData, ExportTree, ImportData, ImportTree, TransferAnswer, TreeSource
from vofiles.errors import InvalidArgument, Unexpected
from vofiles.info import TransferStatus, status_of
from vofiles.ivorn import Ivorn, encode_segment
from vofiles.jobs import Job, JobProgress, first_wait
from vofiles.mediatypes import guess_type
from vofiles.names import parse_name
from vofiles.place import service_of
from vofiles.root import shown
from vofiles.watching import require_not_failed

CALL_WAIT = 20
"""Seconds that one call waits for a store to move bytes; longer movements are asked about again and again."""


class Movements(FileContent):
    """What stores can fetch and send."""

    def import_from(
        self,
        url: str,
        *,
        wait: float | None = None,
        store: str | Ivorn | None = None,
        content_type: str | None = None,
        if_version: int | None = None,
    ) -> TransferStatus:
        """Have a store fetch the content from a URL; make the file if need be.

        Waits for the end, or for `wait` seconds and returns the transfer as it stands. Raises SourceUnreachable,
        AddressRefused, ChecksumMismatch, VersionConflict and others when it has failed.
        """
        self._require_file_node({})
        with self._root.own_words():
            request = ImportData(
                self._root.identify(self.path),
                url,
                store=service_of(store),
                content_type=content_type or guess_type(self.name),
                wait=_call_wait(wait),
                if_version=if_version,
            )
            return self._follow(self._root.change(self._root.port.import_data, request), wait)

    def export_to(
        self, url: str, *, method: str | None = None, wait: float | None = None, version: int | None = None
    ) -> TransferStatus:
        """Have the store send the content, or an earlier one by its number, to a URL. Waits and raises as
        `import_from`; VersionNotFound.
        """
        with self._root.own_words():
            node = self._root.identify(self.path)
            request = ExportData(node, url, method=method, wait=_call_wait(wait), version=version)
            return self._follow(self._root.change(self._root.port.export_data, request), wait)

    def _follow(self, answer: TransferAnswer, wait: float | None) -> TransferStatus:
        require_not_failed(answer.transfer)
        status = status_of(answer.transfer)
        if status.done or wait is not None:
            return status
        ended = self._root.transfers.wait_for_end(answer.transfer.transfer, float("inf"))
        return status_of(ended.transfer)

    def transfer(self, transfer: str) -> TransferStatus:
        """A transfer begun by `import_from` or `export_to`, as it stands. Raises what it failed by."""
        with self._root.own_words():
            answer = self._root.transfers.get_transfer(transfer)
            require_not_failed(answer.transfer)
            return status_of(answer.transfer)

    def import_tree(
        self,
        sources: Mapping[str, str],
        *,
        store: str | Ivorn | None = None,
        wait: bool = True,
        progress: JobProgress | None = None,
    ) -> Job:
        """Have stores fetch many files into this folder: `sources` has the URL of each by its path below the folder,
        such as `night-1/m31.fits`. Folders on the way are made.

        Answers the job, which has ended unless `wait=False`. Raises NodeNotFound, NotAFolder, InvalidName,
        InvalidArgument where there are none, TooLarge for more than one request can name (some 2000); what the job
        failed by.
        """
        if not sources:
            raise InvalidArgument("sources", reason="give at least one path with its URL")
        wanted = tuple(_source(path, url) for path, url in sources.items())
        with self._root.own_words():
            node = self._root.identify(self.path)
            seconds = first_wait(wait=wait, progress=progress)
            request = ImportTree(node, store=service_of(store), wait=seconds, sources=wanted)
            job = self._root.change(self._root.port.import_tree, request).job
        return self._job(job, wait=wait, progress=progress)

    def export_tree(
        self, url: str, *, method: str | None = None, wait: bool = True, progress: JobProgress | None = None
    ) -> Job:
        """Have stores send every file below this folder to `url` with its path put behind it, so that `url` ends with
        `/` as a rule. Answers and raises as `import_tree`.
        """
        with self._root.own_words():
            seconds = first_wait(wait=wait, progress=progress)
            request = ExportTree(self._root.identify(self.path), url, method=method, wait=seconds)
            job = self._root.change(self._root.port.export_tree, request).job
        return self._job(job, wait=wait, progress=progress)

    def _job(self, told: contract.Job | None, *, wait: bool, progress: JobProgress | None) -> Job:
        if told is None:
            raise Unexpected(shown(self.path), reason="the service answered no job")
        job = Job(self._root, told)
        if wait:
            job.wait(progress)
        return job


def _source(path: str, url: str) -> TreeSource:
    steps = [parse_name(step) for step in path.split("/") if step]
    if not steps:
        raise InvalidArgument("sources", reason=f"the path of {url} below the folder is empty")
    return TreeSource("/".join(map(encode_segment, steps)), url, content_type=guess_type(steps[-1]))


def _call_wait(wait: float | None) -> int:
    return CALL_WAIT if wait is None else max(0, min(int(wait), CALL_WAIT))
