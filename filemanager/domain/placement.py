"""Placement: which store new content goes to.

    the operation's argument  >  the node's `filestore.preferred`  >  the nearest ancestor's  >  the account's
    >  the service's default  >  any other store

Rule: pure. A store that the operation names is taken or refused by name; a store that is only preferred is passed over
while it takes nothing (down, full, not ACTIVE), because a preference must not stop anybody's work.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from filemanager.domain.store import Store, StoreState
from vofiles.errors import InvalidIdentifier, StoreFull, StoreNotFound, StoreReadOnly, StoreUnreachable, VofilesError
from vofiles.ivorn import Ivorn, parse_service


@dataclass(frozen=True, slots=True)
class Preferences:
    """What is said of where content should go, the strongest first."""

    explicit: Ivorn | None = None
    """The operation's own argument."""
    preferred: tuple[str, ...] = ()
    """Values of `filestore.preferred`: the node's, its ancestors' from the nearest to the root, the account's."""
    default: Ivorn | None = None
    """The service's."""


def candidates(
    preferences: Preferences, stores: Mapping[Ivorn, Store], size: int | None, is_down: Callable[[Ivorn], bool]
) -> list[Store]:
    """The stores to try, in this order; never empty.

    Raises StoreNotFound (the named one is not known, or there is none at all), and for a named store that takes nothing
    StoreUnreachable, StoreFull or StoreReadOnly; the same where no store takes anything.
    """
    if preferences.explicit is not None:
        store = stores.get(preferences.explicit)
        if store is None:
            raise StoreNotFound(preferences.explicit, reason="this service knows no such store")
        refusal = _refusal(store, size, is_down)
        if refusal is not None:
            raise refusal
        return [store]
    order = [stores[name] for name in _order(preferences, stores)]
    if not order:
        raise StoreNotFound("for new content", reason="this service has no store yet")
    return require_usable(order, size, is_down)


def likely(preferences: Preferences, stores: Mapping[Ivorn, Store], is_down: Callable[[Ivorn], bool]) -> Ivorn | None:
    """The store that is the first choice for new content now; while none takes any, the one that would be. None where
    there is none at all.
    """
    order = _order(preferences, stores)
    usable = (name for name in order if _refusal(stores[name], None, is_down) is None)
    return next(usable, order[0] if order else None)


def require_usable(order: Sequence[Store], size: int | None, is_down: Callable[[Ivorn], bool]) -> list[Store]:
    """Those of these stores, of which there is one at least, that take `size` bytes of new content, in their order.

    Raises StoreUnreachable, StoreFull or StoreReadOnly where none does: what is wrong with the first.
    """
    refusals = {store.identifier: _refusal(store, size, is_down) for store in order}
    usable = [store for store in order if refusals[store.identifier] is None]
    if not usable:
        raise next(refusal for refusal in refusals.values() if refusal is not None)
    return usable


def _order(preferences: Preferences, stores: Mapping[Ivorn, Store]) -> Sequence[Ivorn]:
    names: dict[Ivorn, None] = {}
    for text in preferences.preferred:
        try:
            names[parse_service(text)] = None
        except InvalidIdentifier:
            # Written down before keys were checked, or copied from elsewhere: a preference, so not worth a failure.
            continue
    if preferences.default is not None:
        names[preferences.default] = None
    names |= dict.fromkeys(sorted(stores, key=str))
    return [name for name in names if name in stores]


def _refusal(store: Store, size: int | None, is_down: Callable[[Ivorn], bool]) -> VofilesError | None:
    reason = store.refusal(size)
    if store.state == StoreState.OFFLINE or (not reason and is_down(store.identifier)):
        return StoreUnreachable(store.identifier, reason=reason or "it has not been answering")
    if not reason:
        return None
    if store.state != StoreState.ACTIVE or not store.writable:
        return StoreReadOnly(store.identifier, reason=reason)
    return StoreFull(store.identifier, reason=reason)
