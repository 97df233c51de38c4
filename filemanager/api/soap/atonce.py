"""What callers ask for most and can be told at once, without a change of thread: who this is, and what a node is.

Rule: the functions and services are those of every other call, on ports that do not wait; nothing is answered here that
they would not answer. What may be long (a bundle) is not tried.
"""

from dataclasses import replace

from filemanager.api.identity import caller_identity
from filemanager.api.soap.native import Native
from filemanager.domain.caller import Caller
from filemanager.ports import Database
from filemanager.services.desk import Desk
from vofiles.contract import GetNode, GetNodeAnswer
from vofiles.serving.atonce import AtOnce, would_wait


def callers_at_once(desk: Desk, address: str, database: Database) -> AtOnce[Caller]:
    """What is tried for callers of a service announced at a base address. `database` raises WouldWait where it would,
    and for every change.
    """
    # Whether a store is asked how far a transfer is, is decided where one may wait for it.
    native = Native(replace(desk, nodes=replace(desk.nodes, database=database, refresh=would_wait)), address)

    def get_node(caller: Caller, request: GetNode) -> GetNodeAnswer:
        if request.hints is not None:
            would_wait()
        return native.get_node(caller, request)

    identify = caller_identity(desk.credentials.at_once(database, would_wait))
    return AtOnce(identify, {"getIdentifier": native.get_identifier, "getNode": get_node})
