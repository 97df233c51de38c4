"""The FileManager's database on SQL: opened with its schema brought up to date, and bound to the repositories.

Rule: the only module that knows all repositories; whoever opens the database calls `open_database` and knows no table.
"""

from typing import Any, Final, get_type_hints

from sqlalchemy import Connection

from filemanager.persistence.repositories.accounts import SqlAccounts
from filemanager.persistence.repositories.census import SqlCensus
from filemanager.persistence.repositories.changes import SqlChanges
from filemanager.persistence.repositories.contents import SqlContents
from filemanager.persistence.repositories.credentials import SqlCredentials
from filemanager.persistence.repositories.errands import SqlErrands
from filemanager.persistence.repositories.jobs import SqlJobs
from filemanager.persistence.repositories.properties import SqlNodes
from filemanager.persistence.repositories.repeats import SqlRepeats
from filemanager.persistence.repositories.search import SqlSearch
from filemanager.persistence.repositories.standing import SqlStanding
from filemanager.persistence.repositories.stores import SqlStores
from filemanager.persistence.repositories.transfers import SqlTransfers
from filemanager.persistence.repositories.trash import SqlTrash
from filemanager.persistence.repositories.usages import SqlUsages
from vofiles.serving.database import Database
from vofiles.serving.migrations import SchemaCheck, upgrade
from vofiles.serving.nonces import SqlNonces

_PACKAGE = "filemanager.persistence"


class SqlTransaction:
    """The port `Transaction` on one connection, for as long as its transaction lasts."""

    accounts: SqlAccounts
    nodes: SqlNodes
    contents: SqlContents
    stores: SqlStores
    transfers: SqlTransfers
    changes: SqlChanges
    credentials: SqlCredentials
    errands: SqlErrands
    jobs: SqlJobs
    census: SqlCensus
    repeats: SqlRepeats
    trash: SqlTrash
    usages: SqlUsages
    standing: SqlStanding
    search: SqlSearch
    nonces: SqlNonces

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        # Made when first asked for: most transactions need two or three of them.
        kind = _REPOSITORIES.get(name)
        if kind is None:
            raise AttributeError(name)
        made = self.__dict__[name] = kind(self._connection)
        return made


_REPOSITORIES: Final[dict[str, type[Any]]] = get_type_hints(SqlTransaction)


def open_database(url: str, *, readers: int = 8) -> Database[SqlTransaction]:
    """The database at `url` (`sqlite:///file` or `postgresql://…`), its schema brought up to date first.

    Raises ValueError for another kind of URL, `vofiles.serving.migrations.SchemaRefused` where a newer release made it,
    ServiceBusy where it does not answer.
    """
    upgrade(url, _PACKAGE)
    return Database(url, SqlTransaction, readers=readers)


def schema_check(url: str) -> SchemaCheck:
    """Tells whether the database still has this release's schema."""
    return SchemaCheck(url, _PACKAGE)
