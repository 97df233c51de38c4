"""The byte path beside the servers that people would put there otherwise: `python -m benchmarks.bytes`.

Rule: what is run and in which order is said here. All servers are up at once; in every round each does the same work in
turn, and what the page cache still owes the disk is written before the next one begins.
"""

import argparse
import datetime as dt
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import apache, deployment, nginx, webdav
from benchmarks.bytes.certificate import make_certificate
from benchmarks.bytes.load import Target
from benchmarks.bytes.results import GIB, KIB, MIB, Figure, Figures, add_to, print_tables, print_targets
from benchmarks.bytes.subjects import BASIC, Folder, Ours, Subject
from benchmarks.crew import Crew, Job
from benchmarks.figures import Rounds, size_text
from benchmarks.processes import set_back_peak, usage

SHARED_MEMORY = Path("/dev/shm")
STORES = {
    "plain": "",
    "fast": "[content]\nsha256 = false\n",
    "scratch": '[content]\nsha256 = false\ndurability = "memory"\n',
}
"""Ours in three ways: as it comes; without SHA-256, which leaves the fast digest; and that without fsync."""
NAMES = {"plain": "ours", "fast": "ours, fast digest", "scratch": "ours, scratch"}
WRITERS = {NAMES["fast"], NAMES["scratch"]}
"""Who differs in how it writes alone, and is not asked to read."""
SLOW = {"WsgiDAV": 0.25}
"""Who does only a part of the work, because the rest would take minutes and say nothing more."""
FEW = {"WsgiDAV": 10}
"""Who has so many threads, and drops the connections of those who wait for one too long."""


@dataclass(frozen=True)
class Effort:
    """How much is done."""

    clients: tuple[int, ...]
    rounds: int
    jobs: Mapping[int, tuple[int, int]]
    """Contents put and fetched in a burst, by their size; at least as many as there are clients."""
    places: tuple[str, ...] = ("disk", "tmpfs")
    tls: bool = True


SMOKE = Effort((2,), rounds=1, jobs={4 * KIB: (2, 2), MIB: (2, 2)}, places=("disk",))
SHORT = Effort((1, 8), 3, {4 * KIB: (320, 8000), MIB: (64, 128), 64 * MIB: (8, 16)}, places=("disk",), tls=False)
LONG = Effort((1, 8, 64), 3, {4 * KIB: (320, 24_000), MIB: (128, 512), 64 * MIB: (16, 32), GIB: (2, 4)})
SIZES = {size_text(size).replace(" ", ""): size for size in LONG.jobs}
LONG_BURST = 32 * GIB
"""Bytes of a burst that is done once, and not in every round."""


def main() -> None:
    """Reads the arguments and runs what they ask for."""
    parser = argparse.ArgumentParser(prog="benchmarks.bytes", description="PUT and GET beside nginx, Apache, WsgiDAV.")
    parser.add_argument("--long", action="store_true", help="all sizes and places, for docs/benchmarks.md")
    parser.add_argument("--smoke", action="store_true", help="a few contents only: whether it runs, not how fast")
    parser.add_argument("--place", choices=LONG.places, help="one of the places only")
    parser.add_argument("--size", choices=SIZES, nargs="+", help="contents of these sizes only")
    parser.add_argument("--rounds", type=int, help="how many times each does all of it")
    parser.add_argument("--directory", type=Path, help="on the disk to measure (default: a temporary folder)")
    parser.add_argument("--keep", type=Path, help="a file for the figures; those of earlier runs in it are kept beside")
    arguments = parser.parse_args()
    effort = LONG if arguments.long else SMOKE if arguments.smoke else SHORT
    if arguments.size:
        some = {SIZES[name] for name in arguments.size}
        effort = replace(effort, jobs={size: counts for size, counts in effort.jobs.items() if size in some})
    if arguments.rounds:
        effort = replace(effort, rounds=arguments.rounds)
    about = (
        f"Python {platform.python_version()}, {os.cpu_count()} cores shared by servers and clients; medians of "
        f"{effort.rounds} interleaved rounds, {dt.datetime.now(dt.UTC):%B %Y}."
    )
    print(about)
    figures = Figures(())
    try:
        with closing(Crew(max(effort.clients))) as crew:
            for place in [arguments.place] if arguments.place else effort.places:
                folder = arguments.directory if place == "disk" else SHARED_MEMORY
                if place == "disk" or folder.is_dir():
                    for figure in measure_place(crew, place, folder, effort):
                        figures = figures.plus(figure)
                        if arguments.keep:
                            add_to(arguments.keep, figure, about)
    finally:
        # Also of a run that is stopped: what was measured is good.
        print_tables(figures)
        print_targets(figures)


