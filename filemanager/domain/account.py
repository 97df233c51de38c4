"""Accounts: who has a tree here.

Rule: pure. An account's identifier is its key; its home is the one folder without a parent that it owns (I4).
"""

from dataclasses import dataclass

from vofiles.contract import AccountKind
from vofiles.errors import InvalidArgument, InvalidIdentifier
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.names import parse_name

KINDS = frozenset({AccountKind.PERSON, AccountKind.GROUP, AccountKind.SERVICE})
"""What an account can be."""


@dataclass(frozen=True, slots=True)
class Account:
    """A community account that this FileManager knows."""

    identifier: Ivorn
    name: str
    """Public name, unique in its community."""
    kind: str
    home: str
    """Number of its root node in this service."""
    created: Instant
    administrator: bool = False
    """Whether it may make accounts of any community and see the accounts of others."""

    @property
    def community(self) -> Ivorn:
        """The authority that issued it."""
        return community_of(self.identifier)


def community_of(account: Ivorn) -> Ivorn:
    """The community that an account identifier belongs to."""
    return Ivorn(account.authority)


def require_account_identifier(identifier: Ivorn) -> Ivorn:
    """An identifier that an account can have: authority and name, nothing after it. Raises InvalidIdentifier."""
    if not identifier.resource or identifier.fragment or identifier.query:
        raise InvalidIdentifier(repr(str(identifier)), reason="an account is called ivo://authority/name")
    return identifier


def public_name(identifier: Ivorn, name: str | None) -> str:
    """The public name given, or the last step of the identifier. Raises InvalidName."""
    return parse_name(name if name is not None else identifier.resource.rpartition("/")[2])


def require_kind(kind: str | None) -> str:
    """The kind given, PERSON if none. Raises InvalidArgument."""
    if kind is None:
        return AccountKind.PERSON
    if kind not in KINDS:
        raise InvalidArgument("kind", reason=f"an account is one of {', '.join(sorted(KINDS))}")
    return kind
