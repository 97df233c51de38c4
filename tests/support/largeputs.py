"""A large put that is stopped on its way, and what is left of it here and in its store.

Rule: what is looked at is the store's catalogue and the client's journal, and nothing is waited for but a condition.
"""

import json
from collections.abc import Callable
from typing import Any

from tests.support.services import STORES, RunningServices, User
from tests.support.serving import wait_until
from vofiles import journals
from vofiles.contract import GetTransfer, TransferState

STORE = STORES[0]


class Stopped(BaseException):
    """As Ctrl-C."""


def stop_at(byte: int) -> Callable[[int, int | None], None]:
    def stop(done: int, _: int | None) -> None:
        if done >= byte:
            raise Stopped

    return stop


def await_kept(services: RunningServices, transfer: str) -> None:
    """Return when the store waits for somebody to go on."""
    catalogue = services.stores[STORE].store.catalogue

    def is_kept() -> bool:
        found = catalogue.read(lambda records: records.find_transfer(transfer))
        return found is not None and found.state == TransferState.OFFERED and found.bytes_done > 0

    wait_until(is_kept, "what came is kept")


def find_noted() -> dict[str, Any]:
    (journal,) = journals.default_folder().iterdir()
    return json.loads(journal.read_text())  # type: ignore[no-any-return]


def state_of(services: RunningServices, dave: User, transfer: str) -> str:
    return services.port(dave).get_transfer(GetTransfer(transfer)).transfer.state
