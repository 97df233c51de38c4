"""Requests over kept lines, against servers that answer as they should, and that do not."""

import socket
import ssl
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.certificate import make_pair
from tests.support.playing import FINE, LONG, REQUEST, Peer, always, lines_to, mute, once, playing
from tests.support.serving import wait_until
from vofiles.calls import Reply
from vofiles.errors import ServiceUnreachable
from vofiles.serving.line import MOST_HEAD, Line, Place
from vofiles.serving.lines import KEPT, Limits, Lines, _Volley

LIMITS = Limits(connect=LONG, seconds=LONG, answer=1000)


def refused(lines: Lines, limits: Limits = LIMITS) -> str:
    with pytest.raises(ServiceUnreachable) as caught:
        lines.exchange(REQUEST, limits)
    return caught.value.message


def test_one_connection_serves_request_after_request() -> None:
    with playing(always(FINE)) as peer, lines_to(peer) as lines:
        for _ in range(3):
            assert lines.exchange(REQUEST, LIMITS) == Reply(200, "text/plain", b"fine")
        assert peer.heard == [REQUEST] * 3
        assert len(peer.connections) == 1


def test_many_requests_at_once_have_a_connection_each_which_are_kept() -> None:
    with playing(always(FINE)) as peer, lines_to(peer) as lines:
        for _ in range(2):
            told = [pair for some in lines.exchange_all([REQUEST] * 5, LIMITS) for pair in some]
            assert sorted(number for number, _ in told) == [0, 1, 2, 3, 4]
            assert {outcome.body for _, outcome in told if isinstance(outcome, Reply)} == {b"fine"}
        assert len(peer.connections) == 5


def test_who_does_not_answer_holds_up_nobody_who_does() -> None:
    with playing(mute, always(FINE)) as peer, lines_to(peer) as lines:
        told = lines.exchange_all([REQUEST] * 3, LIMITS)
        answered: list[int] = []
        while len(answered) < 2:
            answered += [number for number, _ in next(told)]
        assert sorted(answered) == [1, 2]
        peer.over.set()
        ((number, outcome),) = next(told)
        assert (number, type(outcome)) == (0, ServiceUnreachable)
        assert list(told) == []


