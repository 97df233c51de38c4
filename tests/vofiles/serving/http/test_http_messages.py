"""The values that handlers see and make."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vofiles.serving.http import Control, FileBody, Headers, Pool, Response, Route, Site, text


def test_headers_are_found_in_any_case_and_any_number() -> None:
    headers = Headers([("Accept", "a"), ("X-Y", "1"), ("x-y", "2")])
    assert headers.get("ACCEPT") == "a"
    assert headers.get_all("X-y") == ("1", "2")
    assert headers.get("x-Y") == "1"
    assert headers.get("none") is None
    assert headers.get("none", "d") == "d"
    assert "accept" in headers
    assert "none" not in headers
    assert len(headers) == 3
    assert list(headers) == [("accept", "a"), ("x-y", "1"), ("x-y", "2")]
    assert headers == Headers([("accept", "a"), ("x-y", "1"), ("x-y", "2")])


def test_headers_do_not_show_values() -> None:
    assert "secret" not in repr(Headers([("Authorization", "Bearer secret")]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Response(200, (("X", "a\r\nSet-Cookie: b"),)),
        lambda: Response(200, (("X", "a\nb"),)),
        lambda: Response(200, (("X", "a\0b"),)),
        lambda: Response(200, (("X", "a\u20ac"),)),
        lambda: Response(200, (("X\r\nY", "a"),)),
        lambda: Response(200, (("X: Y", "a"),)),
        lambda: Response(200, (("", "a"),)),
        lambda: Response(200, (("Content-Length", "1"),)),
        lambda: Response(200, (("transfer-encoding", "chunked"),)),
        lambda: Response(100),
        lambda: Response(999),
        lambda: Response(204, body=b"x"),
        lambda: Response(304, body=FileBody(0, 0, 1)),
    ],
)
def test_a_response_that_could_not_be_sent_is_not_made(make: Callable[[], Response]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says another thing
        make()


def test_a_site_has_one_route_for_a_path() -> None:
    serve = Control(lambda _: text(200, "x"))
    exact = Route("/a/", frozenset({"GET"}), serve)
    prefix = Route("/a/", frozenset({"GET"}), serve, prefix=True)
    inner = Route("/a/b/", frozenset({"POST"}), serve, prefix=True)
    site = Site([prefix, exact, inner])
    assert site.find_route("/a/") is exact
    assert site.find_route("/a/x") is prefix
    assert site.find_route("/a/b/c") is inner
    assert site.find_route("/a") is None
    assert site.methods == {"GET", "HEAD", "POST"}
    with pytest.raises(ValueError, match="two routes"):
        Site([exact, exact])


@pytest.mark.parametrize(("path", "prefix"), [("a", False), ("", False), ("/a", True)])
def test_a_route_has_a_path_that_can_be_asked_for(path: str, prefix: bool) -> None:
    with pytest.raises(ValueError, match="not a path"):
        Route(path, frozenset({"GET"}), Control(lambda _: text(200, "x")), prefix=prefix)


def test_a_pool_goes_on_after_work_that_fails_and_ends_when_told() -> None:
    pool = Pool("test", 1)
    done: list[int] = []
    assert pool.submit(lambda: done.append(1 // 0))
    assert pool.submit(lambda: done.append(1))
    pool.stop()
    assert done == [1]
