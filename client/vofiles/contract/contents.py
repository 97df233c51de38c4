"""Operations of the FileManager on the content of files.

Rule: a request's docstring says what its operation does; the bytes themselves never pass here.
"""

from dataclasses import dataclass

from vofiles.contract.values import Digest, Header, Node, Property, Transfer
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.shape import many


@dataclass(frozen=True, slots=True)
class ImportInit:
    """Ask where to PUT a file's next version."""

    node: LongIdentifier
    store: Ivorn | None = None
    """The store it must go to; chosen by the service if not given."""
    size: int | None = None
    """Announced bytes: exactly so many must come."""
    maximum_size: int | None = None
    content_type: str | None = None
    digests: tuple[Digest, ...] = many("digest")
    """Announced digests: the bytes must have them."""
    if_version: int | None = None
    """Only if this is the number of the current content (0: none yet); else VersionConflict."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class ImportData:
    """Have the store fetch a file's next version from a URL."""

    node: LongIdentifier
    url: str
    protocol: str | None = None
    method: str | None = None
    store: Ivorn | None = None
    size: int | None = None
    maximum_size: int | None = None
    content_type: str | None = None
    wait: int | None = None
    """Seconds to wait for the end before answering as it stands; as long as the service allows if absent."""
    headers: tuple[Header, ...] = many("header")
    digests: tuple[Digest, ...] = many("digest")
    if_version: int | None = None
    """Only if this is the number of the current content (0: none yet); else VersionConflict."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class AppendInit:
    """Ask where to PUT bytes that are added to a file: its next version is the current content with these behind it.

    A file without content gets these as its content. If the content has changed when they have come, the transfer fails
    with VersionConflict and nothing is lost; ask again.
    """

    node: LongIdentifier
    size: int | None = None
    """Announced bytes, of those to be added: exactly so many must come."""
    maximum_size: int | None = None
    """Of those to be added."""
    if_version: int | None = None
    """Only if this is the number of the current content (0: none yet); else VersionConflict."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class ExportInit:
    """Ask where to GET a file's content."""

    node: LongIdentifier
    version: int | None = None
    """Number of an earlier content; the current one if not given."""


@dataclass(frozen=True, slots=True)
class ExportData:
    """Have the store send a file's content to a URL."""

    node: LongIdentifier
    url: str
    protocol: str | None = None
    method: str | None = None
    wait: int | None = None
    headers: tuple[Header, ...] = many("header")
    version: int | None = None
    """Number of an earlier content; the current one if not given."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class TransferAnswer:
    transfer: Transfer
    node: Node | None = None
    """The node as it is now, where the operation waited for the end."""


@dataclass(frozen=True, slots=True)
class GetTransfer:
    """A transfer as it stands."""

    transfer: str


@dataclass(frozen=True, slots=True)
class CancelTransfer:
    """End a transfer that has not ended."""

    transfer: str


@dataclass(frozen=True, slots=True)
class CompleteTransfer:
    """Say that all bytes have been sent, where a transfer asks for it: its property `transfer.complete` is `required`.

    Whoever says it without being asked, or again, is answered the transfer as it stands. Where bytes are still missing
    it is Incomplete and the transfer stays open: send them and say it again.
    """

    transfer: str
    wait: int | None = None
    """Seconds to wait for the end before answering as it stands; as long as the service allows if absent."""
    digests: tuple[Digest, ...] = many("digest")
    """Digests of what was sent: the content must have them."""


@dataclass(frozen=True, slots=True)
class Version:
    """One content that a file has or had."""

    number: int
    size: int
    """Bytes."""
    created: Instant
    """When the bytes were complete and durable, by the store's clock."""
    current: bool
    """Whether it is what the file has now."""
    content_type: str | None = None
    location: Ivorn | None = None
    """The container that holds it."""
    digests: tuple[Digest, ...] = many("digest")
    properties: tuple[Property, ...] = many("property")


@dataclass(frozen=True, slots=True)
class ListVersions:
    """A page of the contents of a file that are kept, the newest first."""

    node: LongIdentifier
    after: str | None = None
    """The answer's `next` of the page before."""
    limit: int | None = None
    """At most so many (the service has a limit of its own)."""


@dataclass(frozen=True, slots=True)
class ListVersionsAnswer:
    next: str | None = None
    """Where the next page starts; absent on the last."""
    versions: tuple[Version, ...] = many("version")


@dataclass(frozen=True, slots=True)
class TreeSource:
    """A file that is to come, and where from."""

    path: str
    """Below the folder, segments percent-encoded as in a long identifier."""
    url: str
    size: int | None = None
    """Announced bytes."""
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class ImportTree:
    """Have stores fetch many files into a folder. Folders on their paths are made; the answer has the job."""

    node: LongIdentifier
    """The folder."""
    store: Ivorn | None = None
    """The store that they must go to; chosen by the service if not given."""
    wait: int | None = None
    """Seconds to wait for the job's end before answering as it stands; a few if absent."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""
    sources: tuple[TreeSource, ...] = many("source")
    headers: tuple[Header, ...] = many("header")
    """HTTP headers to send with each request."""


@dataclass(frozen=True, slots=True)
class ExportTree:
    """Have stores send every file below a folder to a URL with its path behind it. The answer has the job."""

    node: LongIdentifier
    """The folder."""
    url: str
    """What each file's path below the folder, percent-encoded, is put behind."""
    method: str | None = None
    wait: int | None = None
    """Seconds to wait for the job's end before answering as it stands; a few if absent."""
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""
    headers: tuple[Header, ...] = many("header")
    """HTTP headers to send with each request."""
