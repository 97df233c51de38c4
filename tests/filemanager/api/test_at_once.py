"""Calls that are answered at once, on the reactor: the same answers, and what they do not try."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from filemanager.api.identity import caller_identity
from filemanager.api.soap.atonce import callers_at_once
from filemanager.api.soap.native import native_service
from filemanager.persistence.engine import SqlTransaction, open_database
from filemanager.services.operating import disable_account
from tests.support.filemanager import OPERATOR, World
from vofiles.contract import (
    FILEMANAGER_NAMESPACE,
    AddNode,
    BundleHints,
    GetIdentifier,
    GetNode,
    ListChildren,
    Property,
    SetProperties,
)
from vofiles.ivorn import LongIdentifier
from vofiles.names import parse_name
from vofiles.serving import replies
from vofiles.serving.atonce import LONGEST_BODY
from vofiles.serving.database import Database
from vofiles.serving.http import Later, Request, Response
from vofiles.serving.http.messages import Headers

PASSWORD = "a good password"


class Desk:
    """A service on SQLite, and an account with a token."""

    def __init__(self, path: Path) -> None:
        self.database: Database[SqlTransaction] = open_database(f"sqlite:///{path}")
        self.world = World(self.database)
        self.dave = self.world.add_account("dave")
        credentials = self.credentials = self.world.desk.credentials
        self.token, _ = credentials.issue_token(self.dave)
        ready = self.database.at_once()
        assert ready is not None
        at_once = callers_at_once(self.world.desk, "http://127.0.0.1:9", ready)
        identify = caller_identity(credentials)
        self.service = native_service(self.world.desk, "http://127.0.0.1:9", identify, at_once=at_once)
        self.file = self.world.add_file(self.dave, "file", colour="<blue>")
        self.world.put(self.dave, self.file, b"bytes")

    def request(self, name: str, value: Any, **headers: str) -> Request:
        body = value if isinstance(value, bytes) else replies.message(FILEMANAGER_NAMESPACE, name, value)
        told = {"authorization": f"Bearer {self.token}", "content-type": "text/xml; charset=utf-8"} | headers
        pairs = Headers([(key.replace("_", "-"), text) for key, text in told.items() if text])
        return Request("POST", "/", "/", "", pairs, "1.1", "x", "192.0.2.1", "request-0001", body=body)

    def at_once(self, name: str, value: Any, **headers: str) -> Response | None:
        return self.service.answer_at_once(self.request(name, value, **headers))

    def by_and_by(self, name: str, value: Any, **headers: str) -> Response | Later:
        return self.service(self.request(name, value, **headers))

    def missing(self, path: str) -> LongIdentifier:
        home = self.world.home(self.dave)
        return LongIdentifier(home.node, tuple(parse_name(step) for step in path.split("/")))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "filemanager.db")
    yield desk
    desk.database.close()


TRIED: dict[str, Callable[[Desk], tuple[Any, ...]]] = {
    "who it is": lambda _: ("getIdentifier", GetIdentifier()),
    "a node": lambda desk: ("getNode", GetNode(desk.file)),
    "a node by its path": lambda desk: ("getNode", GetNode(desk.missing("file"))),
    "a home": lambda desk: ("getNode", GetNode(desk.world.home(desk.dave))),
    "a node that is not there": lambda desk: ("getNode", GetNode(desk.missing("file/below/it"))),
    "a bundle": lambda desk: ("getNode", GetNode(desk.world.home(desk.dave), BundleHints(1, parents=True))),
    "a list": lambda desk: ("listChildren", ListChildren(desk.world.home(desk.dave))),
    "what is no folder": lambda desk: ("listChildren", ListChildren(desk.file)),
    "a node of nobody's": lambda _: ("getNode", b"<getNode><!-- not even an envelope -->"),
}
NOT_TRIED: dict[str, Callable[[Desk], tuple[Any, ...]]] = {
    "a change": lambda desk: ("addNode", AddNode(desk.world.home(desk.dave), "new", "FILE")),
    "what is long": lambda _: ("getNode", b"<getNode>" + b" " * LONGEST_BODY),
}


@pytest.mark.parametrize("name", TRIED)
def test_the_answer_is_the_same(desk: Desk, name: str) -> None:
    asked = TRIED[name](desk)
    at_once = desk.at_once(*asked)
    assert at_once is not None
    assert at_once == desk.by_and_by(*asked)


@pytest.mark.parametrize("name", NOT_TRIED)
def test_what_may_take_its_time_is_left_to_the_pool(desk: Desk, name: str) -> None:
    before = desk.world.changes()
    assert desk.at_once(*NOT_TRIED[name](desk)) is None
    assert desk.world.changes() == before


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Basic nonsense", "Digest x", "Bearer "])
def test_strangers_are_refused_alike(desk: Desk, authorization: str) -> None:
    asked = ("getNode", GetNode(desk.file))
    refused = desk.at_once(*asked, authorization=authorization)
    assert refused is not None
    assert refused.status == 401
    assert refused == desk.by_and_by(*asked, authorization=authorization)
    # Who is named by the envelope alone is found where a password may take its time.
    assert desk.at_once(*asked, authorization="") is None


def test_a_change_is_seen_by_the_next_call(desk: Desk) -> None:
    for colour in ("red", "green"):
        desk.world.desk.nodes.set_properties(desk.dave, SetProperties(desk.file, (Property("colour", colour),)))
        answer = desk.at_once("getNode", GetNode(desk.file))
        assert answer is not None
        assert isinstance(answer.body, bytes)
        assert f"<value>{colour}</value>".encode() in answer.body


def test_a_token_that_is_revoked_counts_no_more_at_the_next_call(desk: Desk) -> None:
    asked = ("getNode", GetNode(desk.file))
    assert desk.at_once(*asked).status == 200  # type: ignore[union-attr]
    desk.credentials.revoke_token(desk.dave, desk.token)
    assert desk.at_once(*asked).status == 401  # type: ignore[union-attr]


def test_an_account_that_is_disabled_counts_no_more_at_the_next_call(desk: Desk) -> None:
    desk.credentials.set_password(OPERATOR, desk.dave.account, PASSWORD)
    basic = "Basic ZGF2ZTphIGdvb2QgcGFzc3dvcmQ="
    asked = ("getNode", GetNode(desk.file))
    # A password that nobody has verified yet takes its time; one that was right a moment ago does not.
    assert desk.at_once(*asked, authorization=basic) is None
    assert desk.by_and_by(*asked, authorization=basic).status == 200  # type: ignore[union-attr]
    assert desk.at_once(*asked, authorization=basic).status == 200  # type: ignore[union-attr]
    disable_account(desk.database, OPERATOR, desk.dave.account)
    assert desk.at_once(*asked).status == 401  # type: ignore[union-attr]
    assert desk.at_once(*asked, authorization=basic) is None
    assert desk.by_and_by(*asked, authorization=basic).status == 401  # type: ignore[union-attr]


def test_where_a_store_might_be_asked_it_is_left_to_the_pool(desk: Desk) -> None:
    desk.world.offer(desk.dave, desk.file)
    assert desk.at_once("getNode", GetNode(desk.file)) is None
    assert desk.by_and_by("getNode", GetNode(desk.file)).status == 200  # type: ignore[union-attr]


def test_a_database_that_is_in_use_or_closed_is_not_waited_for(desk: Desk) -> None:
    asked = ("getNode", GetNode(desk.file))
    with desk.database._transactions._peeker._turn:  # type: ignore[attr-defined]
        assert desk.at_once(*asked) is None
    assert desk.at_once(*asked) is not None
    desk.database.close()
    assert desk.at_once(*asked) is None


def test_much_at_once_is_left_to_the_pool_and_little_is_not(desk: Desk) -> None:
    home = desk.world.home(desk.dave)
    for number in range(400):
        desk.world.add_file(desk.dave, f"n{number:03}")
    for name, much, little in (
        ("listChildren", ListChildren(home), ListChildren(home, limit=5)),
        ("getNode", GetNode(home, BundleHints(1)), GetNode(home, BundleHints(1, 5))),
    ):
        for _ in range(2):
            assert desk.at_once(name, much) is None
            assert desk.at_once(name, little) == desk.by_and_by(name, little)
        assert desk.by_and_by(name, much).status == 200  # type: ignore[union-attr]


def test_what_is_long_is_left_to_the_pool_each_time(desk: Desk) -> None:
    asked = ("getNode", GetNode(desk.file))
    for value, is_at_once in (("x" * 60_000, False), ("x", True)):
        desk.world.desk.nodes.set_properties(desk.dave, SetProperties(desk.file, (Property("note", value),)))
        for _ in range(2):
            assert (desk.at_once(*asked) is not None) == is_at_once
            assert value.encode() in desk.by_and_by(*asked).body  # type: ignore[union-attr, operator]
