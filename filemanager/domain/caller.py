"""The caller: the authenticated account on whose behalf an operation runs.

Rule: pure; the first argument of every service function. What a caller may do is asked here and in `rights` alone.
"""

from dataclasses import dataclass

from filemanager.domain.account import Account, community_of
from vofiles.contract import AccountKind
from vofiles.ivorn import Ivorn


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    account: Ivorn
    kind: str = AccountKind.PERSON
    administrator: bool = False

    @classmethod
    def of(cls, account: Account) -> "Caller":
        """The caller that an authenticated account is."""
        return cls(account.identifier, account.kind, account.administrator)

    @property
    def community(self) -> Ivorn:
        """The caller's community."""
        return community_of(self.account)

    def speaks_for(self, community: Ivorn) -> bool:
        """Whether it may make accounts of a community: administrators, and the community's own services."""
        return self.administrator or (self.kind == AccountKind.SERVICE and self.community == community)
