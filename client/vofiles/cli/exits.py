"""How a command ends: its exit code, and the one line that says why.

    0  all was done                       3  something named does not exist
    1  something failed                   4  refused: not logged in, no right, no space
    2  the command was not understood     5  a service could not be reached
    130  interrupted (Ctrl-C)

Rule: the only place where errors become exit codes; a person sees a sentence, never a traceback (unless with --debug).
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import typer

from vofiles.errors import Invalid, NotAuthenticated, NotFound, Refused, Unreachable, VofilesError
from vofiles.root import printable

FAILURE: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130

# The first line whose class fits.
_CODES: Final = ((NotFound, 3), (Refused, 4), (Unreachable, 5), (Invalid, USAGE))


def code_of(error: BaseException) -> int:
    """The exit code for an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILURE)


def sentence_of(error: BaseException) -> str:
    """An error as one line for a person."""
    if isinstance(error, NotAuthenticated):
        return f"{error}. Log in with: vofiles login"
    if isinstance(error, VofilesError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}"


def complain(sentence: str) -> None:
    """Say what went wrong, in one line on standard error."""
    print(f"vofiles: {printable(sentence)}", file=sys.stderr)


@contextmanager
def to_be_gone_on_with(name: str, may_go_on: Callable[[], bool]) -> Iterator[None]:
    """Says, where a person ends what is done inside, that it need not begin anew, if `may_go_on` has it so."""
    try:
        yield
    except KeyboardInterrupt:
        if may_go_on():
            complain(f"{name}: the same command goes on where this one was interrupted")
        raise


class Outcomes:
    """What became of the parts of a command: the others are done although one fails."""

    def __init__(self) -> None:
        self._code = 0

    @contextmanager
    def part(self) -> Iterator[None]:
        """Says what goes wrong inside and lets the command go on, where there is sense in going on."""
        try:
            yield
        except (Unreachable, NotAuthenticated, BrokenPipeError):
            raise
        except (VofilesError, OSError) as error:
            complain(sentence_of(error))
            self._code = self._code or code_of(error)

    def note(self, sentence: str) -> None:
        """Say that a part was left out; the command has failed in that."""
        complain(sentence)
        self._code = self._code or FAILURE

    def finish(self) -> None:
        """End the command with the code of the first failure, if there was one."""
        if self._code:
            raise typer.Exit(self._code)
