"""The database and the stores as a command has them that goes by them page by page; the service may be running.

Rule: what is opened here is closed here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filemanager.config import Config

if TYPE_CHECKING:
    from filemanager.domain.caller import Caller
    from filemanager.ports import Clock, Database, Numbers, StoreControl


@dataclass(frozen=True)
class Opened:
    """What stands behind the use cases."""

    database: "Database"
    control: "StoreControl"
    clock: "Clock"
    numbers: "Numbers"
    operator: "Caller"


@contextmanager
def open_service(settings: Config) -> Iterator[Opened]:
    """The database and stores of a configuration, while a block runs. Raises SchemaRefused, ServiceBusy, OSError."""
    from filemanager.assembly import peers_of, stores_of
    from filemanager.domain.caller import Caller
    from filemanager.persistence.engine import open_database
    from filemanager.remote.machine import SystemClock, SystemNumbers
    from filemanager.services.desk import keep_stores
    from vofiles.contract import AccountKind
    from vofiles.serving.keyring import Keyring

    database = open_database(settings.database, readers=1)
    try:
        keep_stores(settings, database)
        control = stores_of(settings, Keyring(peers_of(settings)))
        try:
            operator = Caller(settings.identifier, AccountKind.SERVICE, administrator=True)
            yield Opened(database, control, SystemClock(), SystemNumbers(), operator)
        finally:
            control.close()
    finally:
        database.close()
