"""Our jobs: the whole way of a file in and out, by bare SOAP and HTTP and by the Python client; and single SOAP calls.

Rule: a job is data; each opens a folder of its own under the account's home, so that workers do not meet in one.
"""

import random
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.wire import Bytes, Wire, value
from vofiles import Home, connect

CHILDREN = 100
DEPTH = 5
IDENTIFIER = re.compile(r"<(?:[\w.-]+:)?identifier[ >]")


@dataclass(frozen=True)
class Service:
    """Where a FileManager is, and the right to call it."""

    address: str
    """Base URL."""
    token: str
    home: str
    """Identifier of the account's home node."""

    def connect(self) -> Wire:
        """A kept connection."""
        return Wire(f"{self.address}/filemanager", self.token)

    def client(self) -> Home:
        """The home as the Python client has it."""
        return connect(self.address, token=self.token)


def add(wire: Wire, parent: str, kind: str, name: str | None = None) -> str:
    """A new node under the parent, by default with a name that is nowhere yet; its identifier."""
    return value(wire.call("addNode", parent=parent, name=name or secrets.token_hex(8), type=kind), "identifier")


def put(wire: Wire, store: Bytes, node: str, body: bytes) -> None:
    """importInit, PUT, and waiting until the transfer is COMPLETED."""
    offer = wire.call("importInit", node=node)
    store.put(value(offer, "url"), body)
    transfer = value(offer, "transfer")
    while (state := value(wire.call("getTransfer", transfer=transfer), "state")) != "COMPLETED":
        if state not in ("OFFERED", "RECEIVING", "STORED"):
            raise ConnectionError(f"the transfer became {state}")


@dataclass(frozen=True)
class Put:
    """addNode, importInit, PUT of `size` bytes, callback."""

    service: Service
    size: int

    def open(self, worker: int) -> Callable[[int], None]:
        """A folder, and connections to the FileManager and its stores."""
        del worker
        wire, store, body = self.service.connect(), Bytes(), random.randbytes(self.size)
        folder = add(wire, self.service.home, "FOLDER")

        def once(count: int) -> None:
            del count
            put(wire, store, add(wire, folder, "FILE"), body)

        return once


@dataclass(frozen=True)
class Get:
    """exportInit and GET of `size` bytes."""

    service: Service
    size: int

    def open(self, worker: int) -> Callable[[int], None]:
        """A file of that size."""
        del worker
        wire, store = self.service.connect(), Bytes()
        node = add(wire, self.service.home, "FILE")
        put(wire, store, node, random.randbytes(self.size))

        def once(count: int) -> None:
            received = store.get(value(wire.call("exportInit", node=node), "url"))
            if received != self.size:
                raise ConnectionError(f"GET {count} brought {received} bytes of {self.size}")

        return once


@dataclass(frozen=True)
class ClientPut:
    """The same as Put, by the Python client."""

    service: Service
    size: int

    def open(self, worker: int) -> Callable[[int], None]:
        """A folder of the worker's own."""
        folder = self.service.client() / f"client-{worker}-{secrets.token_hex(8)}"
        folder.mkdir()
        body = random.randbytes(self.size)

        def once(count: int) -> None:
            (folder / f"{count}").put(body)

        return once


@dataclass(frozen=True)
class ClientGet:
    """The same as Get, by the Python client, digests compared."""

    service: Service
    size: int

    def open(self, worker: int) -> Callable[[int], None]:
        """A file of that size."""
        node = self.service.client() / f"client-{worker}-{secrets.token_hex(8)}"
        node.put(random.randbytes(self.size))

        def once(count: int) -> None:
            received = len(node.read_bytes())
            if received != self.size:
                raise ConnectionError(f"get {count} brought {received} bytes of {self.size}")

        return once


@dataclass(frozen=True)
class Call:
    """One SOAP operation, by its name."""

    service: Service
    operation: str

    def open(self, worker: int) -> Callable[[int], None]:
        """What the operation is about: a folder with children, or a path of some depth."""
        del worker
        wire = self.service.connect()
        folder = add(wire, self.service.home, "FOLDER")
        path = folder
        for number in range(1, DEPTH):
            add(wire, path, "FOLDER", f"level-{number}")
            path = f"{path}/level-{number}"
        if self.operation == "listChildren":
            for number in range(CHILDREN):
                add(wire, path, "FILE", f"child-{number:03}")
        answers = CHILDREN if self.operation == "listChildren" else 1

        def once(count: int) -> None:
            parts = {
                "getIdentifier": {},
                "getNode": {"node": path},
                "addNode": {"parent": folder, "name": f"{count}-{secrets.token_hex(4)}", "type": "FILE"},
                "listChildren": {"node": path, "limit": str(CHILDREN)},
            }[self.operation]
            reply = wire.call(self.operation, **parts)
            if len(IDENTIFIER.findall(reply)) != answers:
                raise ConnectionError(f"not {answers} identifiers in {reply[:2000]}")

        return once
