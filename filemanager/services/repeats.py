"""Repeats: a call that is made again with its idempotency key is answered as the first one was.

    answer = self.once.write(caller, request, contract.Node, add)      # instead of self.database.write(add)

Rule: the key, what was done and the answer are one commit, so that there is never one without the others; what failed
is not remembered. Who repeats a call that is still under way waits for it. Every use case that changes something goes
through here; those that begin a transfer do so through `offers`, because their answer comes from a store.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.repeat import repeat_of
from filemanager.ports import Clock, Database, Transaction
from vofiles.instant import SECOND, Instant

A = TypeVar("A")
W = TypeVar("W")

BATCH: Final = 500
"""Keys forgotten in one transaction."""


@dataclass(frozen=True)
class Once:
    """Work in the database, done once for each key."""

    config: Config
    database: Database
    clock: Clock

    def write(self, caller: Caller, request: Any, kind: type[A], work: Callable[[Transaction], A]) -> A:
        """What `work` answers, a wire value of that kind; for a repeat what it answered then, nothing being done.

        Raises KeyReused where the caller used the key for another request, InvalidArgument for a key that cannot be,
        and whatever `work` raises.
        """
        answer, _ = self.write_with(caller, request, kind, lambda tx: (work(tx), None), None)
        return answer

    def write_with(
        self, caller: Caller, request: Any, kind: type[A], work: Callable[[Transaction], tuple[A, W]], nothing: W
    ) -> tuple[A, W]:
        """The same where `work` answers besides what is to be done after it, which for a repeat is `nothing`."""
        call = repeat_of(caller.account, request, self.clock.now())
        if call is None:
            return self.database.write(work)

        def commit(tx: Transaction) -> tuple[A, W]:
            before = tx.repeats.claim(call)
            if before is not None:
                before.require_same(call)
                known = tx.repeats.find_answer(before, kind)
                assert known is not None, "it is kept by the commit that claims the key"
                return known, nothing
            answer, rest = work(tx)
            tx.repeats.keep_answer(call, answer)
            return answer, rest

        return self.database.write(commit)

    def prune(self) -> int:
        """Forget the keys whose time is over; answers how many."""
        before = Instant(self.clock.now() - self.config.terms.keep_keys * SECOND)
        pruned = 0
        while some := self.database.write(lambda tx: tx.repeats.prune(before, BATCH)):
            pruned += some
            if some < BATCH:
                break
        return pruned
