"""Configuration files of services: TOML, read key by key into frozen values.

Rule: knows no service's keys. Every key is asked for by name, one that nobody asked for is refused by name, with file
and line; relative paths start at the file.
"""

import re
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

from vofiles.errors import VofilesError
from vofiles.tomllines import Lines

T = TypeVar("T")

REQUIRED: Final = "required"
"""The default, in `Source.asked`, of a key that must be there."""


class ConfigurationError(Exception):
    """The configuration cannot be used; the message names file, line and key."""


@dataclass(frozen=True, slots=True)
class Source:
    """The file that tables are read from."""

    path: Path
    lines: Lines
    asked: dict[str, Any] = field(default_factory=dict)
    """Every key that was asked for, `stores[].keys[].id`, and its default."""

    def error(self, name: str, reason: str) -> ConfigurationError:
        """What to raise about a key."""
        line = self.lines.find(name)
        return ConfigurationError(f"{self.path}:{f'{line}:' if line else ''} {name}: {reason}")


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

    def __init__(self, source: Source, where: str, values: Mapping[str, Any]) -> None:
        self.source, self._where, self._left = source, where, dict(values)

    @property
    def path(self) -> Path:
        """The file."""
        return self.source.path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            for key in self._left:
                raise self.error(key, "there is no such key")

    def error(self, key: str, reason: str) -> ConfigurationError:
        """What to raise about a key."""
        return self.source.error(self._name(key), reason)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """A value of one type; without default it must be there."""
        self._note(key, REQUIRED if default is None else default)
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
        found = self.take(key, kind) if key in self._left else None
        self._note(key, None)
        return found

    def has(self, key: str) -> bool:
        """Whether a key is there and was not asked for yet."""
        return key in self._left

    def parse(self, key: str, parse: Callable[[str], T]) -> T:
        """A text that `parse` understands; it must be there."""
        return self._parsed(key, self.take(key, str), parse)

    def find_parsed(self, key: str, parse: Callable[[str], T]) -> T | None:
        """A text that `parse` understands, or None where it is not there."""
        text = self.find(key, str)
        return None if text is None else self._parsed(key, text, parse)

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
        found = self.path_of(key) if key in self._left else None
        self._note(key, None)
        return found

    def require_private(self, key: str, file: Path) -> None:
        """Refuse a file with a secret, named by a key, that others can read."""
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise self.error(key, f"others can read {file}, and it holds a secret: chmod 600 {file}")

    def table(self, key: str) -> "Table":
        """A table inside; empty where it is not there."""
        values = self.take(key, dict, {})
        del self.source.asked[self._pattern(key)]
        return Table(self.source, self._name(key), values)

    def tables(self, key: str) -> Iterator["Table"]:
        """An array of tables inside; none where it is not there."""
        values = self.take(key, list, [])
        del self.source.asked[self._pattern(key)]
        for position, value in enumerate(values, start=1):
            if not isinstance(value, dict):
                raise self.error(key, "it must be an array of tables")
            yield Table(self.source, f"{self._name(key)}[{position}]", value)

    def _note(self, key: str, default: object) -> None:
        self.source.asked[self._pattern(key)] = default

    def _pattern(self, key: str) -> str:
        return re.sub(r"\[\d+\]", "[]", self._name(key))

    def _name(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _parsed(self, key: str, text: object, parse: Callable[[str], T]) -> T:
        if not isinstance(text, str):
            raise self.error(key, "it must be a text")
        try:
            return parse(text)
        except (VofilesError, ValueError) as error:
            raise self.error(key, str(error)) from error


def database_url(table: Table, key: str, url: str) -> str:
    """The URL of a database as it is written under `key`; the path of an SQLite file starts at the configuration's.

    Raises ConfigurationError for another kind, and for a password that others can read.
    """
    kind, mark, name = url.partition(":///")
    if kind == "sqlite" and mark and name and not name.startswith("/"):
        # Relative to the file, so that it does not matter where the service is started.
        return f"sqlite:///{(table.path.parent / name).absolute()}"
    if not url.startswith(("sqlite:///", "postgresql")):
        # Not the URL itself: it may hold a password.
        raise table.error(key, "it is sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
    if ":" in url.partition("://")[2].rpartition("@")[0]:
        table.require_private(key, table.path)
    return url


class Once:
    """Refuses what is given twice in one configuration."""

    def __init__(self, *, shown: bool = True) -> None:
        """`shown`: whether the message may repeat the value."""
        self._seen: set[object] = set()
        self._shown = shown

    def require(self, table: Table, key: str, value: object) -> None:
        """Raises ConfigurationError where a key's value has been given before."""
        if value in self._seen:
            raise table.error(key, f"{value if self._shown else 'it'} is given twice")
        self._seen.add(value)


def read(path: Path) -> Table:
    """The outermost table of a file. Raises ConfigurationError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"{path}: {error.strerror if isinstance(error, OSError) else error}") from error
    try:
        return Table(Source(path, Lines(text)), "", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        told = re.search(r"at line (\d+)", str(error))
        line = told[1] if told else len(text.splitlines())  # "at end of document"
        raise ConfigurationError(f"{path}:{line}: {error}") from error
