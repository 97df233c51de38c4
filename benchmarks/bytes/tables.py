"""The tables of a run that was kept: `python -m benchmarks.bytes.tables FIGURES.json`.

Rule: made of what a run has kept, and of nothing else; docs/benchmarks.md has them as they are printed.
"""

import argparse
from pathlib import Path

from benchmarks.bytes.results import Figures, print_tables, print_targets


def main() -> None:
    """Reads the arguments and prints."""
    parser = argparse.ArgumentParser(prog="benchmarks.bytes.tables", description="Prints what a run has kept.")
    parser.add_argument("figures", type=Path)
    figures = Figures.read(parser.parse_args().figures)
    print_tables(figures)
    print_targets(figures)


if __name__ == "__main__":
    main()
