"""Calls between services, signed: HTTP Message Signatures (RFC 9421), hmac-sha256 over method, path, query and digest.

    Content-Digest: sha-256=:…:
    Signature-Input: vofiles=("@method" "@path" "@query" "content-digest");created=…;nonce="…";keyid="…";
                     alg="hmac-sha256";tag="vofiles"
    Signature: vofiles=:…:

Rule: one closed profile, exactly this; what differs from it is refused, whatever else RFC 9421 allows. A key id says
who speaks, so a service can speak for itself only. (PyPI's http-message-signatures is kept well, but brings a second
parser of structured fields and leaves the profile and the memory of nonces, the larger half, to its user.)

A signature holds for 300 s before and after its making, once (`nonces`).
"""

import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from vofiles.errors import InvalidMessage, NotAuthenticated
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.digests import content_digest, find_sha256
from vofiles.serving.http.messages import Request
from vofiles.serving.keyring import Key, Keyring
from vofiles.serving.nonces import REMEMBERED, WINDOW, MemoryNonces, Nonces

COMPONENTS: Final = ("@method", "@path", "@query", "content-digest")
ALGORITHM: Final = "hmac-sha256"
TAG: Final = "vofiles"

_LABEL = "vofiles"
_INPUT = re.compile(
    r'([a-z*][a-z0-9_.*-]*)=(\(((?:"[a-z@-]+"(?: (?!\)))?)*)\)((?:;[a-z]+=(?:\d{1,15}|"[ !#-\[\]-~]{1,256}"))*))\Z'
)
_PARAMETER = re.compile(r';([a-z]+)=(?:(\d+)|"([^"]*)")')
_SIGNATURE = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]{43}=):\Z")


def signature_base(components: Sequence[tuple[str, str]], params: str) -> bytes:
    """What is signed (RFC 9421, 2.5): a line for each component, then the parameters as in Signature-Input."""
    lines = [f'"{name}": {value}' for name, value in components]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode("latin-1")


def hmac_sha256(secret: bytes, base: bytes) -> str:
    """The signature of a base, as it stands between the colons of the Signature field."""
    return b64encode(hmac.new(secret, base, sha256).digest()).decode("ascii")


def _components(method: str, path: str, query: str, digest: str) -> dict[str, str]:
    # An empty path is "/" (2.2.6), a missing query "?" (2.2.7).
    return {"@method": method, "@path": path or "/", "@query": f"?{query}", "content-digest": digest}


def fresh_nonce() -> str:
    """A word that no request was signed with before: 128 random bits."""
    return secrets.token_urlsafe(16)


class Signer:
    """Signs requests to one peer, each at the moment it is sent."""

    def __init__(
        self, keyring: Keyring, peer: Ivorn, now: Callable[[], Instant], nonce: Callable[[], str] = fresh_nonce
    ) -> None:
        self._keyring, self._peer, self._now, self._nonce = keyring, peer, now, nonce

    def headers(self, method: str, path: str, query: str, body: bytes) -> dict[str, str]:
        """Those that sign a request. Raises ServiceNotFound for a service that is no peer."""
        digest = content_digest(body)
        covered = _components(method, path, query, digest)
        key = self._keyring.get_signing_key(self._peer)
        params, signature = _sign(covered, key, self._now(), self._nonce())
        return {
            "Content-Digest": digest,
            "Signature-Input": f"{_LABEL}={params}",
            "Signature": f"{_LABEL}=:{signature}:",
        }


def _sign(covered: dict[str, str], key: Key, now: Instant, nonce: str) -> tuple[str, str]:
    names = " ".join(f'"{name}"' for name in COMPONENTS)
    params = f'({names});created={now // SECOND};nonce="{nonce}";keyid="{key.id}";alg="{ALGORITHM}";tag="{TAG}"'
    return params, hmac_sha256(key.secret, signature_base([(name, covered[name]) for name in COMPONENTS], params))


class Verifier:
    """Tells which peer signed a request. One for each service and process; any thread may ask."""

    def __init__(self, keyring: Keyring, *, remembered: int = REMEMBERED, nonces: Nonces | None = None) -> None:
        """`nonces` is the memory that all processes of a service share; without it this process has its own."""
        self._keyring = keyring
        self._nonces: Nonces = nonces or MemoryNonces(remembered)

    def verify(self, request: Request, now: Instant) -> Ivorn:
        """The peer that signed `request`, body and all, within the window and for the first time.

        Raises NotAuthenticated, with the reason, for everything else.
        """
        claim = _read_claim(request)
        found = self._keyring.find_key(claim.key_id)
        # The work is the same for an unknown key, so that its answer takes as long as a wrong signature's.
        peer, key = found or (None, Key("unknown", bytes(32)))
        digest = _one(request, "content-digest")
        covered = _components(request.method, request.path, request.query, digest)
        base = signature_base([(name, covered[name]) for name in claim.names], claim.params)
        genuine = hmac.compare_digest(hmac.new(key.secret, base, sha256).digest(), claim.signature)
        if peer is None or not genuine:
            raise NotAuthenticated(reason="the signature is not that of a service known here")
        if abs(now - claim.created * SECOND) > WINDOW * SECOND:
            raise NotAuthenticated(reason=f"the signature was not made within {WINDOW} s of this service's clock")
        if not _digest_holds(digest, request.body):
            raise NotAuthenticated(reason="the body is not the one that was signed")
        if not self._nonces.add_new(claim.key_id, claim.nonce, claim.created, now // SECOND):
            raise NotAuthenticated(reason="this signed request has been used before")
        return peer


@dataclass(frozen=True, slots=True)
class _Claim:
    names: tuple[str, ...]
    params: str
    created: int
    """Seconds since the epoch."""
    nonce: str
    key_id: str
    signature: bytes


def _read_claim(request: Request) -> _Claim:
    declared = _INPUT.match(_one(request, "signature-input").strip())
    signed = _SIGNATURE.match(_one(request, "signature").strip())
    if declared is None or signed is None or declared[1] != signed[1]:
        raise NotAuthenticated(reason="the Signature-Input and Signature headers cannot be read")
    names = tuple(name.strip('"') for name in declared[3].split())
    if sorted(names) != sorted(COMPONENTS):
        raise NotAuthenticated(reason="a signature covers @method, @path, @query and content-digest, no more, no less")
    found = _PARAMETER.findall(declared[4])
    numbers = {name: number for name, number, _ in found if number}
    strings = {name: string for name, _, string in found if string}
    if len(found) != 5 or set(numbers) != {"created"} or set(strings) != {"nonce", "keyid", "alg", "tag"}:
        raise NotAuthenticated(reason="a signature has the parameters created, nonce, keyid, alg and tag")
    if strings["alg"] != ALGORITHM or strings["tag"] != TAG:
        raise NotAuthenticated(reason=f"a signature is {ALGORITHM} with tag {TAG}")
    return _Claim(names, declared[2], int(numbers["created"]), strings["nonce"], strings["keyid"], b64decode(signed[2]))


def _one(request: Request, name: str) -> str:
    values = request.headers.get_all(name)
    if len(values) != 1:
        raise NotAuthenticated(reason=f"a signed request has one {name} header")
    return values[0]


def _digest_holds(field: str, body: bytes) -> bool:
    try:
        announced = find_sha256("content-digest", (field,))
    except InvalidMessage:
        return False
    return announced is not None and hmac.compare_digest(announced, sha256(body).digest())
