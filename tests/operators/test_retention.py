"""A running service gives up by itself what need not be kept any more."""

from functools import partial
from pathlib import Path

import pytest
import requests

from tests.support.services import running_services
from tests.support.serving import wait_until
from vofiles.contract import (
    AddNode,
    GetTransfer,
    ImportInit,
    ListVersions,
    NodeKind,
    Property,
    SetProperties,
    Transfer,
    TransferState,
)
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import LongIdentifier


def has_ended(port: FileManagerPort, transfer: Transfer) -> bool:
    return port.get_transfer(GetTransfer(transfer.transfer)).transfer.state in TransferState.ENDED


def test_a_space_that_wants_less_is_put_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("filemanager.assembly.UPKEEP", 0.1)
    with running_services(tmp_path, "[content]\nkeep_versions = 9\nkeep_days = 30") as services:
        user = services.add_account("dave")
        port, home = services.port(user), services.home(user)
        file = LongIdentifier(port.add_node(AddNode(home, "a", NodeKind.FILE)).node.identifier)
        for content in (b"one", b"two", b"three"):
            offer = port.import_init(ImportInit(file)).transfer
            requests.put(offer.endpoints[0].url, data=content, timeout=30).raise_for_status()
            wait_until(partial(has_ended, port, offer), "the callback")

        def numbers() -> list[int]:
            return [version.number for version in port.list_versions(ListVersions(file)).versions]

        assert numbers() == [3, 2, 1]
        port.set_properties(SetProperties(home, (Property("versions.keep", "1"),)))
        wait_until(lambda: numbers() == [3], "the upkeep")
