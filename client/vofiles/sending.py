"""The bytes of one put on their way to an endpoint, over as many connections as it takes.

Rule: what the store has safely is not sent again where it can say so (TUS), else everything is; either way the digests
are of all bytes in their order. A file that was written to meanwhile is sent from its start.
"""

import requests

from vofiles import contract, data, tus
from vofiles.data import Progress
from vofiles.errors import Incomplete
from vofiles.sources import Source


class Sending:
    """One source on its way."""

    def __init__(
        self,
        session: requests.Session,
        endpoint: contract.Endpoint,
        source: Source,
        *,
        content_type: str | None = None,
        progress: Progress | None = None,
        resume: bool = False,
    ) -> None:
        """`resume`: to be gone on with where a connection is lost, if the store lets us."""
        self._session, self._endpoint, self._source = session, endpoint, source
        self._type, self._progress = content_type, progress
        self._resume = resume and source.rewindable and source.size is not None
        self.reached = 0
        """Bytes that the store had safely when it was asked last."""

    @property
    def resumes(self) -> bool:
        """Whether what the store has safely need not be sent again, as far as is known."""
        return self._resume

    def require_repeatable(self, error: Exception) -> None:
        """Raise Incomplete where a connection that was lost by `error` leaves nothing that could be sent again."""
        if self._source.done and not self._source.rewindable:
            reason = f"the connection was lost after {self._source.done} bytes; it cannot be read a second time"
            raise Incomplete(self._source.label, reason=reason) from error

    def go_on(self) -> tuple[contract.Digest, ...]:
        """One connection's worth, to the end; the digests that the store answers, of all that it has then.

        Raises ConnectionLost, an error of the tree, OSError of the source.
        """
        offset = self._find_offset()
        if offset is None:
            return data.send(
                self._session, self._endpoint, self._source, content_type=self._type, progress=self._progress
            )
        self.reached = offset
        self._source.go_to(offset)
        return tus.send_rest(self._session, self._endpoint, self._source, self._progress)

    def _find_offset(self) -> int | None:
        """Where to go on; None for everything in one piece."""
        if not self._resume:
            return None
        offset = tus.find_offset(self._session, self._endpoint)
        if offset is None or offset > (self._source.size or 0) or self._source.has_changed():
            self._resume = False
            return None
        return offset
