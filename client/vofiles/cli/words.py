"""What a command's words mean: which are paths at home, which on this machine.

Rule: the only place that tells the two apart, by the word alone, so that it never depends on what exists.
"""

import typer

from vofiles.names import HomePath, is_home_path, parse_home_path

HOME_HELP = "home:a/b; {home}/a/b and vofiles://home/a/b are the same"


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
