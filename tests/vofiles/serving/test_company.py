"""The company of processes on one database: what one tells all hear, and one leads; the next one when it is gone."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy

from tests.support.databases import new_database, server
from tests.support.serving import wait_until
from vofiles.serving.company import Alone, Duty
from vofiles.serving.postgresqlcompany import LONGEST_WORD, PostgresqlCompany

__all__ = ["server"]


class Noted:
    """A duty that notes whether it is done."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.times = 0

    def start(self) -> None:
        self.times += 1
        self.done.set()

    def stop(self) -> None:
        self.done.clear()


def said(company: PostgresqlCompany, word: str) -> bool:
    """Say a word once more."""
    company.tell("topic", word)
    return True


@pytest.fixture
def database(server: str | None, tmp_path: Path) -> str:
    return new_database("postgresql", server, tmp_path)


@pytest.fixture
def join(database: str) -> Iterator[Callable[[], tuple[PostgresqlCompany, Noted, list[str]]]]:
    """Makes one more process of a service, what it does when it leads, and what it hears."""
    with ExitStack() as stack:

        def join() -> tuple[PostgresqlCompany, Noted, list[str]]:
            company, duty, heard = PostgresqlCompany(database, "ivo://a/b"), Noted(), list[str]()
            company.hear("topic", heard.append)
            stack.callback(company.stop)
            company.start(lambda: [("duty", duty)])
            return company, duty, heard

        yield join


Join = Callable[[], tuple[PostgresqlCompany, Noted, list[str]]]


def test_one_leads_and_the_next_one_when_it_stops(join: Join) -> None:
    first, duty, _ = join()
    assert duty.done.wait(30)
    second, other, _ = join()
    second.tell("topic", "is heard, so it takes part")
    third, heard_third = join()[0::2]
    wait_until(lambda: said(second, "x") and heard_third, "all take part")
    assert not other.done.is_set()
    first.stop()
    assert not duty.done.is_set()
    wait_until(lambda: second.leads or third.leads, "another one leads")
    assert second.leads != third.leads


def test_a_word_is_heard_by_all_and_once(join: Join) -> None:
    (first, _, mine), (second, _, others) = join(), join()
    wait_until(lambda: said(second, "ready?") and mine, "each hears the other")
    wait_until(lambda: said(first, "ready?") and "ready?" in others, "each hears the other")
    mine.clear()
    others.clear()
    for word in ("one", "two words", ""):
        first.tell("topic", word)
    assert mine[-3:] == ["one", "two words", ""]
    wait_until(lambda: "" in others, "the last is heard")
    assert [word for word in others if word != "ready?"] == ["one", "two words", ""]
    first.tell("another topic", "is nobody's")
    with pytest.raises(ValueError, match="too long"):
        first.tell("topic", "x" * LONGEST_WORD)


def test_a_session_that_ends_is_begun_again_and_leads_no_longer_meanwhile(join: Join, database: str) -> None:
    first, duty, heard = join()
    assert duty.done.wait(30)
    engine = sqlalchemy.create_engine(database.replace("postgresql:", "postgresql+psycopg:", 1))
    with engine.connect() as connection:
        connection.execute(
            sqlalchemy.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'vofiles %'"
            )
        )
    engine.dispose()
    wait_until(lambda: duty.times == 2 and duty.done.is_set(), "it leads again")
    other, _, _ = join()
    wait_until(lambda: said(other, "still there?") and heard, "it hears again")
    assert first.leads
    assert not other.leads


def test_another_service_on_the_same_database_is_another_company(join: Join, database: str) -> None:
    _, duty, heard = join()
    assert duty.done.wait(30)
    stranger, leading = PostgresqlCompany(database, "ivo://a/c"), Noted()
    stranger.start(lambda: [("duty", leading)])
    try:
        assert leading.done.wait(30)
        stranger.tell("topic", "not for you")
        third, _, _ = join()
        wait_until(lambda: said(third, "for you") and heard, "the own company is heard")
        assert set(heard) == {"for you"}
    finally:
        stranger.stop()


def test_a_duty_that_cannot_begin_is_tried_again(database: str) -> None:
    company, duty, tries = PostgresqlCompany(database, "ivo://a/b"), Noted(), list[int]()

    def make() -> Iterable[tuple[str, Duty]]:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("the database is busy")
        return [("duty", duty)]

    company.start(make)
    try:
        assert duty.done.wait(30)
    finally:
        company.stop()
    assert not duty.done.is_set()


def test_alone_one_leads_from_start_to_stop_and_tells_itself() -> None:
    company, duty, heard = Alone(), Noted(), list[str]()
    company.hear("topic", heard.append)
    company.tell("topic", "before")
    company.start(lambda: [("duty", duty)])
    company.tell("topic", "after")
    assert (heard, duty.done.is_set()) == (["before", "after"], True)
    company.stop()
    company.stop()
    assert not duty.done.is_set()


def test_who_fails_to_listen_is_in_nobodys_way() -> None:
    company, heard = Alone(), list[str]()

    def broken(_word: str) -> None:
        raise RuntimeError("a bug")

    company.hear("topic", broken)
    company.hear("topic", heard.append)
    company.tell("topic", "word")
    assert heard == ["word"]
