"""Identity: from an HTTP request to the caller (for people and programs) or to the store (for callbacks).

Rule: nobody is anonymous; what is said in a request about who sends it counts only once it has been proved here.
"""

from base64 import b64decode
from collections.abc import Callable
from typing import Final

from filemanager.domain.caller import Caller
from filemanager.domain.login import split_user_and_password
from filemanager.services.credentials import CredentialService
from vofiles.errors import NotAuthenticated
from vofiles.instant import SECOND
from vofiles.listen import is_loopback
from vofiles.serving.http import Request
from vofiles.serving.wsse import Security, SecurityFault

Identify = Callable[[Request], Caller]

SKEW: Final = 300 * SECOND
"""By how much the clock of who expires a message may be behind ours."""
FORWARDED: Final = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-server",
    "x-original-forwarded-for",
    "x-envoy-external-address",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "via",
)
"""Headers that a proxy adds to what it hands on."""


def caller_identity(credentials: CredentialService, *, only_password: bool = False) -> Identify:
    """What finds the caller of a request, by HTTP Basic (RFC 7617) or Bearer (RFC 6750); it raises NotAuthenticated."""

    def identify(request: Request) -> Caller:
        given = request.headers.get_all("authorization")
        if len(given) != 1:
            raise NotAuthenticated(reason="send one Authorization header" if given else "")
        scheme, _, value = given[0].partition(" ")
        if scheme.lower() == "basic":
            return _by_password(credentials, value.strip(), request.peer)
        if scheme.lower() == "bearer" and not only_password:
            return credentials.authenticate_token(value.strip())
        wanted = "Basic" if only_password else "Basic or Bearer"
        raise NotAuthenticated(reason=f"the Authorization header has to be {wanted}")

    return identify


def security_identity(
    credentials: CredentialService, *, behind_proxy: bool
) -> Callable[[Request, Security], Caller | None]:
    """What finds the caller of a request by the UsernameToken in its envelope (WS-Security, PasswordText).

    It answers None where there is no token, and raises SecurityFault, ServiceBusy. The password has to have come by TLS
    or from this machine itself: whoever sends it in the clear is refused, even if it is right, so that they stop. What
    we can know of that is the listener, the other end of the connection, and the operator's word that a proxy in front
    speaks TLS (`behind_proxy`); a proxy on this machine that nobody has told us of is recognised by what it adds.
    """

    def identify(request: Request, security: Security) -> Caller | None:
        if security.expires is not None and credentials.clock.now() > security.expires + SKEW:
            raise SecurityFault("wsu:MessageExpired", "the Timestamp says that the message has expired")
        token = security.token
        if token is None:
            return None
        if not (request.secure or behind_proxy or _is_local(request)):
            reason = "a UsernameToken is taken over TLS only; send it to an https address, and change the password"
            raise SecurityFault("wsse:FailedAuthentication", reason)
        try:
            return credentials.authenticate_password(token.username, token.password, request.peer)
        except NotAuthenticated as error:
            raise SecurityFault("wsse:FailedAuthentication", "the name or the password is wrong") from error

    return identify


def _is_local(request: Request) -> bool:
    return is_loopback(request.peer) and not any(name in request.headers for name in FORWARDED)


def _by_password(credentials: CredentialService, value: str, origin: str) -> Caller:
    try:
        pair = split_user_and_password(b64decode(value, validate=True).decode("utf-8"))
    except ValueError:
        pair = None
    if pair is None:
        raise NotAuthenticated(reason="Basic credentials are NAME:PASSWORD in UTF-8 and base64")
    return credentials.authenticate_password(*pair, origin)
