"""Copies: a file, or a folder with all below it, made anew in another place or under another name.

Rule: the nodes and the job that brings their contents are one commit; a copy is complete when the job says so. Until
then a copied file has no content, and whoever writes to it first keeps what he wrote.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.conditions import require_generation
from filemanager.domain.content import ContentVersion
from filemanager.domain.job import Job, JobItem
from filemanager.domain.node import Node, require_depth, require_file, require_folder
from filemanager.domain.placement import Preferences, candidates
from filemanager.domain.step import Step
from filemanager.ports import Clock, Database, Numbers, Transaction
from filemanager.services.arrivals import Arrivals
from filemanager.services.copy_trees import VERSION, TreeCopy
from filemanager.services.copying import Copying, Parcel, taking
from filemanager.services.description import describe_node
from filemanager.services.finding import get_node, get_parent, lock_present, path_of
from filemanager.services.jobs import begin_job, describe_job
from filemanager.services.moves import lock_space
from filemanager.services.placing import default_for, places_for, wishes_for
from filemanager.services.replicas import get_source, readable
from filemanager.services.telling import Ended, Telling
from filemanager.services.trashing import Trashing
from vofiles.contract import Copy, Failure, JobVerb, NodeJobAnswer, NodeKind
from vofiles.errors import (
    DuplicateNode,
    IntoItself,
    NodeNotFound,
    ParentNotFound,
    VersionNotFound,
)
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.names import NodeName, parse_name

STORE: Final = "store"
"""What a job says of where all contents go."""
ONTO: Final = "onto"
"""What an item says where the content becomes the next version of a file that has others."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What is copied, and where to; both as they are and stay."""

    source: Node
    parent: Node
    name: NodeName
    there: Node | None
    """What has the name now."""
    version: ContentVersion | None
    """The one asked for."""


@dataclass(frozen=True)
class CopyService:
    """The use case of copying."""

    config: Config
    database: Database
    clock: Clock
    numbers: Numbers
    telling: Telling
    is_down: Callable[[Ivorn], bool]
    arrivals: Arrivals

    def copy(self, caller: Caller, request: Copy) -> NodeJobAnswer:
        """The copy as it is before its contents have come, and the job that brings them where there are any.

        Raises NodeNotFound, ParentNotFound, NotAFolder, NotAFile, VersionNotFound, InvalidName, DuplicateNode,
        IntoItself, GenerationConflict, KeyReused, TooLarge, and what `candidates` does for the store that is named.
        """
        now, number = self.clock.now(), self.numbers.new_number()
        trashing = Trashing.of(self.config, caller, self.clock, self.numbers)
        # Who copies what was put a moment ago means that.
        self.arrivals.ask(caller, request.node)

        def commit(tx: Transaction) -> tuple[NodeJobAnswer, Ended]:
            answer, cancelled = self._copy(tx, caller, request, trashing, now, number)
            return answer, cancelled or None

        return self.telling.write(caller, request, NodeJobAnswer, commit)

    def _copy(
        self, tx: Transaction, caller: Caller, request: Copy, trashing: Trashing, now: Instant, number: str
    ) -> tuple[NodeJobAnswer, list[str]]:
        stores = {store.identifier: store for store in tx.stores.list_stores()}
        if request.store is not None:
            candidates(Preferences(explicit=request.store), stores, None, self.is_down)
        place = _find_place(tx, self.config.identifier, caller, request)
        cancelled: list[str] = []
        if place.there is not None and place.there.key == place.source.key:
            node, items = place.source, _back_again(tx, place, request.store)
        else:
            if place.there is not None:
                cancelled = trashing.put(tx, place.there)
            making = TreeCopy(
                caller, now, self.numbers.new_number, request.store, self.config.default_store, stores, self.is_down
            )
            top = _top(place, now, self.numbers.new_number())
            items = making.make(tx, place.source, top, wishes_for(tx, place.parent), place.version)
            made = tx.nodes.find_node(top.number)
            assert made is not None, "it has just been added"
            node = made
        job = self._begin(tx, caller, request, now, number, place.source, node, items) if items else None
        described = describe_node(tx, self.config.identifier, node)
        waiting = describe_job(self.config.identifier, job) if job is not None else None
        return NodeJobAnswer(described, waiting), cancelled

    def _begin(
        self,
        tx: Transaction,
        caller: Caller,
        request: Copy,
        now: Instant,
        number: str,
        source: Node,
        node: Node,
        items: list[JobItem],
    ) -> Job:
        return begin_job(
            tx,
            self.config,
            now,
            number,
            caller,
            JobVerb.COPY,
            node.owner,
            items,
            node=source.number,
            result=node.number,
            request={STORE: str(request.store)} if request.store is not None else {},
        )


