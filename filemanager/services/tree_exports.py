"""Exporting a tree: stores send every file below a folder to a URL with its path behind it.

Rule: which files is settled when it begins; each is an item, and an export like any caller's of what the file holds
when its turn comes. A file without content is an item too, and fails, so that nobody believes it was sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from filemanager.config import Config
from filemanager.domain.announcement import require_address
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job, JobItem
from filemanager.domain.node import Node, require_folder
from filemanager.domain.step import Step
from filemanager.ports import Database, Transaction
from filemanager.services.arrivals import Arrivals
from filemanager.services.description import preferred_replica
from filemanager.services.exports import SEND, ExportService
from filemanager.services.finding import get_node
from filemanager.services.job_headers import read_headers
from filemanager.services.tree_jobs import TreeJobs, TreeWork
from vofiles import contract
from vofiles.contract import ExportData, ExportTree, JobVerb, NodeJobAnswer, NodeKind
from vofiles.errors import InvalidArgument, TooLarge
from vofiles.ivorn import LongIdentifier, NodeIdentifier, encode_segment


@dataclass(frozen=True)
class TreeExportService(TreeWork):
    """The use case of exporting a tree, and the work of its jobs (`Work`)."""

    config: Config
    database: Database
    exports: ExportService
    jobs: TreeJobs
    arrivals: Arrivals

    def export_tree(self, caller: Caller, request: ExportTree) -> NodeJobAnswer:
        """A job that has stores send every file below a folder.

        Raises NodeNotFound, NotAFolder, InvalidArgument, AddressRefused, TooLarge, KeyReused.
        """
        require_address(request.url, None, request.method, SEND)
        if "#" in request.url:
            # What stands behind it is never sent: every file would go to one address, over the one before.
            raise InvalidArgument("url", reason="it has a #, and the files' paths are put behind it")
        told = {"url": request.url} | ({} if request.method is None else {"method": request.method})
        self.arrivals.ask(caller, request.node)
        # Looked for before the transaction that others would wait for; not for a repeat, which finds its first answer.
        items = self.database.read(
            lambda tx: None if self.jobs.is_repeat(tx, caller, request) else self._freeze(tx, caller, request.node)
        )

        def look(tx: Transaction, _folder: Node) -> tuple[list[JobItem], dict[str, str]]:
            return self._freeze(tx, caller, request.node) if items is None else items, told

        return self.jobs.begin(caller, request, JobVerb.EXPORT, look)

    # --- the work of its jobs ---

    def step(self, job: Job, item: JobItem) -> Step:
        """Have its content sent; look how far that is."""
        wanted = ExportData(
            LongIdentifier(NodeIdentifier(self.config.identifier, item.node or "")),
            job.request["url"] + item.path,
            method=job.request.get("method"),
            headers=read_headers(job.request),
        )

        def begin(key: str) -> contract.Transfer:
            return self.exports.export_data(Caller(job.caller), replace(wanted, idempotency_key=key)).transfer

        return self.transfers.step(job, item, begin)

    def _freeze(self, tx: Transaction, caller: Caller, identifier: LongIdentifier) -> list[JobItem]:
        """An item for each file below a folder, level by level."""
        folder = require_folder(get_node(tx, self.config.identifier, caller, identifier))
        items: list[JobItem] = []
        level, most = {folder.key: ""}, self.config.jobs.maximum_items
        while level:
            # Folders count too, or a tree of nothing else would be walked without end.
            children = tx.nodes.children_of(list(level), most + 1)
            if len(items) + len(children) > most:
                raise TooLarge(f"{folder.name}", reason=f"a job has at most {most} items")
            paths = {each.key: level[each.parent or 0] + encode_segment(each.name) for each in children}
            files = [each for each in children if each.kind == NodeKind.FILE]
            items += _items(tx, files, [paths[each.key] for each in files])
            level = {each.key: paths[each.key] + "/" for each in children if each.kind == NodeKind.FOLDER}
        return items


def _items(tx: Transaction, files: Sequence[Node], paths: Sequence[str]) -> list[JobItem]:
    versions = tx.contents.current_versions([file.key for file in files if file.version])
    replicas = tx.contents.replicas_of([version.key for version in versions.values()])
    items = []
    for file, path in zip(files, paths, strict=True):
        version = versions.get(file.key)
        replica = preferred_replica(replicas.get(version.key, [])) if version is not None else None
        items.append(
            JobItem(
                0,
                path,
                node=file.number,
                store=replica.store if replica is not None else None,
                size=version.size if version is not None else None,
            )
        )
    return items
