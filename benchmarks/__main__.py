"""Runs the benchmarks and prints their tables: `python -m benchmarks`, or ./toxw -e bench.

Rule: what is run and in which order is said here; how it is measured, in `figures`.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import deployment, jobs, webdav
from benchmarks.crew import Crew, Job
from benchmarks.deployment import Deployment
from benchmarks.figures import Rounds, Subject, interleaved, size_text, table
from benchmarks.webdav import Peer

OPERATIONS = ("getIdentifier", "getNode", "addNode", "listChildren")
KIB, MIB = 1 << 10, 1 << 20
OurJob = Callable[[jobs.Service, int], Job]
KINDS: tuple[tuple[str, OurJob, OurJob, Callable[[int, int], Job]], ...] = (
    ("put", jobs.Put, jobs.ClientPut, webdav.Put),
    ("get", jobs.Get, jobs.ClientGet, webdav.Get),
)
JOB_HEADS = (
    "size",
    "clients",
    "ours/s",
    "by vofiles/s",
    "WsgiDAV/s",
    "ratio",
    "ours ms",
    "by vofiles ms",
    "server CPU ms",
    "WsgiDAV CPU ms",
    "peak MiB",
    "WsgiDAV MiB",
)


@dataclass(frozen=True)
class Effort:
    """How much is done: by how many clients, rounds, jobs a burst by the size of the body, calls a burst."""

    clients: tuple[int, ...]
    rounds: int
    jobs: dict[int, int]
    calls: int


SMOKE = Effort((1, 2), rounds=1, jobs={4 * KIB: 2}, calls=2)
SHORT = Effort((1, 8), rounds=3, jobs={4 * KIB: 48, MIB: 24, 64 * MIB: 8}, calls=160)
LONG = Effort((1, 8), rounds=9, jobs={4 * KIB: 400, MIB: 160, 64 * MIB: 16}, calls=1600)


def main() -> None:
    """Reads the arguments and runs what they ask for."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="The whole job beside WsgiDAV; SOAP calls.")
    parser.add_argument("--long", action="store_true", help="more rounds of more jobs, for docs/benchmarks.md")
    parser.add_argument("--smoke", action="store_true", help="a few jobs only: whether it runs, not how fast")
    parser.add_argument(
        "--directory", type=Path, help="where the servers keep their files (default: a temporary folder)"
    )
    arguments = parser.parse_args()
    effort = LONG if arguments.long else SMOKE if arguments.smoke else SHORT
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians of {effort.rounds} interleaved rounds.")
    with everything_up(max(effort.clients), arguments.directory) as (crew, ours, peer):
        whole_job(crew, ours, peer, effort)
        soap_calls(crew, ours, effort)


@contextmanager
def everything_up(clients: int, directory: Path | None) -> Iterator[tuple[Crew, Deployment, Peer]]:
    """So many clients, our servers and the peer, all running."""
    with (
        tempfile.TemporaryDirectory(dir=directory, prefix="vofiles-bench-") as folder,
        closing(Crew(clients)) as crew,
        webdav.serving(Path(folder) / "peer") as peer,
        deployment.serving(Path(folder) / "ours") as ours,
    ):
        yield crew, ours, peer


def whole_job(crew: Crew, ours: Deployment, peer: Peer, effort: Effort) -> None:
    """Files in and out, beside WsgiDAV."""
    for direction, by_wire, by_client, theirs in KINDS:
        rows = []
        for size, count in effort.jobs.items():
            for clients in effort.clients:
                subjects = (
                    Subject(by_wire(ours.service, size), ours.pids),
                    Subject(by_client(ours.service, size), ours.pids),
                    Subject(theirs(peer.port, size), (peer.process.pid,)),
                )
                figures = interleaved(crew, subjects, clients, count, effort.rounds)
                rows.append(job_row(size, clients, *figures))
        table(f"The whole job: {direction}", JOB_HEADS, rows)


def job_row(size: int, clients: int, wire: Rounds, client: Rounds, theirs: Rounds) -> list[str]:
    """One line of the table of the whole job, in the order of JOB_HEADS."""
    return [
        size_text(size),
        str(clients),
        f"{wire.rate:.1f}",
        f"{client.rate:.1f}",
        f"{theirs.rate:.1f}",
        f"{wire.rate / theirs.rate:.2f}",
        f"{1000 * wire.latency:.1f}",
        f"{1000 * client.latency:.1f}",
        f"{1000 * wire.cpu_per_job:.2f}",
        f"{1000 * theirs.cpu_per_job:.2f}",
        f"{max(wire.peak, client.peak) / MIB:.0f}",
        f"{theirs.peak / MIB:.0f}",
    ]


def soap_calls(crew: Crew, ours: Deployment, effort: Effort) -> None:
    """Single operations on the FileManager."""
    rows = []
    for clients in effort.clients:
        subjects = [Subject(jobs.Call(ours.service, operation), ours.pids) for operation in OPERATIONS]
        measured = interleaved(crew, subjects, clients, effort.calls, effort.rounds)
        for operation, figures in zip(OPERATIONS, measured, strict=True):
            name = f"{operation} ({jobs.CHILDREN})" if operation == "listChildren" else operation
            rate, latency, cpu = figures.rate, 1000 * figures.latency, 1000 * figures.cpu_per_job
            rows.append([name, str(clients), f"{rate:.0f}", f"{latency:.2f}", f"{cpu:.2f}"])
    table("SOAP calls", ["operation", "clients", "calls/s", "ms", "server CPU ms"], rows)


if __name__ == "__main__":
    main()
