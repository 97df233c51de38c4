"""A place in somebody's tree: a path, whether there is something or not.

Rule: arithmetic only, no remote call; whatever takes a place of the tree takes it as people type it, too.
"""

from collections.abc import Mapping

from vofiles.contract import Property
from vofiles.ivorn import Ivorn, parse_service
from vofiles.names import HomePath, parse_home_path
from vofiles.root import Connection, Root, shown


class Place:
    """A path by the connection that leads there."""

    def __init__(self, connection: Connection, path: HomePath) -> None:
        self._connection = connection
        self.path = path

    @property
    def name(self) -> str:
        """The last step of the path; empty for a root."""
        return self.path.name or ""

    def __str__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {shown(self.path)}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and (other._connection, other.path) == (self._connection, self.path)

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def _root(self) -> Root:
        return self._connection.root_of(self.path)


Target = str | HomePath | Place
"""A place as a script names it: `home:a/b`, a path, or an entry."""


def path_of(target: Target) -> HomePath:
    """The path that is meant. Raises InvalidName."""
    if isinstance(target, Place):
        return target.path
    return parse_home_path(target) if isinstance(target, str) else target


def service_of(store: str | Ivorn | None) -> Ivorn | None:
    """The store that is meant. Raises InvalidIdentifier."""
    return parse_service(store) if isinstance(store, str) else store


def properties_of(properties: Mapping[str, str]) -> tuple[Property, ...]:
    """Properties as they go over the wire."""
    return tuple(Property(key, value) for key, value in properties.items())
