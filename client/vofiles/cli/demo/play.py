"""The demonstration, step by step: files go into a tree, their bytes straight to two stores, and come back.

Rule: every step prints what it did and compares what it got; one difference, and the whole has failed.
"""

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

import vofiles
from vofiles.cli.children import peak_memory
from vofiles.cli.demo.giant import GIANT, Comparing, Giant
from vofiles.cli.demo.web import Web, small_web
from vofiles.cli.lines import table
from vofiles.errors import VofilesError
from vofiles.tree import Home, Node

FOLDER: Final = "solar-project/results"
CATALOGUES: Final = "catalogues"
"""A folder below that prefers the second store."""
_TABLES: Final = (".vot", ".csv")


def contents() -> dict[str, bytes]:
    """The astronomical files by name; see data/README.md for where they come from."""
    folder = files("vofiles.cli.demo").joinpath("data")
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if not entry.name.endswith(".md")}


def play(
    address: str,
    user: str,
    password: str,
    stores: Sequence[str],
    processes: Mapping[str, int],
    *,
    say: Callable[[str], None],
    giant: int = GIANT,
) -> bool:
    """Show the main job; answers whether all that came back was identical.

    `processes` has the servers' process ids by name; `say` is given each line.
    """
    try:
        with vofiles.connect(address, user=user, password=password) as home:
            Play(home, stores, say).run(giant, processes)
    except VofilesError as error:
        say(f"FAILED: {error}")
        return False
    say("All came back identical.")
    return True


class Different(VofilesError):
    """These bytes are not the ones that were put: {about}"""


class Play:
    """One demonstration on a home."""

    def __init__(self, home: Home, stores: Sequence[str], say: Callable[[str], None]) -> None:
        self._home, self._stores, self._say = home, stores, say
        self._results = home.at(f"home:{FOLDER}")
        self._files = contents()

    def run(self, giant: int, processes: Mapping[str, int]) -> None:
        """All steps. Raises what goes wrong."""
        self._make_folders()
        self._put_all()
        with small_web(self._files) as web:
            self._import_by_url(web)
            self._export(web)
        self._list()
        self._compare_all()
        self._rearrange()
        self._giant(giant, processes)

    def _make_folders(self) -> None:
        self._say(f"\n1. Folders: home:{FOLDER}, and in it {CATALOGUES}, whose files shall go to {self._stores[1]}")
        (self._results / CATALOGUES).mkdir(parents=True, exist_ok=True)
        (self._results / CATALOGUES).set({"filestore.preferred": self._stores[1]})

    def _node(self, name: str) -> Node:
        return (self._results / CATALOGUES if name.endswith(_TABLES) else self._results) / name

    def _put_all(self) -> None:
        self._say(f"2. Asynchronous import: {len(self._files)} files are PUT straight to the stores")
        for name, content in sorted(self._files.items()):
            info = self._node(name).put(content)
            self._say(f"   {name}: {info.size} bytes, sha-256 {info.digests['sha-256'][:16]}…, now in {info.store}")

    def _import_by_url(self, web: Web) -> None:
        source = "m13.fits"
        self._say("3. Synchronous import: a store fetches a file by its URL from a small HTTP server")
        node = self._results / "m13-by-url.fits"
        status = node.import_from(web.url(source))
        self._require(node.read_bytes() == self._files[source], str(node))
        self._say(f"   {web.url(source)}: {status.bytes_done} bytes, {status.state}")

    def _export(self, web: Web) -> None:
        self._say(
            "4. Export: fetched from the store's URL into a local file, and sent by the store to a small HTTP server"
        )
        for name in ("gemini.vot", "chandra-time.fits"):
            node = self._node(name)
            with tempfile.TemporaryDirectory() as folder:
                path = node.get(Path(folder))
                assert path is not None
                self._require(path.read_bytes() == self._files[name], f"{name}, fetched")
            node.export_to(web.url(name))
            self._require(web.received.get(name) == self._files[name], f"{name}, sent")
            self._say(f"   {name}: fetched and sent, identical")

    def _list(self) -> None:
        self._say(f"5. home:{FOLDER} and home:{FOLDER}/{CATALOGUES} as `vofiles ls -l` shows them")
        used = set()
        for folder in (self._results, self._results / CATALOGUES):
            rows = list(folder.children())
            used |= {row.store for row in rows if row.store}
            for line in table(rows):
                self._say(f"   {line}")
        self._say(f"   locations such as {self._node('gemini.vot').info().location}")
        self._require(used >= set(self._stores), f"files are in {', '.join(sorted(used))} only")

    def _compare_all(self) -> None:
        for name, content in self._files.items():
            self._require(self._node(name).read_bytes() == content, name)
        self._say(f"6. Byte for byte: {len(self._files)} of {len(self._files)} files are identical")

    def _rearrange(self) -> None:
        other = self._stores[0]
        self._say(f"7. The tree: {CATALOGUES} copied as a folder, its bytes from store to store into {other}")
        source, copy = self._results / CATALOGUES, self._results / "copy"
        source.copy_to(copy.parent, copy.name, store=other, replace=True)
        archive = self._results / "archive"
        copy.move_to(archive.parent, archive.name, replace=True)
        archive.remove(recursive=True)
        self._require(not archive.exists() and not copy.exists(), str(archive))
        archive.restore()
        rows = list(archive.children())
        for row in rows:
            self._require((archive / row.name).read_bytes() == self._files[row.name], str(row.path))
        self._require({row.store for row in rows} == {other} and len(rows) == len(source.listdir()), str(archive))
        usage = archive.usage()
        self._say(f"   copied, moved, deleted and restored: {usage.files} files, {usage.size} bytes, identical")
        archive.remove(recursive=True, purge=True)

    def _giant(self, size: int, processes: Mapping[str, int]) -> None:
        self._say(f"8. One large file of {size / (1 << 20):.0f} MiB, made on the spot")
        node = self._results / "large.bin"
        begun = time.monotonic()
        info = node.put(Giant(size))  # type: ignore[arg-type]
        put = time.monotonic() - begun
        comparing = Comparing(Giant(size))
        node.get(comparing)  # type: ignore[arg-type]
        got = time.monotonic() - begun - put
        self._require(comparing.equal == size, str(node))
        self._say(f"   put in {put:.1f} s into {info.store}, fetched and compared in {got:.1f} s: identical")
        for name, process in (*processes.items(), ("this client", os.getpid())):
            self._say(f"   peak memory of {name:<12} {peak_memory(process) / (1 << 20):6.1f} MiB")
        node.remove(purge=True)

    def _require(self, identical: object, about: str) -> None:
        if not identical:
            raise Different(about)
