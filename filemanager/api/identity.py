"""Identity: from an HTTP request to the caller (for people and programs) or to the store (for callbacks).

Rule: nobody is anonymous; what is said in a request about who sends it counts only once it has been proved here.
"""

from base64 import b64decode
from collections.abc import Callable

from filemanager.domain.caller import Caller
from filemanager.domain.login import split_user_and_password
from filemanager.services.credentials import CredentialService
from vofiles.errors import NotAuthenticated
from vofiles.serving.http import Request

Identify = Callable[[Request], Caller]


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


def _by_password(credentials: CredentialService, value: str, origin: str) -> Caller:
    try:
        pair = split_user_and_password(b64decode(value, validate=True).decode("utf-8"))
    except ValueError:
        pair = None
    if pair is None:
        raise NotAuthenticated(reason="Basic credentials are NAME:PASSWORD in UTF-8 and base64")
    return credentials.authenticate_password(*pair, origin)
