"""The figures of a run as a picture: `python -m benchmarks.bytes.plot FIGURES.json PICTURE.svg`.

Rule: drawn of what a run has kept, and of nothing else.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from benchmarks.bytes.results import MIB, Figure, Figures
from benchmarks.figures import size_text

CLIENTS = 8
PLACE = "disk"
COLOURS = {
    "ours": "#1f5fa8", "ours, fast digest": "#4f94d4", "ours, scratch": "#9cc4ea",
    "nginx": "#2e8540", "Apache": "#b5452c", "WsgiDAV": "#8a8a8a",
}  # fmt: skip


def main() -> None:
    """Reads the arguments and draws."""
    parser = argparse.ArgumentParser(prog="benchmarks.bytes.plot", description="Draws what a run has kept.")
    parser.add_argument("figures", type=Path)
    parser.add_argument("picture", type=Path)
    arguments = parser.parse_args()
    # The same figures give the same file, to the byte.
    mpl.rcParams["svg.hashsalt"] = "vofiles"
    draw(Figures.read(arguments.figures)).savefig(arguments.picture, metadata={"Date": None})


def draw(figures: Figures) -> Picture:
    """Speed and CPU by the size of a content, for PUT and GET."""
    picture = Picture(figsize=(10, 7), layout="constrained")
    axes = picture.subplots(2, 2)
    for row, direction in zip(axes, ("PUT", "GET"), strict=True):
        _lines(row[0], figures, direction, "GB/s", lambda figure: figure.speed)
        _lines(row[1], figures, direction, "CPU of the server, s/GB", lambda figure: figure.cpu_per_gigabyte)
    handles, labels = axes[0][0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False)
    return picture


def _lines(axes: Axes, figures: Figures, direction: str, about: str, value: Callable[[Figure], float]) -> None:
    sizes = sorted({size for size, _ in figures.works(PLACE, direction)})
    for subject in figures.subjects(PLACE, direction):
        found = [figures.find(PLACE, direction, size, CLIENTS, subject) for size in sizes]
        points = [(figure.size / MIB, value(figure)) for figure in found if figure is not None and value(figure) > 0]
        axes.plot(*zip(*points, strict=True), marker="o", label=subject, color=COLOURS.get(subject))
    axes.set(xscale="log", yscale="log", title=f"{direction}, {CLIENTS} connections", ylabel=about)
    axes.set_xticks([size / MIB for size in sizes], [size_text(size) for size in sizes])
    axes.minorticks_off()
    axes.grid(visible=True, alpha=0.3)


if __name__ == "__main__":
    main()
