"""Where accounts live: from an account to the node identifier of its home.

Rule: a resolver answers identifiers only, never an address; where a service is, the Registry alone says. What asks a
community's own service sends no credentials, and reads no more of the answer than it has to.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import requests
from urllib3.exceptions import HTTPError

from vofiles.contract import GetAccount
from vofiles.directory import is_confidential
from vofiles.errors import AccountNotFound, InvalidArgument, InvalidIdentifier, ServiceUnreachable
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import Ivorn, NodeIdentifier, encode_segment, parse_service
from vofiles.zeepcarrier import why

CONNECT_TIMEOUT: Final = 5.0
READ_TIMEOUT: Final = 10.0
"""Seconds between one byte of the answer and the next."""
PATIENCE: Final = 15.0
"""Seconds for a whole answer, however it trickles."""
LONGEST_ANSWER: Final = 64 * 1024
"""Bytes."""


class AccountResolver(Protocol):
    """Knows where accounts have their homes."""

    def get_home(self, account: Ivorn | None) -> NodeIdentifier:
        """The home of an account; of the caller's own without one. Raises AccountNotFound."""


class AskedFileManager:
    """The resolver that asks one FileManager for the account; `port` is looked up when it is needed."""

    def __init__(self, port: Callable[[], FileManagerPort]) -> None:
        self._port = port

    def get_home(self, account: Ivorn | None) -> NodeIdentifier:
        return self._port().get_account(GetAccount(account)).account.home


class ListedHomes:
    """The resolver of what is written down."""

    def __init__(self, homes: Mapping[Ivorn, NodeIdentifier]) -> None:
        self._homes = dict(homes)

    def get_home(self, account: Ivorn | None) -> NodeIdentifier:
        if account not in self._homes:
            raise AccountNotFound(account, reason="it is not in the registry file")
        return self._homes[account]


class CommunityService:
    """The resolver that asks a community's own service: `GET <url><name>`, answered with JSON (docs/resolution.md)."""

    def __init__(self, url: str, *, verify: bool | str = True, patience: float = PATIENCE) -> None:
        """Raises InvalidArgument for a URL over which others could change the answer."""
        if not is_confidential(url):
            raise InvalidArgument(f"resolver {url!r}", reason="it is https, or http on this very machine")
        self._url = url.rstrip("/") + "/"
        self._verify = verify
        self._patience = patience

    def get_home(self, account: Ivorn | None) -> NodeIdentifier:
        """Also raises ServiceUnreachable where no usable answer comes."""
        if account is None:
            raise AccountNotFound("of nobody", reason="this service has to be told whose home is meant")
        answer = self._ask(account)
        try:
            told, home = parse_service(answer["account"]), NodeIdentifier.parse(answer["home"])
        except (KeyError, TypeError, AttributeError, InvalidIdentifier) as error:
            raise self._unusable("it has to say account and home, both identifiers") from error
        if told != account:
            raise self._unusable(f"it is about {told}, not about {account}")
        return home

    def _ask(self, account: Ivorn) -> Any:
        deadline = time.monotonic() + self._patience
        with requests.Session() as session:
            # Nothing from the environment: no credentials of a .netrc, no proxy.
            session.trust_env = False
            try:
                with session.get(
                    self._url + encode_segment(account.resource),
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                    timeout=(CONNECT_TIMEOUT, min(READ_TIMEOUT, self._patience)),
                    verify=self._verify,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    if response.status_code in {404, 410}:
                        raise AccountNotFound(account)
                    self._require_json(response)
                    return self._parsed(self._read(response, deadline))
            except (requests.RequestException, HTTPError, OSError) as error:
                raise ServiceUnreachable(self._url, reason=why(error)) from error

    def _require_json(self, response: requests.Response) -> None:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if response.status_code != 200 or kind != "application/json":
            raise self._unusable(f"{response.status_code} {kind[:80]!a} came in place of 200 application/json")

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        # What has come, however little: a block of a given size would wait for what trickles.
        for chunk in iter(lambda: response.raw.read1(LONGEST_ANSWER, decode_content=False), b""):
            body += chunk
            if len(body) > LONGEST_ANSWER:
                raise self._unusable(f"it is longer than {LONGEST_ANSWER} bytes")
            if time.monotonic() > deadline:
                raise self._unusable("it took too long")
        return bytes(body)

    def _parsed(self, body: bytes) -> Any:
        try:
            return json.loads(body.decode("utf-8"), object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise self._unusable("it is no JSON, or says something twice") from error

    def _unusable(self, reason: str) -> ServiceUnreachable:
        return ServiceUnreachable(self._url, reason=f"its answer cannot be used: {reason}")


class ByCommunity:
    """The resolver that asks the one of the account's community; for any other, and the caller's own, `otherwise`."""

    def __init__(self, communities: Mapping[Ivorn, AccountResolver], otherwise: AccountResolver) -> None:
        self._communities = dict(communities)
        self._otherwise = otherwise

    def get_home(self, account: Ivorn | None) -> NodeIdentifier:
        community = Ivorn(account.authority) if account is not None else None
        resolver = self._communities.get(community) if community is not None else None
        return (resolver or self._otherwise).get_home(account)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def find_account(user: str) -> Ivorn | None:
    """The account that a user name with its community means: `dave@ast.cam.ac.uk`, `ast.cam.ac.uk/dave`, or the whole
    identifier. None for a name without community, and for what can be no account.
    """
    if "://" in user:
        text = user
    elif "/" in user:
        text = f"ivo://{user}"
    else:
        name, _, authority = user.rpartition("@")
        text = f"ivo://{authority}/{name}"
    try:
        account = parse_service(text)
    except InvalidIdentifier:
        return None
    return account if account.resource and not account.query and not account.user else None
