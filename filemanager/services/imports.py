"""Imports: a file's next version on its way into a store.

Rule: the old content stays as it is until the new one is complete; which store is tried next when one does not answer
is decided here, from what `placement` allows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from filemanager.config import Config
from filemanager.domain.announcement import (
    is_content_type,
    require_address,
    require_content_type,
    require_digests,
    require_sizes,
)
from filemanager.domain.caller import Caller
from filemanager.domain.conditions import require_possible_version, require_version
from filemanager.domain.node import Node, require_file
from filemanager.domain.properties import CONTENT_TYPE
from filemanager.domain.repeat import Repeat, repeat_of
from filemanager.domain.store import Store
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, Numbers, StoreControl, Transaction
from filemanager.services.attempts import first_to_agree
from filemanager.services.description import describe_transfer
from filemanager.services.finding import get_node, path_of
from filemanager.services.offers import Offers
from filemanager.services.placing import places_for
from vofiles import contract
from vofiles.contract import (
    Digest,
    Direction,
    ImportData,
    ImportInit,
    StoreImportData,
    StoreImportInit,
    TransferState,
)
from vofiles.errors import ServiceBusy, StoreFull, StoreReadOnly, StoreUnreachable
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier

FETCH: Final = ("GET",)
"""Methods by which a store fetches."""

_PASSED_OVER = (StoreUnreachable, ServiceBusy, StoreFull, StoreReadOnly)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is known of an import before any store is asked."""

    node: Node
    path: LongIdentifier
    stores: list[Store]
    content_type: str | None
    """Announced to the store."""
    digests: tuple[Digest, ...]


Ask = Callable[[_Plan, Transfer, float], contract.Transfer]


@dataclass(frozen=True)
class ImportService:
    """The use cases of importing."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock
    numbers: Numbers
    offers: Offers

    def import_init(self, caller: Caller, request: ImportInit) -> contract.Transfer:
        """Where to PUT a file's next version.

        Raises NodeNotFound, NotAFile, InvalidArgument, VersionConflict, KeyReused, StoreNotFound, StoreUnreachable,
        StoreFull, StoreReadOnly, and what the store answers.
        """
        call = repeat_of(caller.account, request, self.clock.now())
        return self.begin_import(caller, request, call, Direction.IMPORT_INIT)

    def begin_import(
        self, caller: Caller, request: ImportInit, call: Repeat | None, direction: str
    ) -> contract.Transfer:
        """The same for a call of another operation, whose direction it is."""

        def ask(plan: _Plan, transfer: Transfer, within: float) -> contract.Transfer:
            wanted = StoreImportInit(
                transfer=transfer.number,
                callback=self.config.identifier,
                node=plan.path,
                owner=plan.node.owner,
                size=request.size,
                maximum_size=request.maximum_size,
                content_type=plan.content_type,
                digests=plan.digests,
                node_identifier=NodeIdentifier(self.config.identifier, plan.node.number),
            )
            return self.control.import_init(transfer.store, wanted, within)

        return self._begin(caller, request, call, direction, ask)

    def import_data(self, caller: Caller, request: ImportData) -> contract.Transfer:
        """Have a store fetch a file's next version; answers as soon as the store has agreed.

        Raises what `import_init` does, and AddressRefused.
        """
        require_address(request.url, request.protocol, request.method, FETCH)

        def ask(plan: _Plan, transfer: Transfer, within: float) -> contract.Transfer:
            wanted = StoreImportData(
                transfer=transfer.number,
                callback=self.config.identifier,
                node=plan.path,
                owner=plan.node.owner,
                url=request.url,
                protocol=request.protocol,
                method=request.method,
                size=request.size,
                maximum_size=request.maximum_size,
                content_type=plan.content_type,
                headers=request.headers,
                digests=plan.digests,
                node_identifier=NodeIdentifier(self.config.identifier, plan.node.number),
            )
            return self.control.import_data(transfer.store, wanted, within)

        call = repeat_of(caller.account, request, self.clock.now())
        return self._begin(caller, request, call, Direction.IMPORT_DATA, ask)

    def likely_store(self, tx: Transaction, folder: Node, store: Ivorn | None) -> Ivorn:
        """The store that a file in a folder would go to now if nothing else is said of it but `store`.

        Raises StoreNotFound, StoreUnreachable, StoreFull, StoreReadOnly.
        """
        wanted = ImportInit(LongIdentifier(NodeIdentifier(self.config.identifier, folder.number)), store)
        return self._choose(tx, folder, wanted)[0].identifier

    def _begin(
        self, caller: Caller, request: ImportInit | ImportData, call: Repeat | None, direction: str, ask: Ask
    ) -> contract.Transfer:
        require_sizes(request.size, request.maximum_size)
        require_content_type(request.content_type)
        require_possible_version(request.if_version)
        digests = require_digests(request.digests)
        begun = self.offers.find_begun(call)
        if begun is not None and begun.has_ended:
            return describe_transfer(begun)
        plan = self.database.read(lambda tx: self._plan(tx, caller, request, digests, begun))
        if begun is not None:
            return describe_transfer(*self.offers.resume(call, begun, partial(ask, plan), self._patience))

        def intent(store: Store) -> Transfer:
            now = self.clock.now()
            return Transfer(
                number=self.numbers.new_number(),
                caller=caller.account,
                direction=direction,
                store=store.identifier,
                state=TransferState.REQUESTED,
                created=now,
                node=plan.node.key,
                node_number=plan.node.number,
                due=now,
                size=request.size,
                content_type=request.content_type,
                digests=digests,
                if_version=request.if_version,
            )

        return self._offer_from_first(call, plan, intent, ask)

    @property
    def _patience(self) -> float:
        return self.config.terms.store_timeout

    def _plan(
        self,
        tx: Transaction,
        caller: Caller,
        request: ImportInit | ImportData,
        digests: tuple[Digest, ...],
        begun: Transfer | None,
    ) -> _Plan:
        service = self.config.identifier
        node = require_file(get_node(tx, service, caller, request.node))
        # What has begun has its store, and met its condition when it began.
        if begun is None:
            require_version(node, request.if_version)
        chosen = [] if begun is not None else self._choose(tx, node, request)
        content_type = request.content_type
        if content_type is None:
            stored = tx.nodes.property_of([node.key], CONTENT_TYPE).get(node.key, "")
            # People may call a type what they like; a store is told only what HTTP can say.
            content_type = stored if is_content_type(stored) else None
        return _Plan(node, path_of(tx, service, node), chosen, content_type, digests)

    def _choose(self, tx: Transaction, node: Node, request: ImportInit | ImportData) -> list[Store]:
        """The stores to ask, the first choice first."""
        default = self.config.default_store
        return places_for(tx, self.control, node, explicit=request.store, default=default, size=request.size)

    def _offer_from_first(
        self, call: Repeat | None, plan: _Plan, intent: Callable[[Store], Transfer], ask: Ask
    ) -> contract.Transfer:
        """The offer of the first store that makes one, while there is time to ask another."""

        def attempt(store: Store, within: float) -> contract.Transfer:
            return describe_transfer(*self.offers.begin_once(call, intent(store), partial(ask, plan), within))

        attempts = [partial(attempt, store) for store in plan.stores]
        return first_to_agree(self.clock, self._patience, attempts, _PASSED_OVER)