def measure_place(crew: Crew, place: str, directory: Path | None, effort: Effort) -> Iterator[Figure]:
    """All work on one file system."""
    with everything_up(directory) as (folder, subjects):
        yield from measure(crew, place, folder, subjects, effort)
    jobs = {size: counts for size, counts in effort.jobs.items() if MIB <= size < GIB}
    if effort.tls and jobs and place == "disk":
        with everything_up(directory, tls=True) as (folder, subjects):
            some = replace(effort, clients=effort.clients[:2], jobs=jobs)
            yield from measure(crew, f"{place} with TLS", folder, subjects, some)


@contextmanager
def everything_up(directory: Path | None, *, tls: bool = False) -> Iterator[tuple[Path, list[Subject]]]:
    """Our stores and the peers that are installed, with TLS only nginx, which does it best."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=directory, prefix="vofiles-bench-")))
        # Apache's processes are somebody else's.
        folder.chmod(0o755)
        certificate = make_certificate(folder) if tls else None
        stores = {name: text for name, text in STORES.items() if not tls or name == "plain"}
        ours = stack.enter_context(deployment.serving(folder / "ours", stores, certificate))
        subjects: list[Subject] = [Ours(NAMES[name], ours, name, folder / "ours" / name, secure=tls) for name in stores]
        if command := nginx.program():
            at = folder / "nginx"
            pair = (certificate.chain, certificate.key) if certificate else None
            port, pids = stack.enter_context(nginx.serving(command, at, pair))
            subjects.append(Folder("nginx", pids, Target(port, secure=tls), at / "files"))
        if (command := apache.program()) and not tls and apache.reaches(folder):
            files = folder / "apache-files"
            files.mkdir()
            files.chmod(0o777)
            port, pids = stack.enter_context(apache.serving(command, folder / "apache", files))
            subjects.append(Folder("Apache", pids, Target(port, BASIC), files))
        if not tls:
            peer = stack.enter_context(webdav.serving(folder / "wsgidav"))
            target = Target(peer.port, BASIC)
            subjects.append(Folder("WsgiDAV", (peer.process.pid,), target, folder / "wsgidav" / "files"))
        yield folder, subjects


def measure(crew: Crew, place: str, folder: Path, subjects: Sequence[Subject], effort: Effort) -> Iterator[Figure]:
    """Every size, direction and number of clients, as far as there is room."""
    readers = [subject for subject in subjects if subject.name not in WRITERS]
    for size, (puts, gets) in effort.jobs.items():
        for clients in effort.clients:
            count = max(clients, puts - puts % clients)
            if 2 * size * count > shutil.disk_usage(folder).free:
                print(f"left out: PUT of {size_text(size)}, {clients} clients, {place}: there is no room for {count}")
            else:
                yield from _rounds(crew, place, folder, "PUT", size, clients, count, subjects, effort.rounds)
            count = max(clients, gets - gets % clients)
            rounds = effort.rounds if size * count < LONG_BURST else 1
            yield from _rounds(crew, place, folder, "GET", size, clients, count, readers, rounds)


def _rounds(
    crew: Crew,
    place: str,
    folder: Path,
    direction: str,
    size: int,
    clients: int,
    count: int,
    subjects: Sequence[Subject],
    rounds: int,
) -> Iterator[Figure]:
    subjects = [subject for subject in subjects if clients <= FEW.get(subject.name, clients)]
    measured = {subject.name: Rounds() for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            some = max(clients, int(count * SLOW.get(subject.name, 1)) // clients * clients)
            job: Job
            if direction == "PUT":
                job = subject.prepare_put(size, clients, some)
                _touch_memory(folder, size * some)
            else:
                job = subject.prepare_get(size)
                crew.burst(job, 1, 1)
            os.sync()
            _burst(crew, job, subject, clients, some, measured[subject.name])
            if direction == "PUT":
                subject.clear()
    for name, figures in measured.items():
        yield Figure(place, direction, size, clients, name, figures.rate, figures.cpu_per_job, figures.peak)


def _touch_memory(folder: Path, size: int) -> None:
    """Have the page cache hold so many bytes, at most 4 GiB, and let go of them: memory that a virtual machine has not
    used for a while has to come from its host first, which whoever writes first would pay for the others.
    """
    path = folder / "touched"
    with path.open("wb") as file:
        for _ in range(min(size, 4 * GIB) // MIB):
            file.write(bytes(MIB))
    path.unlink()


def _burst(crew: Crew, job: Job, subject: Subject, clients: int, count: int, figures: Rounds) -> None:
    for pid in subject.pids:
        set_back_peak(pid)
    before = usage(subject.pids)
    burst = crew.burst(job, clients, count)
    after = usage(subject.pids)
    figures.bursts.append(burst)
    figures.cpu.append((after.cpu - before.cpu) / len(burst.latencies))
    figures.peak = max(figures.peak, after.peak)


if __name__ == "__main__":
    main()
