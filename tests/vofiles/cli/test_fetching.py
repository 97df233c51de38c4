"""`fetch` and `send`: stores bring and take files themselves, named as `put` and `get` would name them."""

from collections.abc import Iterator

import pytest

from tests.support.commands import Command
from vofiles.cli.demo.web import Web, small_web

FILES = {"m31.fits": b"m31" * 1000, "a%20b": b"spaced", "folder/log": b"log"}


@pytest.fixture
def web() -> Iterator[Web]:
    with small_web(FILES) as web:
        yield web


def test_one_url_under_its_name_or_another(vofiles: Command, place: str, web: Web) -> None:
    assert vofiles.require("fetch", web.url("m31.fits"), place) == ""
    vofiles.require("fetch", web.url("a%20b"), f"{place}/other", "--type", "text/plain")
    vofiles.require("fetch", "--type", "text/x-log", web.url("folder/log"), f"{place}/")
    assert vofiles.require("ls", place) == "log\nm31.fits\nother\n"
    assert vofiles.require("get", f"{place}/m31.fits", "-") == "m31" * 1000
    assert "text/plain" in vofiles.require("info", f"{place}/other")
    assert "text/x-log" in vofiles.require("info", f"{place}/log")


def test_what_failed_is_fetched_by_the_same_command(vofiles: Command, place: str, web: Web) -> None:
    with small_web({}) as empty:
        words = ("fetch", empty.url("m31.fits"), place)
        assert vofiles.run(*words).code == 5
    vofiles.require("fetch", web.url("m31.fits"), place)
    assert vofiles.require("get", f"{place}/m31.fits", "-") == "m31" * 1000


def test_many_urls_are_one_job(vofiles: Command, place: str, web: Web) -> None:
    assert vofiles.require("fetch", *map(web.url, FILES), place) == ""
    assert vofiles.require("ls", place) == "a b\nlog\nm31.fits\n"
    vofiles.require("mkdir", f"{place}/again")
    number = vofiles.require("fetch", "--no-wait", *map(web.url, FILES), f"{place}/again").strip()
    assert vofiles.run("jobs", number).code == 0


def test_sent_one_and_all(vofiles: Command, place: str, web: Web) -> None:
    vofiles.require("mkdir", f"{place}/in ner")
    vofiles.require("put", "-", f"{place}/a", input=b"first")
    vofiles.require("put", "-", f"{place}/a", input=b"second")
    vofiles.require("put", "-", f"{place}/in ner/b", input=b"b")
    assert vofiles.require("send", f"{place}/a", web.url("one")) == ""
    vofiles.require("send", "--version", "1", f"{place}/a", web.url("before"))
    vofiles.require("send", "-r", place, web.url("all"))
    assert web.received == {"one": b"second", "before": b"first", "all/a": b"second", "all/in%20ner/b": b"b"}
    number = vofiles.require("send", "--no-wait", "-r", place, web.url("later/")).strip()
    assert vofiles.run("jobs", number).code == 0


def test_refusals(vofiles: Command, place: str, web: Web) -> None:
    vofiles.require("put", "-", f"{place}/a", input=b"a")
    code, said = vofiles.refuse("fetch", "m31.fits", place)
    assert (code, "for a file on this machine: vofiles put" in said) == (2, True)
    code, said = vofiles.refuse("fetch", web.url("m31.fits"))
    assert (code, "where to" in said) == (2, True)
    code, said = vofiles.refuse("fetch", web.url("folder/"), place)
    assert (code, "ends without a name" in said) == (2, True)
    code, said = vofiles.refuse("fetch", web.url("m31.fits"), web.url("b/m31.fits"), place)
    assert (code, "would be called m31.fits" in said) == (2, True)
    code, said = vofiles.refuse("fetch", web.url("m31.fits"), web.url("b"), f"{place}/a")
    assert (code, "is not a folder that is there" in said) == (2, True)
    code, said = vofiles.refuse("fetch", "--type", "a/b", web.url("m31.fits"), web.url("b"), place)
    assert (code, "--type is of one file" in said) == (2, True)
    code, said = vofiles.refuse("fetch", web.url("missing"), f"{place}/missing")
    assert (code, "404" in said) == (5, True)
    code, said = vofiles.refuse("send", place, web.url("x"))
    assert (code, "send a folder with -r" in said) == (1, True)
    code, said = vofiles.refuse("send", f"{place}/a", "x")
    assert (code, f"vofiles get {place}/a" in said) == (2, True)
    code, said = vofiles.refuse("send", "-r", "--version", "1", place, web.url("x"))
    assert (code, "--version is of one file" in said) == (2, True)
    assert web.received == {}
