"""A FileManager in which a call of each kind goes wrong, for real: what clients then catch.

with running_troubles(folder) as troubles:
    troubles.cases["NotFound"].line      # what to ask, as the clients of faults/ read it

Rule: one case for each category; what is broken is broken for it alone, and before anybody asks.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.services import STORES, RunningServices, User, running_services
from tests.support.sources import ok, scripted_source
from tests.support.ways import DirectWay
from vofiles.contract import AddNode, GetAccount, NodeKind, Property
from vofiles.ivorn import LongIdentifier
from vofiles.names import parse_name

HUGE: Final = 64 * 1024 + 1
"""Bytes, one more than a value of a property may have."""


@dataclass(frozen=True)
class Case:
    """A call that goes wrong."""

    line: str
    """The call, as the clients of faults/ read it."""
    name: str
    """Of the error."""
    word: str
    """In its message."""
    properties: tuple[str, ...] = ()
    """What else comes along, as key=value."""

    def __str__(self) -> str:
        return self.line


@dataclass(frozen=True)
class Troubles:
    """What runs, and what to ask of it, by the category of what comes."""

    services: RunningServices
    user: User
    cases: dict[str, Case]


@contextmanager
def running_troubles(folder: Path) -> Iterator[Troubles]:
    """All that goes wrong, while the block runs."""
    with running_services(folder) as services, scripted_source(ok(b"short")) as source:
        user = services.add_account("dave")
        way = DirectWay(services, user)
        home = LongIdentifier(way.call(GetAccount()).account.home)

        def at(name: str) -> LongIdentifier:
            return LongIdentifier(home.node, (parse_name(name),))

        preferred = (Property("filestore.preferred", str(STORES[0])),)
        for name in ("file", "broken"):
            way.call(AddNode(home, parse_name(name), NodeKind.FILE, preferred))
        services.stop_store(STORES[1])
        with closing(sqlite3.connect(folder / "filemanager.db")) as database, database:
            database.execute("UPDATE nodes SET created = 'yesterday' WHERE name = 'broken'")
        file = at("file")
        yield Troubles(
            services,
            user,
            {
                "NotFound": Case(f"getNode\t{at('nothing')}", "NodeNotFound", "nothing"),
                "Conflict": Case(
                    f"setProperties\t{file}\t99\tnote\tlate",
                    "GenerationConflict",
                    "99",
                    ("generation.expected=99", "generation.actual=1"),
                ),
                "WrongKind": Case(f"listChildren\t{file}", "NotAFolder", "file"),
                "Refused": Case(f"importData\t{file}\thttp://10.0.0.1/data\t5", "AddressRefused", "10.0.0.1"),
                "Invalid": Case(f"setProperties\t{file}\t1\tnote\t{'x' * HUGE}", "TooLarge", str(HUGE - 1)),
                "Damaged": Case(f"importData\t{file}\t{source.url()}\t17", "Incomplete", "5 of 17"),
                "Unreachable": Case(f"importInit\t{file}\t{STORES[1]}", "StoreUnreachable", STORES[1].resource),
                "Unexpected": Case(f"getNode\t{at('broken')}", "Unexpected", "number"),
            },
        )
