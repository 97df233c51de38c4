"""A FileManager that is called again with the same idempotency key.

Rule: a module imports the fixtures that it uses.
"""

from collections.abc import Callable
from typing import Any

import pytest

from filemanager.domain.caller import Caller
from tests.support.filemanager import CAMBRIDGE, LEICESTER, World
from vofiles.contract import (
    AddAccount,
    AddNode,
    ExportData,
    ImportData,
    ImportInit,
    Move,
    SetAccountProperties,
    SetProperties,
)
from vofiles.ivorn import LongIdentifier


@pytest.fixture
def world() -> World:
    return World(names=(CAMBRIDGE, LEICESTER), default_store=CAMBRIDGE)


@pytest.fixture
def dave(world: World) -> Caller:
    return world.add_account("dave")


@pytest.fixture
def file(world: World, dave: Caller) -> LongIdentifier:
    return world.add_file(dave, "a")


def call(world: World, caller: Caller, request: Any) -> Any:
    """The use case of a request."""
    desk = world.desk
    use_cases: dict[type, Callable[[Caller, Any], Any]] = {
        AddAccount: desk.accounts.add_account,
        SetAccountProperties: desk.accounts.set_account_properties,
        AddNode: desk.nodes.add_node,
        SetProperties: desk.nodes.set_properties,
        Move: desk.moves.move,
        ImportInit: desk.imports.import_init,
        ImportData: desk.imports.import_data,
        ExportData: desk.exports.export_data,
    }
    return use_cases[type(request)](caller, request)


def transfers(world: World) -> list[str]:
    """The numbers of all transfers there ever were."""
    return [each.number for each in world.database.read(lambda tx: tx.census.transfers("", 1000))]
