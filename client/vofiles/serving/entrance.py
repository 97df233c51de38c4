"""Who comes in with what: a request becomes a caller who has proved who it is, and a message that has passed the gate.

    identify → gate                              where credentials come in HTTP alone
    gate → WS-Security → identify                where they may come in the envelope, and HTTP brings none
    identify → gate → WS-Security → the same?    where they come in both

Rule: whatever a request says of its sender has to be right. A wrong credential is refused, never passed over for
another that is right or for nobody's rights; and the envelope of a stranger is looked at only where it may say who
sent it.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from vofiles.serving import xmlgate
from vofiles.serving.http import Request
from vofiles.serving.wsse import SECURITY, Security, SecurityFault, read_security

Caller = TypeVar("Caller")

Identify = Callable[[Request], Caller]
"""Says whose an HTTP request is by its headers, or raises NotAuthenticated."""
BySecurity = Callable[[Request, Security], Caller | None]
"""Says whose a request is by its WS-Security header; None where that names nobody. Raises NotAuthenticated."""

_UNDERSTOOD: Final = frozenset({SECURITY})


class Entrance(Generic[Caller]):
    """The way in of one service. For any number of threads."""

    def __init__(self, identify: Identify[Caller], by_security: BySecurity[Caller] | None = None) -> None:
        self._identify = identify
        self._by_security = by_security

    def admit(self, request: Request) -> tuple[Caller, xmlgate.Message]:
        """The caller and the message. Raises NotAuthenticated, ServiceBusy, and what the gate does."""
        if self._by_security is None:
            return self._identify(request), xmlgate.admit(request.headers, request.body)
        proven = self._identify(request) if "authorization" in request.headers else None
        message = xmlgate.admit(request.headers, request.body, _UNDERSTOOD)
        if SECURITY not in message.headers:
            return self._identify(request) if proven is None else proven, message
        security = read_security(message.xml)
        named = self._by_security(request, security)
        if named is None:
            if proven is None and security.unread:
                # Whoever would be trusted without a word has said one.
                reason = f"{security.unread} proves nothing here; send one UsernameToken"
                raise SecurityFault("wsse:UnsupportedSecurityToken", reason)
            return self._identify(request) if proven is None else proven, message
        if proven is not None and proven != named:
            reason = "the Authorization header and the UsernameToken name different accounts"
            raise SecurityFault("wsse:FailedAuthentication", reason)
        return named, message
