"""What was measured, as data that can be kept, and the tables made of it.

Rule: a figure is a median over rounds; ratios are to nginx in the same run, and above 1 where ours is the better one.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.figures import size_text, table

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PEER = "nginx"


@dataclass(frozen=True)
class Figure:
    """One subject at one kind of work."""

    place: str
    """`disk`, `tmpfs`, or one of these `with TLS`."""
    direction: str
    """PUT or GET."""
    size: int
    clients: int
    subject: str
    rate: float
    """Contents a second."""
    cpu: float
    """The server's CPU seconds a content."""
    peak: int
    """Bytes, of the largest of its processes."""

    @property
    def work(self) -> tuple[str, str, int, int, str]:
        """What was measured of whom."""
        return self.place, self.direction, self.size, self.clients, self.subject

    @property
    def speed(self) -> float:
        """GB a second."""
        return self.rate * self.size / 1e9

    @property
    def cpu_per_gigabyte(self) -> float:
        """CPU seconds for 10^9 bytes."""
        return self.cpu * 1e9 / self.size


class Figures:
    """All of a run."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self.all = tuple(figures)

    @staticmethod
    def read(path: Path) -> "Figures":
        """Those of a run that was kept."""
        return Figures(Figure(**row) for row in json.loads(path.read_text())["figures"])

    def keep(self, path: Path, about: str) -> None:
        """Write them down, with a sentence on where and when."""
        rows = ",\n".join("  " + json.dumps(asdict(figure)) for figure in self.all)
        path.write_text(f'{{"about": {json.dumps(about)}, "figures": [\n{rows}\n]}}\n')

    def plus(self, figure: Figure) -> "Figures":
        """These and one more, which takes the place of an earlier one of the same work."""
        others = (each for each in self.all if each.work != figure.work)
        return Figures(sorted((*others, figure), key=lambda each: each.work[:-1]))

    def find(self, place: str, direction: str, size: int, clients: int, subject: str) -> Figure | None:
        """One of them, where it was measured."""
        wanted = (place, direction, size, clients, subject)
        for figure in self.all:
            if figure.work == wanted:
                return figure
        return None

    def places(self) -> list[str]:
        """Where, in the order in which it was measured."""
        return list(dict.fromkeys(figure.place for figure in self.all))

    def subjects(self, place: str, direction: str) -> list[str]:
        """Who, in the order in which it was measured."""
        chosen = (figure for figure in self.all if (figure.place, figure.direction) == (place, direction))
        return list(dict.fromkeys(figure.subject for figure in chosen))

    def works(self, place: str, direction: str) -> list[tuple[int, int]]:
        """Sizes and numbers of clients."""
        chosen = (figure for figure in self.all if (figure.place, figure.direction) == (place, direction))
        return list(dict.fromkeys((figure.size, figure.clients) for figure in chosen))


def add_to(path: Path, figure: Figure, about: str) -> None:
    """Write a figure down beside those that the file holds."""
    (Figures.read(path) if path.exists() else Figures(())).plus(figure).keep(path, about)


def print_tables(figures: Figures) -> None:
    """Speed, CPU and memory for each place and direction."""
    for place in figures.places():
        for direction in ("PUT", "GET"):
            if figures.subjects(place, direction):
                _print_table(figures, place, direction, "speed", _speed)
                _print_table(figures, place, direction, "CPU of the server", _cpu)
                _print_table(figures, place, direction, "peak memory, MiB", lambda figure: f"{figure.peak / MIB:.0f}")


def _print_table(figures: Figures, place: str, direction: str, about: str, cell: Callable[[Figure], str]) -> None:
    subjects = figures.subjects(place, direction)
    rows = []
    for size, clients in figures.works(place, direction):
        found = [figures.find(place, direction, size, clients, subject) for subject in subjects]
        rows.append([size_text(size), str(clients), *(cell(figure) if figure else "" for figure in found)])
        if about == "speed":
            peer = figures.find(place, direction, size, clients, PEER)
            rows[-1] += [_ratio(figure, peer) for figure in found if figure is None or figure.subject != PEER]
    heads = ["size", "clients", *subjects]
    if about == "speed":
        heads += [f"{subject} / {PEER}" for subject in subjects if subject != PEER]
    table(f"{direction}, {place}: {about}", heads, rows)


def _ratio(figure: Figure | None, peer: Figure | None) -> str:
    return f"{figure.rate / peer.rate:.2f}" if figure and peer else ""


def _speed(figure: Figure) -> str:
    return f"{figure.rate:.0f}/s" if figure.size < MIB else f"{figure.speed:.2f} GB/s"


def _cpu(figure: Figure) -> str:
    return f"{1e6 * figure.cpu:.0f} µs" if figure.size < MIB else f"{figure.cpu_per_gigabyte:.2f} s/GB"


@dataclass(frozen=True)
class Target:
    """What the design asks for: a ratio to the peer's figure."""

    work: str
    direction: str
    size: int
    clients: int
    subject: str
    at_least: float = 0.0
    at_most_cpu: float = 0.0
    """Of the peer's CPU; 0: no matter."""
    peer_clients: int = 0
    """Where the peer is measured with another number of clients."""


_PUTS = (
    ("fast digest", 1, "ours, scratch", 1.0, 0.0),
    ("fast digest", 8, "ours, scratch", 1.5, 0.0),
    ("sha256", 1, "ours", 0.5, 0.0),
    ("sha256", 8, "ours", 0.7, 0.0),
    ("fast digest, durable", 1, "ours, fast digest", 0.65, 0.6),
    ("fast digest, durable", 8, "ours, fast digest", 0.65, 0.6),
)
_GETS = ((64 * MIB, 1, 1.0), (64 * MIB, 8, 1.25), (GIB, 1, 1.0), (GIB, 8, 1.25), (4 * KIB, 8, 1.3))
TARGETS: Sequence[Target] = (
    *(
        Target(f"PUT {size_text(size)}, {what}", "PUT", size, clients, subject, least, most)
        for size in (64 * MIB, GIB)
        for what, clients, subject, least, most in _PUTS
    ),
    *(Target(f"GET {size_text(size)}", "GET", size, clients, "ours", least) for size, clients, least in _GETS),
    Target("PUT 4 KiB, durable", "PUT", 4 * KIB, 64, "ours", 2.0, peer_clients=8),
)


def print_targets(figures: Figures) -> None:
    """The design's targets on the disk, and what came of them."""
    rows = []
    for target in TARGETS:
        ours = figures.find("disk", target.direction, target.size, target.clients, target.subject)
        among = target.peer_clients or target.clients
        peer = figures.find("disk", target.direction, target.size, among, PEER)
        if ours is None or peer is None:
            continue
        speed, cpu = ours.rate / peer.rate, ours.cpu / peer.cpu
        verdict = _verdict(met=speed >= target.at_least)
        rows.append([target.work, str(target.clients), "speed", f"≥ {target.at_least}", f"{speed:.2f}", verdict])
        if target.at_most_cpu:
            verdict = _verdict(met=cpu <= target.at_most_cpu)
            rows.append([target.work, str(target.clients), "CPU", f"≤ {target.at_most_cpu}", f"{cpu:.2f}", verdict])
    table(f"Targets, to {PEER} on the disk", ["work", "clients", "measure", "target", "here", ""], rows)


def _verdict(*, met: bool) -> str:
    return "met" if met else "missed"
