"""The words that stand in wire values: kinds, states, directions, algorithms.

Rule: each is a documented string on the wire and not an enumeration, because all of them will grow; a class that ends
in `Kind`, `State` … lists what is meant today.
"""

from typing import Final


class NodeKind:
    """What a node is."""

    FILE: Final = "FILE"
    FOLDER: Final = "FOLDER"
    LINK: Final = "LINK"
    """Documented from the start; no operation makes one yet."""


class AccountKind:
    """What an account is."""

    PERSON: Final = "PERSON"
    GROUP: Final = "GROUP"
    SERVICE: Final = "SERVICE"


class ServiceKind:
    """What a service is."""

    FILEMANAGER: Final = "FILEMANAGER"
    FILESTORE: Final = "FILESTORE"


class TransferState:
    """How far a transfer is; design 2 has the table of transitions."""

    REQUESTED: Final = "REQUESTED"
    QUEUED: Final = "QUEUED"
    STAGING: Final = "STAGING"
    OFFERED: Final = "OFFERED"
    RECEIVING: Final = "RECEIVING"
    STORED: Final = "STORED"
    COMPLETED: Final = "COMPLETED"
    FAILED: Final = "FAILED"
    EXPIRED: Final = "EXPIRED"
    CANCELLED: Final = "CANCELLED"

    ENDED: Final = frozenset({COMPLETED, FAILED, EXPIRED, CANCELLED})


class Direction:
    """Which way a transfer's bytes go, and who moves them."""

    IMPORT_INIT: Final = "importInit"
    IMPORT_DATA: Final = "importData"
    EXPORT_INIT: Final = "exportInit"
    EXPORT_DATA: Final = "exportData"
    APPEND_INIT: Final = "appendInit"
    COPY: Final = "copy"
    """Between stores or within one, by the FileManager's own wish."""


class ContainerState:
    """What is in a container."""

    EMPTY: Final = "EMPTY"
    RECEIVING: Final = "RECEIVING"
    COMPLETE: Final = "COMPLETE"
    DELETED: Final = "DELETED"


class DigestAlgorithm:
    """How a digest is made; values are lower-case hexadecimal."""

    SHA256: Final = "sha-256"
    XXH3: Final = "xxh3-128"


class Durability:
    """What a store has done with bytes when it says that it has them: the property `durability` of its status."""

    DISK: Final = "disk"
    """They are on its disk, and survive the loss of power."""
    MEMORY: Final = "memory"
    """They are written, and survive the end of the store's process, but not of its machine."""


class JobVerb:
    """What a job does to each of its items."""

    COPY: Final = "copy"
    MOVE: Final = "move"
    """Content goes to another store; the tree stays as it is."""
    DELETE: Final = "delete"
    """For good: what is trashed goes by one row and needs no job. An item is a batch of what is removed, not a node."""
    IMPORT: Final = "importTree"
    EXPORT: Final = "exportTree"
    DRAIN: Final = "drain"
    """As MOVE, for all that a store holds."""
    REPAIR: Final = "repair"
    """Content that a store has damaged is fetched again, from where else it is."""


class JobState:
    """How far a job is."""

    QUEUED: Final = "QUEUED"
    RUNNING: Final = "RUNNING"
    COMPLETED: Final = "COMPLETED"
    """Every item is done."""
    FAILED: Final = "FAILED"
    """Ended, and some items failed; those can be tried again."""
    CANCELLED: Final = "CANCELLED"

    ENDED: Final = frozenset({COMPLETED, FAILED, CANCELLED})


class ItemState:
    """How far one item of a job is."""

    WAITING: Final = "WAITING"
    RUNNING: Final = "RUNNING"
    DONE: Final = "DONE"
    FAILED: Final = "FAILED"
    CANCELLED: Final = "CANCELLED"

    ENDED: Final = frozenset({DONE, FAILED, CANCELLED})


class Match:
    """How the value of a property is compared."""

    EQUALS: Final = "EQUALS"
    PREFIX: Final = "PREFIX"


class Order:
    """What found nodes are sorted by; nodes that are alike in it, in the order they were made."""

    NAME: Final = "NAME"
    SIZE: Final = "SIZE"
    MODIFIED: Final = "MODIFIED"
    CREATED: Final = "CREATED"


HTTP: Final = "HTTP"
"""The one transfer protocol today."""

COMPLETE_KEY: Final = "transfer.complete"
COMPLETE_REQUIRED: Final = "required"
"""The property of a transfer that says: call completeTransfer when all bytes have been sent."""