ANSWERS: dict[str, tuple[bytes, Reply]] = {
    "in pieces": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n",
        Reply(200, "", b"fine"),
    ),
    "to the end": (b"HTTP/1.0 200 OK\r\n\r\nfine", Reply(200, "", b"fine")),
    "after an interim one": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" + FINE,
        Reply(200, "text/plain", b"fine"),
    ),
    "with nothing in it": (b"HTTP/1.1 204 No Content\r\n\r\n", Reply(204, "", b"")),
    "a redirect": (
        b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        Reply(307, "", b""),
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers_of_every_kind_are_read_and_redirects_not_followed(case: str) -> None:
    sent, expected = ANSWERS[case]
    with playing(once(sent)) as peer, lines_to(peer) as lines:
        assert lines.exchange(REQUEST, LIMITS) == expected
        assert len(peer.connections) == 1


BROKEN: dict[str, tuple[bytes, str]] = {
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n", "not HTTP"),
    "another protocol": (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nx", "not HTTP"),
    "a longer body than is read": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001,
        "longer than 1000 bytes",
    ),
    "an endless body": (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001, "longer than 1000 bytes"),
    "an endless head": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MOST_HEAD // 6 + 1), "a head of more than"),
    "half a head": (b"HTTP/1.1 200 OK\r\nConte", "breaks off"),
    "half a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfi", "breaks off"),
    "half a piece": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfi", "breaks off"),
    "nothing": (b"", "without an answer"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_answer_is_told_and_asked_for_once(case: str) -> None:
    sent, words = BROKEN[case]
    with playing(once(sent)) as peer, lines_to(peer) as lines:
        told = refused(lines)
        assert words in told
        assert peer.address in told
        assert peer.heard == [REQUEST]


def test_an_answer_that_breaks_off_on_a_kept_connection_is_not_asked_for_again() -> None:
    def play(peer: Peer, link: socket.socket) -> None:
        peer.hear(link)
        link.sendall(FINE)
        peer.hear(link)
        link.sendall(FINE[:20])

    with playing(play) as peer, lines_to(peer) as lines:
        lines.exchange(REQUEST, LIMITS)
        assert "breaks off" in refused(lines)
        assert len(peer.connections) == 1


def test_a_kept_connection_that_closes_upon_a_request_has_it_sent_again_as_it_stands() -> None:
    def play(peer: Peer, link: socket.socket) -> None:
        peer.hear(link)
        link.sendall(FINE)
        peer.hear(link)

    with playing(play, always(FINE)) as peer, lines_to(peer) as lines:
        assert not lines.exchange(REQUEST, LIMITS).again
        assert lines.exchange(REQUEST, LIMITS) == Reply(200, "text/plain", b"fine", again=True)
        assert len(peer.connections) == 2
        assert peer.heard == [REQUEST] * 3


def test_it_is_sent_again_once() -> None:
    def play(peer: Peer, link: socket.socket) -> None:
        peer.hear(link)
        link.sendall(FINE)
        peer.hear(link)

    with playing(play, once(b"")) as peer, lines_to(peer) as lines:
        lines.exchange(REQUEST, LIMITS)
        assert "without an answer" in refused(lines)
        assert len(peer.connections) == 2


@pytest.mark.parametrize("more", [b"", FINE], ids=["closed", "said more"])
def test_a_connection_on_which_something_came_while_it_was_idle_is_not_used_again(more: bytes) -> None:
    with playing(once(FINE + more), always(FINE)) as peer, lines_to(peer) as lines:
        lines.exchange(REQUEST, LIMITS)
        peer._threads[0].join(LONG)  # it has closed the connection
        assert lines.exchange(REQUEST, LIMITS) == Reply(200, "text/plain", b"fine")
        assert len(peer.connections) == 2


def test_a_connection_that_is_to_be_closed_is_not_kept() -> None:
    closing = FINE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with playing(always(closing)) as peer, lines_to(peer) as lines:
        for _ in range(2):
            assert lines.exchange(REQUEST, LIMITS).body == b"fine"
        assert len(peer.connections) == 2


@pytest.mark.parametrize("begun", [b"", FINE[:40]], ids=["silence", "after a beginning"])
def test_every_wait_ends(begun: bytes) -> None:
    def play(peer: Peer, link: socket.socket) -> None:
        peer.hear(link)
        link.sendall(begun)
        peer.over.wait(LONG)

    with playing(play) as peer, lines_to(peer) as lines:
        assert "did not answer in time" in refused(lines, Limits(LONG, 0.05, 1000))


def test_an_answer_that_drips_ends_in_time_too() -> None:
    def play(peer: Peer, link: socket.socket) -> None:
        peer.hear(link)
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not peer.over.wait(0.01):
            link.sendall(b"x")

    with playing(play) as peer, lines_to(peer) as lines:
        assert "did not answer in time" in refused(lines, Limits(LONG, 0.1, 1000))


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        lines = Lines(f"http://127.0.0.1:{reserved.getsockname()[1]}/x")
        ((told,),) = ([outcome for _, outcome in some] for some in lines.exchange_all([REQUEST], LIMITS))
        assert isinstance(told, ServiceUnreachable)
        assert "Connection refused" in told.message
        tried: list[float] = []
        real = lines.connect

        def connect(until: float) -> Line:
            tried.append(until)
            return real(until)

        monkeypatch.setattr(lines, "connect", connect)
        both = [outcome for some in lines.exchange_all([REQUEST] * 2, LIMITS) for _, outcome in some]
        assert len(tried) == 1, "the second one does not try again what the first one has just tried"
        assert [str(each) for each in both] == [told.message] * 2
        assert both[0] is not both[1], "what is noted on one is not on the other"


def test_a_certificate_of_an_authority_that_is_not_trusted_is_refused(tmp_path: Path) -> None:
    chain, key = make_pair(tmp_path, "peer")
    other, _ = make_pair(tmp_path, "other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with playing(always(FINE), tls=context) as peer:
        with lines_to(peer, chain) as lines:
            for _ in range(2):
                assert lines.exchange(REQUEST, LIMITS) == Reply(200, "text/plain", b"fine")
        assert peer.heard == [REQUEST] * 2
        for authorities in (None, other):
            with lines_to(peer, authorities) as lines:
                assert "certificate is not accepted" in refused(lines)
        assert peer.heard == [REQUEST] * 2


@pytest.mark.parametrize("said", [True, False])
def test_the_end_of_an_answer_that_tells_no_length_has_to_be_said_over_tls(tmp_path: Path, *, said: bool) -> None:
    def play(peer: Peer, link: socket.socket) -> None:
        assert peer.hear(link)
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nfine")
        if said and isinstance(link, ssl.SSLSocket):
            with suppress(OSError):  # what the other end says to that does not matter
                link.unwrap()
        else:
            # Of the plain connection: whoever is on the way can do that.
            socket.socket.shutdown(link, socket.SHUT_RDWR)

    chain, key = make_pair(tmp_path, "peer")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with playing(play, tls=context) as peer, lines_to(peer, chain) as lines:
        if said:
            assert lines.exchange(REQUEST, LIMITS) == Reply(200, "text/plain", b"fine")
        else:
            assert "its answer breaks off" in refused(lines)
        assert peer.heard == [REQUEST]


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    chain, key = make_pair(tmp_path, "peer")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with playing(always(FINE), tls=context, host="127.0.0.2") as peer, lines_to(peer, chain) as lines:
        assert "certificate is not accepted: IP address mismatch" in refused(lines)
        assert peer.heard == []


def test_a_handshake_that_stops_ends_in_time(tmp_path: Path) -> None:
    chain, _ = make_pair(tmp_path, "peer")

    def play(peer: Peer, _link: socket.socket) -> None:
        peer.over.wait(LONG)

    with playing(play) as peer:
        lines = Lines(peer.address.replace("http:", "https:"), authorities=chain)
        assert "did not accept the connection in time" in refused(lines, Limits(0.05, LONG, 1000))


@pytest.mark.parametrize("address", ["nonsense", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ServiceUnreachable, match="not the address of a service"):
        Lines(address)


def test_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ServiceUnreachable, match="authorities"):
        Lines("https://127.0.0.1/", authorities=tmp_path / "none")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://Store.example", ("/", "", "store.example")),
        ("https://store.example:443/a b?x=1&y", ("/a%20b", "x=1&y", "store.example")),
        ("http://[::1]:8080/s", ("/s", "", "[::1]:8080")),
        ("http://bücher.example/", ("/", "", "xn--bcher-kva.example")),
    ],
)
def test_what_goes_into_a_request_of_an_address(address: str, told: tuple[str, str, str]) -> None:
    lines = Lines(address)
    assert (lines.path, lines.query, lines.authority) == told


def test_whoever_leaves_early_closes_what_is_under_way() -> None:
    with playing(mute, always(FINE)) as peer, lines_to(peer) as lines:
        told = lines.exchange_all([REQUEST] * 2, LIMITS)
        next(told)
        told.close()  # type: ignore[attr-defined]
        wait_until(lambda: len(peer.heard) == 2, "both were sent")
        assert lines.exchange(REQUEST, LIMITS).body == b"fine"


def test_idle_connections_are_closed_in_time_although_others_do_all_the_work() -> None:
    with playing(always(FINE)) as peer, lines_to(peer) as lines:
        assert len([pair for some in lines.exchange_all([REQUEST] * 3, LIMITS) for pair in some]) == 3
        for line in list(lines._idle)[:2]:
            line.kept -= KEPT + 1
        assert lines.exchange(REQUEST, LIMITS).body == b"fine"
        assert len(lines._idle) == 1
        assert len(peer.connections) == 3


def test_what_was_answered_in_time_counts_although_who_asked_is_late() -> None:
    with playing(always(FINE)) as peer, lines_to(peer) as lines:
        volley = _Volley(lines, LIMITS)
        volley.send(0, REQUEST)
        (flight,) = volley._flights.values()
        wait_until(lambda: not flight.line.is_quiet(), "the answer is there")
        volley._until = 0.0
        assert volley.receive() == [(0, Reply(200, "text/plain", b"fine"))]


def test_all_addresses_of_a_host_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    given: list[float | None] = []

    class Silent(socket.socket):
        def connect(self, _address: object) -> None:
            given.append(self.gettimeout())
            now[0] += 4
            raise TimeoutError

    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in (1, 2, 3, 4)]
    sockets = SimpleNamespace(
        socket=Silent, getaddrinfo=lambda *asked, **options: addresses, SOCK_STREAM=socket.SOCK_STREAM
    )
    monkeypatch.setattr("vofiles.serving.line.socket", sockets)
    monkeypatch.setattr("vofiles.serving.line.time", SimpleNamespace(monotonic=lambda: now[0]))
    with pytest.raises(TimeoutError):
        Line(Place("many.example", 80, None), 110.0)
    assert given == [10.0, 6.0, 2.0, 0.001]


def test_a_host_is_found_at_another_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    with playing(always(FINE)) as peer, lines_to(peer) as lines, socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        places = [reserved.getsockname(), peer._listener.getsockname()]
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **options: addresses)
        assert lines.exchange(REQUEST, LIMITS).body == b"fine"
