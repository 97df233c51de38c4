"""Tokens: a password exchanged for a token that ends, at the FileManager (`POST /token`, `POST /revoke`).

Rule: the only module of the client that sends a password; it never follows a redirect with it.
"""

import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from vofiles import faults
from vofiles.errors import InvalidArgument, NotAuthenticated, ServiceUnreachable
from vofiles.zeepcarrier import Auth, auth_of, why

TIMEOUTS = (10.0, 60.0)
"""Seconds to connect, and to wait for an answer."""


@dataclass(frozen=True)
class Token:
    """A right to act as somebody, for a time."""

    secret: str
    expires: int
    """In seconds since 1970."""

    def __repr__(self) -> str:
        return f"Token(expires={self.expires})"


LOOPBACK = ("127.", "localhost", "[::1]")


def parse_address(text: str) -> str:
    """A FileManager's base URL from what a person types: `host:port`, a URL, or its SOAP address.

    Without a scheme it is https, but http on this machine. Raises InvalidArgument.
    """
    text = text.strip()
    if "://" not in text:
        text = ("http://" if text.startswith(LOOPBACK) else "https://") + text
    try:
        parts = urlsplit(text)
        well_formed = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, well_formed = urlsplit(""), False
    if not well_formed or "@" in parts.netloc:
        raise InvalidArgument(f"address {text!r}", reason="a FileManager's address looks like https://example.org:8080")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('/filemanager')}"


def get_token(address: str, user: str, password: str, *, verify: bool | str = True) -> Token:
    """A token for a password. Raises NotAuthenticated, ServiceUnreachable and what the service answers."""
    response = _post(address + "/token", (user, password), {"grant_type": "client_credentials"}, verify=verify)
    try:
        answer = response.json()
        return Token(str(answer["access_token"]), int(time.time()) + int(answer["expires_in"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceUnreachable(address, reason="what answers there is no FileManager") from error


def delete_token(address: str, secret: str, *, verify: bool | str = True) -> None:
    """Make a token worthless. Raises ServiceUnreachable and what the service answers."""
    _post(address + "/revoke", secret, {"token": secret}, verify=verify)


def _post(url: str, auth: Auth, form: dict[str, str], *, verify: bool | str) -> requests.Response:
    with requests.Session() as session:
        # Nothing from the environment: a .netrc must not change as whom we speak.
        session.trust_env = False
        try:
            response = session.post(
                url, data=form, auth=auth_of(auth), timeout=TIMEOUTS, verify=verify, allow_redirects=False
            )
        except requests.RequestException as error:
            raise ServiceUnreachable(url.rpartition("/")[0], reason=why(error)) from error
    if response.status_code == 401:
        raise NotAuthenticated(reason="the name or the password is wrong")
    if response.status_code in {404, 405} or 300 <= response.status_code < 400:
        raise ServiceUnreachable(url.rpartition("/")[0], reason="what answers there is no FileManager")
    if not response.ok:
        raise faults.error_of("", response.text[:500].strip() or response.reason, status=response.status_code)
    return response
