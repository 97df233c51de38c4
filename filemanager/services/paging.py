"""Pages of numbered things: how long one is, and where it begins."""

from filemanager.domain.retention import MOST
from vofiles.errors import InvalidArgument


def page_size(asked: int | None, most: int) -> int:
    """How many a page has at most. Raises InvalidArgument."""
    limit = most if asked is None else min(asked, most)
    if limit < 1:
        raise InvalidArgument("limit", reason="it is at least 1")
    return limit


def number_after(text: str | None, most: int = MOST) -> int | None:
    """The number that a page begins after, None for the first page. Raises InvalidArgument."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)) or int(text) > most:
        raise InvalidArgument("after", reason="it is the `next` of the page before")
    return int(text)
