"""Versions: the contents that a file has and had, as long as they are kept.

Rule: what is listed can be fetched; what retention has given up is neither.
"""

from dataclasses import dataclass

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.content import ContentVersion
from filemanager.domain.node import Node, require_file
from filemanager.domain.replica import Replica
from filemanager.ports import Database, Transaction
from filemanager.services.description import preferred_replica
from filemanager.services.finding import get_node
from filemanager.services.paging import number_after, page_size
from vofiles import contract
from vofiles.contract import ListVersions, ListVersionsAnswer


@dataclass(frozen=True)
class VersionService:
    """The use case of listing versions."""

    config: Config
    database: Database

    def list_versions(self, caller: Caller, request: ListVersions) -> ListVersionsAnswer:
        """A page of a file's kept contents, the newest first. Raises NodeNotFound, NotAFile, InvalidArgument."""
        limit = page_size(request.limit, self.config.terms.maximum_page)
        below = number_after(request.after)

        def page(tx: Transaction) -> ListVersionsAnswer:
            node = require_file(get_node(tx, self.config.identifier, caller, request.node))
            found = tx.contents.versions_below(node.key, below, limit + 1)
            shown = found[:limit]
            replicas = tx.contents.replicas_of([version.key for version in shown])
            following = str(shown[-1].number) if len(found) > limit else None
            versions = tuple(_describe(node, version, replicas.get(version.key, [])) for version in shown)
            return ListVersionsAnswer(following, versions)

        return self.database.read(page)


def _describe(node: Node, version: ContentVersion, replicas: list[Replica]) -> contract.Version:
    replica = preferred_replica(replicas)
    return contract.Version(
        number=version.number,
        size=version.size,
        created=version.created,
        current=version.number == node.version,
        content_type=version.content_type,
        location=replica.container if replica is not None else None,
        digests=version.digests,
    )
