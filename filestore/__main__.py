"""The command line of a file store: `python -m filestore --config FILE serve | manifest`.

Rule: the only place that reads the command line, the environment and the configuration file.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from filestore.config import Config, load
from vofiles.configuration import ConfigurationError

if TYPE_CHECKING:
    from vofiles.serving.http import AccessLog

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="A store that holds files' bytes."
)

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file (TOML).", show_default=False)
]


@app.callback()
def choose(context: typer.Context, config: ConfigOption) -> None:
    """Hold bytes for FileManagers."""
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
    form = Form(log or ("console" if sys.stderr.isatty() else "json"))
    configure(form)
    try:
        _run(settings, fd, access_log(form))
    except (ConfigurationError, ValueError, OSError, RuntimeError) as error:
        _give_up(error)


@app.command()
def manifest(context: typer.Context) -> None:
    """Print all that the store holds, one line of JSON a container; its catalogue is not needed."""
    from filestore.backends.disk import DiskBackend
    from filestore.backends.folder import DataFolder
    from filestore.services.manifest import manifest as lines

    contents = DataFolder(_load(context).data).contents
    if not contents.is_dir():
        _give_up(FileNotFoundError(f"there is no store in {contents.parent}"))
    for line in lines(DiskBackend(contents)):
        print(line)


def _run(settings: Config, descriptor: int | None, access: "AccessLog") -> None:
    from filestore.assembly import FileStore
    from vofiles.serving.http import get_reactor
    from vofiles.serving.listening import bind, find_inherited, inherit

    inherited = (descriptor,) if descriptor is not None else find_inherited(os.environ)
    listen = settings.listen
    listener = inherit(inherited[0]) if inherited else bind(listen.interface, listen.port)
    reactor = get_reactor()
    server = FileStore(settings, listener, reactor, access)
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
    print(f"filestore: {error}", file=sys.stderr)
    raise typer.Exit(2 if isinstance(error, ConfigurationError) else 1)


def main() -> None:
    """The console script `filestore`."""
    app()


if __name__ == "__main__":
    main()
