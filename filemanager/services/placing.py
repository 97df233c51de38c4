"""Placing: the stores that a node's new content may go to, from what is said on it, above it and by its account.

Rule: reads what there is to know, and leaves every decision to `placement`.
"""

from collections.abc import Collection, Sequence

from filemanager.domain.node import Node
from filemanager.domain.placement import Preferences, candidates
from filemanager.domain.properties import PREFERRED_STORE
from filemanager.domain.store import Store
from filemanager.ports import StoreControl, Transaction
from vofiles.ivorn import Ivorn


def places_for(
    tx: Transaction,
    control: StoreControl,
    node: Node,
    *,
    explicit: Ivorn | None,
    default: Ivorn | None,
    size: int | None,
    without: Collection[Ivorn] = (),
) -> list[Store]:
    """The stores to ask for a node's new content, the first choice first, none of those in `without`. Raises what
    `candidates` does.
    """
    preferences = Preferences(explicit, wishes_for(tx, node), default)
    stores = {store.identifier: store for store in tx.stores.list_stores() if store.identifier not in without}
    return candidates(preferences, stores, size, control.is_down)


def wishes_for(tx: Transaction, node: Node) -> tuple[str, ...]:
    """The values of `filestore.preferred`: the node's, its ancestors' from the nearest to the root, its account's."""
    above = [each.key for each in tx.nodes.ancestors(node.key)]
    wishes = tx.nodes.property_of([node.key, *above], PREFERRED_STORE)
    preferred = [wishes[key] for key in (node.key, *above) if key in wishes]
    account = tx.accounts.properties_of_account(node.owner).get(PREFERRED_STORE)
    return (*preferred, account) if account is not None else tuple(preferred)


def default_for(source: Ivorn, stores: Sequence[Store], default: Ivorn | None) -> Ivorn | None:
    """Where a copy goes of which nothing is said: to the store of what it is copied from, while that takes content."""
    takes = any(store.identifier == source and not store.refusal(None) for store in stores)
    return source if takes else default
