"""Statements past SQLAlchemy: the same rows, changes and errors as by way of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Executable,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    create_engine,
    delete,
    event,
    exists,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, MultipleResultsFound, NoResultFound, OperationalError

from vofiles.serving import statements
from vofiles.serving.statements import Answer, Quick

THINGS = Table(
    "things",
    MetaData(),
    Column("key", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("good", Boolean, nullable=False),
    Column("bytes", LargeBinary),
    Column("size", BigInteger),
)
T = THINGS.c
ROWS = [
    {"key": 1, "name": "one", "good": True, "bytes": b"\0\xff", "size": 1 << 60},
    {"key": 2, "name": "zwei \U0001f600", "good": False, "bytes": None, "size": None},
]
OTHER = select(T.key).where(T.name == bindparam("name"))
READS: dict[str, tuple[Executable, dict[str, Any]]] = {
    "everything": (select(*T).order_by(T.key), {}),
    "one": (select(T.good, T.bytes).where(T.name == bindparam("name")), {"name": "one"}),
    "a page": (
        select(T.name).where(T.key > bindparam("after")).order_by(T.key).limit(bindparam("limit")),
        {"after": 0, "limit": 1},
    ),
    "with constants": (select(T.key).where(T.good == True, T.size > 7), {}),  # noqa: E712
    "whether": (select(OTHER.exists(), exists().where(T.key == 9)), {"name": "one"}),
    "how many": (select(func.count(), func.max(T.size)), {}),
    "words": (text("SELECT name, good FROM things WHERE key = :key"), {"key": 2}),
    "a list that expands": (select(T.name).where(T.key.in_(bindparam("keys", expanding=True))), {"keys": [1, 2]}),
    "nothing": (select(*T).where(T.key == bindparam("key")), {"key": 99}),
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'things.db'}", connect_args={"isolation_level": None})
    THINGS.metadata.create_all(made)
    with made.begin() as connection:
        connection.execute(insert(THINGS), ROWS)
    yield made
    made.dispose()


@pytest.fixture
def quick(engine: Engine) -> Iterator[Quick]:
    connection = Quick(engine)
    yield connection
    connection.close()


def run(connection: Connection, statement: Executable, values: Any = None) -> Any:
    """As when it has been run before, and is run past SQLAlchemy if it can be."""
    if isinstance(connection, Quick):
        connection._find_written(statement, (values[0] if isinstance(values, list) else values) or {})
    return connection.execute(statement, values)


@pytest.mark.parametrize("name", READS)
def test_what_is_read_is_what_sqlalchemy_reads(engine: Engine, quick: Quick, name: str) -> None:
    statement, values = READS[name]
    with engine.connect() as plain:
        for take in ("all", "first"):
            assert getattr(run(quick, statement, values), take)() == getattr(plain.execute(statement, values), take)()
        assert run(quick, statement, values).mappings().all() == plain.execute(statement, values).mappings().all()
        kinds = [[type(value) for value in row] for row in run(quick, statement, values)]
        assert kinds == [[type(value) for value in row] for row in plain.execute(statement, values)]
    assert isinstance(run(quick, statement, values), Answer) == (name != "a list that expands")


def test_one_row_is_asked_for_where_there_is_one(quick: Quick) -> None:
    everything, nothing = READS["everything"][0], READS["nothing"]
    assert run(quick, READS["how many"][0]).one()[0] == run(quick, READS["how many"][0]).scalar_one() == 2
    assert run(quick, *nothing).one_or_none() is run(quick, *nothing).first() is run(quick, *nothing).scalar() is None
    for take in ("one", "one_or_none", "scalar_one"):
        with pytest.raises(MultipleResultsFound):
            getattr(run(quick, everything), take)()
    with pytest.raises(NoResultFound):
        run(quick, *nothing).one()
    assert run(quick, everything).scalars().all() == [1, 2]


def test_changes_are_made_and_counted(engine: Engine, quick: Quick) -> None:
    row = {"name": "three", "good": True, "bytes": b"x", "size": 3}
    add = insert(THINGS).returning(T.key)
    assert run(quick, add, row).scalar_one() == 3
    assert run(quick, insert(THINGS), [row | {"name": f"n{number}"} for number in range(3)]).rowcount == 3
    many = run(quick, add, [row | {"name": f"m{number}"} for number in range(2)])
    assert not isinstance(many, Answer)
    assert len(many.all()) == 2
    assert run(quick, update(THINGS).where(T.key > bindparam("after")).values(good=False), {"after": 3}).rowcount == 5
    assert run(quick, delete(THINGS).where(T.key > bindparam("after")), {"after": 3}).rowcount == 5
    with engine.connect() as plain:
        assert [tuple(found) for found in plain.execute(select(*T).where(T.key == 3))] == [(3, *row.values())]


def test_the_same_statement_writes_the_columns_that_it_is_given(quick: Quick) -> None:
    add = insert(THINGS)
    run(quick, add, {"name": "bare", "good": False})
    run(quick, add, {"name": "sized", "good": True, "size": 7})
    sizes = dict(run(quick, select(T.name, T.size).where(T.key > 2)).all())
    assert sizes == {"bare": None, "sized": 7}


def test_errors_are_sqlalchemys(quick: Quick) -> None:
    with pytest.raises(IntegrityError) as refused:
        run(quick, insert(THINGS), {"name": "one", "good": True})
    assert str(refused.value.orig) == "UNIQUE constraint failed: things.name"
    missing = text("SELECT 1 FROM nowhere")
    quick._find_written(missing, {})
    with pytest.raises(OperationalError):
        quick.execute(missing)


def test_who_listens_hears_of_every_statement(quick: Quick) -> None:
    heard: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    statement, values = READS["one"]
    run(quick, statement, values)
    event.listen(quick, "before_cursor_execute", note)
    run(quick, statement, values)
    event.remove(quick, "before_cursor_execute", note)
    run(quick, statement, values)
    written = quick._written[statement][()]
    assert isinstance(written, statements.Written)
    assert heard == [written.text]


def test_a_single_value_and_a_column_are_had_past_sqlalchemy_too(quick: Quick, monkeypatch: pytest.MonkeyPatch) -> None:
    many, one = READS["everything"][0], READS["one"]

    def found() -> list[Any]:
        nobody = quick.scalar(one[0], {"name": "nobody"})
        return [quick.scalar(many), quick.scalars(many).all(), quick.scalar(*one), nobody]

    first = found()
    for statement in (many, one[0]):
        assert isinstance(quick._find_written(statement, {}), statements.Written)
    monkeypatch.setattr(Connection, "execute", lambda *_: pytest.fail("SQLAlchemy was asked"))
    assert first == found() == [1, [1, 2], True, None]


def test_a_statement_that_is_made_anew_each_time_is_not_written_out(quick: Quick) -> None:
    for key in (1, 2):
        made = select(T.name).where(T.key == key)
        assert quick.execute(made).scalar_one() == ROWS[key - 1]["name"]
        assert quick._written[made] == {(): "once"}
