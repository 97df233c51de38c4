"""Exports: a file's content on its way out of a store.

Rule: what is exported is the current version as it is when the operation begins, or an earlier one that is kept, from a
replica that can be read; later versions do not disturb it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from filemanager.config import Config
from filemanager.domain.announcement import is_content_type, require_address
from filemanager.domain.caller import Caller
from filemanager.domain.node import Node, require_file
from filemanager.domain.repeat import Repeat, repeat_of
from filemanager.domain.replica import READABLE, Replica, ReplicaState
from filemanager.domain.store import StoreState
from filemanager.domain.transfer import Transfer
from filemanager.ports import Clock, Database, Numbers, StoreControl, Transaction
from filemanager.services.arrivals import open_on
from filemanager.services.attempts import first_to_agree
from filemanager.services.description import describe_transfer, describe_with_content
from filemanager.services.finding import get_node
from filemanager.services.offers import Offers
from vofiles import contract
from vofiles.contract import (
    Direction,
    ExportData,
    ExportInit,
    StoreExportData,
    StoreExportInit,
    TransferAnswer,
    TransferState,
)
from vofiles.errors import ContainerNotFound, ContentNotFound, Damaged, ServiceBusy, StoreUnreachable, VersionNotFound
from vofiles.ivorn import Ivorn

SEND: Final = ("PUT", "POST")
"""Methods by which a store sends."""

_PASSED_OVER = (StoreUnreachable, ServiceBusy, ContainerNotFound, Damaged)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is known of an export before any store is asked."""

    node: Node
    described: contract.Node
    replicas: list[Replica]
    offline: frozenset[Ivorn]
    lost: Ivorn | None = None
    """A store that is known not to have the bytes whole any more."""

    @property
    def content_type(self) -> str | None:
        """Announced to the store."""
        content_type = self.described.content_type
        return content_type if content_type is not None and is_content_type(content_type) else None


Ask = Callable[[_Plan, Transfer, float], contract.Transfer]


