"""Which tests run one after the other in one process: all that are about the same client, so that it is built once.

Rule: a parametrised test's id begins with what is tried, `test_node[zeep]`, `test_generator[wsdl2h-filemanager-1]`; the
rest goes by files. (xdist 3.8's own groups, --dist loadgroup, go unheard under pytest 9.2.)
"""

from xdist.scheduler import LoadScopeScheduling


class ByClient(LoadScopeScheduling):  # type: ignore[misc]
    """Shares out whole clients."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        client = test.partition("[")[2].rstrip("]").partition("-")[0]
        return f"{file}[{client}]"
