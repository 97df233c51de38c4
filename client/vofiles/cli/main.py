"""`vofiles`: the command, its verbs, and what becomes of errors.

Rule: verbs are registered here and defined in a file each; every error that reaches this far is one line and an exit
code (see `exits`).
"""

import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Final

import typer

from vofiles import __version__, requestid, waiting
from vofiles.cli import exits
from vofiles.cli.append import append
from vofiles.cli.cp import cp
from vofiles.cli.du import du
from vofiles.cli.fetch import fetch
from vofiles.cli.find import find
from vofiles.cli.get import get
from vofiles.cli.history import history
from vofiles.cli.info import info
from vofiles.cli.jobs import jobs
from vofiles.cli.login import login, logout
from vofiles.cli.ls import ls
from vofiles.cli.mkdir import mkdir
from vofiles.cli.mv import mv
from vofiles.cli.props import props
from vofiles.cli.put import put
from vofiles.cli.restore import restore
from vofiles.cli.rm import rm
from vofiles.cli.send import send
from vofiles.cli.stores import stores
from vofiles.cli.trash import trash
from vofiles.cli.tree import tree
from vofiles.cli.up import up
from vofiles.cli.versions import versions
from vofiles.cli.waits import Waits
from vofiles.errors import Unexpected, VofilesError

app = typer.Typer(
    name="vofiles",
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_VERBS: Final = (
    *(login, logout),
    *(ls, tree, info, find, du),
    *(put, get, fetch, send, append, mkdir, mv, cp, props),
    *(rm, trash, restore),
    *(versions, history, jobs, stores),
    up,
)
for verb in _VERBS:
    app.command()(verb)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"vofiles {__version__}")
        raise typer.Exit


@app.callback()
def choose(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Keep, find and fetch the files of your home, wherever their bytes are.

    A path at home is written home:a/b. Exit codes: 0 done, 1 failed, 2 not understood, 3 no such thing, 4 refused,
    5 a service could not be reached.
    """


def main() -> int:
    """The console script `vofiles`; returns the exit code."""
    try:
        with requestid.job() as number, waiting.telling(Waits()):
            if "--debug" in sys.argv:
                print(f"{requestid.HEADER}: {number}", file=sys.stderr)
            code = app(standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        # With usage, or the whole help, where typer knows which command was meant.
        show: Callable[[], None] | None = getattr(error, "show", None)
        if show is not None:
            show()
        else:
            exits.complain(error.format_message())
        return exits.USAGE
    except (KeyboardInterrupt, typer.Abort):
        code = exits.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone: what is left of it goes nowhere, also what Python flushes at its end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return exits.FAILURE
    except (VofilesError, OSError) as error:
        return _failed(error)
    if code == exits.INTERRUPTED:
        exits.complain("interrupted")
    return code if isinstance(code, int) else 0


def _failed(error: Exception) -> int:
    if "--debug" in sys.argv:
        traceback.print_exception(error)
    else:
        exits.complain(exits.sentence_of(error))
        if isinstance(error, Unexpected) and (number := requestid.find_noted(error)):
            exits.complain(f"in the services' logs it is under {requestid.HEADER} {number}")
    return exits.code_of(error)


if __name__ == "__main__":
    sys.exit(main())
