"""spyne's view of a contract: one model for each wire value, one service for each port type.

Rule: everything here is made from `contract` by way of `shape`; no field is written down. spyne 2.14 is dormant, so no
other module but `soap` knows it.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from spyne import ComplexModel, Fault, Service, rpc
from spyne.model.primitive import AnyUri, Boolean, DateTime, Integer32, Long, NMToken, Unicode

from vofiles.contract import FaultDetail, Operation
from vofiles.instant import Instant, from_datetime
from vofiles.shape import SIMPLE, Part, parts

PATTERNS: Final = {simple.xsd: simple.pattern for simple in SIMPLE.values() if simple.pattern}
"""The simple types of our own contracts."""

_SPYNE: Final = {
    "string": Unicode,
    "long": Long,
    "int": Integer32,
    "boolean": Boolean,
    "dateTime": DateTime,
    "anyURI": AnyUri,
    "NMTOKEN": NMToken,
}

Call = Callable[..., None]
"""What spyne dispatches to: (context, *arguments in the order of the request)."""


class Models:
    """The models of one contract's namespace; `fault_detail` is what the detail of its faults is made of."""

    def __init__(self, namespace: str, fault_detail: type = FaultDetail) -> None:
        self._namespace = namespace
        self._fault_detail = fault_detail
        self._types: dict[Any, Any] = {}

    def service(self, port: str, operations: Iterable[Operation], call: Callable[[Operation], Call]) -> type[Service]:
        """The spyne service of a port type; `call` gives the function behind an operation."""
        members = {operation.name: self._method(port, operation, call(operation)) for operation in operations}
        return type(port, (Service,), {"__port_types__": (port,), "__service_name__": port, **members})

    def _method(self, port: str, operation: Operation, call: Call) -> Any:
        into, out = parts(operation.request), parts(operation.answer)
        # spyne tells methods apart by the names of their functions.
        call.__name__ = operation.name
        returns = {
            "_returns": tuple(self._member(part) for part in out),
            "_out_variable_names": tuple(part.element for part in out),
        }
        return rpc(
            *(self._member(part) for part in into),
            _args=tuple(part.element for part in into),
            _throws=tuple(self._fault(name) for name in operation.faults),
            _port_type=port,
            _wsdl_part_name="parameters",
            **(returns if out else {}),
        )(call)

    def _member(self, part: Part) -> Any:
        facets: dict[str, Any] = {"min_occurs": part.least, "nillable": False}
        if part.many:
            facets["max_occurs"] = "unbounded"
        if part.default is not None:
            facets["default"] = part.default
        simple = part.simple
        if simple is None:
            return self._value(part.type).customize(**facets)
        if simple.xsd in _SPYNE or not (simple.pattern or simple.values):
            # spyne knows no type that only gives another one a name.
            return _SPYNE[simple.xsd if simple.xsd in _SPYNE else simple.base].customize(**facets)
        if simple.pattern:
            facets["pattern"] = simple.pattern
        if simple.values:
            facets["values"] = simple.values
        # Customised in one go and with its namespace set, else spyne invents a type of another name for each use.
        model = _SPYNE[simple.base](type_name=simple.xsd, **facets)
        model.__namespace__ = self._namespace
        return model

    def _value(self, value_type: type) -> Any:
        if value_type not in self._types:
            members = [(part.element, self._member(part)) for part in parts(value_type)]
            self._types[value_type] = ComplexModel.produce(self._namespace, value_type.__name__, members)
        return self._types[value_type]

    def _fault(self, category: str) -> Any:
        if category not in self._types:
            members = [(part.element, self._member(part)) for part in parts(self._fault_detail)]
            described = {"__namespace__": self._namespace, "__type_name__": category, "_type_info": members}
            self._types[category] = type(Fault)(category, (Fault,), described)
        return self._types[category]


def request_of(request: type, arguments: Iterable[Any]) -> Any:
    """The contract's request with the arguments that spyne read. Raises InvalidIdentifier, InvalidName and others."""
    values = {part.field: _value_of(part, read) for part, read in zip(parts(request), arguments, strict=True)}
    return request(**values)


def _value_of(part: Part, read: Any) -> Any:
    if part.many:
        return tuple(_one_of(part, item) for item in read or ())
    return part.default if read is None else _one_of(part, read)


def _one_of(part: Part, read: Any) -> Any:
    if part.simple is None:
        return part.type(**{inner.field: _value_of(inner, getattr(read, inner.element)) for inner in parts(part.type)})
    if part.type is Instant:
        return _instant_of(read)
    return part.simple.parse(read) if isinstance(read, str) else read


def _instant_of(read: datetime) -> Instant:
    # A dateTime without a zone is UTC, by the contract.
    return from_datetime(read if read.tzinfo else read.replace(tzinfo=UTC))
