"""Runs the benchmark of single calls and prints its tables: `python -m benchmarks.calls`.

Our FileManager as a process of its own, by its native contract and by AstroGrid's, beside Apache with mod_dav and
WsgiDAV over the same tree of 10 000 nodes on a disk; then where the CPU of a call goes (`shares`).

Rule: what is done, how often, and what is aimed at is said here; how it is measured, in `figures` and `shares`.
"""

import argparse
import os
import platform
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import apache, shares, webdav
from benchmarks.crew import Crew
from benchmarks.deployment import AUTHORITY, STORES, Manager, manager_on
from benchmarks.exchanges import FRESH, TOGETHER, Exchanges, repeated, request
from benchmarks.figures import Rounds, Subject, interleaved, table
from benchmarks.planting import grow, plant
from benchmarks.treeshape import Shape
from benchmarks.wire import ENVELOPE

NATIVE, ASTROGRID, APACHE, WSGIDAV = "native", "AstroGrid", "Apache", "WsgiDAV"
OLD_NAMESPACE = "urn:astrogrid:schema:filemanager:FileManager:v0.1"
SOAP = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{}</e:Body></e:Envelope>'
PROPFIND = b'<?xml version="1.0"?><propfind xmlns="DAV:"><allprop/></propfind>'
XML = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}


@dataclass(frozen=True)
class Effort:
    """How much is done: rounds, how much of the calls that `OPERATIONS` says, and in how large a tree."""

    rounds: int
    share: float
    nodes: int = 10_000


SMOKE, SHORT, LONG = Effort(1, 0.01, 4000), Effort(3, 1), Effort(9, 2)


@dataclass(frozen=True)
class Ground:
    """What the requests are about, and as whom."""

    home: str
    token: str
    paths: tuple[str, ...]

    def soap(self, path: str, body: str) -> bytes:
        """A request to one of our ports."""
        return request("POST", path, {"Authorization": f"Bearer {self.token}", **XML}, body.encode())

    def native(self, operation: str, inner: str) -> bytes:
        return self.soap("/filemanager", ENVELOPE.format(name=operation, parts=inner))

    def old(self, operation: str, inner: str) -> bytes:
        """As AstroGrid's clients speak."""
        return self.soap("/astrogrid", SOAP.format(f'<{operation} xmlns="{OLD_NAMESPACE}">{inner}</{operation}>'))


Requests = Callable[[Ground], list[bytes]]


@dataclass(frozen=True)
class Operation:
    """One kind of call, as each server is asked for it; a peer that has no such thing is not asked."""

    name: str
    jobs: int
    """Of eight calls each, in a round."""
    native: Requests
    old: Requests | None = None
    peers: Requests | None = None
    status: int = 207
    """Of the peers' answers."""


def look(path: str, depth: int) -> list[bytes]:
    """PROPFIND."""
    user = b64encode(f"{webdav.USER}:{webdav.PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {user}", "Depth": str(depth), "Content-Type": "application/xml"}
    return [request("PROPFIND", f"/{path}", headers, PROPFIND)]


def make() -> list[bytes]:
    """MKCOL."""
    user = b64encode(f"{webdav.USER}:{webdav.PASSWORD}".encode()).decode()
    return [request("MKCOL", f"/wide/{FRESH.decode()}", {"Authorization": f"Basic {user}"})]


def listing(folder: str, children: int, jobs: int) -> Operation:
    """A folder's children."""
    return Operation(
        f"listChildren of {children}",
        jobs,
        lambda on: [on.native("listChildren", f"<node>{on.home}/{folder}</node><limit>{children}</limit>")],
        None,
        lambda _: look(folder, 1),
    )


def bundle(folder: str, children: int, jobs: int) -> Operation:
    """A folder and its children, by getNode."""
    most = f"<maximumExtraNodes>{children}</maximumExtraNodes>"
    old = f'<hints xmlns=""><prefetchDepth>1</prefetchDepth><maxExtraNodes>{children}</maxExtraNodes></hints>'
    return Operation(
        f"getNode, a bundle of {children}",
        jobs,
        lambda on: [on.native("getNode", f"<node>{on.home}/{folder}</node><hints><depth>1</depth>{most}</hints>")],
        lambda on: [on.old("getNode", f'<nodeIvorn xmlns="">{on.home}/{folder}</nodeIvorn>{old}')],
        lambda _: look(folder, 1),
    )


