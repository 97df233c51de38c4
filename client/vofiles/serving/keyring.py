"""The keys by which services know one another: each pair of services shares one or two secrets, named by key ids.

Rule: holds keys, makes none, and never prints one. The first key of a peer signs and all of them verify, so keys rotate
without a pause: add the new key second at both ends, put it first at both ends, drop the old one at both ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from vofiles.errors import ServiceNotFound
from vofiles.ivorn import Ivorn

MINIMUM_SECRET: Final = 32
"""Bytes of the shortest secret: as many as SHA-256 has (RFC 2104, section 3)."""


@dataclass(frozen=True, slots=True)
class Key:
    """A secret that two services share, and its name in signatures. Raises ValueError where either cannot serve."""

    id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        # An id is written into a structured field's string (RFC 8941, 3.3.3); quotes would need escapes there.
        if not self.id or not self.id.isascii() or not self.id.isprintable() or set(self.id) & set('"\\'):
            raise ValueError(f"{self.id[:80]!a} cannot be a key id: printable ASCII without quote and backslash")
        if len(self.secret) < MINIMUM_SECRET:
            raise ValueError(f"the secret of key {self.id} has fewer than {MINIMUM_SECRET} bytes")


@dataclass(frozen=True, slots=True)
class Peer:
    """Another service and the live keys shared with it, the signing one first. Raises ValueError unless 1 or 2."""

    identifier: Ivorn
    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= 2:
            raise ValueError(f"{self.identifier} needs one key, or two while they rotate; it has {len(self.keys)}")


class Keyring:
    """All peers of one service. Raises ValueError when a peer or a key id comes twice.

    For any number of threads; whoever asks while the keys are replaced gets the old ones or the new ones.
    """

    def __init__(self, peers: Iterable[Peer]) -> None:
        self._peers: dict[Ivorn, Peer] = {}
        self._owners: dict[str, tuple[Ivorn, Key]] = {}
        self.replace(peers)

    def replace(self, peers: Iterable[Peer]) -> None:
        """Have these peers and keys from now on. Raises ValueError as the constructor does, and changes nothing."""
        known: dict[Ivorn, Peer] = {}
        owners: dict[str, tuple[Ivorn, Key]] = {}
        for peer in peers:
            if peer.identifier in known:
                raise ValueError(f"{peer.identifier} is listed twice")
            known[peer.identifier] = peer
            for key in peer.keys:
                if key.id in owners:
                    raise ValueError(f"the key id {key.id} is given twice")
                owners[key.id] = (peer.identifier, key)
        self._owners, self._peers = owners, known

    def find_key(self, key_id: str) -> tuple[Ivorn, Key] | None:
        """The peer that a key id names, and the key."""
        return self._owners.get(key_id)

    def get_signing_key(self, peer: Ivorn) -> Key:
        """The key to sign with for `peer`. Raises ServiceNotFound for a service that is no peer."""
        try:
            return self._peers[peer].keys[0]
        except KeyError:
            raise ServiceNotFound(peer) from None
