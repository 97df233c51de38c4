"""Manifests: what a store wrote beside each container's bytes, one line of JSON each, read back.

Rule: pure. A line says the same as `listContainers` does of a container that is COMPLETE, and becomes the same value.
"""

import json
from dataclasses import dataclass
from typing import Any

from vofiles.contract import ContainerState, Digest, Holding
from vofiles.errors import InvalidArgument, VofilesError
from vofiles.instant import parse_instant
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a manifest."""

    manager: Ivorn
    """The FileManager whose container it is."""
    holding: Holding


def parse_line(text: str) -> Line:
    """The container in a line of a manifest. Raises InvalidArgument where it is none."""
    try:
        fields: dict[str, Any] = json.loads(text)
        identifier = fields.get("identifier")
        holding = Holding(
            container=Ivorn.parse(fields["container"]),
            state=ContainerState.COMPLETE,
            node=LongIdentifier.parse(fields["path"]),
            owner=Ivorn.parse(fields["owner"]),
            transfer=str(fields["transfer"]),
            created=parse_instant(fields["created"]),
            node_identifier=NodeIdentifier.parse(identifier) if identifier is not None else None,
            completed=parse_instant(fields["completed"]),
            size=int(fields["size"]),
            content_type=fields["type"],
            digests=tuple(Digest(str(name), str(value)) for name, value in fields["digests"].items()),
        )
        return Line(Ivorn.parse(fields["manager"]), holding)
    except (ValueError, KeyError, TypeError, AttributeError, VofilesError) as error:
        raise InvalidArgument("manifest", reason=f"this is no line of a manifest: {text.strip()[:80]!r}") from error
