"""Which methods there are at the address of a content: what its ticket is for decides.

Rule: whoever is told them (RFC 9110, 10.2.1) has the ticket; an address that is none is told what there can be. Those
of resumable uploads are told also to who did not say that he speaks that protocol: they are there.
"""

from typing import Final

from filestore.domain.ticket import Tickets

RESUMING: Final = frozenset({"HEAD", "PATCH", "POST", "DELETE"})
"""Methods of resumable uploads, at the address of a PUT."""
_AT: Final = {"PUT": RESUMING | {"PUT", "OPTIONS"}, "GET": frozenset({"GET", "HEAD", "OPTIONS"})}
METHODS: Final = frozenset[str]().union(*_AT.values())
"""All there can be."""


def allow_at(tickets: Tickets, token: str) -> str:
    """The value of Allow at an address."""
    ticket = tickets.find(token)
    return ", ".join(sorted(METHODS if ticket is None else _AT[ticket.method]))
