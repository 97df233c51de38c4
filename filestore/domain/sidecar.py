"""Sidecars: what stands beside a container's bytes, so that they can be read without any database.

Rule: pure; JSON with a format number. A sidecar is written once, with its container, and is durable before the
container is published; `filestore manifest` is made of them alone.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from filestore.domain.container import Container, Content
from vofiles.contract import Digest
from vofiles.errors import VofilesError
from vofiles.instant import Instant, parse_instant, to_text
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is known of a container's bytes."""

    container: Ivorn
    manager: Ivorn
    node: LongIdentifier
    owner: Ivorn
    transfer: str
    created: Instant
    completed: Instant
    content: Content
    identifier: NodeIdentifier | None = None
    """The node's own identifier, if the FileManager told it; `node` is how it was called, from its root."""

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(
            {
                "format": FORMAT,
                "container": str(self.container),
                "manager": str(self.manager),
                "node": str(self.node.node),
                "path": str(self.node),
                "identifier": str(self.identifier) if self.identifier else None,
                "owner": str(self.owner),
                "transfer": self.transfer,
                "size": self.content.size,
                "type": self.content.content_type,
                "digests": {digest.algorithm: digest.value for digest in self.content.digests},
                "created": to_text(self.created),
                "completed": to_text(self.completed),
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_json(cls, text: str) -> "Sidecar":
        """The sidecar in a line of JSON. Raises ValueError where it is none."""
        try:
            fields: dict[str, Any] = json.loads(text)
            identifier = fields.get("identifier")
            digests = tuple(Digest(str(name), str(value)) for name, value in fields["digests"].items())
            return cls(
                Ivorn.parse(fields["container"]),
                Ivorn.parse(fields["manager"]),
                LongIdentifier.parse(fields["path"]),
                Ivorn.parse(fields["owner"]),
                fields["transfer"],
                parse_instant(fields["created"]),
                parse_instant(fields["completed"]),
                Content(int(fields["size"]), digests, fields["type"]),
                NodeIdentifier.parse(identifier) if identifier is not None else None,
            )
        except (KeyError, TypeError, AttributeError, VofilesError) as error:
            raise ValueError(f"this is no sidecar: {text[:80]!r}") from error


def sidecar_of(store: Ivorn, container: Container, content: Content, completed: Instant) -> Sidecar:
    """The sidecar of a container whose bytes have all come."""
    return Sidecar(
        store.with_fragment(container.number),
        container.manager,
        container.node,
        container.owner,
        container.transfer,
        container.created,
        completed,
        content,
        container.identifier,
    )
