"""History: what a node was at some time, from all that changed until then.

Rule: pure; changes are taken one after the other, in the order of their numbers, and nothing else is asked.
"""

from collections.abc import Mapping

from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.node import HOME
from vofiles.contract import NodeKind

VERSION = "content.version"
_OF_ACCOUNTS = frozenset({ChangeOperation.ADD_ACCOUNT, ChangeOperation.SET_ACCOUNT_PROPERTIES})


def fold(values: Mapping[str, str], change: Change) -> dict[str, str]:
    """What a node was after a change, from what it was before: values by name, none where it was not there."""
    after = dict(values)
    if change.operation in _OF_ACCOUNTS:
        # An account's change is one of its home; the account's own properties are not the home's.
        if change.operation == ChangeOperation.ADD_ACCOUNT:
            after |= {"node.name": HOME, "node.type": NodeKind.FOLDER}
        return after
    if change.operation == ChangeOperation.DELETE:
        return {}
    if change.operation == ChangeOperation.MARK or not _is_of_current(values, change):
        # About a replica, of any version: the node is what it was.
        return after
    for name in change.before.keys() - change.after.keys():
        after.pop(name, None)
    for name, value in change.after.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = value
    return after


def _is_of_current(values: Mapping[str, str], change: Change) -> bool:
    """Whether what has gone to another store is the current content, if something has."""
    return change.operation != ChangeOperation.RELOCATE or change.after.get(VERSION) == values.get(VERSION)