def _find_place(tx: Transaction, service: Ivorn, caller: Caller, request: Copy) -> _Place:
    name = None if request.name is None else parse_name(request.name)
    lock_space(tx, get_node(tx, service, caller, request.node))
    source = lock_present(tx, get_node(tx, service, caller, request.node).key)
    if source is None:
        raise NodeNotFound(request.node)
    require_generation(source, request.if_generation)
    version = _find_version(tx, source, request.version)
    if request.parent is not None:
        found: Node | None = get_parent(tx, service, caller, request.parent)
    else:
        found = tx.nodes.find_key(source.parent) if source.parent is not None else None
    parent = tx.nodes.lock_node(found.key) if found is not None else None
    if parent is None:
        raise ParentNotFound(request.parent or source.name)
    require_folder(parent)
    above = [parent, *tx.nodes.ancestors(parent.key)]
    if source.key in {each.key for each in above}:
        raise IntoItself(source.name)
    below = tx.nodes.height(source.key) if source.kind == NodeKind.FOLDER else 0
    name = name or source.name
    require_depth(name, len(above) + below)
    there = tx.nodes.find_path(parent.number, [name])
    if there is not None:
        there = _require_replaceable(tx, there, source, request)
    return _Place(source, parent, name, there, version)


def _find_version(tx: Transaction, source: Node, number: int | None) -> ContentVersion | None:
    if number is None:
        return None
    require_file(source)
    version = tx.contents.find_version(source.key, number)
    if version is None:
        raise VersionNotFound(f"{number} of {source.name}")
    return version


def _require_replaceable(tx: Transaction, there: Node, source: Node, request: Copy) -> Node | None:
    """What has the copy's name, if the copy may take its place; None where it has gone meanwhile.

    Raises DuplicateNode, IntoItself where the original itself would go with it.
    """
    if not request.replace:
        raise DuplicateNode(there.name)
    onto = there.key == source.key
    if onto and request.version is None:
        raise IntoItself(source.name, reason="the copy would take the place of its own original")
    if there.key in {each.key for each in tx.nodes.ancestors(source.key)}:
        raise IntoItself(source.name, reason="it would take the place of a folder that it is in")
    return tx.nodes.lock_node(there.key)


def _top(place: _Place, now: Instant, number: str) -> Node:
    parent = place.parent
    return Node(
        number,
        place.name,
        place.source.kind,
        parent.owner,
        now,
        now,
        parent=parent.key,
        parent_number=parent.number,
    )


def _back_again(tx: Transaction, place: _Place, store: Ivorn | None) -> list[JobItem]:
    """The item by which an earlier content of a file becomes its next version."""
    version = place.version
    assert version is not None, "`_require_replaceable` has refused"
    replicas = readable(tx.contents.replicas_of([version.key]).get(version.key, []))
    lane = store or (replicas[0].store if replicas else None)
    number = place.source.number
    return [JobItem(0, "", number, number, lane, version.size, {VERSION: str(version.key), ONTO: number})]


@dataclass(frozen=True)
class CopyWork:
    """What is done for each content of a copy: the port Work."""

    copying: Copying

    def step(self, job: Job, item: JobItem) -> Step:
        return self.copying.step(item, lambda: self.copying.database.read(lambda tx: self._parcel(tx, job, item)))

    def cancel(self, job: Job, item: JobItem) -> Step:
        del job
        return self.copying.cancel(item)

    def finish(self, tx: Transaction, job: Job) -> Failure | None:
        del tx, job
        return None

    def _parcel(self, tx: Transaction, job: Job, item: JobItem) -> Parcel:
        node = tx.nodes.find_node(item.result or "")
        if node is None:
            raise NodeNotFound(item.result)
        key = int(item.request[VERSION])
        version = tx.census.versions([key]).get(key)
        if version is None:
            raise VersionNotFound(f"of {item.path or node.name} that was to be copied", reason="it is no longer kept")
        stores = tx.stores.list_stores()
        source = get_source(tx.contents.replicas_of([key]).get(key, []), stores, node.name)
        named = job.request.get(STORE)
        chosen = places_for(
            tx,
            self.copying.control,
            node,
            explicit=Ivorn.parse(named) if named is not None else None,
            default=default_for(source.store, stores, self.copying.config.default_store),
            size=version.size,
        )
        return Parcel(
            node=node,
            path=path_of(tx, self.copying.config.identifier, node),
            size=version.size,
            content_type=version.content_type,
            digests=version.digests,
            source=source,
            stores=taking(chosen),
            caller=job.caller,
            if_version=None if ONTO in item.request else 0,
        )
