"""The trash as its owner sees it: what is in it, taking it back, and having it go for good.

Rule: an entry that somebody is removing for good is there for nobody any more. Everything here is a few rows in one
commit; what takes long is a job (`purge_jobs`).
"""

from dataclasses import dataclass, replace

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.node import Node, require_depth, require_folder
from filemanager.domain.rights import may_see_node, may_see_space
from filemanager.domain.trash import TrashEntry
from filemanager.domain.usage import Usage
from filemanager.ports import Clock, Database, Numbers, Transaction
from filemanager.services.description import describe_node, describe_nodes
from filemanager.services.finding import get_parent, lock_present
from filemanager.services.jobs import describe_job
from filemanager.services.moves import lock_space
from filemanager.services.purge_jobs import SMALL, begin_purge, count_nodes, lock_entries
from filemanager.services.purging import purge_all
from filemanager.services.repeats import Once
from filemanager.services.telling import Ended, Telling
from vofiles import contract
from vofiles.contract import DeleteAnswer, ListTrash, ListTrashAnswer, PurgeTrash, Restore, Trashed
from vofiles.errors import InvalidArgument, NodeNotFound, ParentNotFound
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.names import parse_name


@dataclass(frozen=True)
class TrashService:
    """The use cases of the trash."""

    config: Config
    database: Database
    clock: Clock
    numbers: Numbers
    once: Once
    telling: Telling

    @property
    def _service(self) -> Ivorn:
        return self.config.identifier

    def list_trash(self, caller: Caller, request: ListTrash) -> ListTrashAnswer:
        """A page of what is in the caller's trash, the last deleted first. Raises InvalidArgument."""
        most = self.config.terms.maximum_page
        limit = most if request.limit is None else min(request.limit, most)
        if limit < 1:
            raise InvalidArgument("limit", reason="it is at least 1")
        before = _cursor(request.after)

        def page(tx: Transaction) -> ListTrashAnswer:
            found = tx.trash.list_entries(caller.account, before, limit + 1)
            entries = found[:limit]
            following = f"{entries[-1].deleted}.{entries[-1].number}" if len(found) > limit else None
            return ListTrashAnswer(following, tuple(self._describe(tx, entries)))

        return self.database.read(page)

    def _describe(self, tx: Transaction, entries: list[TrashEntry]) -> list[Trashed]:
        nodes = tx.search.nodes([entry.node for entry in entries])
        described = describe_nodes(tx, self._service, [entry.restated(nodes[entry.node]) for entry in entries])
        counted = tx.usages.of_nodes([entry.node for entry in entries if entry.files is None])
        answer = []
        for entry, node in zip(entries, described, strict=True):
            usage = counted.get(entry.node, Usage(entry.files or 0, 0, entry.size or 0))
            path = LongIdentifier.parse(entry.path)
            answer.append(
                Trashed(node, path, entry.deleted, entry.deleted_by, usage.files, usage.space, entry.purge_after)
            )
        return answer

    def restore(self, caller: Caller, request: Restore) -> contract.Node:
        """Take an entry out of the trash, back to where it was or to another place.

        Raises NodeNotFound, ParentNotFound where the folder that it was in is gone, NotAFolder, InvalidName,
        DuplicateNode, KeyReused.
        """
        name, now = None if request.name is None else parse_name(request.name), self.clock.now()

        def take(tx: Transaction) -> contract.Node:
            entry = self._get_entry(tx, caller, request.node)
            # A move like any other: see `moves`.
            lock_space(tx, self._get_parent(tx, caller, request, entry))
            node, entry = self._lock_entry(tx, caller, request.node)
            parent = self._lock_parent(tx, caller, request, entry)
            steps = len(tx.nodes.ancestors(parent.key)) + 1
            require_depth(name or entry.name, steps + tx.nodes.height(node.key))
            back = replace(node, name=name or entry.name, parent=parent.key, parent_number=parent.number)
            back = back.changed(now)
            tx.trash.delete_entry(node.key)
            tx.nodes.save_node(back)
            after = {"node.name": back.name, "node.parent": back.parent_number}
            change = Change(caller.account, node.owner, back.modified, node.number, ChangeOperation.RESTORE, {}, after)
            tx.changes.add_change(change)
            return describe_node(tx, self._service, back)

        return self.once.write(caller, request, contract.Node, take)

    def _get_entry(self, tx: Transaction, caller: Caller, identifier: NodeIdentifier) -> TrashEntry:
        """An entry that nobody is removing. Raises NodeNotFound."""
        if identifier.service != self._service:
            raise NodeNotFound(identifier, reason=f"this service is {self._service}")
        found = tx.trash.find_entry(identifier.number)
        if found is None or found.purger is not None or not may_see_space(caller, found.owner):
            raise NodeNotFound(identifier, reason="there is no such entry in the trash")
        return found

    def _lock_entry(self, tx: Transaction, caller: Caller, identifier: NodeIdentifier) -> tuple[Node, TrashEntry]:
        """An entry that nobody is removing, with its node, as they are and stay. Raises NodeNotFound."""
        node = tx.nodes.lock_node(self._get_entry(tx, caller, identifier).node)
        entry = self._get_entry(tx, caller, identifier)
        assert node is not None, "an entry goes with its node"
        return node, entry

    def _get_parent(self, tx: Transaction, caller: Caller, request: Restore, entry: TrashEntry) -> Node:
        """The folder that an entry goes into. Raises ParentNotFound."""
        if request.parent is not None:
            return get_parent(tx, self._service, caller, request.parent)
        where = NodeIdentifier(self._service, entry.parent_number)
        try:
            return get_parent(tx, self._service, caller, LongIdentifier(where))
        except ParentNotFound as error:
            reason = "the folder it was in is gone: say which folder it is to go into"
            raise ParentNotFound(where, reason=reason) from error

    def _lock_parent(self, tx: Transaction, caller: Caller, request: Restore, entry: TrashEntry) -> Node:
        """The same as it is and stays. Raises ParentNotFound, NotAFolder."""
        found = self._get_parent(tx, caller, request, entry)
        parent = lock_present(tx, found.key)
        if parent is None:
            raise ParentNotFound(NodeIdentifier(self._service, found.number))
        return require_folder(parent)

    def purge_trash(self, caller: Caller, request: PurgeTrash) -> DeleteAnswer:
        """Remove an entry of the trash, or all of them, for good; the job where that is not little.

        Raises NodeNotFound, KeyReused.
        """
        now, number = self.clock.now(), self.numbers.new_number()
        nodes = self.database.read(lambda tx: self._count(tx, caller, request))

        def purge(tx: Transaction) -> tuple[DeleteAnswer, Ended]:
            if request.node is not None:
                node, _ = self._lock_entry(tx, caller, request.node)
                if tx.usages.if_small(node.key, SMALL) is not None:
                    return DeleteAnswer(), purge_all(tx, caller.account, [node], now)
                job = begin_purge(tx, self.config, caller, node.owner, now, number, nodes, node.number)
                tx.trash.claim(node.key, job.number)
                return DeleteAnswer(job=describe_job(self._service, job)), []
            trash = tx.trash.find_root(caller.account)
            if trash is None:
                return DeleteAnswer(), []
            if tx.usages.if_small(trash.key, SMALL) is not None:
                entries = tx.trash.list_entries(caller.account, None, SMALL)
                return DeleteAnswer(), purge_all(
                    tx, caller.account, lock_entries(tx, [entry.node for entry in entries], None), now
                )
            job = begin_purge(tx, self.config, caller, caller.account, now, number, nodes)
            tx.trash.claim_all(caller.account, job.number)
            return DeleteAnswer(job=describe_job(self._service, job)), []

        return self.telling.write(caller, request, DeleteAnswer, purge)

    def _count(self, tx: Transaction, caller: Caller, request: PurgeTrash) -> int:
        """How many nodes there are to remove; nothing is refused here, where this may be the repeat of a call."""
        if request.node is None:
            top = tx.trash.find_root(caller.account)
        else:
            top = tx.nodes.find_node(request.node.number)
            top = top if top is not None and may_see_node(caller, top) else None
        return count_nodes(tx, top) if top is not None else 0


def _cursor(after: str | None) -> tuple[Instant, str] | None:
    if not after:
        return None
    deleted, _, number = after.partition(".")
    if not deleted.isascii() or not deleted.isdecimal() or len(deleted) > 18 or not number:
        raise InvalidArgument("after", reason="it is the `next` of the page before")
    return Instant(int(deleted)), number
