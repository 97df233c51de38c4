"""Binding and inheriting listening sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from vofiles.serving.listening import bind, find_inherited, inherit, url_of


def test_a_free_port_is_bound_on_loopback() -> None:
    with bind("127.0.0.1", 0) as listener:
        host, port = listener.getsockname()
        assert host == "127.0.0.1"
        assert port
        assert url_of(listener) == f"http://127.0.0.1:{port}"
        assert url_of(listener, secure=True) == f"https://127.0.0.1:{port}"
        with socket.create_connection((host, port)):
            listener.accept()[0].close()
        with pytest.raises(OSError, match=rf"in use: '127\.0\.0\.1:{port}'"):
            bind("127.0.0.1", port)


def test_an_ipv6_address_is_bracketed() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        listener = bind("::1", 0)
    except OSError as error:
        pytest.skip(f"no IPv6 loopback here: {error}")
    with listener:
        assert url_of(listener).startswith("http://[::1]:")


def test_a_port_can_be_bound_again_while_old_connections_linger() -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = listener.accept()
        accepted.close()  # the server's side closes first: TIME_WAIT stays with its port
        client.close()
    bind("127.0.0.1", port).close()


def test_a_child_inherits_a_listening_socket() -> None:
    program = """if True:
        import os, sys
        os.dup2(int(sys.argv[1]), 3)  # where systemd and the supervisor put it
        from vofiles.serving.listening import find_inherited, inherit
        descriptors = find_inherited({"LISTEN_FDS": "1"})
        listener = inherit(descriptors[0])
        assert not os.get_inheritable(listener.fileno())
        connection, _ = listener.accept()
        connection.sendall(b"inherited")
    """
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        descriptor = listener.fileno()
        child = subprocess.Popen([sys.executable, "-c", program, str(descriptor)], pass_fds=(descriptor,))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        assert client.recv(100) == b"inherited"
    assert child.wait(30) == 0


def test_what_is_no_listening_socket_is_not_inherited() -> None:
    reading, writing = os.pipe()
    with pytest.raises(ValueError, match="no socket"):
        inherit(reading)
    os.close(reading)
    os.close(writing)
    with socket.socket() as plain, pytest.raises(ValueError, match="no listening"):
        inherit(plain.fileno())
    with socket.socket() as plain:
        assert plain.fileno() >= 0


@pytest.mark.parametrize(
    ("environment", "descriptors"),
    [
        ({}, ()),
        ({"LISTEN_FDS": "0"}, ()),
        ({"LISTEN_FDS": "2"}, (3, 4)),
        ({"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}, (3,)),
        ({"LISTEN_FDS": "1", "LISTEN_PID": "1"}, ()),
    ],
)
def test_what_the_environment_announces(environment: dict[str, str], descriptors: tuple[int, ...]) -> None:
    assert find_inherited(environment) == descriptors


def test_an_announcement_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="LISTEN_FDS"):
        find_inherited({"LISTEN_FDS": "many"})
