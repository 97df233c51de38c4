"""Errands on their way to stores: the durable rows as letters of the shared outbox, and the port ErrandSender.

Rule: an errand is done when the store says so, or says that there is nothing to do; it is tried until then, as long as
the service's patience lasts.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from filemanager.domain.errand import Errand, ErrandVerb
from filemanager.ports import Clock, Database, StoreControl, Transaction
from vofiles.errors import Conflict, InvalidArgument, NotFound, StoreNotFound, StoreUnreachable
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.letters import Delivery, Later, Letter, singly
from vofiles.serving.outbox import Outbox


class ErrandTable:
    """The errands as an OutboxTable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: Instant, limit: int, without: Collection[str]) -> Sequence[Letter[Errand]]:
        stores = [Ivorn.parse(store) for store in without]
        errands = self._database.read(lambda tx: tx.errands.due_errands(now, limit, stores))
        return [Letter(errand.key, str(errand.store), errand.created, errand.attempts, errand) for errand in errands]

    def delivered(self, letters: Sequence[Letter[Errand]]) -> None:
        def forget(tx: Transaction) -> None:
            for letter in letters:
                tx.errands.delete_errand(letter.key)

        self._database.write(forget)

    def retry(self, later: Sequence[Later[Errand]]) -> None:
        def count(tx: Transaction) -> None:
            for each in later:
                errand = each.letter.body
                tx.errands.save_errand(replace(errand, due=each.at, attempts=errand.attempts + 1, error=each.error))

        self._database.write(count)

    def give_up(self, letter: Letter[Errand], error: str) -> None:
        """Forget it: the store's own sweep and the checker find what is left of its subject."""
        del error
        self.delivered([letter])


def carry(stores: StoreControl, errand: Errand, within: float) -> None:
    """Do an errand. Raises what the store raises, but not where there is nothing left to do."""
    try:
        if errand.verb == ErrandVerb.DELETE_CONTAINER:
            stores.delete_container(errand.store, Ivorn.parse(errand.subject), within)
        elif errand.verb == ErrandVerb.CANCEL_TRANSFER:
            stores.cancel_transfer(errand.store, errand.subject, within)
        else:
            raise InvalidArgument("errand", reason=f"{errand.verb} is not known to this version")
    except StoreNotFound as error:
        # It was taken out of the configuration, perhaps by mistake; what is its business there stays its business.
        raise StoreUnreachable(errand.store, reason="it is not in this service's configuration any more") from error
    except (NotFound, Conflict):
        # The subject is gone, or has ended in another way.
        return


def errand_outbox(database: Database, stores: StoreControl, clock: Clock, within: float) -> Outbox[Errand]:
    """The outbox that carries the errands; it is an ErrandSender."""

    def deliver(letter: Letter[Errand]) -> None:
        carry(stores, letter.body, within)

    return Outbox(Delivery(ErrandTable(database), singly(deliver), clock=clock.now), name="errands")
