"""Importing a tree: stores fetch many files into a folder.

Rule: all paths and addresses are right, or nothing begins. Each file is an item: its folders and itself are made in one
commit, which the item knows of, and then its content is an import like any caller's. What is there already is
left as it is.
"""

from dataclasses import dataclass, replace

from filemanager.config import Config
from filemanager.domain.announcement import require_address, require_content_type, require_sizes
from filemanager.domain.caller import Caller
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.job import Job, JobItem
from filemanager.domain.node import Node, require_depth, require_folder
from filemanager.domain.step import Step
from filemanager.domain.treepaths import Path, parse_path, require_tree, write_path
from filemanager.ports import Clock, Database, Numbers, Transaction
from filemanager.services.finding import get_node, lock_present
from filemanager.services.imports import FETCH, ImportService
from filemanager.services.job_headers import read_headers
from filemanager.services.jobs import note_item
from filemanager.services.tree_jobs import TreeJobs, TreeWork
from vofiles import contract
from vofiles.contract import ImportData, ImportTree, JobVerb, NodeJobAnswer, NodeKind, TreeSource
from vofiles.errors import InvalidArgument, ParentNotFound
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import NodeName


@dataclass(frozen=True)
class TreeImportService(TreeWork):
    """The use case of importing a tree, and the work of its jobs (`Work`)."""

    config: Config
    database: Database
    clock: Clock
    numbers: Numbers
    imports: ImportService
    jobs: TreeJobs

    def import_tree(self, caller: Caller, request: ImportTree) -> NodeJobAnswer:
        """A job that has stores fetch these files into a folder.

        Raises NodeNotFound, NotAFolder, InvalidArgument, InvalidName, InvalidIdentifier, AddressRefused, TooLarge,
        StoreNotFound, StoreUnreachable, StoreFull, StoreReadOnly, KeyReused.
        """
        paths = [parse_path(source.path) for source in request.sources]
        require_tree(paths)
        if not paths:
            raise InvalidArgument("source", reason="there is nothing to import")
        for source in request.sources:
            _require_source(source)
        deepest = max(paths, key=len)

        def look(tx: Transaction, folder: Node) -> tuple[list[JobItem], dict[str, str]]:
            require_depth(deepest[-1], len(tx.nodes.ancestors(folder.key)) + len(deepest))
            lane = self.imports.likely_store(tx, folder, request.store)
            items = [_item(source, path, lane) for source, path in zip(request.sources, paths, strict=True)]
            return items, {} if request.store is None else {"store": str(request.store)}

        return self.jobs.begin(caller, request, JobVerb.IMPORT, look)

    # --- the work of its jobs ---

    def step(self, job: Job, item: JobItem) -> Step:
        """Make the file and have its content fetched; look how far that is."""
        caller = Caller(job.caller)
        if item.node is None:
            numbers = [self.numbers.new_number() for _ in range(item.path.count("/") + 1)]
            node = self.database.write(lambda tx: self._add_file(tx, caller, job, item, numbers))
            item = replace(item, node=node.number)
        assert item.node is not None, "it has just been made, or was before"
        wanted = ImportData(
            LongIdentifier(NodeIdentifier(self.config.identifier, item.node)),
            item.request["url"],
            store=Ivorn.parse(job.request["store"]) if "store" in job.request else None,
            size=item.size,
            content_type=item.request.get("content_type"),
            headers=read_headers(job.request),
        )

        def begin(key: str) -> contract.Transfer:
            return self.imports.import_data(caller, replace(wanted, idempotency_key=key))

        return self.transfers.step(job, item, begin)

    def _add_file(self, tx: Transaction, caller: Caller, job: Job, item: JobItem, numbers: list[str]) -> Node:
        """The empty file of an item, and the folders above it that are not there yet."""
        path = parse_path(item.path)
        top = LongIdentifier(NodeIdentifier(self.config.identifier, job.node or ""))
        parent = _locked(tx, get_node(tx, self.config.identifier, caller, top))
        for name, number in zip(path[:-1], numbers, strict=False):
            found = tx.nodes.find_path(parent.number, (name,))
            parent = (
                _locked(tx, found) if found is not None else self._add(tx, caller, parent, name, number, folder=True)
            )
        node = self._add(tx, caller, parent, path[-1], numbers[-1], folder=False)
        note_item(tx, item, node=node.number, result=node.number)
        return node

    def _add(self, tx: Transaction, caller: Caller, parent: Node, name: NodeName, number: str, *, folder: bool) -> Node:
        now, kind = self.clock.now(), NodeKind.FOLDER if folder else NodeKind.FILE
        node = tx.nodes.add_node(
            Node(number, name, kind, parent.owner, now, now, parent=parent.key, parent_number=parent.number)
        )
        after = {"node.name": name, "node.type": kind, "node.parent": parent.number}
        tx.changes.add_change(Change(caller.account, node.owner, now, number, ChangeOperation.ADD_NODE, {}, after))
        return node


def _locked(tx: Transaction, found: Node) -> Node:
    """A folder to add to, as it is and stays. Raises ParentNotFound, NotAFolder."""
    node = lock_present(tx, found.key)
    if node is None:
        raise ParentNotFound(found.name)
    return require_folder(node)


def _require_source(source: TreeSource) -> None:
    """Refuse what no store would fetch. Raises InvalidArgument, AddressRefused."""
    require_address(source.url, None, None, FETCH)
    require_sizes(source.size, None)
    require_content_type(source.content_type)


def _item(source: TreeSource, path: Path, lane: Ivorn) -> JobItem:
    told = {"url": source.url} | ({} if source.content_type is None else {"content_type": source.content_type})
    return JobItem(0, write_path(path), store=lane, size=source.size, request=told)
