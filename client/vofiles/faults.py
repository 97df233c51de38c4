"""THE table of failures: error class <-> SOAP fault <-> HTTP status.

Rule: pure, and one table. Servers read it from left to right (`row_of`, looked up along the class's ancestry), clients
from right to left (`error_of`), so that `except NodeNotFound` works at both ends. No other module decides on a fault's
name or an error's status.
"""

from dataclasses import dataclass
from typing import Final

from vofiles import errors
from vofiles.errors import VofilesError


@dataclass(frozen=True)
class FaultRow:
    """One line of the table."""

    error: type[VofilesError]
    fault: str
    """Local name of the declared fault's element: the error's category."""
    blame: str
    """SOAP 1.1 faultcode: `Client` (change the request) or `Server` (try again or ask the operator)."""
    status: int
    """HTTP status where no SOAP envelope is expected (data URLs, tokens)."""


def _row(error: type[VofilesError], blame: str, status: int) -> FaultRow:
    category = error.__mro__[error.__mro__.index(VofilesError) - 1]
    return FaultRow(error, category.__name__, blame, status)


TABLE: Final = tuple(
    _row(*line)
    for line in (
        (errors.NotFound, "Client", 404),
        (errors.Conflict, "Client", 409),
        (errors.WrongKind, "Client", 409),
        (errors.WrongMethod, "Client", 405),
        (errors.Refused, "Client", 403),
        (errors.NotAuthenticated, "Client", 401),
        (errors.QuotaExceeded, "Client", 507),
        (errors.StoreFull, "Server", 507),
        (errors.Invalid, "Client", 400),
        (errors.TooLarge, "Client", 413),
        (errors.UnsupportedEncoding, "Client", 415),
        (errors.RangeUnsatisfiable, "Client", 416),
        (errors.ChecksumMismatch, "Client", 422),
        (errors.Incomplete, "Client", 400),
        (errors.Unreachable, "Server", 502),
        (errors.ServiceBusy, "Server", 503),
        (errors.StoreReadOnly, "Server", 503),
        (errors.Unexpected, "Server", 500),
        # Bytes that a store does not have any more as they came. Behind Unexpected, which a 500 without a name is.
        (errors.Damaged, "Server", 500),
    )
)

_ROWS: Final = {row.error: row for row in TABLE}


def _descendants(error: type[VofilesError]) -> dict[str, type[VofilesError]]:
    found = {error.__name__: error}
    for child in error.__subclasses__():
        # Only the tree of `errors` is on the wire; a user's own subclass is not ours to raise.
        if child.__module__ == errors.__name__:
            found |= _descendants(child)
    return found


ERRORS: Final = _descendants(VofilesError)
"""Every error of the tree by its name."""

CATEGORIES: Final = tuple(dict.fromkeys(row.fault for row in TABLE))
"""Names of the declared faults."""


def row_of(error: VofilesError | type[VofilesError]) -> FaultRow:
    """The line for an error: its class's own, else its nearest ancestor's."""
    kind = error if isinstance(error, type) else type(error)
    for ancestor in kind.__mro__:
        if ancestor in _ROWS:
            return _ROWS[ancestor]
    return _ROWS[errors.Unexpected]


def error_of(
    name: str, message: str, *, fault: str = "", status: int = 0, properties: tuple[tuple[str, str], ...] = ()
) -> VofilesError:
    """The error that another service told us of, by its name; failing that by its fault's name, then by its status.

    A name we do not know (the other service may be newer) becomes its category, so that `except NotFound` still works.
    """
    kind = ERRORS.get(name) or ERRORS.get(fault)
    if kind is None:
        by_status = {row.status: row.error for row in reversed(TABLE)}
        kind = by_status.get(status, errors.Unexpected)
    return kind.received(message, properties)
