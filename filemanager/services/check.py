"""The check of a FileManager: its tree, its transfers and errands, and its stores in both directions, while it serves.

Rule: page by page, and each page says where the next begins. For operators only. What the parts report and repair is
theirs to say; here stands their order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from filemanager.config import Config
from filemanager.domain.caller import Caller
from filemanager.domain.rights import require_administrator
from filemanager.ports import Clock, Database, StoreControl
from filemanager.services.check_stores import StoreCheck
from filemanager.services.check_traffic import TrafficCheck
from filemanager.services.check_tree import TreeCheck
from vofiles.findings import Page, Part, pages


@dataclass(frozen=True)
class CheckService:
    """The use case of checking."""

    config: Config
    database: Database
    control: StoreControl
    clock: Clock

    def check(self, caller: Caller, after: str | None = None, *, repair: bool = False) -> Iterator[Page]:
        """The pages of a check, from `after` on (a page's `next`).

        Raises PermissionDenied, InvalidArgument; and from the pages ServiceBusy.
        """
        require_administrator(caller, "check the service")
        tree = TreeCheck(self.config, self.database)
        traffic = TrafficCheck(self.config, self.database, self.clock)
        stores = StoreCheck(self.database, self.control, self.clock, self.config.terms.grace)
        parts: dict[str, Part] = {
            "nodes": tree.nodes,
            "accounts": tree.accounts,
            "transfers": traffic.transfers,
            "errands": traffic.errands,
            "stores": partial(stores.stores, caller, repair=repair),
        }
        return pages(parts, after)