@dataclass(frozen=True)
class ExportService:
    """The use cases of exporting."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock
    numbers: Numbers
    offers: Offers
    refresh: Callable[[list[str]], bool]
    """Asks stores about open transfers, by their numbers; answers whether one has ended."""

    def export_init(self, caller: Caller, request: ExportInit) -> TransferAnswer:
        """Where to GET a file's content, and the file as it is.

        Raises NodeNotFound, NotAFile, ContentNotFound (nothing has been written), VersionNotFound (it is not kept),
        StoreUnreachable, ContainerNotFound, Damaged (no store has its bytes whole any more).
        """

        def ask(plan: _Plan, transfer: Transfer, within: float) -> contract.Transfer:
            wanted = StoreExportInit(
                transfer=transfer.number,
                callback=self.config.identifier,
                container=_container(transfer),
                name=plan.node.name,
                content_type=plan.content_type,
            )
            return self.control.export_init(transfer.store, wanted, within)

        return self._begin(caller, None, request, Direction.EXPORT_INIT, ask)

    def export_data(self, caller: Caller, request: ExportData) -> TransferAnswer:
        """Have a store send a file's content; answers as soon as the store has agreed.

        Raises what `export_init` does, InvalidArgument, AddressRefused and KeyReused.
        """
        require_address(request.url, request.protocol, request.method, SEND)

        def ask(plan: _Plan, transfer: Transfer, within: float) -> contract.Transfer:
            wanted = StoreExportData(
                transfer=transfer.number,
                callback=self.config.identifier,
                container=_container(transfer),
                url=request.url,
                protocol=request.protocol,
                method=request.method,
                content_type=plan.content_type,
                headers=request.headers,
            )
            return self.control.export_data(transfer.store, wanted, within)

        call = repeat_of(caller.account, request, self.clock.now())
        return self._begin(caller, call, request, Direction.EXPORT_DATA, ask)

    def _begin(
        self, caller: Caller, call: Repeat | None, request: ExportInit | ExportData, direction: str, ask: Ask
    ) -> TransferAnswer:
        begun = self.offers.find_begun(call)
        if begun is not None and begun.has_ended:
            return TransferAnswer(describe_transfer(begun))
        plan = self._first_plan(caller, request)
        if begun is not None:
            resumed = self.offers.resume(call, begun, partial(ask, plan), self.config.terms.store_timeout)
            return TransferAnswer(describe_transfer(*resumed), plan.described)
        while True:
            try:
                return self._offer_from_first(caller, call, plan, direction, ask)
            except ContainerNotFound:
                # A new version may have come, and retention taken this one, while the store was being asked.
                fresh = self.database.read(lambda tx: self._plan(tx, caller, request))
                if fresh.replicas == plan.replicas:
                    raise
                plan = fresh

    def _first_plan(self, caller: Caller, request: ExportInit | ExportData) -> _Plan:
        """The plan, of what was put a moment ago where that is what is asked for."""

        def look(tx: Transaction) -> _Plan | list[str]:
            node = get_node(tx, self.config.identifier, caller, request.node)
            coming = open_on(tx, [node.key]) if request.version is None else []
            return coming or self._plan_of(tx, node, request)

        found = self.database.read(look)
        if isinstance(found, _Plan):
            return found
        self.refresh(found)
        return self.database.read(lambda tx: self._plan(tx, caller, request))

    def _offer_from_first(
        self, caller: Caller, call: Repeat | None, plan: _Plan, direction: str, ask: Ask
    ) -> TransferAnswer:
        """The offer of the first store that makes one, while there is time to ask another."""

        def attempt(replica: Replica, within: float) -> TransferAnswer:
            intent = self._intent(caller, direction, plan.node, replica)
            if replica.store in plan.offline:
                raise StoreUnreachable(replica.store, reason="it is OFFLINE")
            begun = self.offers.begin_once(call, intent, partial(ask, plan), within)
            return TransferAnswer(describe_transfer(*begun), plan.described)

        if not plan.replicas:
            if plan.lost is not None:
                raise Damaged(plan.node.name, reason=f"{plan.lost} does not have its bytes as they came, and no other")
            raise ContentNotFound(plan.node.name, reason="no store has it in a readable state")
        attempts = [partial(attempt, replica) for replica in plan.replicas]
        return first_to_agree(self.clock, self.config.terms.store_timeout, attempts, _PASSED_OVER)

    def _intent(self, caller: Caller, direction: str, node: Node, replica: Replica) -> Transfer:
        now = self.clock.now()
        return Transfer(
            number=self.numbers.new_number(),
            caller=caller.account,
            direction=direction,
            store=replica.store,
            state=TransferState.REQUESTED,
            created=now,
            node=node.key,
            node_number=node.number,
            due=now,
            container=replica.container,
        )

    def _plan(self, tx: Transaction, caller: Caller, request: ExportInit | ExportData) -> _Plan:
        return self._plan_of(tx, get_node(tx, self.config.identifier, caller, request.node), request)

    def _plan_of(self, tx: Transaction, node: Node, request: ExportInit | ExportData) -> _Plan:
        require_file(node)
        if not node.version:
            raise ContentNotFound(node.name, reason="nothing has been written to it yet")
        number = node.version if request.version is None else request.version
        version = tx.contents.find_version(node.key, number) if 0 < number <= node.version else None
        if version is None:
            raise VersionNotFound(f"version {number} of {node.name}")
        replicas = tx.contents.replicas_of([version.key]).get(version.key, [])
        readable = [replica for replica in replicas if replica.state in READABLE]
        offline = {store.identifier for store in tx.stores.list_stores() if store.state == StoreState.OFFLINE}
        described = describe_with_content(tx, self.config.identifier, node, version)
        lost = next((replica.store for replica in replicas if replica.state == ReplicaState.LOST), None)
        return _Plan(node, described, readable, frozenset(offline), lost)


def _container(transfer: Transfer) -> Ivorn:
    assert transfer.container is not None, "an export is of a container from the beginning"
    return transfer.container
