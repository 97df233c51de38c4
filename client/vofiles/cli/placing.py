"""Where `mv` and `cp` put things: into a folder that is there, else under a new name, as their namesakes do.

Rule: the target is looked at once, before anything is moved; several sources need a folder.
"""

from collections.abc import Callable, Sequence

import typer

from vofiles.cli.exits import Outcomes
from vofiles.jobs import JobProgress
from vofiles.names import HomePath
from vofiles.tree import Home, Node

Place = Callable[[Node, HomePath, str, JobProgress], object]
"""Puts an entry into a folder under a name, told how it goes on."""


def place_all(home: Home, sources: Sequence[HomePath], target: HomePath, word: str, place: Place) -> None:
    """Put each source where `target`, typed as `word`, says. Raises a usage error where that cannot be."""
    from vofiles.cli.following import following

    into = home.at(target).is_folder()
    if not into and (len(sources) > 1 or word.endswith("/")):
        raise typer.BadParameter(f"{word} is not a folder that is there: make it with vofiles mkdir -p {word}")
    outcomes = Outcomes()
    for source in sources:
        with outcomes.part(), following(str(source.name or source)) as told:
            folder, name = (target, source.name) if into else (target.parent, target.name)
            place(home.at(source), folder, name or "home", told)
    outcomes.finish()
