"""What callers ask for most and can be told at once, without a change of thread: who this is, and what nodes are.

Rule: the functions and services are those of every other call, on ports that do not wait, so nothing is answered here
that they would not answer. How much is too much to be told at once, the database says.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from filemanager.api.identity import caller_identity
from filemanager.api.soap import native
from filemanager.domain.caller import Caller
from filemanager.ports import Database
from filemanager.services.desk import Desk
from vofiles.serving.atonce import AtOnce, would_wait
from vofiles.serving.entrance import Identify

TRIED = ("getIdentifier", "getNode", "listChildren")
"""Operations that only read, and little."""


def desk_at_once(desk: Desk, database: Database) -> Desk:
    """The desk, where nodes are read at once or not at all: `database` raises WouldWait where it would, and for every
    change. Whether a store is asked how far a transfer is, is decided where one may wait for it.
    """
    nodes = replace(desk.nodes, database=database, refresh=would_wait)
    bundles = replace(desk.bundles, database=database, nodes=nodes)
    return replace(desk, nodes=nodes, bundles=bundles, credentials=desk.credentials.at_once(database, would_wait))


def tried(functions: Mapping[str, Callable[[Caller, Any], Any]], identify: Identify[Caller]) -> AtOnce[Caller]:
    """Those of a contract's functions that are tried; all of them are those of a desk at once, as is `identify`."""
    return AtOnce(identify, {name: functions[name] for name in TRIED if name in functions})


def callers_at_once(desk: Desk, address: str, database: Database) -> AtOnce[Caller]:
    """What is tried for callers of a service announced at a base address."""
    ready = desk_at_once(desk, database)
    return tried(native.functions(ready, address), caller_identity(ready.credentials))