OPERATIONS = (
    Operation(
        "getIdentifier",
        250,
        lambda on: [on.native("getIdentifier", "")],
        lambda on: [on.old("getIdentifier", "")],
    ),
    Operation(
        "getNode by a path of 5",
        200,
        lambda on: [on.native("getNode", f"<node>{on.home}/{path}</node>") for path in on.paths],
        lambda on: [on.old("getNode", f'<nodeIvorn xmlns="">{on.home}/{path}</nodeIvorn>') for path in on.paths],
        lambda on: [each for path in on.paths for each in look(path, 0)],
    ),
    Operation(
        "addNode, durable",
        60,
        lambda on: [
            on.native("addNode", f"<parent>{on.home}/wide</parent><name>{FRESH.decode()}</name><type>FOLDER</type>")
        ],
        lambda on: [
            on.old(
                "addNode",
                f'<parentIvorn xmlns="">{on.home}/to</parentIvorn><newNodeName xmlns="">{FRESH.decode()}</newNodeName>'
                '<nodeType xmlns="">FOLDER</nodeType>',
            )
        ],
        lambda _: make(),
        201,
    ),
    listing("hundred", 100, 12),
    listing("thousand", 1000, 3),
    bundle("hundred", 100, 12),
    bundle("thousand", 1000, 3),
)

# Design 6: the peer's CPU to ours, at least so much; AstroGrid's on Axis as it was measured there.
TARGETS = (
    ("getNode by a path of 5", APACHE, 2.0),
    ("getNode by a path of 5", WSGIDAV, 10.0),
    ("listChildren of 1000", APACHE, 100.0),
    ("listChildren of 1000", WSGIDAV, 500.0),
    ("addNode, durable", APACHE, 1.5),
)
AXIS = (("getNode by a path of 5", 0.59, 5.0), ("addNode, durable", 2.8, 14.0))
"""Milliseconds of CPU of the original, and how often ours is to go into them."""
CLOSE = 1.5
"""AstroGrid's contract costs at the most so much of ours."""


def main() -> None:
    """Reads the arguments and runs what they ask for."""
    parser = argparse.ArgumentParser(prog="benchmarks.calls", description="Single calls: CPU, and where it goes.")
    parser.add_argument("--long", action="store_true", help="more rounds of more calls, for docs/benchmarks.md")
    parser.add_argument("--smoke", action="store_true", help="a few calls only: whether it runs, not how fast")
    parser.add_argument("--directory", type=Path, help="where everything is kept (default: a temporary folder)")
    arguments = parser.parse_args()
    effort = LONG if arguments.long else SMOKE if arguments.smoke else SHORT
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians of {effort.rounds} interleaved rounds.")
    with (
        tempfile.TemporaryDirectory(dir=arguments.directory, prefix="vofiles-calls-") as folder,
        closing(Crew(1)) as crew,
    ):
        # Servers of the superuser work as somebody else, who must get there.
        Path(folder).chmod(0o755)
        database = f"sqlite:///{folder}/tree.db"
        manager = manager_on(Path(folder) / "ours", database)
        shape = Shape(effort.nodes)
        paths = tuple(plant(database, f"ivo://{AUTHORITY}/{STORES[0]}", shape))
        with servers(Path(folder), shape, manager, paths) as (ground, targets):
            figures = measure(crew, ground, targets, effort)
        tell(figures)
        tell_shares(manager, ground, figures, effort)


@contextmanager
def servers(
    folder: Path, shape: Shape, manager: Manager, paths: tuple[str, ...]
) -> Iterator[tuple[Ground, dict[str, tuple[int, tuple[int, ...]]]]]:
    """All that are measured, up at once: what to ask, and each one's port and processes."""
    with ExitStack() as stack:
        ours = stack.enter_context(manager.serving())
        found = {NATIVE: (manager.port, ours.pids), ASTROGRID: (manager.port, ours.pids)}
        peer = stack.enter_context(webdav.serving(folder / "peer"))
        files = folder / "peer" / "files"
        grow(files, shape)
        program = apache.program()
        if program is None or not apache.reaches(files):
            print("Apache is left out: it is not installed with mod_dav, or works as one who does not get there.")
        else:
            port, pids = stack.enter_context(apache.serving(program, folder / "apache", files))
            found[APACHE] = (port, pids)
        found[WSGIDAV] = (peer.port, (peer.process.pid,))
        yield Ground(ours.service.home, manager.token, paths), found


Figures = dict[tuple[str, str], Rounds]
"""By operation and server."""


