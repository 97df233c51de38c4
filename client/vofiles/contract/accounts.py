"""Operations of the FileManager on accounts, and about services.

Rule: a request's docstring says what its operation does.
"""

from dataclasses import dataclass

from vofiles.contract.values import Account, Property, Service
from vofiles.ivorn import Ivorn
from vofiles.shape import many


@dataclass(frozen=True, slots=True)
class GetIdentifier:
    """Who is this?"""


@dataclass(frozen=True, slots=True)
class IdentifierAnswer:
    identifier: Ivorn


@dataclass(frozen=True, slots=True)
class GetServices:
    """The services that this one knows, itself among them; with an identifier that one alone, or none."""

    identifier: Ivorn | None = None


@dataclass(frozen=True, slots=True)
class GetServicesAnswer:
    services: tuple[Service, ...] = many("service")


@dataclass(frozen=True, slots=True)
class AddAccount:
    """Make an account and its home. For administrators and communities' services."""

    account: Ivorn
    name: str | None = None
    """Public name; the last step of the identifier if not given."""
    kind: str | None = None
    properties: tuple[Property, ...] = many("property")
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class GetAccount:
    """An account with its home; the caller's own if none is named."""

    account: Ivorn | None = None


@dataclass(frozen=True, slots=True)
class SetAccountProperties:
    """Add, change and remove properties of an account; the caller's own if none is named."""

    account: Ivorn | None = None
    properties: tuple[Property, ...] = many("property")
    remove_keys: tuple[str, ...] = many("removeKey")
    idempotency_key: str | None = None
    """A word of the caller's: a call that is made again with it is answered as the first one was."""


@dataclass(frozen=True, slots=True)
class AccountAnswer:
    account: Account
