"""Tickets admitted at once: on the reactor, with no thread in between.

The same services are asked, on a catalogue of the reactor's own, which raises WouldWait where it would wait. What
cannot be told so is asked again in the pool, as if nothing had been tried.

Rule: what is told is what the catalogue says at that moment. A ticket that was admitted is admitted again without being
looked up only where nobody has committed anything in between; else it is looked up. The clock is asked each time.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, cast

from filestore.api.description import Description, describe
from filestore.ports import Catalogue, Records
from filestore.services.exports import Admitted, admit, admit_again
from filestore.services.store import Store
from vofiles.errors import VofilesError
from vofiles.serving.atonce import ReadingAtOnce, WouldWait

MOST: Final = 4096
"""Tickets that are remembered; those for longest go first."""


class Standing:
    """What a ticket was good for when the catalogue was asked last."""

    def __init__(self, store: Store, ask: Callable[[], object], mark: object, admitted: Admitted) -> None:
        """`store` has a catalogue that answers at once; `ask` makes the mark of how it stands, `mark` is one that was
        made before it was read.
        """
        self.described: Description = describe(admitted)
        self._store, self._ask, self._mark, self._admitted = store, ask, mark, admitted
        self._clock, self._expiry = store.clock, admitted.transfer.expiry

    def holds(self) -> bool:
        """Whether it is good for the same now. False also where that cannot be told at once."""
        if self._clock() > self._expiry:
            return False
        try:
            mark = self._ask()
            if mark != self._mark:
                if admit_again(self._store, self._admitted.ticket) != self._admitted:
                    return False
                self._mark = mark
        except (WouldWait, VofilesError):
            return False
        return True


class AtOnce:
    """Admits tickets on the reactor."""

    def __init__(self, store: Store, catalogue: ReadingAtOnce[Records]) -> None:
        self._ask = catalogue.mark
        # Whoever only reads needs no more of a catalogue than this one has.
        self._store = replace(store, catalogue=cast(Catalogue, catalogue))
        # By tickets' texts: found by a hash whose key nobody knows, so that time tells nothing of one nearly right.
        self._known: dict[tuple[str, str], Standing] = {}

    def find(self, token: str, method: str) -> Standing | None:
        """What a ticket is good for, None where it is refused or cannot be told at once."""
        known = self._known.get((token, method))
        if known is not None:
            if known.holds():
                return known
            del self._known[token, method]
        try:
            mark = self._ask()
            admitted = admit(self._store, token, method)
        except (WouldWait, VofilesError):
            return None
        found = self._known[token, method] = Standing(self._store, self._ask, mark, admitted)
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        return found
