"""Keys between services: what a keyring refuses, and that it never shows a secret."""

import pytest

from vofiles.errors import ServiceNotFound
from vofiles.ivorn import Ivorn
from vofiles.serving.keyring import Key, Keyring, Peer

MANAGER = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
STORE = Ivorn.parse("ivo://star.le.ac.uk/filestore")
A, B, C = (Key(name, name.encode() * 32) for name in "abc")


def test_a_key_is_found_by_its_id() -> None:
    ring = Keyring([Peer(MANAGER, (A, B)), Peer(STORE, (C,))])
    assert ring.find_key("b") == (MANAGER, B)
    assert ring.find_key("c") == (STORE, C)
    assert ring.find_key("d") is None


def test_the_first_key_signs() -> None:
    ring = Keyring([Peer(MANAGER, (B, A))])
    assert ring.get_signing_key(MANAGER) is B
    with pytest.raises(ServiceNotFound):
        ring.get_signing_key(STORE)


def test_secrets_are_never_shown() -> None:
    assert "aaa" not in repr(A)
    assert "aaa" not in repr(Peer(MANAGER, (A,)))


@pytest.mark.parametrize("key_id", ["", 'a"b', "a\\b", "a\nb", "ü"])
def test_an_id_must_fit_into_a_signature(key_id: str) -> None:
    with pytest.raises(ValueError, match="key id"):
        Key(key_id, bytes(32))


def test_a_short_secret_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="fewer than 32") as refusal:
        Key("a", b"hunter2" * 4)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("keys", [(), (A, B, C)])
def test_a_peer_has_one_key_or_two(keys: tuple[Key, ...]) -> None:
    with pytest.raises(ValueError, match="one key, or two"):
        Peer(MANAGER, keys)


@pytest.mark.parametrize(
    "peers", [[Peer(MANAGER, (A,)), Peer(MANAGER, (B,))], [Peer(MANAGER, (A,)), Peer(STORE, (A,))]]
)
def test_nothing_comes_twice(peers: list[Peer]) -> None:
    with pytest.raises(ValueError, match="twice"):
        Keyring(peers)
