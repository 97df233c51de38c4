"""What a check of a store can find, and which promise each breaks.

Rule: pure; `FINDINGS` is the one table, and `found` the only way to a finding.
"""

from typing import Final

from vofiles.findings import Finding, Repair

MISSING_BYTES: Final = "missing-bytes"
WRONG_SIZE: Final = "wrong-size"
WRONG_DIGEST: Final = "wrong-digest"
UNREADABLE: Final = "unreadable"
DAMAGED: Final = "damaged"
UNSTEADY: Final = "read-wrongly-once"
NO_SIDECAR: Final = "no-sidecar"
WRONG_SIDECAR: Final = "wrong-sidecar"
ORPHAN: Final = "orphan"
OLDER: Final = "older-than-catalogue"
LEFTOVER: Final = "leftover"
STRANDED: Final = "stranded-container"
LOST_LEASE: Final = "lost-lease"
WRONG_OUTCOME: Final = "wrong-outcome"
UNACKNOWLEDGED: Final = "unacknowledged"
UNDELIVERED: Final = "undelivered-callback"
# Of adopted files.
CHANGED: Final = "changed-underneath"
VANISHED: Final = "vanished-underneath"
APPEARED: Final = "appeared"
LEFT_OUT: Final = "left-out"
NO_DIRECTORY: Final = "no-directory"

FINDINGS: Final = {
    MISSING_BYTES: "I1",
    WRONG_SIZE: "I1",
    WRONG_DIGEST: "I1",
    UNREADABLE: "I1",
    DAMAGED: "I1",
    UNSTEADY: "I1",
    NO_SIDECAR: "I2",
    WRONG_SIDECAR: "I2",
    WRONG_OUTCOME: "I5",
    ORPHAN: "I6",
    OLDER: "I6",
    LEFTOVER: "I6",
    STRANDED: "I6",
    LOST_LEASE: "I6",
    UNACKNOWLEDGED: "I6",
    UNDELIVERED: "I6",
    CHANGED: "I1",
    VANISHED: "I1",
    NO_DIRECTORY: "I1",
    APPEARED: "I6",
    LEFT_OUT: "I4",
}
"""The promise (docs/architecture.md) that each kind breaks."""


def found(kind: str, subject: object, detail: str, repair: str = Repair.NONE) -> Finding:
    """A finding of a kind."""
    return Finding(FINDINGS[kind], kind, str(subject), detail, repair)
