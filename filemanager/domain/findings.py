"""What a check of the tree and its stores can find, and which promise each breaks.

Rule: pure; `FINDINGS` is the one table, and `found` the only way to a finding.
"""

from typing import Final

from vofiles.findings import Finding, Repair

MISSING: Final = "missing-container"
INCOMPLETE: Final = "incomplete-container"
WRONG_SIZE: Final = "wrong-size"
WRONG_DIGEST: Final = "wrong-digest"
OTHER_NODE: Final = "other-node"
DAMAGED: Final = "damaged"
FOUND_AGAIN: Final = "found-again"
SUSPECT: Final = "suspect"
NO_REPLICA: Final = "no-replica"
WRONG_VERSION: Final = "wrong-version"
UNVERIFIED: Final = "unverified-store"
NO_HOME: Final = "no-home"
STRAY_ROOT: Final = "stray-root"
BELOW_A_FILE: Final = "below-a-file"
OTHER_OWNER: Final = "other-owner"
CYCLE: Final = "cycle"
WRONG_NAME: Final = "wrong-name"
WRONG_TRASH: Final = "wrong-trash"
CONTRADICTED: Final = "contradicted-outcome"
STUCK: Final = "stuck-transfer"
UNDELIVERED: Final = "undelivered-errand"
ORPHAN: Final = "orphan"
UNKNOWN: Final = "unknown-container"
# Of rebuilding.
OTHER_ROOT: Final = "other-root"
RENAMED: Final = "renamed"
FRESH_NUMBER: Final = "fresh-number"
SUPERSEDED: Final = "superseded"
UNKNOWN_STORE: Final = "unknown-store"
# Of adopted files.
CHANGED: Final = "changed-underneath"
VANISHED: Final = "vanished-underneath"
UNREACHABLE: Final = "unreachable-file"
NOT_ADOPTED: Final = "not-adopted"
NAME_CLASH: Final = "name-clash"
NO_ACCOUNT: Final = "no-account"

FINDINGS: Final = {
    MISSING: "I2",
    INCOMPLETE: "I2",
    WRONG_SIZE: "I2",
    WRONG_DIGEST: "I2",
    OTHER_NODE: "I2",
    DAMAGED: "I1",
    FOUND_AGAIN: "I2",
    SUSPECT: "I2",
    NO_REPLICA: "I2",
    WRONG_VERSION: "I2",
    UNVERIFIED: "I2",
    NO_HOME: "I4",
    STRAY_ROOT: "I4",
    BELOW_A_FILE: "I4",
    OTHER_OWNER: "I4",
    CYCLE: "I4",
    WRONG_NAME: "I4",
    WRONG_TRASH: "I4",
    CONTRADICTED: "I5",
    STUCK: "I6",
    UNDELIVERED: "I6",
    ORPHAN: "I6",
    UNKNOWN: "I6",
    OTHER_ROOT: "I4",
    RENAMED: "I4",
    FRESH_NUMBER: "I4",
    SUPERSEDED: "I6",
    UNKNOWN_STORE: "I2",
    CHANGED: "I1",
    VANISHED: "I2",
    UNREACHABLE: "I2",
    NOT_ADOPTED: "I6",
    NAME_CLASH: "I4",
    NO_ACCOUNT: "I4",
}
"""The promise (docs/architecture.md) that each kind breaks. I1, that the bytes are what came, is what `filestore scrub`
looks at; I3 waits for quotas: no sum is kept that could be wrong."""


def found(kind: str, subject: object, detail: str, repair: str = Repair.NONE) -> Finding:
    """A finding of a kind."""
    return Finding(FINDINGS[kind], kind, str(subject), detail, repair)
