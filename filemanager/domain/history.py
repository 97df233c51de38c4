"""History: what a node was at some time, from all that changed until then.

Rule: pure; changes are taken one after the other, in the order of their numbers, and nothing else is asked.
"""

from collections.abc import Mapping

from filemanager.domain.change import Change, ChangeOperation
from filemanager.domain.node import HOME
from vofiles.contract import NodeKind

NAME = "node.name"
_OF_ACCOUNTS = frozenset({ChangeOperation.ADD_ACCOUNT, ChangeOperation.SET_ACCOUNT_PROPERTIES})


def fold(values: Mapping[str, str], change: Change) -> dict[str, str]:
    """What a node was after a change, from what it was before: values by name, none where it was not there."""
    after = dict(values)
    if change.operation in _OF_ACCOUNTS:
        # An account's change is one of its home; the account's own properties are not the home's.
        if change.operation == ChangeOperation.ADD_ACCOUNT:
            after |= {NAME: HOME, "node.type": NodeKind.FOLDER}
        return after
    for name in change.before.keys() - change.after.keys():
        after.pop(name, None)
    for name, value in change.after.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = value
    # What has lost its name is gone, with all that it had.
    return {} if NAME in change.before and NAME not in after else after
