"""What stands in a request, as values of ours; null and what cannot be are refused by the name of the element.

Rule: the only way in for an identifier. One that is of no node at all is a node that is not there, as it always was for
these clients: they ask about `ivo://unknown` to learn just that.
"""

from filemanager.domain.node import require_kind
from vofiles.errors import InvalidArgument, InvalidIdentifier, InvalidName, NodeNotFound
from vofiles.ivorn import Ivorn, LongIdentifier, parse_service
from vofiles.names import NodeName, parse_name


def require_text(element: str, value: str | None) -> str:
    """A text that has to be there. Raises InvalidArgument."""
    if value is None or not value.strip():
        raise InvalidArgument(element, reason="it is null")
    return value.strip()


def require_node(element: str, value: str | None) -> LongIdentifier:
    """The node that is meant. Raises InvalidArgument, NodeNotFound."""
    text = require_text(element, value)
    try:
        return LongIdentifier.parse(text)
    except (InvalidIdentifier, InvalidName) as error:
        raise NodeNotFound(ascii(text[:200]), reason=error.message) from error


def find_node(element: str, value: str | None) -> LongIdentifier | None:
    """The same where it may be null."""
    return None if value is None else require_node(element, value)


def require_name(element: str, value: str | None) -> NodeName:
    """The name of a new node. Raises InvalidArgument, InvalidName."""
    if value is None:
        raise InvalidArgument(element, reason="it is null")
    return parse_name(value)


def find_name(value: str | None) -> NodeName | None:
    """The new name of a node, None where it keeps the one it has. Raises InvalidName."""
    return None if value is None else parse_name(value)


def require_type(element: str, value: str | None) -> str:
    """What a new node is to be. Raises InvalidArgument."""
    return require_kind(require_text(element, value))


def find_store(element: str, value: str | None) -> Ivorn | None:
    """The store that content is to go to, None where nothing is said. Raises InvalidArgument."""
    if value is None:
        return None
    text = require_text(element, value)
    try:
        return parse_service(text)
    except InvalidIdentifier as error:
        raise InvalidArgument(element, reason=f"it is the identifier of a file store: {error.message}") from error
