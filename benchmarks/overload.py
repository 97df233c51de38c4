"""What slow others cost the healthy: `python -m benchmarks.overload`.

    500 slow clients      getNode, and a PUT of 64 KiB: p99 with them and without, in turn, in one run
    50 imports, an hour   getNode with them and without; a whole put with its callback gets through
                          (a store moves outbound.per_peer of them at a time; the others wait in its lane)

Rule: the same burst with and without, interleaved; what is to be seen is a p99 below twice the baseline.
"""

import argparse
import os
import platform
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

from benchmarks import deployment, jobs
from benchmarks.crew import Crew, Job
from benchmarks.deployment import Deployment
from benchmarks.figures import table
from benchmarks.slow import slow_clients, slow_source
from benchmarks.wire import Bytes, value

HEADS = ("work", "clients", "p50 ms", "p50 with", "p99 ms", "p99 with", "ratio of p99")
CLIENTS = 2
KIB = 1 << 10


@dataclass(frozen=True)
class Effort:
    """How much is done."""

    rounds: int
    calls: int
    slow: int
    imports: int


SMOKE = Effort(rounds=1, calls=20, slow=20, imports=3)
FULL = Effort(rounds=5, calls=600, slow=500, imports=50)


@dataclass(frozen=True)
class PutOnly:
    """The PUT alone: the tickets are made beforehand."""

    service: jobs.Service
    size: int
    most: int

    def open(self, worker: int) -> Callable[[int], None]:
        """As many tickets as a burst can use."""
        del worker
        wire, store, body = self.service.connect(), Bytes(), random.randbytes(self.size)
        folder = jobs.add(wire, self.service.home, "FOLDER")
        nodes = [jobs.add(wire, folder, "FILE") for _ in range(self.most)]
        urls = [value(wire.call("importInit", node=node), "url") for node in nodes]

        def once(count: int) -> None:
            store.put(urls[count], body)

        return once


def main() -> None:
    """Reads the arguments and runs both."""
    parser = argparse.ArgumentParser(prog="benchmarks.overload", description="What slow others cost the healthy.")
    parser.add_argument("--smoke", action="store_true", help="a few calls only: whether it runs")
    parser.add_argument("--directory", type=Path, help="where the servers keep their files")
    arguments = parser.parse_args()
    effort = SMOKE if arguments.smoke else FULL
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; {effort.rounds} interleaved rounds.")
    with (
        tempfile.TemporaryDirectory(dir=arguments.directory, prefix="vofiles-bench-") as folder,
        closing(Crew(CLIENTS)) as crew,
        deployment.serving(Path(folder) / "ours") as ours,
    ):
        among_slow_clients(crew, ours, effort)
        among_long_imports(crew, ours, effort)


def among_slow_clients(crew: Crew, ours: Deployment, effort: Effort) -> None:
    """What getNode and PUT take beside clients that trickle."""
    addresses = (f"{ours.service.address}/filemanager", f"http://{urlsplit(a_ticket(ours)).netloc}/filestore")
    work: dict[str, Job] = {
        "getNode": jobs.Call(ours.service, "getNode"),
        "PUT 64 KiB": PutOnly(ours.service, 64 * KIB, effort.calls // CLIENTS),
    }
    rows = [
        row(name, *compared(crew, job, lambda: slow_clients(addresses, effort.slow), effort))
        for name, job in work.items()
    ]
    table(f"Among {effort.slow} slow clients", HEADS, rows)


def among_long_imports(crew: Crew, ours: Deployment, effort: Effort) -> None:
    """What getNode and the whole put take beside imports that take an hour."""
    work: dict[str, Job] = {
        "getNode": jobs.Call(ours.service, "getNode"),
        "put 4 KiB, callback and all": jobs.Put(ours.service, 4 * KIB),
    }
    rows = [
        row(name, *compared(crew, job, lambda: long_imports(ours, effort.imports), effort))
        for name, job in work.items()
    ]
    table(f"Among {effort.imports} imports from a slow source", HEADS, rows)


@contextmanager
def long_imports(ours: Deployment, number: int) -> Iterator[None]:
    """So many importData under way from a source that takes an hour, while the block runs; cancelled at its end."""
    wire = ours.service.connect()
    folder = jobs.add(wire, ours.service.home, "FOLDER")
    with slow_source() as url:
        begun = []
        for _ in range(number):
            node = jobs.add(wire, folder, "FILE")
            begun.append(value(wire.call("importData", node=node, url=url, wait="0"), "transfer"))
        try:
            yield
            states = [value(wire.call("getTransfer", transfer=transfer), "state") for transfer in begun]
            if "RECEIVING" not in states or set(states) - {"REQUESTED", "OFFERED", "RECEIVING"}:
                raise RuntimeError(f"the imports were not under way: {sorted(set(states))}")
        finally:
            for transfer in begun:
                wire.call("cancelTransfer", transfer=transfer)


def a_ticket(ours: Deployment) -> str:
    """An address to PUT to, for where the store is."""
    wire = ours.service.connect()
    return value(wire.call("importInit", node=jobs.add(wire, ours.service.home, "FILE")), "url")


def compared(
    crew: Crew, job: Job, others: Callable[[], AbstractContextManager[None]], effort: Effort
) -> tuple[list[float], list[float]]:
    """Seconds of each call without the others and with them, over all rounds."""
    alone: list[float] = []
    among: list[float] = []
    crew.burst(job, CLIENTS, CLIENTS)
    for _ in range(effort.rounds):
        for kept, around in ((alone, nullcontext), (among, others)):
            with around():
                kept.extend(crew.burst(job, CLIENTS, effort.calls).latencies)
    return alone, among


def row(name: str, alone: list[float], among: list[float]) -> list[str]:
    """One line of the table, in the order of HEADS."""
    (p50, p99), (p50_with, p99_with) = (percentiles(each) for each in (alone, among))
    figures = [f"{1000 * seconds:.2f}" for seconds in (p50, p50_with, p99, p99_with)]
    return [name, str(CLIENTS), *figures, f"{p99_with / p99:.2f}"]


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """The 50th and the 99th."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49], cuts[98]


if __name__ == "__main__":
    main()