def measure(crew: Crew, ground: Ground, targets: dict[str, tuple[int, tuple[int, ...]]], effort: Effort) -> Figures:
    """Every operation at every server that has it."""
    found: Figures = {}
    for operation in OPERATIONS:
        asked = {NATIVE: operation.native, ASTROGRID: operation.old, APACHE: operation.peers, WSGIDAV: operation.peers}
        names = [name for name in targets if asked[name] is not None]
        subjects = []
        for name in names:
            port, pids = targets[name]
            status = 200 if name in (NATIVE, ASTROGRID) else operation.status
            made = asked[name]
            assert made is not None
            slow = 0.25 if name == WSGIDAV and "1000" in operation.name else 1.0
            subjects.append(Subject(Exchanges(port, repeated(made(ground)), status), pids, slow))
        measured = interleaved(crew, subjects, 1, max(1, int(operation.jobs * effort.share)), effort.rounds)
        found |= {(operation.name, name): rounds for name, rounds in zip(names, measured, strict=True)}
    return found


# --- what is told -----------------------------------------------------------------------------------------------------


def cpu_of(figures: Figures, operation: str, server: str) -> float | None:
    """Milliseconds of CPU of one call."""
    rounds = figures.get((operation, server))
    return None if rounds is None else 1000 * rounds.cpu_per_job / TOGETHER


def tell(figures: Figures) -> None:
    """The tables of CPU, of speed and of targets."""
    everybody = (NATIVE, ASTROGRID, APACHE, WSGIDAV)
    rows, rates = [], []
    for operation in OPERATIONS:
        found = [cpu_of(figures, operation.name, server) for server in everybody]
        native = found[0]
        assert native is not None
        ratios = [quotient(other, native) for other in found[1:]]
        rows.append([operation.name, *(shown(each) for each in found), *ratios])
        known = [figures.get((operation.name, server)) for server in everybody]
        rates.append([operation.name, *("" if each is None else f"{each.rate * TOGETHER:.0f}" for each in known)])
    heads = ["call", *everybody]
    table("CPU of the server, ms a call", [*heads, *(f"{name} to native" for name in everybody[1:])], rows)
    table("Calls a second, eight at once", heads, rates)
    table("Targets", ["call", "measure", "target", "here", ""], list(judged(figures)))


def judged(figures: Figures) -> Iterator[list[str]]:
    """A line for each target."""
    for operation, peer, least in TARGETS:
        theirs, ours = cpu_of(figures, operation, peer), cpu_of(figures, operation, NATIVE)
        if theirs is not None and ours:
            yield line(
                operation, f"{peer}'s CPU to ours", f"at least {least:g}", theirs / ours, met=theirs / ours >= least
            )
    for operation, theirs, least in AXIS:
        ours = cpu_of(figures, operation, NATIVE)
        if ours:
            measured = f"the original's {theirs} ms on Axis to ours"
            yield line(operation, measured, f"at least {least:g}", theirs / ours, met=theirs / ours >= least)
    for each in OPERATIONS:
        old, ours = cpu_of(figures, each.name, ASTROGRID), cpu_of(figures, each.name, NATIVE)
        if old is not None and ours:
            yield line(each.name, "AstroGrid API to native", f"at most {CLOSE:g}", old / ours, met=old / ours <= CLOSE)


def line(operation: str, measure: str, target: str, found: float, *, met: bool) -> list[str]:
    """One target."""
    return [operation, measure, target, f"{found:.2f}", "met" if met else "missed"]


def tell_shares(manager: Manager, ground: Ground, figures: Figures, effort: Effort) -> None:
    """Where the CPU goes: in one thread, and what the process needs besides."""
    rows = []
    with shares.bench(manager.settings) as on:
        for operation in OPERATIONS:
            for server, made in ((NATIVE, operation.native), (ASTROGRID, operation.old)):
                if made is not None:
                    calls = max(8, int(operation.jobs * TOGETHER * effort.share))
                    found = shares.profile(on, made(ground), 200, calls)
                    parts = [shown(found.milliseconds(name)) for name in shares.NAMES]
                    process = cpu_of(figures, operation.name, server)
                    rest = shown(max(0.0, process - found.total)) if process is not None else ""
                    rows.append([operation.name, server, *parts, shown(found.total), rest])
    table("Where it goes, ms a call", ["call", "contract", *shares.NAMES, "in one thread", "besides"], rows)


def shown(figure: float | None) -> str:
    """Milliseconds."""
    return "" if figure is None else f"{figure:.3f}" if figure < 10 else f"{figure:.1f}"


def quotient(one: float | None, other: float) -> str:
    """A ratio."""
    return "" if one is None or not other else f"{one / other:.2f}"


if __name__ == "__main__":
    main()
