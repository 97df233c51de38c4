"""Operations on whole trees of files.

Rule: one function an operation, one service call a function; the answer has the job, ended or not.
"""

from collections.abc import Callable, Mapping
from typing import Any

from filemanager.api.soap.jobs import node_and_job, require_wait
from filemanager.domain.caller import Caller
from filemanager.services.desk import Desk
from vofiles.contract import ExportTree, ImportTree, NodeJobAnswer
from vofiles.serving.soap import Parked


def functions(desk: Desk) -> Mapping[str, Callable[[Caller, Any], Any]]:
    """The function of each operation."""

    def import_tree(caller: Caller, request: ImportTree) -> NodeJobAnswer | Parked:
        require_wait(request.wait)
        return _answer(desk, caller, desk.tree_imports.import_tree(caller, request), request.wait)

    def export_tree(caller: Caller, request: ExportTree) -> NodeJobAnswer | Parked:
        require_wait(request.wait)
        return _answer(desk, caller, desk.tree_exports.export_tree(caller, request), request.wait)

    return {"importTree": import_tree, "exportTree": export_tree}


def _answer(desk: Desk, caller: Caller, begun: NodeJobAnswer, wait: int | None) -> NodeJobAnswer | Parked:
    assert begun.job is not None, "a tree is moved by a job"
    return node_and_job(desk, caller, begun.node.identifier, begun.job.job, wait, always=True)
