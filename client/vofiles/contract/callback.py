"""Operations of the callback port, spoken by stores to the FileManager.

Rule: a request's docstring says what its operation tells.
"""

from dataclasses import dataclass

from vofiles.contract.values import Failure, Receipt


@dataclass(frozen=True, slots=True)
class TransferCompleted:
    """The transfer has ended well."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """The transfer has ended badly."""

    transfer: str
    state: str
    """FAILED, EXPIRED or CANCELLED."""
    failure: Failure


@dataclass(frozen=True, slots=True)
class Acknowledged:
    pass
