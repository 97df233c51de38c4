"""A server's command line: what both have in common, from the options to the last line of an error.

Rule: knows no server. An error that an operator can act upon is one line on standard error and an exit code (2: the
configuration, 1: all else); whatever costs time to import is imported by who needs it.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Generic, NoReturn, Protocol, TypeVar

import typer

from vofiles.configuration import ConfigurationError
from vofiles.errors import VofilesError
from vofiles.listen import Limits, Listen
from vofiles.serving.seat import ALONE, Seat, parse_seat

if TYPE_CHECKING:
    from socket import socket

    from twisted.internet.defer import Deferred

    from vofiles.serving.http import AccessLog, Reactor
    from vofiles.serving.logs import Form

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file (TOML).", show_default=False)
]
FdOption = Annotated[int | None, typer.Option(help="Serve on this inherited listening socket, not on a new one.")]
WorkersOption = Annotated[
    int, typer.Option(min=1, max=1000, help="Serve by so many processes, which needs a database on PostgreSQL.")
]
SeatOption = Annotated[str, typer.Option(hidden=True, help="Which of how many workers this is, as their parent says.")]
LogOption = Annotated[str, typer.Option(help="json or console; by default as the standard error stream suggests.")]


class Settings(Protocol):
    """What every server's configuration has."""

    @property
    def listen(self) -> Listen: ...

    @property
    def limits(self) -> Limits: ...


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


@dataclass(frozen=True)
class Serving:
    """How the command line says to serve."""

    descriptor: int | None = None
    """Of an inherited listening socket; None: as the environment or the configuration says."""
    log: str = ""
    workers: int = 1
    seat: Seat = ALONE


def serving_of(descriptor: int | None, log: str, workers: int, seat: str) -> Serving:
    """The options of `serve`. Raises ValueError."""
    return Serving(descriptor, log, workers, parse_seat(seat) if seat else ALONE)


class Program(Generic[C]):
    """One server's program: its name, how its configuration is read, and what several processes of it need."""

    def __init__(
        self,
        name: str,
        load: Callable[[Path], C],
        database: Callable[[C], str | None],
        hold: "Callable[[C], AbstractContextManager[tuple[int, ...]]]" = lambda _settings: nullcontext(()),
    ) -> None:
        """`database` answers the URL of a configuration's database, None for a file of the server's own; `hold` takes
        the locks that are held while any worker lives, and answers their descriptors.
        """
        self.name, self._load, self._database, self._hold = name, load, database, hold

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
        serving: Serving,
        make: "Callable[[C, socket, Reactor, AccessLog, Seat], Server[C]]",
    ) -> None:
        """Serve until SIGTERM or SIGINT. Prints one line, "ready ADDRESS", when it does; SIGHUP reads the keys anew."""
        settings = self.settings(context)
        with self.complaining():
            if serving.workers > 1:
                self._require_shared(settings)
            form, listener = self._open(settings, serving)
            if serving.workers > 1:
                self._employ(context.obj, settings, serving.workers, form, listener)
            else:
                self._serve_alone(context.obj, settings, serving.seat, form, listener, make)

    def _open(self, settings: C, serving: Serving) -> "tuple[Form, socket]":
        """How to log, and the listening socket: inherited, or bound anew."""
        from vofiles.serving.listening import bind, find_inherited, inherit
        from vofiles.serving.logs import Form, configure

        form = Form(serving.log or ("console" if sys.stderr.isatty() else "json"))
        configure(form)
        inherited = (serving.descriptor,) if serving.descriptor is not None else find_inherited(os.environ)
        listen = settings.listen
        return form, inherit(inherited[0]) if inherited else bind(listen.interface, listen.port)

    def _serve_alone(
        self,
        path: Path,
        settings: C,
        seat: Seat,
        form: "Form",
        listener: "socket",
        make: "Callable[[C, socket, Reactor, AccessLog, Seat], Server[C]]",
    ) -> None:
        """Be the one process, or one of the workers."""
        from vofiles.serving.accesslines import AccessLines
        from vofiles.serving.http import get_reactor

        reactor = get_reactor()
        access = AccessLines(form, later=reactor.callLater)
        server = make(settings, listener, reactor, access.add, seat)
        server.prepare()
        server.start()
        _collect_seldom()
        reactor.addSystemEventTrigger("before", "shutdown", server.stop)
        signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(self._reload, path, server))
        reactor.callWhenRunning(lambda: _tell_ready(server.address))
        try:
            reactor.run()
        finally:
            access.write_out()

    def _employ(self, path: Path, settings: C, number: int, form: "Form", listener: "socket") -> None:
        """Be the parent of so many workers. Raises WorkersEnded, and what `hold` does."""
        from vofiles.serving.workers import Enterprise, Workers

        def command(seat: Seat) -> list[str]:
            # -P: what lies in the folder one happens to be in is not imported, whatever it is called.
            words = [sys.executable, "-P", "-m", self.name, "--config", str(path), "serve", "--log", form.value]
            words += ["--fd", str(listener.fileno()), "--seat", str(seat)]
            return words

        with self._hold(settings) as held:
            descriptors = (listener.fileno(), *held)
            Workers(
                Enterprise(number, command, descriptors, settings.limits.stop_seconds, listener.close), _tell_ready
            ).run()

    def _require_shared(self, settings: C) -> None:
        """Refuse several processes on a database that is one process's. Raises ConfigurationError."""
        if not (self._database(settings) or "sqlite").startswith("postgresql"):
            raise ConfigurationError(
                "--workers needs PostgreSQL: give `database` as postgresql+psycopg://…; SQLite is for one process"
            )

    def _reload(self, path: Path, server: Server[C]) -> None:
        import structlog

        log = structlog.get_logger(__name__)
        try:
            server.reload(self._load(path))
        except (ConfigurationError, ValueError) as error:
            log.error("configuration not reloaded", reason=str(error))  # noqa: TRY400 - its sentence says all
        else:
            log.info("configuration reloaded", path=str(path))


def _tell_ready(address: str) -> None:
    print(f"ready {address}", flush=True)  # noqa: T201 - who started it waits for this line


def _collect_seldom() -> None:
    """Garbage that only a collector finds is rare here, and an answer of a thousand nodes is no garbage: looking for it
    after every 700 new objects, as Python does by itself, took a fifth of such an answer's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
