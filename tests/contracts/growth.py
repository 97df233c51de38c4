"""The rules by which a contract may grow within its namespace, as a function of two readings.

    may            operations and port types may be added; a request may gain optional elements, anywhere, and may stop
                   insisting on one; an operation may declare a further fault; types that nothing used may go
    may not        everything else: deployed stubs refuse an element that they do not know, so answers, faults and every
                   type in them stay as they are to the letter; nothing is renamed, moved, narrowed or taken away

Documentation, addresses and the order of declarations are no part of the contract.
"""

from tests.contracts.reading import Contract, Field, Operation


def breaks(old: Contract, new: Contract) -> list[str]:
    """What in `new` a client or service built for `old` could stumble over, one sentence each."""
    found: list[str] = []
    if old.namespace != new.namespace:
        found.append(f"the namespace was {old.namespace}")
    if old.qualified != new.qualified:
        found.append("local elements changed between qualified and unqualified")
    if old.parts != new.parts:
        found.append(f"message parts were named {sorted(old.parts)}")
    for port, operations in old.ports.items():
        for name, operation in operations.items():
            now = new.ports.get(port, {}).get(name)
            if now is None:
                found.append(f"{port}.{name} is gone")
            else:
                found += [f"{port}.{name}: {what}" for what in _operation_breaks(old, new, operation, now)]
    return found


def _operation_breaks(old: Contract, new: Contract, was: Operation, now: Operation) -> list[str]:
    found = []
    if was.action != now.action:
        found.append(f"its SOAPAction was {was.action}")
    if (was.request, was.answer) != (now.request, now.answer):
        found.append("its request or answer has another element")
        return found
    found += [f"fault {fault} is gone" for fault in sorted(was.faults - now.faults)]
    for element in (was.answer, *sorted(was.faults & now.faults)):
        found += _frozen_breaks(old, new, element)
    found += _request_breaks(old, new, was.request, _frozen_types(old))
    return found


def _frozen_types(contract: Contract) -> set[str]:
    """Types that stand in an answer or a fault of any operation."""
    found: set[str] = set()
    for operations in contract.ports.values():
        for operation in operations.values():
            for element in (operation.answer, *operation.faults):
                found |= contract.reachable(element)
    return found


def _frozen_breaks(old: Contract, new: Contract, element: str) -> list[str]:
    if old.elements[element] != new.elements[element]:
        return [f"{element} was of type {old.elements[element]}"]
    return [
        f"type {name}, which stands in answers, has changed"
        for name in sorted(old.reachable(element))
        if old.types[name] != new.types.get(name) or old.bases.get(name) != new.bases.get(name)
    ]


def _request_breaks(old: Contract, new: Contract, element: str, frozen: set[str]) -> list[str]:
    if old.elements[element] != new.elements[element]:
        return [f"{element} was of type {old.elements[element]}"]
    found = []
    for name in sorted(old.reachable(element)):
        was, now = old.types[name], new.types.get(name)
        if was == now:
            continue
        if name in frozen or not isinstance(was, tuple) or not isinstance(now, tuple):
            found.append(f"type {name} has changed")
        else:
            found += [f"type {name}: {what}" for what in _sequence_breaks(was, now)]
    return found


def _sequence_breaks(was: tuple[Field, ...], now: tuple[Field, ...]) -> list[str]:
    """Whether every sequence that was valid still is: the old fields in their order, no less permissive."""
    found = []
    rest = list(now)
    for field in was:
        while rest and rest[0].name != field.name:
            found += _added(rest.pop(0))
        if not rest:
            found.append(f"{field.name} is gone or has moved")
            return found
        same = rest.pop(0)
        if same.type != field.type:
            found.append(f"{field.name} was of type {field.type}")
        if same.least > field.least:
            found.append(f"{field.name} has become required")
        if same.most is not None and (field.most is None or same.most < field.most):
            found.append(f"{field.name} may come less often")
        if field.nillable and not same.nillable:
            found.append(f"{field.name} may no longer be nil")
    for field in rest:
        found += _added(field)
    return found


def _added(field: Field) -> list[str]:
    return [f"{field.name} is new and required"] if field.least else []
