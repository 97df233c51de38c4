"""How a generator is run on a contract, and what counts as having failed.

Rule: knows no generator; what differs between them is in their rows.
"""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.interop.generators.toolkits import Toolkit
from tests.interop.stage import BUILD_PATIENCE, clean_environment, is_there

HERE: Final = Path(__file__).resolve().parent


class Failed(Exception):
    """A generator did not do its work."""


def require_tools(toolkit: Toolkit) -> None:
    """Skip the test where the generator is not installed."""
    absent = [need for need in toolkit.needs if not is_there(need)]
    if absent:
        pytest.skip(f"{toolkit.name} needs {', '.join(absent)}: apt install {toolkit.packages}")


def work(toolkit: Toolkit, contract: Path, folder: Path, modules: Path | None = None) -> str:
    """All that a generator says and makes in an empty folder, as text. Raises Failed."""
    places = {"{here}": str(HERE), "{contract}": str(contract), "{modules}": str(modules)}
    return "\n".join([*(_step(toolkit, step, places, folder) for step in toolkit.steps), _made(folder)])


def _step(toolkit: Toolkit, step: tuple[str, ...], places: dict[str, str], folder: Path) -> str:
    words = [filled for word in step for filled in _filled(word, places, folder)]
    done = subprocess.run(words, cwd=folder, env=clean_environment(), capture_output=True, timeout=BUILD_PATIENCE)
    said = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode:
        raise Failed(f"{step[0]} ended with {done.returncode}: {said[-2000:]}")
    for line in said.splitlines():
        if re.search(r"\b(warn|error)", line, re.IGNORECASE) and not any(re.search(h, line) for h in toolkit.harmless):
            raise Failed(f"{step[0]} says: {line}")
    return said


def _filled(word: str, places: dict[str, str], folder: Path) -> list[str]:
    """A word of a step with its places filled in; one that begins with a star stands for files."""
    if word.startswith("*"):
        return sorted(str(path.relative_to(folder)) for path in folder.glob(word))
    for place, value in places.items():
        word = word.replace(place, value)
    return [word]


def _made(folder: Path) -> str:
    """What is in the folder now."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and "node_modules" not in path.parts)
    return "\n".join(path.read_text(encoding="latin-1") for path in found)
