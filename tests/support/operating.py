"""Operators' commands within this process, beside the services that it runs: what a command printed, and how it ended.

    done = command("filemanager", config, "store", "list")

Rule: the program is what `python -m filemanager` runs, with a database of its own; only the start of a Python, which
takes a second, is saved. That the programs can be started is tried by the journeys and in `operators/test_commands`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def command(program: str, config: Path, *words: str, said: str = "") -> Ended:
    """A command of `filemanager` or `filestore`, to its end; `said` is what it reads. Raises what it lets go."""
    app = import_module(f"{program}.__main__").app
    with _alone_on_standard_output():
        result = CliRunner().invoke(app, ["--config", str(config), *words], input=said)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


@contextmanager
def _alone_on_standard_output() -> Iterator[None]:
    """The services' logs go elsewhere, and stay as they are configured."""
    before = structlog.get_config()["logger_factory"]
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.__stderr__))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("vofiles.serving.logs.configure", lambda *_: None)
            yield
    finally:
        structlog.configure(logger_factory=before)
