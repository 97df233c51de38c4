"""AstroGrid's operations as functions on a world without any network.

there = OldWorld()
(new, parent) = there.call("addNode", "ivo://…#home", "a", "FILE")     # the nodes of the answer
"""

from typing import Any

from filemanager.api.astrogrid import types, v02
from filemanager.domain.caller import Caller
from tests.support.copying import finish
from tests.support.filemanager import World
from vofiles.ivorn import LongIdentifier
from vofiles.serving.soap import Parked

REQUESTS = {operation.name: operation.request for operation in types.OPERATIONS}
EVERYTHING = types.BundlePreferences(-1, -1, fetch_parents=True)
ALONE = types.BundlePreferences(0, 0, fetch_parents=False)


class OldWorld:
    """A world, and Dave in it with one of AstroGrid's clients."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.dave = self.world.add_account("dave")
        self.home = str(self.world.home(self.dave))
        self._functions = v02.functions(self.world.desk)

    def call(self, operation: str, *arguments: Any, caller: Caller | None = None) -> Any:
        """The answer's nodes, info, identifier or nothing, once whatever it waits for has come."""
        answer = self.begin(operation, *arguments, caller=caller)
        for _ in range(10):
            if not isinstance(answer, Parked):
                break
            finish(self.world)
            self.world.stores.move()
            self.world.stores.deliver(self.world.desk)
            answer = answer.finish()
        if isinstance(answer, types.NodeBundle):
            return answer.nodes
        return getattr(answer, "info", getattr(answer, "ivorn", None))

    def begin(self, operation: str, *arguments: Any, caller: Caller | None = None) -> Any:
        """What the function gives, parked or not."""
        return self._functions[operation](caller or self.dave, REQUESTS[operation](*arguments))

    def add(self, path: str, kind: str = types.FILE) -> str:
        """A new node at a path in the home, by its identifier."""
        *above, name = path.split("/")
        return str(self.call("addNode", "/".join([self.home, *above]), name, kind)[0].ivorn)

    def put(self, node: str, data: bytes) -> None:
        """Content for a file."""
        self.world.put(self.dave, LongIdentifier.parse(node), data)

    def get(self, node: str) -> bytes:
        """A file's content."""
        return self.world.get(self.dave, LongIdentifier.parse(node))


def attributes(node: types.Node) -> dict[str, str]:
    """The attributes of a node by key."""
    return {each.key: each.value for each in node.attributes}


def names(nodes: Any) -> list[str]:
    """What nodes or children are called."""
    return [each.name for each in nodes]
