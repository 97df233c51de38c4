"""Where the keys of a TOML text stand, which the parser does not tell.

Rule: simple, and never wrong by more than a table: what it does not understand has the line of what it stands in. It
judges nothing; the text has been parsed before.
"""

import re
from typing import Final

_PART: Final = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY: Final = re.compile(rf"\s*({_DOTTED})\s*=\s*(.*)")
_STRINGS: Final = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'[^']*'")


class Lines:
    """The line of each key in a text, by names like `listen.port` and `stores[2].keys[1].id`."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._table = ""
        self._array = ""
        self._quoted = ""
        for number, line in enumerate(text.splitlines(), start=1):
            self._take(number, line)

    def find(self, name: str) -> int | None:
        """The line of a key, else of what it stands in; None for a key of the top that is not there."""
        while name:
            if name in self._lines:
                return self._lines[name]
            name = name[: max(name.rfind("."), name.rfind("["), 0)]
        return None

    def _take(self, number: int, line: str) -> None:
        if self._quoted:
            if self._quoted in line:
                self._quoted = ""
            return
        for quotes in ('"""', "'''"):
            if line.count(quotes) % 2:
                self._quoted = quotes
        if self._array:
            self._take_element(number, line)
        elif header := _HEADER.match(line):
            self._table = self._enter(_parts(header[2]), many=header[1] == "[[")
            self._lines.setdefault(self._table, number)
        elif key := _KEY.match(line):
            name = ".".join(filter(None, (self._table, *_parts(key[1]))))
            self._lines.setdefault(name, number)
            if _opens(key[2]):
                self._array = name

    def _take_element(self, number: int, line: str) -> None:
        if line.lstrip().startswith("{"):
            self._lines[self._count(self._array)] = number
        if _STRINGS.sub("", line).partition("#")[0].strip().endswith("]"):
            self._array = ""

    def _enter(self, parts: list[str], *, many: bool) -> str:
        name = ""
        for part in parts[:-1]:
            name = f"{name}.{part}" if name else part
            if name in self._counts:
                name = f"{name}[{self._counts[name]}]"
        name = f"{name}.{parts[-1]}" if name else parts[-1]
        return self._count(name) if many else name

    def _count(self, name: str) -> str:
        self._counts[name] = self._counts.get(name, 0) + 1
        return f"{name}[{self._counts[name]}]"


def _parts(dotted: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, dotted)]


def _opens(value: str) -> bool:
    """Whether a value is an array that goes on in the next line."""
    bare = _STRINGS.sub("", value).partition("#")[0]
    return bare.count("[") > bare.count("]")
