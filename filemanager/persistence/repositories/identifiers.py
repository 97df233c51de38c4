"""Identifiers as they come out of the database: parsed once, since the same few accounts and stores come back again."""

from functools import lru_cache

from vofiles.ivorn import Ivorn


@lru_cache(maxsize=8192)
def ivorn(text: str) -> Ivorn:
    """The identifier in a column."""
    return Ivorn.parse(text)


def container_ivorn(text: str) -> Ivorn:
    """The identifier of a container in a column: its service is one of a few, its number like no other."""
    service, _, number = text.partition("#")
    return ivorn(service).with_fragment(number)
