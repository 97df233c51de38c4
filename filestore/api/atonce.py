"""GETs answered at once: on the reactor, with no thread in between, where the content is on the shelf.

The same services are asked, on ports that raise WouldWait where they would wait: a catalogue of the reactor's own, which
waits for nobody's turn or lock, and no back end at all. What cannot be answered so the pool answers, as if nothing had
been tried.

Rule: every answer is the catalogue's, as it is at that moment: before one is given again it is asked whether it has
been changed since, and if so what it says of this ticket now. The clock is asked each time.
"""

from dataclasses import replace
from typing import NoReturn, cast

from filestore.api.origins import Origins
from filestore.api.representation import represent
from filestore.ports import Backend, Catalogue, Records
from filestore.services.exports import Download, admit, open_download
from filestore.services.store import Store
from vofiles.errors import VofilesError
from vofiles.serving.atonce import ReadingAtOnce, WouldWait
from vofiles.serving.http import Request, Response


class _NoBackend:
    """In place of the disk."""

    def __getattr__(self, name: str) -> NoReturn:
        raise WouldWait


class AtOnce:
    """What can be answered on the reactor."""

    def __init__(self, store: Store, catalogue: ReadingAtOnce[Records], origins: Origins) -> None:
        self._catalogue, self._origins = catalogue, origins
        # Nothing of a request that is only read needs more of a catalogue or of a back end than these have.
        self._store = replace(store, catalogue=cast(Catalogue, catalogue), backend=cast(Backend, _NoBackend()))

    def find(self, request: Request, token: str) -> Response | None:
        """The answer to a GET or HEAD, None where the pool has to give it."""
        try:
            mark = self._catalogue.mark()
            download = open_download(self._store, token, request.method)
            response = self._origins.mark(request, represent(request, download, download.close))
        except (WouldWait, VofilesError):
            return None
        return replace(response, again=_Standing(self._store, self._catalogue, download, mark).holds)


class _Standing:
    """Whether a download could be had now as it was."""

    def __init__(self, store: Store, catalogue: ReadingAtOnce[Records], download: Download, mark: object) -> None:
        self._store, self._catalogue, self._mark = store, catalogue, mark
        self._ticket, self._admitted = download.ticket, download.admitted
        self._clock, self._expiry = store.clock, download.admitted.transfer.expiry

    def holds(self) -> bool:
        """Ask the clock and the catalogue. False also where it cannot be told at once."""
        if self._clock() > self._expiry:
            return False
        try:
            mark = self._catalogue.mark()
            if mark != self._mark:
                if admit(self._store, self._ticket) != self._admitted:
                    return False
                self._mark = mark
        except (WouldWait, VofilesError):
            return False
        return True
