"""Rights: what a caller may see and do.

Rule: pure, and the only place that decides. An account has its own tree and nothing else; what is not its own looks
exactly as if it were not there (I9), so a service asks here first and raises the same error in both cases.
"""

from filemanager.domain.account import Account
from filemanager.domain.caller import Caller
from filemanager.domain.job import Job
from filemanager.domain.node import Node
from filemanager.domain.transfer import Transfer
from vofiles.contract import AccountKind
from vofiles.errors import PermissionDenied
from vofiles.ivorn import Ivorn


def may_see_node(caller: Caller, node: Node) -> bool:
    """Whether a node is there for the caller."""
    return node.owner == caller.account


def may_see_space(caller: Caller, owner: Ivorn) -> bool:
    """Whether the trash of an account is there for the caller."""
    return owner == caller.account


def may_see_transfer(caller: Caller, transfer: Transfer) -> bool:
    """Whether a transfer is there for the caller."""
    return transfer.caller == caller.account


def may_see_job(caller: Caller, job: Job) -> bool:
    """Whether a job is there for the caller: whoever asked for it, and whose space it works in."""
    return caller.account in {job.caller, job.owner}


def may_see_account(caller: Caller, account: Account) -> bool:
    """Whether an account is there for the caller: its own, and for who may make its like also those."""
    return account.identifier == caller.account or caller.speaks_for(account.community)


def require_may_add_account(caller: Caller, community: Ivorn, kind: str) -> None:
    """Refuse accounts made by others than administrators and the community's services. Raises PermissionDenied.

    Services' accounts are made by administrators alone, or a service could multiply itself.
    """
    if not caller.speaks_for(community):
        raise PermissionDenied(
            f"add an account of {community}", reason="administrators and the community's own services may"
        )
    if kind == AccountKind.SERVICE and not caller.administrator:
        raise PermissionDenied("add an account of a service", reason="administrators may")


def require_administrator(caller: Caller, deed: str) -> None:
    """Refuse what only administrators may. Raises PermissionDenied."""
    if not caller.administrator:
        raise PermissionDenied(deed, reason="administrators may")


def require_deletable(node: Node) -> None:
    """Refuse to delete a root: its account would have no home. Raises PermissionDenied."""
    if node.is_root:
        raise PermissionDenied(f"delete {node.name}", reason="it is the root of an account's tree")


def require_movable(node: Node) -> Node:
    """Refuse to move or rename a root: it is where its account's tree begins. Raises PermissionDenied."""
    if node.is_root:
        raise PermissionDenied(f"move {node.name}", reason="it is the root of an account's tree")
    return node
