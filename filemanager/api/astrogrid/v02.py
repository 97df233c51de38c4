"""The operations of AstroGrid's FileManager, each in terms of our services; both its dialects end here.

    writeContent = importInit      copyURLToContent = importData      refresh = getNode
    appendContent = appendInit     copyContentToURL = exportData      readContent = exportInit

Rule: one function an operation, which asks the service that has the same rule; what is answered besides (parents,
children, stores) is read by `bundles`, in one transaction: for addNode the one that adds, else when it is done. These
clients know of no job and no transfer: whatever takes long is waited for, and what failed in it is a fault.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from filemanager.api.astrogrid import types
from filemanager.api.astrogrid.arguments import (
    find_name,
    find_node,
    find_store,
    require_name,
    require_node,
    require_text,
    require_type,
)
from filemanager.api.astrogrid.attributes import source_of, spelled
from filemanager.api.astrogrid.hints import hints_of
from filemanager.api.astrogrid.nodes import Memory, store_of
from filemanager.api.astrogrid.types import Done, InfoAnswer, NodeBundle, TransferInfo
from filemanager.api.waiting import until_job_ends, until_transfer_ends
from filemanager.domain.caller import Caller
from filemanager.domain.properties import PREFERRED_STORE
from filemanager.domain.spelling import account_of, public_name_of
from filemanager.services.bundles import Whereabouts
from filemanager.services.desk import Desk
from vofiles import contract
from vofiles.contract import HTTP, ItemState, Job, JobState, NodeKind, Property, TransferAnswer, TransferState
from vofiles.errors import InvalidArgument, JobEnded, NodeNotFound, ServiceBusy
from vofiles.faults import error_of
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.serving.soap import Parked

V = TypeVar("V", contract.Move, contract.Copy)


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""
    here = AstroGrid(desk)
    return {
        "dummyMessageWorkAroundForAxis": here.dummy_message,
        "getIdentifier": here.get_identifier,
        "addAccount": here.add_account,
        "getAccount": here.get_account,
        "getNode": here.get_node,
        "refresh": here.refresh,
        "addNode": here.add_node,
        "delete": here.delete,
        "move": here.move,
        "copy": here.copy,
        "readContent": here.read_content,
        "writeContent": here.write_content,
        "appendContent": here.append_content,
        "copyURLToContent": here.copy_url_to_content,
        "copyContentToURL": here.copy_content_to_url,
    }


class AstroGrid:
    """The operations."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wait = desk.config.terms.maximum_wait
        self._bundle_of = Memory().bundle_of

    def dummy_message(self, _caller: Caller, _request: types.DummyMessage) -> Done:
        return Done()

    def get_identifier(self, _caller: Caller, _request: types.GetIdentifier) -> types.IvornAnswer:
        return types.IvornAnswer(str(self._desk.config.identifier))

    # --- accounts ---

    def add_account(self, caller: Caller, request: types.AddAccount) -> NodeBundle:
        written = require_text("ident", request.ident)
        account = account_of(written)
        kept = (spelled(written),) if written != str(account) else ()
        wanted = contract.AddAccount(account, public_name_of(account), properties=kept)
        self._desk.accounts.add_account(caller, wanted)
        return self._bundle_of(self._desk.bundles.get_home(caller, account, hints_of(request.hints)))

    def get_account(self, caller: Caller, request: types.GetAccount) -> NodeBundle:
        account = account_of(require_text("ident", request.ident))
        return self._bundle_of(self._desk.bundles.get_home(caller, account, hints_of(request.hints)))

    # --- the tree ---

    def get_node(self, caller: Caller, request: types.GetNode) -> NodeBundle:
        return self._look(caller, request.node_ivorn, request.hints)

    def refresh(self, caller: Caller, request: types.Refresh) -> NodeBundle:
        # Whoever reads a file has its store asked anyway, where something is on its way.
        return self._look(caller, request.node_ivorn, request.hints)

    def _look(self, caller: Caller, node: str | None, hints: types.BundlePreferences | None) -> NodeBundle:
        wanted = contract.GetNode(require_node("nodeIvorn", node), hints_of(hints))
        return self._bundle_of(self._desk.bundles.get_bundle(caller, wanted))

    def add_node(self, caller: Caller, request: types.AddNode) -> NodeBundle:
        parent = require_node("parentIvorn", request.parent_ivorn)
        name, kind = require_name("newNodeName", request.new_node_name), require_type("nodeType", request.node_type)
        return self._bundle_of(self._desk.bundles.add_node(caller, contract.AddNode(parent, name, kind)))

    def delete(self, caller: Caller, request: types.Delete) -> NodeBundle:
        found = self._desk.bundles.find_whereabouts(caller, require_node("nodeIvorn", request.node_ivorn))
        self._desk.deletions.delete(caller, contract.Delete(LongIdentifier(found.node.node.identifier)))
        return self._bundle_of(self._desk.bundles.get_first(caller, found.above))

    def move(self, caller: Caller, request: types.Move) -> NodeBundle | Parked:
        found, wanted = self._place(caller, request, contract.Move)
        moved = self._desk.moves.move(caller, wanted)
        # Where its content alone goes elsewhere, no folder has changed.
        alone = wanted.parent is None and wanted.name is None
        before = found.above[0] if found.above and not alone else None

        def answer() -> NodeBundle:
            return self._bundle_of(
                self._desk.bundles.get_family(caller, moved.node.identifier, before, parent=not alone)
            )

        return self._settle(caller, moved, wanted.store, answer)

    def copy(self, caller: Caller, request: types.Copy) -> NodeBundle | Parked:
        _, wanted = self._place(caller, request, contract.Copy)
        made = self._desk.copies.copy(caller, wanted)
        answer = partial(self._desk.bundles.get_family, caller, made.node.identifier)
        return self._settle(caller, made, wanted.store, lambda: self._bundle_of(answer()))

    def _place(self, caller: Caller, request: types.Move | types.Copy, verb: type[V]) -> tuple[Whereabouts, V]:
        """Where the node is, and what is to be done with it, if that leaves it not just there.

        Raises InvalidArgument, InvalidName, NodeNotFound, ParentNotFound.
        """
        node = require_node("nodeIvorn", request.node_ivorn)
        parent = find_node("newParent", request.new_parent)
        name, store = find_name(request.new_node_name), find_store("newLocation", request.new_location)
        found = self._desk.bundles.find_whereabouts(caller, node, parent)
        there = found.node.node
        stays = (
            (found.into is None or found.into == there.parent)
            and (name is None or name == there.name)
            and (store is None or (there.type == NodeKind.FILE and store == store_of(found.node)))
        )
        if stays:
            raise InvalidArgument("the request", reason="Nothing happens: that is where the node is")
        into = LongIdentifier(found.into) if found.into is not None else None
        return found, verb(LongIdentifier(there.identifier), into, name, store)

    def _settle(
        self,
        caller: Caller,
        begun: contract.NodeJobAnswer,
        store: Ivorn | None,
        answer: Callable[[], NodeBundle],
    ) -> NodeBundle | Parked:
        """The answer once the contents are where they are to be. What comes later goes to the same store."""
        if store is not None:
            self._put(caller, begun.node.identifier, Property(PREFERRED_STORE, str(store)))

        def finish(job: Job) -> NodeBundle:
            self._require_done(caller, job)
            return answer()

        return answer() if begun.job is None else until_job_ends(self._desk, caller, begun.job, self._wait, finish)

    def _require_done(self, caller: Caller, job: Job) -> None:
        """Raise what the first item failed of, where a job has failed."""
        if job.state == JobState.CANCELLED:
            raise JobEnded(job.job, reason="it was cancelled")
        if job.state == JobState.FAILED:
            failed = contract.ListJobItems(job.job, ItemState.FAILED, limit=1)
            failures = [item.failure for item in self._desk.jobs.list_job_items(caller, failed).items]
            failure = next((each for each in [*failures, job.failure] if each is not None), None)
            assert failure is not None, "what failed says why"
            raise error_of(failure.name, f"{job.failed} of {job.total} contents did not arrive: {failure.message}")

    # --- contents ---

    def read_content(self, caller: Caller, request: types.ReadContent) -> InfoAnswer:
        node = require_node("nodeIvorn", request.node_ivorn)
        return _info_of(self._desk.exports.export_init(caller, contract.ExportInit(node)).transfer)

    def write_content(self, caller: Caller, request: types.WriteContent) -> InfoAnswer:
        node = require_node("nodeIvorn", request.node_ivorn)
        return _info_of(self._desk.imports.import_init(caller, contract.ImportInit(node)))

    def append_content(self, caller: Caller, request: types.AppendContent) -> InfoAnswer:
        node = require_node("nodeIvorn", request.node_ivorn)
        return _info_of(self._desk.appends.append_init(caller, contract.AppendInit(node)))

    def copy_url_to_content(self, caller: Caller, request: types.CopyURLToContent) -> NodeBundle | Parked:
        node, url = require_node("nodeIvorn", request.node_ivorn), require_text("url", request.url)
        begun = TransferAnswer(self._desk.imports.import_data(caller, contract.ImportData(node, url, HTTP)))

        def finish(ended: TransferAnswer) -> NodeBundle:
            if ended.transfer.state == TransferState.COMPLETED and ended.node is not None:
                identifier = ended.node.identifier
                source = source_of(ended.node, url)
                if source is not None:
                    self._put(caller, identifier, source)
                return self._bundle_of(self._desk.bundles.get_family(caller, identifier, parent=False))
            return self._look(caller, str(node), types.BundlePreferences(0, 0, fetch_parents=False))

        return until_transfer_ends(self._desk, caller, begun, self._wait, finish)

    def copy_content_to_url(self, caller: Caller, request: types.CopyContentToURL) -> Done | Parked:
        node = require_node("nodeIvorn", request.node_ivorn)
        if request.url is None:
            raise InvalidArgument("url", reason="it is null")
        url, method = require_text("uri", request.url.uri), require_text("method", request.url.method)
        begun = self._desk.exports.export_data(caller, contract.ExportData(node, url, HTTP, method))
        return until_transfer_ends(self._desk, caller, begun, self._wait, lambda _: Done())

    def _put(self, caller: Caller, node: NodeIdentifier, value: Property) -> None:
        """Note something on a node, if it is still there and has room: the deed itself is done."""
        try:
            self._desk.nodes.set_properties(caller, contract.SetProperties(LongIdentifier(node), (value,)))
        except (NodeNotFound, InvalidArgument):
            return


def _info_of(transfer: contract.Transfer) -> InfoAnswer:
    """Where these clients send or fetch. They can neither wait for an address nor send headers with a request."""
    for endpoint in transfer.endpoints:
        if endpoint.protocol == HTTP and not endpoint.headers:
            return InfoAnswer(TransferInfo(endpoint.url, endpoint.method))
    raise ServiceBusy("the store", reason="it has no address to give yet; ask again in a while")
