"""GET and HEAD by ticket.

Rule: where the catalogue can be read without waiting, a request is admitted on the reactor, and at most one other
thread has to do with it: the one that opens the content and sends it. Elsewhere a pool does what may wait. Both ask the
same services and say the same.
"""

from collections.abc import Callable
from functools import partial

from filestore.api.atonce import AtOnce
from filestore.api.bodies import Bodies
from filestore.api.description import describe
from filestore.api.origins import Origins
from filestore.api.representation import represent
from filestore.services.exports import admit
from filestore.services.store import Store
from vofiles.serving.http import Exchange, Pool, Request, Response

METHODS = frozenset({"GET", "HEAD"})

Failed = Callable[[Request, BaseException], Response]
"""Makes the answer to a request that failed."""


class Downloads:
    """Serves the contents of one store."""

    def __init__(self, store: Store, pool: Pool, origins: Origins, failed: Failed, at_once: AtOnce | None) -> None:
        """`at_once` is asked first, where there is one."""
        self._store, self._pool, self._origins, self._failed, self._at_once = store, pool, origins, failed, at_once

    def find_at_once(self, request: Request, token: str) -> Response | None:
        """The answer, on the reactor; None where something has to be waited for, or it is a refusal."""
        found = self._at_once.find(token, request.method) if self._at_once is not None else None
        if found is None:
            return None
        response = represent(request, found.described, self._bodies(request), found.holds)
        return self._origins.mark(request, response)

    def answer(self, exchange: Exchange, token: str) -> None:
        """Answer; in the pool."""
        request = exchange.request
        try:
            admitted = admit(self._store, token, request.method)
            response = self._origins.mark(request, represent(request, describe(admitted), self._bodies(request)))
        except Exception as error:  # noqa: BLE001 - `failed` words what is known, and logs what is not
            response = self._failed(request, error)
        exchange.respond_from_thread(response)

    def _bodies(self, request: Request) -> Bodies:
        return Bodies(self._store, self._pool, partial(self._failed, request))
