"""Figures: bursts of several subjects, interleaved over rounds, and the tables of their medians.

Rule: a figure is a median over rounds, and says of how many.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.crew import Burst, Crew, Job
from benchmarks.processes import set_back_peak, usage


@dataclass(frozen=True)
class Subject:
    """One server, or several that work together, doing one kind of job."""

    job: Job
    pids: tuple[int, ...]
    """The processes whose CPU and memory count."""
    share: float = 1.0
    """How much of a round's jobs it does: less than all where it is so slow that the round would take minutes."""


@dataclass
class Rounds:
    """What one subject did, a burst a round."""

    bursts: list[Burst] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Server CPU seconds a job."""
    peak: int = 0
    """Bytes, the largest of any process in any round."""

    @property
    def rate(self) -> float:
        """Jobs a second, the median of the rounds."""
        return median(burst.rate for burst in self.bursts)

    @property
    def latency(self) -> float:
        """Seconds a job takes, the median of all."""
        return median(latency for burst in self.bursts for latency in burst.latencies)

    @property
    def cpu_per_job(self) -> float:
        """Server CPU seconds, the median of the rounds."""
        return median(self.cpu)


def interleaved(crew: Crew, subjects: Sequence[Subject], clients: int, jobs: int, rounds: int) -> list[Rounds]:
    """Each subject in turn does the same number of jobs, `rounds` times over, after one unmeasured job a client."""
    measured = [Rounds() for _ in subjects]
    for subject in subjects:
        crew.burst(subject.job, clients, clients)
    for _ in range(rounds):
        for subject, figures in zip(subjects, measured, strict=True):
            for pid in subject.pids:
                set_back_peak(pid)
            before = usage(subject.pids)
            burst = crew.burst(subject.job, clients, max(clients, int(jobs * subject.share)))
            after = usage(subject.pids)
            figures.bursts.append(burst)
            figures.cpu.append((after.cpu - before.cpu) / len(burst.latencies))
            figures.peak = max(figures.peak, after.peak)
    return measured


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], say: Callable[[str], None] = print) -> None:
    """Prints a Markdown table, so that it can be pasted into docs/benchmarks.md."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    say(f"\n### {title}\n")
    for row in (heads, ["-" * width for width in widths], *rows):
        say("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")


def size_text(size: int) -> str:
    """4 KiB, 64 MiB."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size} {unit}"
        size //= 1024
    return f"{size} GiB"
