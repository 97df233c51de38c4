"""Calls of an operation in which one argument after the other is odd: each value that its type can have on the wire.

odd = OddArguments({LongIdentifier: (file, nothing)}, {"transfer": (offer, "nothing")})
for request in odd.requests(operation): …

Rule: what an argument may be is told by its type and its name alone; the first value of each makes sense.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vofiles.contract import BundleHints, Digest, Header, Operation, Property, PropertyMatch, TreeSource
from vofiles.instant import Instant, parse_instant
from vofiles.shape import Part, parts

LAST: Final = parse_instant("9999-12-31T23:59:59.999999Z")
TEXTS: Final = ("", "x" * 300, "\r\n", "..", "a/b", "?", "é", "\u202e")
"""What a text may be, besides what its name says."""
VALUES: Final[Mapping[Any, tuple[Any, ...]]] = {
    int: (1, 0, -1, 2, 10**12, -(2**63), 2**63 - 1),
    bool: (True, False),
    Instant: (Instant(1), Instant(0), LAST),
    BundleHints: (BundleHints(), BundleHints(-1, -1, parents=True), BundleHints(10**9, 0)),
    Property: (
        *(Property("note", "x"), Property("", ""), Property("content.size", "1"), Property("node.name", "x")),
        *(Property("filestore.preferred", "x"), Property("posix.mode", "x"), Property("versions.keep", "-1")),
        *(Property("a" * 300, "x"), Property("note", "x" * 70_000), Property("transfer.digest.sha-256", "x")),
    ),
    Digest: (Digest("sha-256", "00" * 32), Digest("", ""), Digest("sha-256", "?"), Digest("md5", "00")),
    Header: (Header("X-Note", "x"), Header("", ""), Header("Host", "x\r\ny"), Header("Authorization", "x")),
    PropertyMatch: (PropertyMatch("note", "x"), PropertyMatch("", "", "?"), PropertyMatch("a", "b", "LIKE")),
    TreeSource: (
        *(TreeSource("a", "http://source/a"), TreeSource("", ""), TreeSource("../a", "ftp://x")),
        *(TreeSource("a/b/c", "http://10.0.0.1/"), TreeSource("file", "http://source/a", -1, "?")),
    ),
}
NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "type": ("FILE", "FOLDER", "LINK", "TRASH"),
    "url": ("http://source/a", "ftp://source/a", "file:///etc/passwd", "http://10.0.0.1/", "http://[::1]:1/"),
    "idempotency_key": ("again", "again"),
}
"""What a text may be by the name of its argument."""


@dataclass(frozen=True)
class OddArguments:
    """The arguments that only a test knows, by type and by the name of the field."""

    by_type: Mapping[Any, tuple[Any, ...]]
    by_name: Mapping[str, tuple[Any, ...]]

    def requests(self, operation: Operation) -> Iterator[Any]:
        """The plain call first."""
        fields = parts(operation.request)
        plain = {part.field: self.values(part)[0] for part in fields if not part.optional}
        yield operation.request(**plain)
        for part in fields:
            for value in self.values(part):
                yield operation.request(**plain | {part.field: value})

    def values(self, part: Part) -> tuple[Any, ...]:
        """What an argument may be."""
        single = self._single(part)
        if part.many:
            return (*((each,) for each in single), (), single * 3)
        return (*single, None) if part.optional else single

    def _single(self, part: Part) -> tuple[Any, ...]:
        own: tuple[Any, ...] = self.by_name.get(part.field, ())
        if part.type is str:
            return (*(own or NAMED.get(part.field, ("x",))), *TEXTS)
        return (*own, *(self.by_type.get(part.type) or VALUES[part.type]))
