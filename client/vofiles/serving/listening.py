"""Listening sockets: bound here, or inherited from the process that started this one.

The rule that keeps it so: whoever asks gets a socket object that it owns; nothing here accepts, and nothing reads the
environment (the caller passes what it read, once, in its `__main__`).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

_FIRST_DESCRIPTOR = 3  # sd_listen_fds(3)


def bind(interface: str, port: int, *, backlog: int = 1024) -> socket.socket:
    """A TCP socket that listens on `interface` (an address, `localhost` for loopback) and `port` (0: any free one).

    Raises OSError, which names the address, when it is taken or not this machine's.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        interface, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, error.strerror, f"{interface}:{port}") from error
    return listener


def inherit(descriptor: int) -> socket.socket:
    """The listening socket that was inherited as `descriptor`. Raises ValueError when it is none."""
    try:
        listener = socket.socket(fileno=descriptor)
    except OSError as error:
        raise ValueError(f"descriptor {descriptor} is no socket that this process has inherited") from error
    if listener.type != socket.SOCK_STREAM or not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.detach()
        raise ValueError(f"descriptor {descriptor} is no listening TCP socket")
    listener.set_inheritable(False)
    return listener


def find_inherited(environment: Mapping[str, str]) -> tuple[int, ...]:
    """The descriptors that LISTEN_FDS announces to this process in `environment`, as systemd and `vofiles up` do.

    Empty when it announces none, or announces them to another process (LISTEN_PID). Raises ValueError when malformed.
    """
    count, process = environment.get("LISTEN_FDS"), environment.get("LISTEN_PID")
    if count is None or (process is not None and process != str(os.getpid())):
        return ()
    if not (count.isascii() and count.isdigit()):
        raise ValueError(f"LISTEN_FDS is {count!r}, not a number")
    return tuple(range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + int(count)))


def url_of(listener: socket.socket, *, secure: bool = False) -> str:
    """The http address of a listening socket, e.g. `http://127.0.0.1:8080`; an address of all interfaces is given as
    it is.
    """
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http{'s' if secure else ''}://{shown}:{port}"
