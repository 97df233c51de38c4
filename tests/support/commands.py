"""The command line within this process: what a command printed and how it ended.

Rule: for what needs no process of its own; `journey` has those.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


class Command:
    """`vofiles` as typed in a folder."""

    def __init__(self, run: Callable[..., Done], folder: Path) -> None:
        self.run, self.folder = run, folder

    def require(self, *words: str, input: bytes = b"") -> str:  # noqa: A002 - subprocess's word
        """What a command that must succeed printed."""
        done = self.run(*words, input=input)
        assert (done.code, done.err) == (0, ""), done
        return done.out

    def refuse(self, *words: str) -> tuple[int, str]:
        """Code and words of a command that must fail, printing nothing."""
        done = self.run(*words)
        assert done.code != 0, done
        assert done.out == ""
        assert "Traceback" not in done.err
        return done.code, done.err.replace("\n", " ")
