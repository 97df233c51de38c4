"""Identifiers as they come out of the database: parsed once, since the same few accounts and stores come back again."""

from functools import lru_cache

from vofiles.ivorn import Ivorn


@lru_cache(maxsize=8192)
def ivorn(text: str) -> Ivorn:
    """The identifier in a column."""
    return Ivorn.parse(text)
