"""`vofiles up`: one FileManager and two FileStores on this machine, with a first account, until Ctrl-C.

Rule: starts and stops servers and says what can be done with them; what they are is in `deployment`, how they live in
`children`, what is shown with them in `vofiles.cli.demo`.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from vofiles.cli.children import Children, ServerDied
from vofiles.cli.demo.giant import GIANT
from vofiles.cli.deployment import ACCOUNT, MANAGER, STORES, Deployment, identifier
from vofiles.cli.exits import FAILURE, INTERRUPTED, complain

FOLDER = Path("vofiles-data")


def up(
    data: Annotated[
        Path | None, typer.Option(help=f"The folder for everything that is kept; {FOLDER} here if left out.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The FileManager's port; 0 any free one; 8080 if that is free.")
    ] = None,
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Show the main job with real astronomical files.")] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after that; without --data in a folder that is removed again.")
    ] = False,
    demo_size: Annotated[int, typer.Option(min=1, hidden=True, help="MiB of the demonstration's large file.")] = GIANT
    >> 20,
) -> None:
    """Run a FileManager and two FileStores on this machine, for one's own use, until Ctrl-C."""
    signal.signal(signal.SIGTERM, _interrupt)
    with contextlib.ExitStack() as stack:
        if data is None and once:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vofiles-")))
        deployment = Deployment(data or FOLDER)
        stack.callback(deployment.close)
        try:
            with _running(deployment, port) as children:
                _introduce(deployment)
                if demo and not _show(deployment, children, demo_size << 20):
                    raise typer.Exit(FAILURE)
                if not once:
                    _stay(children)
        except ServerDied as error:
            complain(str(error))
            raise typer.Exit(FAILURE) from error
        except KeyboardInterrupt:
            print("\nStopped.")
            if once:
                # What was asked for has not been shown whole.
                raise typer.Exit(INTERRUPTED) from None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _running(deployment: Deployment, port: int | None) -> Iterator[Children]:
    deployment.open(port)
    children = Children()

    def start(service: str, module: str) -> None:
        descriptor = deployment.listeners[service].fileno()
        log, lock = deployment.log(service), deployment.lock
        children.start(service, module, deployment.settings(service), descriptor, log, lock)

    try:
        for store in STORES:
            start(store, "filestore")
        # Before the FileManager, and while the stores are starting: it makes the database where there is none.
        _add_account(deployment)
        start(MANAGER, "filemanager")
        children.await_ready()
        deployment.close_listeners()
        children.watch()
        yield children
    finally:
        # A second Ctrl-C, or SIGTERM after it, must not leave servers behind.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        children.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _add_account(deployment: Deployment) -> None:
    """Make the first account; one that is there gets the password that is kept here."""
    command = [sys.executable, "-P", "-m", "filemanager", "--config", str(deployment.settings(MANAGER)), "account"]
    refusal = ""
    for verb in ("password", "add") if deployment.has_database else ("add", "password"):
        done = subprocess.run(  # noqa: S603 - our own module, our own words
            [*command, verb, ACCOUNT, "--password-stdin"],
            input=deployment.password + "\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return
        refusal = refusal or done.stderr.strip()
    raise ServerDied(f"the account {ACCOUNT} could not be made: {refusal[-300:]}")


def _introduce(deployment: Deployment) -> None:
    vofiles = _own_name()
    base = deployment.address(MANAGER)
    print("vofiles is up.")
    print(f"  {identifier(MANAGER):<34} {base}/filemanager?wsdl")
    for store in STORES:
        print(f"  {identifier(store):<34} {deployment.address(store)}/filestore?wsdl")
    print(f"  data, settings and logs are in     {deployment.folder}")
    print(f"In another shell, in this folder, as {ACCOUNT}:")
    password = shlex.quote(_shown(deployment.password_file))
    print(f"  {vofiles} login {base} --user {ACCOUNT} --password-stdin < {password}")
    print(f"  {vofiles} ls -l home:", flush=True)


def _own_name() -> str:
    """How a shell in this folder calls this program, whatever its PATH."""
    script = Path(sys.argv[0]).absolute()
    if script.suffix == ".py":
        return f"{shlex.quote(sys.executable)} -m vofiles.cli.main"
    return shlex.quote(_shown(script))


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _show(deployment: Deployment, children: Children, giant: int) -> bool:
    from vofiles.cli.demo.play import play

    processes = {child.name: child.pid for child in children}
    stores = [identifier(store) for store in STORES]
    try:
        return play(deployment.address(MANAGER), ACCOUNT, deployment.password, stores, processes, say=_say, giant=giant)
    finally:
        children.require_alive()


def _say(line: str) -> None:
    print(line, flush=True)


def _stay(children: Children) -> None:
    print("Ctrl-C stops it.", flush=True)
    children.died.wait()
    children.require_alive()
