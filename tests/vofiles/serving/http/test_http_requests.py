"""The ordinary life of a connection: routes, methods, keep-alive, pipelining, versions, ids."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.support.rawclient import RawClient
from tests.support.serving import Served, running_site, wait_until
from vofiles.serving.http import Control, Exchange, Request, Response, Route, Stream, text


def show(request: Request) -> Response:
    return text(200, f"{request.method} {request.segments!r} {request.query} {request.body!r}")


def wait_for_more(exchange: Exchange) -> None:
    exchange.respond(text(200, exchange.request.path))


ROUTES = (
    Route("/echo", frozenset({"GET", "POST"}), Control(show, body_limit=100)),
    Route("/files/", frozenset({"GET"}), Control(show), prefix=True),
    Route("/files/deep/", frozenset({"GET"}), Stream(wait_for_more), prefix=True),
    Route("/fails", frozenset({"GET"}), Control(lambda _: 1 // 0)),  # type: ignore[arg-type, return-value]
    Route("/none", frozenset({"GET"}), Control(lambda _: None)),  # type: ignore[arg-type, return-value]
    Route("/throws", frozenset({"GET"}), Stream(lambda _: 1 // 0)),  # type: ignore[arg-type]
)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with running_site(ROUTES) as served:
        yield served


@pytest.fixture
def client(served: Served) -> Iterator[RawClient]:
    with RawClient(served.port) as client:
        yield client


def test_a_control_handler_sees_the_whole_request(client: RawClient) -> None:
    reply = client.ask("POST /echo?a=1&b HTTP/1.1\nHost: x\nContent-Length: 5\n\nhello")
    assert reply.status == 200
    assert reply.body == b"POST ('echo',) a=1&b b'hello'\n"


def test_segments_are_decoded_after_splitting(client: RawClient) -> None:
    reply = client.ask("GET /files/a%2Fb/c%20d/%C3%A9 HTTP/1.1\nHost: x\n\n")
    assert reply.body.decode() == "GET ('files', 'a/b', 'c d', 'é')  b''\n"


def test_the_longest_prefix_serves(client: RawClient) -> None:
    assert client.ask("GET /files/deep/x HTTP/1.1\nHost: x\n\n").body == b"/files/deep/x\n"


def test_every_answer_has_the_headers_that_all_have(client: RawClient) -> None:
    for target, status in (("/echo", 200), ("/no", 404)):
        reply = client.ask(f"GET {target} HTTP/1.1\nHost: x\n\n")
        assert reply.status == status
        assert {"date", "server", "x-request-id", "content-length"} <= set(reply.headers)
        assert reply.headers["server"] == "vofiles"
        assert reply.headers["date"].endswith(" GMT")


def test_request_ids_are_taken_when_well_formed_and_made_otherwise(client: RawClient) -> None:
    given = client.ask("GET /echo HTTP/1.1\nHost: x\nX-Request-Id: abc-12345\n\n").headers["x-request-id"]
    assert given == "abc-12345"
    made = {
        client.ask(f"GET /echo HTTP/1.1\nHost: x\nX-Request-Id: {bad}\n\n").headers["x-request-id"]
        for bad in ("short", "with space", "x" * 65, 'q"uote-12345', "")
    }
    assert len(made) == 5
    assert not made & {"short", "with space", "x" * 65}


def test_methods(client: RawClient) -> None:
    refused = client.ask("PUT /echo HTTP/1.1\nHost: x\n\n")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    options = client.ask("OPTIONS /echo HTTP/1.1\nHost: x\n\n")
    assert (options.status, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert "content-length" not in options.headers
    assert client.ask("OPTIONS * HTTP/1.1\nHost: x\n\n").headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_head_has_the_length_and_not_the_body(client: RawClient) -> None:
    whole = client.ask("GET /echo HTTP/1.1\nHost: x\n\n")
    head = client.ask("HEAD /echo HTTP/1.1\nHost: x\n\n", head=True)
    assert int(head.headers["content-length"]) == len(whole.body) + 1  # one letter more in the method
    assert client.ask("HEAD /no HTTP/1.1\nHost: x\n\n", head=True).status == 404
    assert client.ask("GET /echo HTTP/1.1\nHost: x\n\n").body == whole.body


def test_pipelined_requests_are_answered_in_order() -> None:
    started, release = threading.Event(), threading.Event()

    def slow(_request: Request) -> Response:
        started.set()
        release.wait(30)
        return text(200, "slow")

    routes = (*ROUTES, Route("/slow", frozenset({"GET"}), Control(slow)))
    with running_site(routes) as other, RawClient(other.port) as client:
        ask = "GET /slow HTTP/1.1\nHost: x\n\n"
        ask += "".join(f"POST /echo?{n} HTTP/1.1\nHost: x\nContent-Length: 2\n\nxy" for n in range(500))
        client.send(ask)
        assert started.wait(30)
        release.set()
        assert client.reply().body == b"slow\n"
        for n in range(500):
            assert client.reply().body == f"POST ('echo',) {n} b'xy'\n".encode()


def test_http_1_0_closes_unless_asked_to_keep(served: Served) -> None:
    with RawClient(served.port) as client:
        reply = client.ask("GET /echo HTTP/1.0\n\n")
        assert (reply.status, reply.headers["connection"]) == (200, "close")
        assert client.is_closed()
    with RawClient(served.port) as client:
        kept = client.ask("GET /echo HTTP/1.0\nConnection: keep-alive\n\n")
        assert kept.headers["connection"] == "keep-alive"
        assert client.ask("GET /echo HTTP/1.0\n\n").status == 200


def test_http_1_1_keeps_unless_asked_to_close(client: RawClient) -> None:
    for _ in range(3):
        assert "connection" not in client.ask("GET /echo HTTP/1.1\nHost: x\n\n").headers
    assert client.ask("GET /echo HTTP/1.1\nHost: x\nConnection: x, Close\n\n").headers["connection"] == "close"
    assert client.is_closed()


def test_an_answer_can_ask_for_the_connection_to_be_closed() -> None:
    route = Route("/", frozenset({"GET"}), Control(lambda _: Response(200, body=b"bye", close=True)))
    with running_site([route]) as served, RawClient(served.port) as client:
        assert client.ask("GET / HTTP/1.1\nHost: x\n\n").headers["connection"] == "close"
        assert client.is_closed()


def test_a_client_that_closes_its_side_gets_its_answer(served: Served) -> None:
    with RawClient(served.port) as client:
        client.send("POST /echo HTTP/1.1\nHost: x\nContent-Length: 2\n\nhi")
        client.socket.shutdown(1)
        assert client.reply().body == b"POST ('echo',)  b'hi'\n"
        assert client.is_closed()


def test_an_absolute_target_is_its_path(client: RawClient) -> None:
    assert client.ask("GET http://other:80/echo?q HTTP/1.1\nHost: x\n\n").body == b"GET ('echo',) q b''\n"
    assert client.ask("GET http://other HTTP/1.1\nHost: x\n\n").status == 404


def test_an_offer_to_upgrade_is_ignored(client: RawClient) -> None:
    for _ in range(2):
        reply = client.ask("GET /echo HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: h2c\n\n")
        assert reply.status == 200


def test_empty_lines_before_a_request_are_harmless(client: RawClient) -> None:
    assert client.ask("\n\nGET /echo HTTP/1.1\nHost: x\n\n").status == 200


def test_a_request_may_come_in_any_pieces(client: RawClient) -> None:
    for byte in b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
        client.send(bytes([byte]))
    assert client.reply().body == b"POST ('echo',)  b'abc'\n"


@pytest.mark.parametrize("target", ["/fails", "/throws", "/none"])
def test_a_failing_handler_is_a_500_that_tells_its_id_and_nothing_else(client: RawClient, target: str) -> None:
    reply = client.ask(f"GET {target} HTTP/1.1\nHost: x\n\n")
    assert reply.status == 500
    assert reply.headers["x-request-id"] in reply.body.decode()
    assert b"Traceback" not in reply.body
    assert b"ZeroDivision" not in reply.body
    assert client.ask("GET /echo HTTP/1.1\nHost: x\n\n").status == 200


def test_a_route_words_the_refusals_of_the_engine() -> None:
    def fault(_request: Request, status: int, message: str) -> Response:
        return Response(500, (("Content-Type", "text/xml"),), f"<fault>{status} {message}</fault>".encode())

    route = Route("/soap", frozenset({"POST"}), Control(show, body_limit=10, refuse=fault))
    with running_site([route]) as served, RawClient(served.port) as client:
        reply = client.ask("POST /soap HTTP/1.1\nHost: x\nContent-Length: 11\n\nhello world")
        assert (reply.status, reply.headers["content-type"]) == (500, "text/xml")
        assert reply.body.startswith(b"<fault>413 ")


def test_a_control_body_has_its_limit(served: Served) -> None:
    with RawClient(served.port) as client:
        assert client.ask(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + b"x" * 100).status == 200
        assert client.ask("POST /echo HTTP/1.1\nHost: x\nContent-Length: 101\n\n").status == 413
    with RawClient(served.port) as client:
        chunked = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert client.ask(chunked + b"64\r\n" + b"x" * 100 + b"\r\n1\r\nx\r\n0\r\n\r\n").status == 413
        assert client.is_closed()


def test_a_busy_server_says_so() -> None:
    running, release = threading.Event(), threading.Event()

    def slow(_request: Request) -> Response:
        running.set()
        release.wait(30)
        return text(200, "done")

    route = Route("/", frozenset({"GET"}), Control(slow))
    with running_site([route], threads=1, waiting=1) as served:
        clients = [RawClient(served.port) for _ in range(3)]
        try:
            clients[0].send("GET / HTTP/1.1\nHost: x\n\n")
            assert running.wait(30)
            clients[1].send("GET / HTTP/1.1\nHost: x\n\n")
            wait_until(lambda: served.pool.waiting == 1, "the second one waits")
            busy = clients[2].ask("GET / HTTP/1.1\nHost: x\n\n")
            assert (busy.status, busy.headers["retry-after"]) == (503, "1")
            release.set()
            assert [clients[0].reply().status, clients[1].reply().status] == [200, 200]
        finally:
            release.set()
            for client in clients:
                client.close()


def test_each_request_is_recorded(served: Served) -> None:
    with RawClient(served.port) as client:
        client.ask("GET /files/x HTTP/1.1\nHost: x\nX-Request-Id: recorded-1\n\n")
        wait_until(lambda: any(r.request_id == "recorded-1" for r in served.accesses), "a record")
    record = next(r for r in served.accesses if r.request_id == "recorded-1")
    assert (record.method, record.path, record.status, record.peer, record.complete) == (
        "GET", "/files/x", 200, "127.0.0.1", True,
    )  # fmt: skip
    assert record.size == len("GET ('files', 'x')  b''\n")
    assert record.seconds > 0
