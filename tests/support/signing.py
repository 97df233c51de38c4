"""Calls signed by our rules and sent by `requests`, as a service that is not ours would send them.

Rule: signs; knows nothing of services.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from vofiles.instant import Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.keyring import Keyring
from vofiles.serving.signatures import Signer, fresh_nonce


class SignedAuth(AuthBase):
    """Signs each request of a `requests` session for one peer, at the moment it is sent."""

    def __init__(
        self, keyring: Keyring, peer: Ivorn, now: Callable[[], Instant], nonce: Callable[[], str] = fresh_nonce
    ) -> None:
        self._signer = Signer(keyring, peer, now, nonce)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Raises ServiceNotFound for a service that is no peer; TypeError for a body that is not bytes."""
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        if not isinstance(body, bytes):
            raise TypeError("only a body of bytes can be signed")
        url = urlsplit(request.url or "")
        request.headers.update(self._signer.headers(request.method or "", url.path, url.query, body))
        return request
