"""Appends: bytes put behind what a file has, as its next version.

Rule: an append is to the version that was the current one when it began, in the store that has it, and becomes the next
version only while that is still so: of two at once the later one fails with VersionConflict, so that neither loses the
other's bytes, and its caller begins again.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from filemanager.config import Config
from filemanager.domain.announcement import require_sizes
from filemanager.domain.caller import Caller
from filemanager.domain.conditions import require_possible_version, require_version
from filemanager.domain.content import ContentVersion
from filemanager.domain.node import Node, require_file
from filemanager.domain.placement import require_usable
from filemanager.domain.repeat import Repeat, repeat_of
from filemanager.domain.replica import READABLE, Replica
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, Numbers, StoreControl, Transaction
from filemanager.services.arrivals import Arrivals
from filemanager.services.attempts import first_to_agree
from filemanager.services.description import describe_transfer
from filemanager.services.finding import get_node, path_of
from filemanager.services.imports import ImportService
from filemanager.services.offers import Offers
from vofiles import contract
from vofiles.contract import AppendInit, Direction, ImportInit, StoreAppendInit, TransferState
from vofiles.errors import (
    ContainerNotFound,
    ContentNotFound,
    ServiceBusy,
    StoreFull,
    StoreReadOnly,
    StoreUnreachable,
    VersionConflict,
)
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier

ATTEMPTS: Final = 5
"""How often one call begins again because the content changed between two looks at it."""

_PASSED_OVER = (StoreUnreachable, ServiceBusy, StoreFull, StoreReadOnly, ContainerNotFound)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is known of an append before any store is asked."""

    node: Node
    path: LongIdentifier
    base: ContentVersion | None
    """What is added to; None where there is nothing yet."""
    replicas: tuple[Replica, ...]
    """Where it is, in stores that take new content."""


@dataclass(frozen=True)
class AppendService:
    """The use case of appending."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock
    numbers: Numbers
    offers: Offers
    imports: ImportService
    arrivals: Arrivals

    def append_init(self, caller: Caller, request: AppendInit) -> contract.Transfer:
        """Where to PUT what is added to a file. One without content gets it as its content.

        Raises NodeNotFound, NotAFile, InvalidArgument, VersionConflict, KeyReused; ContentNotFound where no store has
        the content in a readable state; StoreUnreachable, StoreFull, StoreReadOnly where those that have it take
        nothing; and what the store answers.
        """
        require_sizes(request.size, request.maximum_size)
        require_possible_version(request.if_version)
        call = repeat_of(caller.account, request, self.clock.now())
        begun = self.offers.find_begun(call)
        if begun is not None and (begun.if_version or begun.has_ended):
            return self._resume(caller, request, call, begun)
        if begun is not None:
            return self._begin_content(caller, request, call)
        # What was put before, and is not known here yet, is what this is put behind.
        self.arrivals.ask(caller, request.node)
        for _ in range(ATTEMPTS - 1):
            try:
                return self._begin(caller, request, call)
            except VersionConflict:
                if request.if_version is not None:
                    raise
        return self._begin(caller, request, call)

    def _resume(self, caller: Caller, request: AppendInit, call: Repeat | None, begun: Transfer) -> contract.Transfer:
        if begun.has_ended:
            return describe_transfer(begun)
        plan = self.database.read(lambda tx: self._plan_of_begun(tx, caller, request, begun))
        patience = self.config.terms.store_timeout
        return describe_transfer(*self.offers.resume(call, begun, partial(self._ask, plan, request), patience))

    def _begin(self, caller: Caller, request: AppendInit, call: Repeat | None) -> contract.Transfer:
        plan = self.database.read(lambda tx: self._plan(tx, caller, request))
        if plan.base is None:
            return self._begin_content(caller, request, call)
        base = plan.base

        def attempt(replica: Replica, within: float) -> contract.Transfer:
            intent = self._intent(caller, request, plan.node, base, replica.store)
            return describe_transfer(*self.offers.begin_once(call, intent, partial(self._ask, plan, request), within))

        attempts = [partial(attempt, replica) for replica in plan.replicas]
        return first_to_agree(self.clock, self.config.terms.store_timeout, attempts, _PASSED_OVER)

    def _begin_content(self, caller: Caller, request: AppendInit, call: Repeat | None) -> contract.Transfer:
        """The first content of a file: nothing else may come before it."""
        first = ImportInit(request.node, size=request.size, maximum_size=request.maximum_size, if_version=0)
        return self.imports.begin_import(caller, first, call, Direction.APPEND_INIT)

    def _intent(self, caller: Caller, request: AppendInit, node: Node, base: ContentVersion, store: Ivorn) -> Transfer:
        now = self.clock.now()
        return Transfer(
            number=self.numbers.new_number(),
            caller=caller.account,
            direction=Direction.APPEND_INIT,
            store=store,
            state=TransferState.REQUESTED,
            created=now,
            node=node.key,
            node_number=node.number,
            due=now,
            size=request.size,
            if_version=base.number,
        )

    def _ask(self, plan: _Plan, request: AppendInit, transfer: Transfer, within: float) -> contract.Transfer:
        replica = next((each for each in plan.replicas if each.store == transfer.store), None)
        if replica is None:
            raise ContainerNotFound(transfer.number, reason="what it was to be added to is not kept")
        wanted = StoreAppendInit(
            transfer=transfer.number,
            callback=self.config.identifier,
            container=replica.container,
            node=plan.path,
            owner=plan.node.owner,
            size=request.size,
            maximum_size=request.maximum_size,
            node_identifier=NodeIdentifier(self.config.identifier, plan.node.number),
        )
        return self.control.append_init(transfer.store, wanted, within)

    def _plan(self, tx: Transaction, caller: Caller, request: AppendInit) -> _Plan:
        node = require_file(get_node(tx, self.config.identifier, caller, request.node))
        require_version(node, request.if_version)
        base = tx.contents.find_version(node.key, node.version) if node.version else None
        path = path_of(tx, self.config.identifier, node)
        if base is None:
            return _Plan(node, path, None, ())
        readable = {replica.store: replica for replica in reversed(_readable(tx, base))}
        if not readable:
            raise ContentNotFound(node.name, reason="no store has it in a readable state")
        stores = {store.identifier: store for store in tx.stores.list_stores()}
        # The bytes stay where they are: another store would have to be given all of them first.
        order = [stores[name] for name in reversed(readable)]
        usable = require_usable(order, base.size + (request.size or 0), self.control.is_down)
        return _Plan(node, path, base, tuple(readable[store.identifier] for store in usable))

    def _plan_of_begun(self, tx: Transaction, caller: Caller, request: AppendInit, begun: Transfer) -> _Plan:
        """What a transfer that has begun was begun with."""
        node = require_file(get_node(tx, self.config.identifier, caller, request.node))
        base = tx.contents.find_version(node.key, begun.if_version or 0)
        replicas = _readable(tx, base) if base is not None else []
        return _Plan(node, path_of(tx, self.config.identifier, node), base, tuple(replicas))


def _readable(tx: Transaction, version: ContentVersion) -> list[Replica]:
    """The replicas that can be added to, the preferred one first: a part of a container cannot."""
    replicas = tx.contents.replicas_of([version.key]).get(version.key, [])
    return [each for each in replicas if each.state in READABLE and each.offset == 0 and each.length is None]
