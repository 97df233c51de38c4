"""The content of a file: put, added to, fetched, as bytes, local files or Python's own file objects.

Rule: what was put is durable and compared when the method returns; what was fetched is whole and verified.
"""

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, overload

from vofiles import posix
from vofiles.branch import Branch
from vofiles.contract import AppendInit, ExportInit, GetNode, ImportInit, NodeKind, TransferAnswer
from vofiles.data import Progress
from vofiles.downloading import How
from vofiles.errors import DuplicateNode, Incomplete, InvalidArgument, NotAFile
from vofiles.info import NodeInfo, info_of
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.journals import Journal, held
from vofiles.mediatypes import guess_type
from vofiles.parallel import CONNECTIONS, MOST_CONNECTIONS
from vofiles.place import service_of
from vofiles.root import shown
from vofiles.sources import Content, Source, open_source
from vofiles.streams import Writer, open_reader
from vofiles.targets import OpenFile, Target


class FileContent(Branch):
    """What can be done with the bytes of a file."""

    def put(
        self,
        content: Content,
        *,
        progress: Progress | None = None,
        store: str | Ivorn | None = None,
        content_type: str | None = None,
        properties: Mapping[str, str] | None = None,
        preserve: bool = False,
        if_version: int | None = None,
        resume: bool = True,
    ) -> NodeInfo:
        """Write the content of a file, from a local path, bytes, or a file open for reading; make it if need be.

        `preserve` keeps a local path's mode, owner, group and time of change as properties (`posix.mode` and others).
        From 64 MiB on, what has arrived is not sent again after a lost connection; nor, of a local file
        that has not changed, when the same is put again after this program was stopped. Not so without `resume`.
        Returns when the bytes are durable and the tree shows them, with size and digests compared. Raises NotAFile,
        ParentNotFound, StoreUnreachable and others, VersionConflict where the file has another content than number
        `if_version` (0: none yet); OSError where the local file cannot be read.
        """
        wanted = dict(properties or {})
        if preserve:
            wanted |= posix.properties_of(_local_path(content))
        with open_source(content) as source:
            self._require_file_node(wanted)
            with self._root.own_words(), self._journal(source, resume=resume) as (node, journal):
                request = ImportInit(
                    node,
                    store=service_of(store),
                    size=source.size,
                    content_type=content_type or guess_type(self.name),
                    if_version=if_version,
                )
                return self._info_after(self._root.transfers.put(request, source, progress, journal))

    @contextmanager
    def _journal(self, source: Source, *, resume: bool) -> Iterator[tuple[LongIdentifier, Journal | None]]:
        """What names the file in a request, and the journal of a put that is to be gone on with."""
        place = self._root.identify(self.path)
        if not source.is_large:
            yield place, None
            return
        # By its own identifier: another file may have this name when a later run goes on.
        (found, *_) = self._root.port.get_node(GetNode(place)).nodes
        with held(self._root.port.address, found.identifier, source.identity, create=resume) as journal:
            if not resume:
                # Else the next put would go on with what came before this one.
                self._root.transfers.drop(journal)
            yield LongIdentifier(found.identifier), journal if resume else None

    def append(self, content: Content, *, progress: Progress | None = None, if_version: int | None = None) -> NodeInfo:
        """Add to the content of a file; make it if need be. The longer content is a new version; the old one is kept as
        long as the home keeps earlier ones (`versions.keep`).

        Returns and raises as `put`; VersionConflict also where somebody else has changed the content meanwhile: nothing
        is lost then, append again.
        """
        with open_source(content) as source:
            self._require_file_node({})
            before = self.info()
            with self._root.own_words():
                request = AppendInit(self._root.identify(self.path), size=source.size, if_version=if_version)
                after = self._info_after(self._root.transfers.append(request, source, progress))
            whole = (before.size or 0) + source.done
            if after.version == before.version + 1 and after.size != whole:
                reason = f"{before.size or 0} bytes and {source.done} added, and it has {after.size}"
                raise Incomplete(shown(self.path), reason=reason)
            return after

    def _require_file_node(self, properties: Mapping[str, str]) -> None:
        """Make it where it is not yet; what it is otherwise, the service looks at."""
        try:
            self._add(NodeKind.FILE, properties)
        except DuplicateNode:
            if properties:
                # A folder's properties must not change by what is refused right afterwards.
                if self.info().is_folder:
                    raise NotAFile(shown(self.path)) from None
                self.set(properties)

    def _info_after(self, answer: TransferAnswer) -> NodeInfo:
        return info_of(answer.node, self.path) if answer.node else self.info()

    def get(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        *,
        progress: Progress | None = None,
        version: int | None = None,
        preserve: bool = False,
        connections: int = CONNECTIONS,
        resume: bool = True,
    ) -> Path | None:
        """Fetch the content into a local file (in a folder: under its own name) or a file open for writing.

        From 64 MiB on, a local file is fetched over several `connections` at once; if that is interrupted, what has
        come stays beside it as NAME.vofiles-part, and the next `get` goes on with it. Not so without `resume`.
        `version` is the number of an earlier content that is still kept; `preserve` gives a local file the mode and the
        time of change that its properties tell, and to root also owner and group. A local file appears when it is
        whole and verified, or not at all. Returns its path. Raises NotAFile, ContentNotFound, VersionNotFound,
        ChecksumMismatch, Incomplete and others; OSError where the local file cannot be written.
        """
        if not isinstance(target, str | os.PathLike):
            if preserve:
                raise InvalidArgument("preserve", reason="only a file on this machine has a mode; give its path")
            self._fetch(OpenFile(target), progress, version)
            return None
        path = Path(target)
        if path.is_dir():
            path /= self.name
        kept = self.info().properties if preserve else {}
        if not 1 <= connections <= MOST_CONNECTIONS:
            raise InvalidArgument("connections", reason=f"from 1 to {MOST_CONNECTIONS}")
        with self._root.own_words():
            request = ExportInit(self._root.identify(self.path), version)
            how = How(connections, resume=resume, progress=progress)
            self._root.transfers.get_file(request, path, shown(self.path), how)
        posix.restore(path, kept)
        return path

    def _fetch(self, target: Target, progress: Progress | None, version: int | None) -> None:
        with self._root.own_words():
            request = ExportInit(self._root.identify(self.path), version)
            with target:
                self._root.transfers.get(request, target, shown(self.path), progress)
                target.complete()

    def read_bytes(self, *, version: int | None = None) -> bytes:
        """The content, verified. Raises as `get`."""
        buffer = io.BytesIO()
        self._fetch(OpenFile(buffer), None, version)
        return buffer.getvalue()

    @overload
    def open(self, mode: Literal["rb"] = "rb", *, version: int | None = None) -> BinaryIO: ...
    @overload
    def open(self, mode: Literal["wb", "ab"]) -> Writer: ...
    def open(self, mode: Literal["rb", "wb", "ab"] = "rb", *, version: int | None = None) -> BinaryIO | Writer:
        """A file object: `rb` has the verified content (an earlier one by its number), what is written to `wb` is put
        when it is closed, what is written to `ab` is then added. Raises as `get`, `put` and `append`.
        """
        if mode == "rb":
            return open_reader(lambda file: self._fetch(OpenFile(file), None, version))
        if version is not None:
            raise InvalidArgument("version", reason="an earlier content can only be read: open it with 'rb'")
        if mode == "wb":
            return Writer(self.put)
        if mode == "ab":
            return Writer(self.append)
        raise InvalidArgument("mode", reason="it is 'rb', 'wb' or 'ab'")


def _local_path(content: Content) -> Path:
    if isinstance(content, str | os.PathLike):
        return Path(content)
    raise InvalidArgument("preserve", reason="only a file on this machine has a mode; give its path")
