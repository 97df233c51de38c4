"""The command line of a FileManager: `python -m filemanager --config FILE serve | account …`.

Rule: the only place that reads the command line, the environment and the configuration file.
"""

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from filemanager.config import Config, load
from vofiles.configuration import ConfigurationError
from vofiles.errors import InvalidArgument, VofilesError

if TYPE_CHECKING:
    from filemanager.assembly import Office
    from vofiles.serving.http import AccessLog

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="A service that keeps trees."
)
account = typer.Typer(no_args_is_help=True, help="The accounts that have their tree here.")
app.add_typer(account, name="account")

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file (TOML).", show_default=False)
]
Identifier = Annotated[str, typer.Argument(help="ivo://authority/name, or name@authority, or just name.")]
PasswordFromInput = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@app.callback()
def choose(context: typer.Context, config: ConfigOption) -> None:
    """Keep the trees of community accounts; the bytes are in file stores."""
    context.obj = config


@app.command()
def serve(
    context: typer.Context,
    fd: Annotated[int | None, typer.Option(help="Serve on this inherited listening socket, not on a new one.")] = None,
    log: Annotated[str, typer.Option(help="json or console; by default as the standard error stream suggests.")] = "",
) -> None:
    """Serve until stopped. Prints one line, "ready ADDRESS", when it does."""
    from vofiles.serving.logs import Form, access_log, configure

    settings = _load(context)
    try:
        form = Form(log or ("console" if sys.stderr.isatty() else "json"))
        configure(form)
        _run(settings, fd, access_log(form))
    except (ConfigurationError, VofilesError, ValueError, OSError, RuntimeError) as error:
        _give_up(error)


@account.command("add")
def add_account(
    context: typer.Context,
    identifier: Identifier,
    name: Annotated[str | None, typer.Option(help="Its public name; the last step of the identifier if none.")] = None,
    kind: Annotated[str, typer.Option(help="PERSON, GROUP or SERVICE.")] = "PERSON",
    *,
    administrator: Annotated[bool, typer.Option("--administrator", help="May make accounts of any community.")] = False,
    password_stdin: PasswordFromInput = False,
) -> None:
    """Make an account and its home, and give it a password (asked for on a terminal)."""
    password = _new_password(from_input=password_stdin)
    with _office(context) as office:
        print(office.add_account(identifier, name, kind, password, administrator=administrator))


@account.command("password")
def set_password(context: typer.Context, identifier: Identifier, *, password_stdin: PasswordFromInput = False) -> None:
    """Give an account another password."""
    password = _new_password(from_input=password_stdin)
    with _office(context) as office:
        office.set_password(identifier, password)


@account.command("list")
def list_accounts(context: typer.Context) -> None:
    """Print the accounts, one a line: identifier, kind, public name, home."""
    with _office(context) as office:
        for row in office.list_accounts():
            print("\t".join(row))


@account.command("token")
def issue_token(context: typer.Context, identifier: Identifier) -> None:
    """Print a fresh bearer token of an account, for a program that acts as it."""
    with _office(context) as office:
        print(office.issue_token(identifier))


class _office:  # noqa: N801 - used as a function
    """The operator's office while a block runs; what goes wrong in it is told in one line."""

    def __init__(self, context: typer.Context) -> None:
        from filemanager.assembly import Office
        from vofiles.serving.logs import Form, configure

        configure(Form.CONSOLE)
        try:
            self._office = Office(_load(context))
        except (VofilesError, ValueError, OSError, RuntimeError) as error:
            _give_up(error)

    def __enter__(self) -> "Office":
        return self._office

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._office.close()
        if isinstance(error, VofilesError):
            _give_up(error)


def _new_password(*, from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        _give_up(InvalidArgument("password", reason="there is no terminal to ask on; use --password-stdin"))
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        _give_up(InvalidArgument("password", reason="the two are different"))
    return password


def _run(settings: Config, descriptor: int | None, access: "AccessLog") -> None:
    from filemanager.assembly import FileManager
    from vofiles.serving.http import get_reactor
    from vofiles.serving.listening import bind, find_inherited, inherit

    inherited = (descriptor,) if descriptor is not None else find_inherited(os.environ)
    listener = inherit(inherited[0]) if inherited else bind(settings.listen.interface, settings.listen.port)
    reactor = get_reactor()
    server = FileManager(settings, listener, reactor, access)
    server.prepare()
    server.start()
    reactor.addSystemEventTrigger("before", "shutdown", server.stop)
    reactor.callWhenRunning(lambda: print(f"ready {server.address}", flush=True))
    reactor.run()


def _load(context: typer.Context) -> Config:
    try:
        return load(context.obj)
    except ConfigurationError as error:
        _give_up(error)


def _give_up(error: Exception) -> NoReturn:
    print(f"filemanager: {error}", file=sys.stderr)
    raise typer.Exit(2 if isinstance(error, ConfigurationError) else 1)


def main() -> None:
    """The console script `filemanager`."""
    app()


if __name__ == "__main__":
    main()
