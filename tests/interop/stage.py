"""What the interop suite runs against: a FileManager and a FileStore on loopback, an account, clients as processes.

    with running_stage(folder) as stage:
        workshop = build(ZEEP, stage, empty_folder)
        told = workshop.run(ZEEP.job, stage.address, "dave", …)
        told["home"]

Rule: what a client says is compared with what `stage.ask` answers, the operations as Python functions, without SOAP.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import requests

from filemanager.api.astrogrid.service import PATH as ASTROGRID_PATH
from filemanager.commands.opening import open_service
from filemanager.config import load as load_manager
from filemanager.services.adoption import AdoptionService, Wish
from filestore.commands.opening import open_store
from filestore.config import load as load_store
from filestore.services.adoption import Manner
from filestore.services.adoption import adopt as adopt_files
from tests.interop.clients import ZONE, Client
from tests.support.services import MANAGER, STORES, RunningServices, User, running_services
from tests.support.ways import DirectWay
from vofiles.contract import AddNode, GetAccount, GetNode, ListChildren, Node, NodeKind
from vofiles.ivorn import LongIdentifier
from vofiles.names import parse_name

PATIENCE: Final = 120
"""Seconds in which a client's program must end; only a broken one takes them."""
BUILD_PATIENCE: Final = 240
"""Seconds in which a step of a build must end, likewise."""
BIG: Final = 4_831_838_209
"""Bytes of home:archive/big.dat: more than 4 GiB, and odd."""
HUNDRED: Final = tuple(f"file-{number:02}" for number in range(99))
"""What is in home:hundred; with the folder itself a hundred nodes."""


@dataclass(frozen=True)
class Told:
    """What a program printed, by key, and how it ended."""

    lines: tuple[tuple[str, str], ...]
    code: int
    errors: str

    def __getitem__(self, key: str) -> str:
        (value,) = self.all(key)
        return value

    def all(self, key: str) -> tuple[str, ...]:
        """Each value of a key that it has said at least once."""
        values = tuple(value for said, value in self.lines if said == key)
        assert values, f"the client has not said {key!r}; it ended with {self.code}:\n{self.errors}"
        return values


@dataclass(frozen=True)
class Workshop:
    """A client as it was built."""

    client: Client
    built: Path
    contract: Path

    def command(self, words: tuple[str, ...]) -> list[str]:
        """A command of the client's row with its places filled in."""
        return [
            word.replace("{here}", str(self.client.folder))
            .replace("{built}", str(self.built))
            .replace("{contract}", str(self.contract))
            for word in words
        ]

    def start(self, words: tuple[str, ...], *arguments: object) -> "subprocess.CompletedProcess[bytes]":
        """Run a command of the client's row to its end."""
        command = [*self.command(words), *map(str, arguments)]
        return subprocess.run(command, cwd=self.built, env=clean_environment(), capture_output=True, timeout=PATIENCE)

    def run(self, words: tuple[str, ...], *arguments: object) -> Told:
        """Run a program that prints `key value` lines."""
        done = self.start(words, *arguments)
        pairs = (line.partition(" ") for line in done.stdout.decode("utf-8").split("\n") if line)
        return Told(
            tuple((key, value) for key, _, value in pairs), done.returncode, done.stderr.decode(errors="replace")
        )


@dataclass(frozen=True)
class Stage:
    """What runs, and who has an account."""

    services: RunningServices
    user: User
    folder: Path

    @property
    def address(self) -> str:
        """The FileManager's SOAP address."""
        return self.services.address

    @property
    def astrogrid(self) -> str:
        """The address of its AstroGrid API."""
        return f"{self.services.manager.address}{ASTROGRID_PATH}"

    @property
    def home(self) -> LongIdentifier:
        return LongIdentifier(self.ask(GetAccount()).account.home)

    def ask(self, request: Any) -> Any:
        """What the service itself knows."""
        return DirectWay(self.services, self.user).call(request)

    def at(self, path: str) -> LongIdentifier:
        """A path in the home."""
        return LongIdentifier(self.home.node, tuple(parse_name(step) for step in path.split("/")))

    def node(self, path: str) -> Node:
        """A node by its path in the home."""
        found: Node = self.ask(GetNode(self.at(path))).nodes[0]
        return found

    def names(self, path: str) -> set[str]:
        """What is in a folder."""
        folder = self.at(path) if path else self.home
        return {str(each.name) for each in self.ask(ListChildren(folder, limit=1000)).nodes}

    def contract(self, address: str) -> Path:
        """The contract that is served at an address, as a file."""
        path = self.folder / f"{address.rpartition('/')[2]}.wsdl"
        if not path.exists():
            answer = requests.get(f"{address}?wsdl", timeout=30)
            answer.raise_for_status()
            path.write_bytes(answer.content)
        return path


@contextmanager
def running_stage(folder: Path) -> Iterator[Stage]:
    """All that the main job needs, while the block runs."""
    archive = folder / "archive"
    archive.mkdir()
    # A hole, not four gigabytes: the file system says the size that the store and the tree then know.
    with (archive / "big.dat").open("wb") as big:
        big.truncate(BIG)
    with running_services(folder, outbound=(_adopted(archive),), stores=STORES[:1]) as services:
        stage = Stage(services, services.add_account("dave"), folder)
        _adopt(folder)
        stage.ask(AddNode(stage.home, "hundred", NodeKind.FOLDER))
        for name in HUNDRED:
            stage.ask(AddNode(stage.at("hundred"), name, NodeKind.FILE))
        yield stage


def build(client: Client, stage: Stage, folder: Path) -> Workshop:
    """Build a client for the stage's contract, as `build_from` does."""
    return build_from(client, stage.contract(stage.address), folder)


def build_from(client: Client, contract: Path, folder: Path) -> Workshop:
    """Build a client in an empty folder. Skips the test where the client's toolkit is not installed."""
    absent = [need for need in client.needs if not is_there(need)]
    if absent:
        pytest.skip(f"{client.name} needs {', '.join(absent)}: apt install {client.packages}")
    workshop = Workshop(client, folder, contract)
    for step in client.build:
        done = subprocess.run(
            workshop.command(step), cwd=folder, env=clean_environment(), capture_output=True, timeout=BUILD_PATIENCE
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
    return workshop


def is_there(need: str) -> bool:
    """Whether a program is on the path, or a file matches a pattern."""
    return any(Path("/").glob(need[1:])) if need.startswith("/") else shutil.which(need) is not None


def clean_environment() -> dict[str, str]:
    """A clean one, in ZONE, with no proxy before loopback."""
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    return kept | {"TZ": ZONE, "LC_ALL": "C.UTF-8", "NO_PROXY": "*", "no_proxy": "*"}


def _adopted(archive: Path) -> str:
    return "\n".join([
        f'[[adopted]]\nname = "archive"\ndirectory = "{archive}"\nmanager = "{MANAGER}"',
        'owner = "ivo://ast.cam.ac.uk/dave"\npath = "archive"',
    ])  # fmt: skip


def _adopt(folder: Path) -> None:
    """`filestore adopt archive --no-digests`, then `filemanager adopt`, both while the services run."""
    settings = load_store(folder / "filestore-0.toml")
    with open_store(settings) as store:
        (directory,) = settings.adopted
        for _ in adopt_files(store, directory, Manner(digests=False)):
            pass
    manager = load_manager(folder / "filemanager.toml")
    with open_service(manager) as opened:
        service = AdoptionService(manager, opened.database, opened.control, opened.clock, opened.numbers)
        for _ in service.adopt(opened.operator, Wish(STORES[0])):
            pass
