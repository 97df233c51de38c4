"""The registry file: which services there are and which communities have their accounts where, in TOML.

    [[services]]
    identifier = "ivo://star.le.ac.uk/filemanager"
    address = "https://files.star.le.ac.uk"

    [[communities]]
    identifier = "ivo://ast.cam.ac.uk"
    resolver = "https://ast.cam.ac.uk/accounts/"      # or filemanager = "ivo://…", or a table of homes

Rule: only reads and judges the text, makes no remote call. Where credentials or answers would cross a network in the
clear it is refused: https, or this very machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from vofiles.configuration import ConfigurationError, Once, Table, read
from vofiles.contract import Service, ServiceKind
from vofiles.errors import InvalidArgument, InvalidIdentifier
from vofiles.ivorn import Ivorn, NodeIdentifier, parse_service
from vofiles.listen import is_loopback

FILE: Final = "registry.toml"
"""Its name in the folder of the settings."""

_KINDS: Final = (ServiceKind.FILEMANAGER, ServiceKind.FILESTORE)
_WAYS: Final = ("resolver", "filemanager", "homes")


@dataclass(frozen=True, slots=True)
class Community:
    """How the homes of one community's accounts are found: in just one of three ways."""

    identifier: Ivorn
    resolver: str | None = None
    """URL of its resolver service."""
    filemanager: Ivorn | None = None
    """The FileManager whose getAccount knows them."""
    homes: Mapping[Ivorn, NodeIdentifier] = field(default_factory=dict)
    """Accounts and their homes, written down."""


@dataclass(frozen=True, slots=True)
class Directory:
    """What a registry file says."""

    services: tuple[Service, ...] = ()
    communities: tuple[Community, ...] = ()


def is_confidential(url: str) -> bool:
    """Whether what is sent to a URL stays between us and it: by TLS, or within this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def load(path: Path) -> Directory:
    """What the file says. Raises InvalidArgument with file, line and key."""
    try:
        with read(path) as top:
            return _directory(top)
    except ConfigurationError as error:
        raise InvalidArgument("the registry file", reason=str(error)) from error


def _directory(top: Table) -> Directory:
    services, addresses, communities = Once(), Once(), Once()
    return Directory(
        tuple(_service(table, services, addresses) for table in top.tables("services")),
        tuple(_community(table, communities) for table in top.tables("communities")),
    )


def _service(table: Table, identifiers: Once, addresses: Once) -> Service:
    with table:
        identifier, address = table.parse("identifier", parse_service), _address(table, "address")
        identifiers.require(table, "identifier", identifier)
        addresses.require(table, "address", address)
        return Service(identifier, table.choice("kind", _KINDS, ServiceKind.FILEMANAGER), address)


def _community(table: Table, identifiers: Once) -> Community:
    with table:
        identifier = table.parse("identifier", parse_service)
        identifiers.require(table, "identifier", identifier)
        if identifier.resource or identifier.query or identifier.user:
            raise table.error("identifier", "a community is called ivo://authority")
        ways = [way for way in _WAYS if table.has(way)]
        if len(ways) != 1:
            raise table.error("resolver", f"give one of {', '.join(_WAYS)}")
        return Community(
            identifier,
            f"{_address(table, 'resolver')}/" if ways == ["resolver"] else None,
            table.find_parsed("filemanager", parse_service),
            _homes(table, identifier),
        )


def _homes(table: Table, community: Ivorn) -> Mapping[Ivorn, NodeIdentifier]:
    found: dict[Ivorn, NodeIdentifier] = {}
    for name, home in table.take("homes", dict, {}).items():
        key = f"homes.{name}"
        try:
            account = parse_service(f"{community}/{name}")
            if account in found:
                raise table.error(key, f"{account} is given twice")
            found[account] = NodeIdentifier.parse(home if isinstance(home, str) else "")
        except InvalidIdentifier as error:
            raise table.error(key, str(error)) from error
    return MappingProxyType(found)


def _address(table: Table, key: str) -> str:
    address = table.url(key)
    if not is_confidential(address):
        raise table.error(key, "it is https, or http on this very machine: others on the way could read and change it")
    return address
