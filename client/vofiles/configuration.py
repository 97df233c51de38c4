"""Configuration files of services: TOML, read key by key into frozen values.

Rule: knows no service's keys. Every key is asked for by name, one that nobody asked for is refused by name, relative
paths start at the file, and a secret is neither printed nor taken from a file that others can read.
"""

import binascii
import stat
import tomllib
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

from vofiles.errors import VofilesError

T = TypeVar("T")

MINIMUM_SECRET: Final = 32
"""Bytes of the shortest secret that two services may share."""


class ConfigurationError(Exception):
    """The configuration cannot be used; the message names file and key."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a service is heard, and how it is called."""

    interface: str
    port: int
    """0: any free one."""
    address: str
    """Base URL as others reach it, without `/` at its end; empty: as the listening socket says."""
    certificate: Path | None = None
    """PEM file; with it and `key` the service speaks TLS."""
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A secret shared with another service, and its name in signatures."""

    id: str
    secret: bytes = field(repr=False)


_KINDS: Final[Mapping[type, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    dict: "table",
    list: "list",
}


class Table:
    """One table of a file. As a context manager it refuses, at the end, the keys that nobody asked for."""

    def __init__(self, path: Path, where: str, values: Mapping[str, Any]) -> None:
        self.path, self._where, self._left = path, where, dict(values)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            for key in self._left:
                raise self.error(key, "there is no such key")

    def error(self, key: str, reason: str) -> ConfigurationError:
        """What to raise about a key."""
        return ConfigurationError(f"{self.path}: {self._name(key)}: {reason}")

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """A value of one type; without default it must be there."""
        if key not in self._left:
            if default is None:
                raise self.error(key, "it is missing")
            return default
        value: Any = self._left.pop(key)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.error(key, f"it must be a {_KINDS[kind]}")
        return value

    def find(self, key: str, kind: type[T]) -> T | None:
        """A value of one type, or None where it is not there."""
        return self.take(key, kind) if key in self._left else None

    def has(self, key: str) -> bool:
        """Whether a key is there and was not asked for yet."""
        return key in self._left

    def parse(self, key: str, parse: Callable[[str], T]) -> T:
        """A text that `parse` understands; it must be there."""
        return self._parsed(key, self.take(key, str), parse)

    def parse_list(self, key: str, parse: Callable[[str], T]) -> tuple[T, ...]:
        """Texts that `parse` understands; none where the key is not there."""
        return tuple(self._parsed(key, text, parse) for text in self.take(key, list, []))

    def positive(self, key: str, default: T) -> T:
        """A number above 0."""
        value: Any = self.take(key, type(default), default)
        if value <= 0:
            raise self.error(key, "it must be more than 0")
        return value  # type: ignore[no-any-return]

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """One of some words."""
        value = self.take(key, str, default)
        if value not in allowed:
            raise self.error(key, f"it is one of {', '.join(allowed)}")
        return value

    def url(self, key: str, default: str | None = None) -> str:
        """An http or https address without `/` at its end."""
        value = self.take(key, str, default).rstrip("/")
        parts = urlsplit(value)
        if value != default and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.query):
            raise self.error(key, "it is an address like https://files.example.org")
        return value

    def path_of(self, key: str) -> Path:
        """A file or folder; it must be named."""
        return (self.path.parent / self.take(key, str)).absolute()

    def find_path(self, key: str) -> Path | None:
        """A file or folder, or None where none is named."""
        return self.path_of(key) if key in self._left else None

    def table(self, key: str) -> "Table":
        """A table inside; empty where it is not there."""
        return Table(self.path, self._name(key), self.take(key, dict, {}))

    def tables(self, key: str) -> Iterator["Table"]:
        """An array of tables inside; none where it is not there."""
        for position, value in enumerate(self.take(key, list, []), start=1):
            if not isinstance(value, dict):
                raise self.error(key, "it must be an array of tables")
            yield Table(self.path, f"{self._name(key)}[{position}]", value)

    def _name(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _parsed(self, key: str, text: object, parse: Callable[[str], T]) -> T:
        if not isinstance(text, str):
            raise self.error(key, "it must be a text")
        try:
            return parse(text)
        except (VofilesError, ValueError) as error:
            raise self.error(key, str(error)) from error


def read(path: Path) -> Table:
    """The outermost table of a file. Raises ConfigurationError."""
    try:
        return Table(path, "", tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def take_listen(top: Table, port: int) -> Listen:
    """The table `listen`, with the port that a service has where none is given."""
    with top.table("listen") as table:
        listen = Listen(
            table.take("interface", str, "127.0.0.1"),
            table.take("port", int, port),
            table.url("address", ""),
            table.find_path("certificate"),
            table.find_path("key"),
        )
        if not 0 <= listen.port <= 65535:
            raise table.error("port", "it is between 0 and 65535")
        if (listen.certificate is None) != (listen.key is None):
            raise table.error("key" if listen.key is None else "certificate", "TLS needs both certificate and key")
    return listen


def take_keys(peer: Table) -> tuple[SharedKey, ...]:
    """The keys shared with a peer: one, or two while they rotate, the signing one first."""
    keys = tuple(_key(table) for table in peer.tables("keys"))
    if not 1 <= len(keys) <= 2:
        raise peer.error("keys", "calls between services are signed: give one key, or two while they rotate")
    return keys


def require_distinct(path: Path, what: str, values: Iterator[object]) -> None:
    """Refuse a value that comes twice."""
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise ConfigurationError(f"{path}: {what}: {value} is given twice")
        seen.add(value)


def _key(table: Table) -> SharedKey:
    with table:
        name = table.take("id", str)
        if not name.isascii() or not name.isprintable() or not name or set(name) & set('"\\'):
            raise table.error("id", "it is printable ASCII without quote and backslash")
        file = table.find_path("secret_file")
        source = "secret" if file is None else "secret_file"
        text = table.take("secret", str) if file is None else _read_secret(table, file)
        _require_private(table, source, file or table.path)
    try:
        text = text.strip()
        secret = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        # Nothing of the secret in the message, nor in the error's chain.
        raise table.error(source, "it is base64url") from None
    if len(secret) < MINIMUM_SECRET:
        raise table.error(source, f"it has fewer than {MINIMUM_SECRET} bytes")
    return SharedKey(name, secret)


def _read_secret(table: Table, file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, ValueError):
        raise table.error("secret_file", f"{file} cannot be read") from None


def _require_private(table: Table, key: str, file: Path) -> None:
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise table.error(key, f"others can read {file}, and it holds a secret: chmod 600 {file}")
