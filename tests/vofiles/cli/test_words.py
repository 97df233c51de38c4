"""Words of commands: paths at home and on this machine, sizes, times and properties; a refusal says what would do."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from vofiles.cli import words
from vofiles.names import parse_home_path


@pytest.mark.parametrize(
    ("word", "size"),
    [
        ("0", 0),
        ("17", 17),
        ("1k", 1024),
        ("1K", 1024),
        ("10M", 10 << 20),
        ("2G", 2 << 30),
        ("1T", 1 << 40),
        ("3MiB", 3 << 20),
    ],
)
def test_sizes(word: str, size: int) -> None:
    assert words.size(word) == size


@pytest.mark.parametrize("word", ["", "-1", "1.5M", "M", "10X", "1 M", "²", "9" * 30])
def test_what_is_no_size(word: str) -> None:
    with pytest.raises(typer.BadParameter, match="10k, 10M, 10G"):
        words.size(word)


NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "age"),
    [("30m", timedelta(minutes=30)), ("12h", timedelta(hours=12)), ("7d", timedelta(7)), ("2w", timedelta(14))],
)
def test_ages(word: str, age: timedelta) -> None:
    assert words.moment(word, NOW) == NOW - age


def test_times() -> None:
    assert words.moment("2026-11-22T10:15Z") == NOW
    assert words.moment("2026-11-22T11:15+01:00") == NOW
    here = words.moment("2026-11-22")
    assert here.tzinfo is not None
    assert (here.year, here.month, here.day, here.hour) == (2026, 11, 22, 0)


@pytest.mark.parametrize("word", ["", "yesterday", "7", "7y", "2026-13-01", "999999w", "0001-01-01T00:00+23:00x"])
def test_what_is_no_time(word: str) -> None:
    with pytest.raises(typer.BadParameter, match="2026-11-22T10:15"):
        words.moment(word)


def test_pairs() -> None:
    assert words.pair("note=a=b") == ("note", "a=b")
    assert words.pair("note=") == ("note", "")
    for word in ("note", "=x", ""):
        with pytest.raises(typer.BadParameter, match="KEY=VALUE"):
            words.pair(word)


def test_verbs_at_home_say_which_verb_brings_things_in_and_out() -> None:
    home = parse_home_path
    assert words.within_home("mv", ["home:a", "{home}/b"], "home:c") == (
        [home("home:a"), home("home:b")],
        home("home:c"),
    )
    with pytest.raises(typer.BadParameter, match="vofiles put here home:c"):
        words.within_home("cp", ["here"], "home:c")
    with pytest.raises(typer.BadParameter, match="vofiles get home:a there, or write home:there"):
        words.within_home("cp", ["home:a"], "there")
    with pytest.raises(typer.BadParameter, match="vofiles put 'with a blank' home:c"):
        words.within_home("cp", ["with a blank"], "home:c")
    with pytest.raises(typer.BadParameter, match="write home:here"):
        words.within_home("mv", ["here"], "there")
