"""The attributes of a node: what AstroGrid's clients know of a content, and whose home a folder is.

Rule: these names and no others, as the original server had them; other properties of a node stay with the native
contract. An attribute that would not be true is left out: `resource.url`, because there is no address of a content that
stays, and `transfer.source.url` as soon as the content is another one than came from there.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from filemanager.api.astrogrid.types import Attribute
from filemanager.domain.spelling import account_of
from filemanager.services.bundles import Entry
from vofiles import contract
from vofiles.contract import Digest, Property
from vofiles.errors import InvalidIdentifier
from vofiles.instant import Instant, parse_instant, to_datetime

PREFIX: Final = "org.astrogrid.filestore."
HOME: Final = "community.home.space"

SPELLED: Final = "astrogrid.account"
"""Property of an account that was made through this API: the identifier as it was written then."""
SOURCE: Final = "astrogrid.source"
"""Property of a file: digest and URL of a content that was fetched from there."""

_ORDER: Final = ("sha-256", "xxh3-128")


def attributes_of(entry: Entry) -> tuple[Attribute, ...]:
    """The attributes of a node."""
    properties = {each.key: each.value for each in entry.node.properties}
    found = dict(_of_content(entry.node, properties)) if entry.node.version else {}
    home = [Attribute(HOME, _home_of(entry.account, properties[HOME]))] if HOME in properties else []
    return (*home, *(Attribute(PREFIX + key, value) for key, value in found.items()))


def spelled(text: str) -> Property:
    """What is kept of how an account was written."""
    return Property(SPELLED, text)


def source_of(node: contract.Node, url: str) -> Property | None:
    """What is kept of where a content came from, None where nothing would tell it from another one."""
    digest = _digest_of(node)
    if digest is None:
        return None
    parts = urlsplit(url)
    # Who reads the node need not know the password.
    shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return Property(SOURCE, f"{digest.algorithm}:{digest.value} {shown}")


def _of_content(node: contract.Node, properties: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if "filestore.location" in properties:
        yield "resource.ivorn", properties["filestore.location"]
    # People can set it, too, to anything.
    digest, (mark, _, url) = _digest_of(node), properties.get(SOURCE, "").partition(" ")
    if digest is not None and mark == f"{digest.algorithm}:{digest.value}":
        yield "transfer.source.url", url
    yield "content.size", str(node.size or 0)
    for key in ("content.type", "content.encoding"):
        if key in properties:
            yield key, properties[key]
    created = parse_instant(properties["content.created.date"])
    # A content never changes: another one comes in its place, with dates of its own.
    yield "created.date", _date(created)
    yield "modified.date", _date(created)


def _digest_of(node: contract.Node) -> Digest | None:
    known = {digest.algorithm: digest for digest in node.digests}
    return next((known[algorithm] for algorithm in _ORDER if algorithm in known), None)


def _date(instant: Instant) -> str:
    return to_datetime(instant).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _home_of(account: Mapping[str, str], owner: str) -> str:
    """The account as it was written when it was made, while that is still an identifier of the same."""
    written = account.get(SPELLED, "")
    try:
        return written if str(account_of(written)) == owner else owner
    except InvalidIdentifier:
        return owner
