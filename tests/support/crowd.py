"""Services with several workers each, and an account, for tests of what several processes do together.

Rule: real processes and a real PostgreSQL.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import vofiles
from tests.support.pair import PASSWORD, PROJECT, Databases, Key, Pair, Server
from tests.support.workers import query
from vofiles.contract import (
    AddNode,
    GetAccount,
    NodeKind,
)
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import LongIdentifier
from vofiles.tokens import get_token


class Crowd:
    """A FileManager of three processes and a store of two, and their databases."""

    def __init__(self, pair: Pair, key: Key, databases: Databases) -> None:
        self.pair, self.key, self.databases = pair, key, databases
        self.manager, self.store = pair.manager, pair.store
        # Many would have their passwords checked at once, for which a busy machine takes longer than they are let wait.
        self.token = get_token(self.manager.address, "dave", PASSWORD).secret

    @contextlib.contextmanager
    def port(self, password: str = PASSWORD, user: str = "dave") -> Iterator[FileManagerPort]:
        """A connection of its own."""
        port = FileManagerPort(f"{self.manager.address}/filemanager", auth=(user, password))
        try:
            yield port
        finally:
            port.close()

    def put(self, name: str, content: bytes) -> None:
        home = vofiles.connect(self.manager.address, token=self.token)
        (home / name).put(content)

    def read(self, name: str) -> bytes:
        home = vofiles.connect(self.manager.address, token=self.token)
        return (home / name).read_bytes()

    def new_file(self, port: FileManagerPort, name: str) -> LongIdentifier:
        home = LongIdentifier(port.get_account(GetAccount()).account.home)
        return LongIdentifier(port.add_node(AddNode(home, name, NodeKind.FILE)).node.identifier)

    def command(self, server: Server, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", server.program, "--config", server.config, *words],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}"},
            input=given,
            text=True,
            capture_output=True,
            timeout=120,
        )

    def settled(self) -> bool:
        """Whether nothing is under way any more."""
        open_transfers = query(
            self.databases.manager,
            "SELECT number FROM transfers WHERE state NOT IN ('COMPLETED', 'FAILED', 'CANCELLED', 'EXPIRED')"
            " AND direction <> 'exportInit'",
        )
        return not open_transfers and not query(self.databases.store, "SELECT key FROM outbox")
