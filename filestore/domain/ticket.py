"""Tickets: the short-lived right inside a pre-authorised PUT or GET address.

    <transfer>.<epoch>.<mac>      mac = first 128 bits of HMAC-SHA256(store's secret, transfer, method, epoch)

Rule: pure. A ticket says which transfer and method it is for and proves that this store made it; whether it may be used
now is the transfer's state. The same transfer, method and epoch give the same ticket, so a repeated request gets the
same address. Comparison takes the same time wherever two tickets differ.
"""

import hashlib
import hmac
import re
from base64 import b32encode
from dataclasses import dataclass
from typing import Final

from vofiles.errors import InvalidArgument, TicketUnknown, WrongMethod

METHODS: Final = ("PUT", "GET")
"""Methods that tickets are made for; HEAD needs the right to GET."""

_MAC_BYTES: Final = 16
_TRANSFER: Final = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
_TOKEN: Final = re.compile(r"(?P<transfer>[A-Za-z0-9_-]{1,128})\.(?P<epoch>[1-9][0-9]{0,8})\.(?P<mac>[a-z2-7]{26})\Z")


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that this store made."""

    transfer: str
    epoch: int
    method: str


@dataclass(frozen=True, slots=True)
class Tickets:
    """Makes and checks tickets with the store's secret."""

    secret: bytes

    def __post_init__(self) -> None:
        if len(self.secret) < 32:
            raise ValueError("a ticket secret has at least 32 bytes")

    def __repr__(self) -> str:
        return "Tickets(…)"

    def token(self, ticket: Ticket) -> str:
        """The ticket as it stands in an address."""
        return f"{ticket.transfer}.{ticket.epoch}.{self._mac(ticket)}"

    def check(self, token: str, method: str) -> Ticket:
        """The ticket in an address. Raises TicketUnknown, and WrongMethod for a true ticket of another method."""
        ticket = self.find(token)
        if ticket is None:
            raise TicketUnknown
        if ticket.method != ("GET" if method == "HEAD" else method):
            raise WrongMethod(method, reason=f"it is good for {ticket.method}")
        return ticket

    def find(self, token: str) -> Ticket | None:
        """The ticket in an address, whatever it is for; None where this store did not make it."""
        match = _TOKEN.match(token)
        if match is None:
            return None
        candidates = [Ticket(match["transfer"], int(match["epoch"]), made_for) for made_for in METHODS]
        # Every candidate is compared, so that time does not tell which one it was.
        true = [ticket for ticket in candidates if hmac.compare_digest(self._mac(ticket), match["mac"])]
        return true[0] if true else None

    def _mac(self, ticket: Ticket) -> str:
        text = f"{ticket.transfer}\n{ticket.epoch}\n{ticket.method}".encode("ascii")
        mac = hmac.new(self.secret, text, hashlib.sha256).digest()[:_MAC_BYTES]
        return b32encode(mac).decode("ascii").rstrip("=").lower()


def require_transfer_id(text: str) -> str:
    """A transfer id that can stand in an address. Raises InvalidArgument."""
    if not _TRANSFER.match(text):
        raise InvalidArgument("transfer", reason="an id is 1 to 128 letters, digits, '-' and '_'")
    return text
