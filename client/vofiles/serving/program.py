"""A server's command line: what both have in common, from the options to the last line of an error.

Rule: knows no server. An error that an operator can act upon is one line on standard error and an exit code (2: the
configuration, 1: all else); whatever costs time to import is imported by who needs it.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Generic, NoReturn, Protocol, TypeVar

import typer

from vofiles.configuration import ConfigurationError
from vofiles.errors import VofilesError
from vofiles.listen import Listen

if TYPE_CHECKING:
    from socket import socket

    from twisted.internet.defer import Deferred

    from vofiles.serving.http import AccessLog, Reactor

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file (TOML).", show_default=False)
]
FdOption = Annotated[int | None, typer.Option(help="Serve on this inherited listening socket, not on a new one.")]
LogOption = Annotated[str, typer.Option(help="json or console; by default as the standard error stream suggests.")]


class Settings(Protocol):
    """What every server's configuration has."""

    @property
    def listen(self) -> Listen: ...


C = TypeVar("C", bound=Settings)
C_contra = TypeVar("C_contra", contravariant=True)


class Server(Protocol[C_contra]):
    """What is served: prepared, started, told of changed settings, stopped."""

    @property
    def address(self) -> str: ...

    def prepare(self) -> None: ...

    def start(self) -> None: ...

    def reload(self, settings: C_contra) -> None: ...

    def stop(self) -> "Deferred[None]": ...


class Program(Generic[C]):
    """One server's program: its name, and how its configuration is read."""

    def __init__(self, name: str, load: Callable[[Path], C]) -> None:
        self.name, self._load = name, load

    def settings(self, context: typer.Context) -> C:
        """The configuration that was named on the command line. Ends the program where it cannot be used."""
        with self.complaining():
            return self._load(context.obj)

    @contextmanager
    def complaining(self) -> Iterator[None]:
        """What goes wrong inside is told in one line, and ends the program."""
        try:
            yield
        except typer.Exit:
            raise  # a RuntimeError by descent
        except (ConfigurationError, VofilesError, ValueError, OSError, RuntimeError) as error:
            self.give_up(error)

    def give_up(self, error: Exception) -> NoReturn:
        """End the program because of an error."""
        print(f"{self.name}: {error}", file=sys.stderr)  # noqa: T201 - an operator reads it
        raise typer.Exit(2 if isinstance(error, ConfigurationError) else 1)

    def serve(
        self,
        context: typer.Context,
        descriptor: int | None,
        log: str,
        make: "Callable[[C, socket, Reactor, AccessLog], Server[C]]",
    ) -> None:
        """Serve until SIGTERM or SIGINT. Prints one line, "ready ADDRESS", when it does; SIGHUP reads the keys anew."""
        from vofiles.serving.http import get_reactor
        from vofiles.serving.listening import bind, find_inherited, inherit
        from vofiles.serving.logs import Form, access_log, configure

        settings = self.settings(context)
        with self.complaining():
            form = Form(log or ("console" if sys.stderr.isatty() else "json"))
            configure(form)
            inherited = (descriptor,) if descriptor is not None else find_inherited(os.environ)
            listener = inherit(inherited[0]) if inherited else bind(settings.listen.interface, settings.listen.port)
            reactor = get_reactor()
            server = make(settings, listener, reactor, access_log(form))
            server.prepare()
            server.start()
            _collect_seldom()
            reactor.addSystemEventTrigger("before", "shutdown", server.stop)
            signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(self._reload, context.obj, server))
            reactor.callWhenRunning(lambda: print(f"ready {server.address}", flush=True))  # noqa: T201 - a parent waits
            reactor.run()

    def _reload(self, path: Path, server: Server[C]) -> None:
        import structlog

        log = structlog.get_logger(__name__)
        try:
            server.reload(self._load(path))
        except (ConfigurationError, ValueError) as error:
            log.error("configuration not reloaded", reason=str(error))  # noqa: TRY400 - its sentence says all
        else:
            log.info("configuration reloaded", path=str(path))


def _collect_seldom() -> None:
    """Garbage that only a collector finds is rare here, and an answer of a thousand nodes is no garbage: looking for it
    after every 700 new objects, as Python does by itself, took a fifth of such an answer's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
