"""How a contract is spoken on the wire: what is heard as a request, how an answer and a fault are written.

    Native      ours: one namespace, wrapped answers, a typed detail by the table of `faults`
    others      a contract that is not ours brings its own, with several dialects if need be

Rule: who serves, judges and decodes (`soap`, `dispatch`, `models`) asks here and knows no contract. A language changes
how something is said, never what: values, authentication, bounds and the table of statuses are the same for all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lxml import etree

from vofiles.contract import FaultDetail, Operation
from vofiles.errors import InvalidMessage, VofilesError
from vofiles.faults import row_of
from vofiles.serving import replies

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
NIL: Final = f"{{{_XSI}}}nil"


class Language(Protocol):
    """What serving has to know of how a contract is spoken. For any number of threads."""

    @property
    def namespaces(self) -> frozenset[str]:
        """Those of the elements that are requests here; a request is answered in its own."""

    @property
    def fault_detail(self) -> type:
        """The wire class of what the detail of a declared fault is made of."""

    def judged_by(self, schema: etree._Element) -> etree._Element:
        """The schema that requests have to satisfy, made of the published one."""

    def hear(self, request: etree._Element) -> None:
        """Bring the element of a request, in place, to the form that its schema judges and spyne reads."""

    def require_action(self, operation: Operation, action: str, published: Mapping[str, str]) -> None:
        """Raises InvalidMessage where a SOAPAction, if there is one, does not go with the operation; `published` has
        the right one of each.
        """

    def answer(self, namespace: str, operation: Operation, value: Any) -> bytes:
        """The envelope that answers a request of this namespace with a value of the contract."""

    def fault_of(self, operation: Operation | None, error: VofilesError) -> str:
        """The name of the declared fault that an error is told as."""

    def fault(self, operation: Operation | None, error: VofilesError, **told: Any) -> bytes:
        """The envelope of a fault; `told` as in `replies.fault`. Without an operation it is of the envelope."""


@dataclass(frozen=True, slots=True)
class Native:
    """Our own contracts, each in one namespace."""

    namespace: str

    @property
    def namespaces(self) -> frozenset[str]:
        return frozenset({self.namespace})

    @property
    def fault_detail(self) -> type:
        return FaultDetail

    def judged_by(self, schema: etree._Element) -> etree._Element:
        """The published one itself."""
        return schema

    def hear(self, request: etree._Element) -> None:
        # SOAP::Lite (Perl) says of every call without arguments that it is nil; it is a call all the same.
        request.attrib.pop(NIL, None)

    def require_action(self, operation: Operation, action: str, published: Mapping[str, str]) -> None:
        right = published[operation.name]
        if action and action != right:
            reason = f"it is {ascii(action[:80])}, and that of {operation.name} is {ascii(right)}"
            raise InvalidMessage("SOAPAction", reason=reason)

    def answer(self, namespace: str, operation: Operation, value: Any) -> bytes:
        return replies.answer(namespace, operation.name, value)

    def fault_of(self, operation: Operation | None, error: VofilesError) -> str:  # noqa: ARG002 - the same for all
        return row_of(error).fault

    def fault(self, operation: Operation | None, error: VofilesError, **told: Any) -> bytes:  # noqa: ARG002 - likewise
        return replies.fault(self.namespace, error, **told)
