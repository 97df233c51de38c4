"""An entry of a tree as one looks at it.

Rule: nothing here changes anything; a long answer comes page by page, as it is wanted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from vofiles.contract import (
    Find,
    FindAnswer,
    GetNode,
    GetUsage,
    ListChildren,
    ListChildrenAnswer,
    ListVersions,
    ListVersionsAnswer,
    Match,
    PropertyMatch,
)
from vofiles.errors import NotAFolder, NotFound, Unexpected
from vofiles.history import History
from vofiles.info import NodeInfo, Usage, VersionInfo, info_of, usage_of, version_of
from vofiles.instant import Instant, from_datetime
from vofiles.names import HomePath, parse_name
from vofiles.place import Place
from vofiles.root import shown


class Entry(Place):
    """What can be seen of an entry and below it."""

    def info(self) -> NodeInfo:
        """What is known of it. Raises NodeNotFound."""
        with self._root.own_words():
            nodes = self._root.port.get_node(GetNode(self._root.identify(self.path))).nodes
            if not nodes:
                raise Unexpected(shown(self.path), reason="the service answered no node")
            return info_of(nodes[0], self.path)

    def exists(self) -> bool:
        """Whether there is such an entry."""
        try:
            self.info()
        except (NotFound, NotAFolder):
            return False
        return True

    def is_folder(self) -> bool:
        """Whether it is there and is a folder."""
        try:
            return self.info().is_folder
        except (NotFound, NotAFolder):
            return False

    def children(self) -> Iterator[NodeInfo]:
        """What is known of each entry in it, in the order of their names. Raises NodeNotFound, NotAFolder."""
        return self._children(self.path)

    def _children(self, path: HomePath) -> Iterator[NodeInfo]:
        def ask(after: str | None) -> ListChildrenAnswer:
            return self._root.port.list_children(ListChildren(self._root.identify(path), after))

        for page in self._root.pages(ask):
            # A name becomes a local file's name in `get -r`: what no node can be called is refused here.
            yield from [info_of(node, path.child(parse_name(node.name))) for node in page.nodes]

    def listdir(self) -> list[str]:
        """The names in it, sorted by the service."""
        return [info.name for info in self.children()]

    def walk(self) -> Iterator[NodeInfo]:
        """What is known of each entry below it: a folder, then all that is in it, then the next one by name.

        Raises NodeNotFound, NotAFolder. What others change meanwhile may be seen or not.
        """
        yet_to_see = [self.children()]
        while yet_to_see:
            info = next(yet_to_see[-1], None)
            if info is None:
                yet_to_see.pop()
                continue
            yield info
            if info.is_folder:
                yet_to_see.append(self._children(info.path))

    def find(
        self,
        *,
        name: str | None = None,
        kind: str | None = None,
        minimum_size: int | None = None,
        maximum_size: int | None = None,
        modified_from: datetime | None = None,
        modified_until: datetime | None = None,
        created_from: datetime | None = None,
        created_until: datetime | None = None,
        properties: Mapping[str, str] | None = None,
        prefixes: Mapping[str, str] | None = None,
        order: str | None = None,
        descending: bool = False,
    ) -> Iterator[NodeInfo]:
        """What is known of each entry below it that meets every condition given.

        `name` is a pattern: `*` any characters, `?` one, `[abc]` one of these. `kind` is FILE or FOLDER. Sizes are
        bytes, inclusive; times have a zone, `from` is inclusive and `until` exclusive. `properties` must have these
        values, those of `prefixes` begin with theirs. `order` is NAME, SIZE, MODIFIED or CREATED. Raises NodeNotFound,
        NotAFolder, InvalidArgument.
        """
        request = Find(
            self._root.identify(self.path),
            name=name,
            type=kind,
            minimum_size=minimum_size,
            maximum_size=maximum_size,
            modified_from=_instant(modified_from),
            modified_until=_instant(modified_until),
            created_from=_instant(created_from),
            created_until=_instant(created_until),
            order=order,
            descending=descending or None,
            properties=(*_matches(properties, None), *_matches(prefixes, Match.PREFIX)),
        )
        return self._found(request)

    def _found(self, request: Find) -> Iterator[NodeInfo]:
        def ask(after: str | None) -> FindAnswer:
            return self._root.port.find(replace(request, after=after))

        for page in self._root.pages(ask):
            yield from [info_of(found.node, self._root.path_of(found.path)) for found in page.found]

    def usage(self) -> Usage:
        """How much there is of it and all below it. Raises NodeNotFound."""
        with self._root.own_words():
            return usage_of(self._root.port.get_usage(GetUsage(self._root.identify(self.path))).usage)

    def versions(self) -> Iterator[VersionInfo]:
        """The contents of a file that are kept, the newest first. Raises NodeNotFound, NotAFile."""

        def ask(after: str | None) -> ListVersionsAnswer:
            return self._root.port.list_versions(ListVersions(self._root.identify(self.path), after))

        for page in self._root.pages(ask):
            yield from map(version_of, page.versions)

    def history(self, as_of: datetime | None = None) -> History:
        """Its changes, the oldest first; with a time only those until then, and what it was then.

        Raises InvalidArgument for a time without a zone; reading it, NodeNotFound.
        """
        return History(self._root, self.path, as_of)


def _instant(moment: datetime | None) -> Instant | None:
    return from_datetime(moment) if moment is not None else None


def _matches(wanted: Mapping[str, str] | None, match: str | None) -> tuple[PropertyMatch, ...]:
    return tuple(PropertyMatch(key, value, match) for key, value in (wanted or {}).items())
