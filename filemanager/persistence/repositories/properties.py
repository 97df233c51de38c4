"""The nodes' properties, on SQL; with the tree they are the port `Nodes`."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.exc import IntegrityError

from filemanager.persistence.repositories.batches import ByKeys, batches
from filemanager.persistence.repositories.nodes import SqlTree
from filemanager.persistence.repositories.violations import FOREIGN_KEY, refusal
from filemanager.persistence.schema import NODE_PROPERTIES
from vofiles.errors import NodeNotFound

_P = NODE_PROPERTIES.c
_PROPERTIES = ByKeys(select(_P.node, _P.name, _P.value), _P.node)
_PROPERTY = ByKeys(select(_P.node, _P.value).where(_P.name == bindparam("property")), _P.node)
_PUT = text(
    "INSERT INTO node_properties (node, name, value) VALUES (:node, :name, :value)"
    " ON CONFLICT (node, name) DO UPDATE SET value = excluded.value"
)
_REMOVE = delete(NODE_PROPERTIES).where(
    _P.node == bindparam("of_node"), _P.name.in_(bindparam("names", expanding=True))
)


class SqlNodes(SqlTree):
    """The port `Nodes`."""

    def properties_of(self, keys: Sequence[int]) -> dict[int, dict[str, str]]:
        found: dict[int, dict[str, str]] = {}
        for node, name, value in _PROPERTIES.rows(self._connection, keys):
            found.setdefault(node, {})[name] = value
        return found

    def property_of(self, keys: Sequence[int], name: str) -> dict[int, str]:
        return {row[0]: row[1] for row in _PROPERTY.rows(self._connection, keys, property=name)}

    def put_properties(self, key: int, values: Mapping[str, str]) -> None:
        if not values:
            return
        try:
            self._connection.execute(
                _PUT, [{"node": key, "name": name, "value": value} for name, value in values.items()]
            )
        except IntegrityError as error:
            raise refusal(error, {FOREIGN_KEY: lambda: NodeNotFound(f"node {key}")}) from error

    def put_properties_of(self, values: Mapping[int, Mapping[str, str]]) -> None:
        rows = [
            {"node": key, "name": name, "value": value}
            for key, properties in values.items()
            for name, value in properties.items()
        ]
        if not rows:
            return
        try:
            self._connection.execute(_PUT, rows)
        except IntegrityError as error:
            raise refusal(error, {FOREIGN_KEY: lambda: NodeNotFound("one of them")}) from error

    def remove_properties(self, key: int, names: Collection[str]) -> None:
        for some in batches(list(names)):
            self._connection.execute(_REMOVE, {"of_node": key, "names": some})
