"""What a command's words mean: which are paths at home, which on this machine; sizes and times as people type them.

Rule: the only place that tells paths apart, by the word alone, so that it never depends on what exists.
"""

import re
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import typer

from vofiles.names import HomePath, is_home_path, parse_home_path

HOME_HELP = "home:a/b; {home}/a/b and vofiles://home/a/b are the same"
SIZE_HELP = "bytes, or 10k, 10M, 10G, 10T"
TIME_HELP = "2026-11-22, 2026-11-22T10:15, or an age: 30m, 12h, 7d, 2w"


def home_path(word: str) -> HomePath:
    """A path at home. Raises a usage error for one on this machine, InvalidName for one that cannot be."""
    if not is_home_path(word):
        raise typer.BadParameter(f"{word!r} is not a path at home: write home:{word.lstrip('/')}")
    return parse_home_path(word)


def local_path(word: str) -> str:
    """A path on this machine. Raises a usage error for one at home."""
    if is_home_path(word):
        raise typer.BadParameter(f"{word!r} is a path at home, not on this machine (a local name like that: ./{word})")
    return word


def within_home(verb: str, sources: Sequence[str], target: str) -> tuple[list[HomePath], HomePath]:
    """The paths of a verb that works at home alone. Raises a usage error that names the verb for what is on this
    machine, InvalidName for what no path can be.
    """
    for word in sources:
        if not is_home_path(word):
            put = shlex.join(("vofiles", "put", word, target))
            hint = f"to bring it in: {put}" if is_home_path(target) else f"write home:{word.lstrip('/')}"
            raise typer.BadParameter(f"{verb} works at home, and {word!r} is on this machine; {hint}")
    if not is_home_path(target):
        get = shlex.join(("vofiles", "get", sources[0], target))
        hint = f"to fetch it: {get}, or write home:{target.lstrip('/')}"
        raise typer.BadParameter(f"{verb} works at home, and {target!r} is on this machine; {hint}")
    return [parse_home_path(word) for word in sources], parse_home_path(target)


_SIZE = re.compile(r"(\d{1,18})([kKMGT]?)(?:i?B)?\Z", re.ASCII)
_FACTORS = {"": 1, "k": 1 << 10, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size(word: str) -> int:
    """Bytes. Raises a usage error."""
    match = _SIZE.match(word)
    if match is None:
        raise typer.BadParameter(f"{word!r} is not a size: {SIZE_HELP}")
    return int(match[1]) * _FACTORS[match[2]]


_AGE = re.compile(r"(\d{1,6})([mhdw])\Z", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(word: str, now: datetime | None = None) -> datetime:
    """A time; without a zone it is this machine's, an age is so long ago. Raises a usage error."""
    age = _AGE.match(word)
    try:
        if age is not None:
            return (now or datetime.now(UTC)) - timedelta(**{_UNITS[age[2]]: int(age[1])})
        found = datetime.fromisoformat(word)
        return found if found.tzinfo is not None else found.astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{word!r} is not a time: {TIME_HELP}") from None


def pair(word: str) -> tuple[str, str]:
    """KEY=VALUE. Raises a usage error."""
    key, mark, value = word.partition("=")
    if not key or not mark:
        raise typer.BadParameter(f"{word!r} is not KEY=VALUE, such as note=calibrated")
    return key, value
