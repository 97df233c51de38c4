"""What may come in: bytes are judged against what was promised of them, as they come.

    ingest = Ingest(promise, algorithms)        receive(data) …        content = finish()

    ingest = Ingest(promise, algorithms, base)  begin_with(data) …     end_base()       then as above

Rule: pure, without I/O: bytes go in, a verdict comes out, and how the bytes were cut into pieces changes nothing. A
piece that goes too far is refused before it counts. What was promised is of the bytes that come; the verdict is of the
whole, with those that it begins with.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from filestore.domain.checksum import FAST, Beside, Digester
from filestore.domain.container import Container, Content
from filestore.domain.contenttype import HEAD, settle
from filestore.domain.transfer import Promise
from vofiles.contract import Digest, Receipt
from vofiles.errors import ChecksumMismatch, Incomplete, TooLarge
from vofiles.ivorn import Ivorn


def require_length(promise: Promise, length: int) -> None:
    """Refuse a body by the length its sender announces for it. Raises TooLarge, Incomplete."""
    require_no_longer(promise, length)
    if promise.size is not None and length < promise.size:
        raise Incomplete(f"{length} bytes", reason=f"{promise.size} were announced")


def require_no_longer(promise: Promise, length: int) -> None:
    """Refuse more than may come. Raises TooLarge."""
    limit = _limit(promise)
    if limit is not None and length > limit:
        raise TooLarge(f"{length} bytes", reason=f"{limit} were announced or are allowed")


def _limit(promise: Promise) -> int | None:
    given = [size for size in (promise.size, promise.maximum_size) if size is not None]
    return min(given) if given else None


class Ingest:
    """The judgement of one body."""

    def __init__(
        self, promise: Promise, algorithms: Iterable[str], base: Content | None = None, *, name: str = ""
    ) -> None:
        """`base` is what the whole is to begin with; `name` what the file is called."""
        self._promise = promise
        self._limit = _limit(promise)
        self._digester = Digester(algorithms)
        self._base = base
        self._kept = 0
        self._coming = Digester(digest.algorithm for digest in promise.digests) if base is not None else None
        """The digests of what comes, where that is not the whole."""
        self._name = name
        self._head = b""
        """The first bytes of the whole."""
        self.size = 0
        """Bytes received so far."""

    @property
    def whole(self) -> int:
        """Bytes of the whole so far."""
        return self._kept + self.size

    @property
    def fast(self) -> str:
        """The fast digest of the whole so far."""
        return next(digest.value for digest in self._digester.digests() if digest.algorithm == FAST)

    def learn(self, promise: Promise) -> None:
        """More is known by now of what comes; what was known of its digests stays."""
        self._promise = replace(promise, digests=self._promise.digests)
        self._limit = _limit(promise)

    def begin_with(self, data: bytes | memoryview) -> None:
        """Take the next piece of what the whole begins with."""
        self._keep_head(data)
        self._kept += len(data)
        self._digester.update(data)

    def end_base(self) -> None:
        """All that the whole begins with has been taken. Raises ChecksumMismatch where it is not what it was."""
        if self._base is None:
            return
        if self._kept != self._base.size:
            raise ChecksumMismatch("what is added to", reason=f"it has {self._kept} bytes, not {self._base.size}")
        require_digests(self._base.digests, self._digester.digests())

    def receive(self, data: bytes | memoryview, in_order: Callable[[], Beside] | None = None) -> Callable[[], object]:
        """Take the next piece. Raises TooLarge; the piece has not been counted then. As to `in_order`, see
        `Digester.update`.
        """
        if self._limit is not None and self.size + len(data) > self._limit:
            raise TooLarge("the content", reason=f"more came than the {self._limit} bytes announced or allowed")
        self._keep_head(data)
        self.size += len(data)
        if self._coming is not None:
            self._coming.update(data)
        return self._digester.update(data, in_order)

    def finish(self) -> Content:
        """All has come. Raises Incomplete, ChecksumMismatch."""
        if self._promise.size is not None and self.size < self._promise.size:
            raise Incomplete("the content", reason=f"{self.size} of {self._promise.size} bytes came")
        digests = self._digester.digests()
        require_digests(self._promise.digests, self._coming.digests() if self._coming is not None else digests)
        promise = self._promise
        settled = settle(promise.content_type, promise.claimed_type, self._head, self._name)
        return Content(self._kept + self.size, digests, settled)

    def _keep_head(self, data: bytes | memoryview) -> None:
        if len(self._head) < HEAD:
            self._head += bytes(data[: HEAD - len(self._head)])


def require_digests(announced: Iterable[Digest], made: Iterable[Digest]) -> None:
    """Refuse bytes that are not what was announced. Raises ChecksumMismatch."""
    values = {digest.algorithm: digest.value for digest in made}
    for digest in announced:
        value = values.get(digest.algorithm)
        if value is not None and value != digest.value:
            raise ChecksumMismatch(
                "the content", reason=f"its {digest.algorithm} is {value}, announced was {digest.value}"
            )


def receipt(transfer: str, store: Ivorn, container: Container) -> Receipt:
    """What the store says of a COMPLETE container, for one transfer."""
    content = container.content
    if content is None:
        raise ValueError(f"container {container.number} is {container.state} and has no receipt")
    return Receipt(
        transfer,
        store.with_fragment(container.number),
        content.size,
        container.changed,
        content.content_type,
        content.digests,
    )
