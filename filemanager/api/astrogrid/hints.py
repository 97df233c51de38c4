"""How much more than one node a caller would like to be told, in our words.

Rule: without any hints two levels of children and 100 nodes, as the original server did; within hints what is missing
has the default that the contract publishes. Negative is without limit, which is the service's own.
"""

from typing import Final

from filemanager.api.astrogrid.types import BundlePreferences
from vofiles.contract import BundleHints

UNTOLD: Final = BundleHints(depth=2, maximum_extra_nodes=100, parents=False)
"""Where a caller says nothing."""


def hints_of(told: BundlePreferences | None) -> BundleHints:
    """What is meant by a caller's preferences."""
    if told is None:
        return UNTOLD
    return BundleHints(told.prefetch_depth, told.max_extra_nodes, told.fetch_parents)
