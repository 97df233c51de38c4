"""Runs the benchmarks and prints their tables: `python -m benchmarks`, or ./toxw -e bench."""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import webdav
from benchmarks.crew import Crew
from benchmarks.figures import Subject, interleaved, size_text, table

CLIENTS = (1, 8)


@dataclass(frozen=True)
class Effort:
    """How much is done: rounds, and jobs a burst by the size of the body."""

    rounds: int
    jobs: dict[int, int]
    calls: int


SHORT = Effort(rounds=3, jobs={4 << 10: 80, 1 << 20: 40, 64 << 20: 8}, calls=200)
LONG = Effort(rounds=9, jobs={4 << 10: 400, 1 << 20: 160, 64 << 20: 16}, calls=1000)


def main() -> None:
    """Reads the arguments and runs what they ask for."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="The whole job beside WsgiDAV; SOAP calls.")
    parser.add_argument("--long", action="store_true", help="more rounds of more jobs, for docs/benchmarks.md")
    parser.add_argument("--directory", type=Path, help="where stores keep their files (default: a temporary folder)")
    arguments = parser.parse_args()
    effort = LONG if arguments.long else SHORT
    crew = Crew(max(CLIENTS))
    with tempfile.TemporaryDirectory(dir=arguments.directory, prefix="vofiles-bench-") as folder:
        with webdav.serving(Path(folder) / "peer") as peer:
            for size, jobs in effort.jobs.items():
                for clients in CLIENTS:
                    subjects = [
                        Subject("WsgiDAV put", webdav.Put(peer.port, size), (peer.process.pid,)),
                        Subject("WsgiDAV get", webdav.Get(peer.port, size), (peer.process.pid,)),
                    ]
                    rows = []
                    for subject, figures in zip(subjects, interleaved(crew, subjects, clients, jobs, effort.rounds)):
                        rows.append(
                            [
                                subject.name,
                                f"{figures.rate:.1f}",
                                f"{1000 * figures.latency:.2f}",
                                f"{1000 * figures.cpu_per_job:.2f}",
                                f"{figures.peak >> 20}",
                            ]
                        )
                    table(f"{size_text(size)} {clients}", ["what", "jobs/s", "ms", "CPU ms", "MiB"], rows)
    crew.close()


if __name__ == "__main__":
    main()
