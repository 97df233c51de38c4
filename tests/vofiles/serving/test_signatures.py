"""Signed calls between services: RFC 9421's own vector, the closed profile, and everything a forger would try."""

from base64 import b64decode
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from tests.support.signing import SignedAuth
from vofiles.errors import NotAuthenticated, ServiceNotFound
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn
from vofiles.serving.digests import content_digest
from vofiles.serving.http.messages import Headers, Request
from vofiles.serving.keyring import Key, Keyring, Peer
from vofiles.serving.nonces import WINDOW
from vofiles.serving.signatures import Verifier, hmac_sha256, signature_base

MANAGER = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
STORE = Ivorn.parse("ivo://star.le.ac.uk/filestore")
NOW = Instant(1_800_000_000 * SECOND)
OLD, NEW = Key("cam-le-1", b"o" * 32), Key("cam-le-2", b"n" * 32)


def at_store(*keys: Key) -> Keyring:
    return Keyring([Peer(MANAGER, keys or (OLD,))])


def at_manager(*keys: Key) -> Keyring:
    return Keyring([Peer(STORE, keys or (OLD,))])


def signed(
    body: bytes = b"<Envelope/>",
    *,
    keyring: Keyring | None = None,
    now: Instant = NOW,
    url: str = "http://127.0.0.1:8081/filestore?x=1&y=%20",
    method: str = "POST",
) -> Request:
    """A request as it arrives, signed as it is sent."""
    auth = SignedAuth(keyring or at_manager(), STORE, lambda: now)
    return arrived(requests.Request(method, url, data=body, auth=auth).prepare())


def arrived(sent: requests.PreparedRequest) -> Request:
    url = urlsplit(sent.url or "")
    body = sent.body or b""
    assert isinstance(body, bytes)
    return Request(
        method=sent.method or "",
        target=sent.path_url,
        path=url.path,
        query=url.query,
        headers=Headers([(name, str(value)) for name, value in sent.headers.items()]),
        version="1.1",
        host=url.netloc,
        peer="127.0.0.1",
        request_id="r",
        body=body,
    )


def with_header(request: Request, name: str, value: str) -> Request:
    others = [(key, old) for key, old in request.headers if key != name]
    return request._replace(headers=Headers([*others, (name, value)]))


def edited(request: Request, name: str, old: str, new: str) -> Request:
    value = request.headers.get(name, "")
    assert value is not None
    assert old in value
    return with_header(request, name, value.replace(old, new))


def test_the_vector_of_the_standard() -> None:
    """RFC 9421, B.2.5."""
    secret = b64decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
    components = [
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("@authority", "example.com"),
        ("content-type", "application/json"),
    ]
    params = '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
    assert hmac_sha256(secret, signature_base(components, params)) == "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="


def test_content_digest_of_the_standard() -> None:
    """RFC 9530, appendix B.1."""
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


def test_a_signed_request_names_its_peer() -> None:
    assert Verifier(at_store()).verify(signed(), NOW) == MANAGER


@pytest.mark.parametrize("url", ["http://h/filestore", "http://h", "http://h/a%2Fb/", "http://h/filestore?"])
@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("POST", b"\x00\xff")])
def test_every_form_of_address_verifies(url: str, method: str, body: bytes) -> None:
    assert Verifier(at_store()).verify(signed(body, url=url, method=method), NOW) == MANAGER


@given(st.binary(max_size=200), st.text(max_size=30))
def test_signing_and_verifying_agree(body: bytes, query: str) -> None:
    sent = requests.Request("POST", "http://h/p", params={"q": query}, data=body)
    sent.auth = SignedAuth(at_manager(), STORE, lambda: NOW)
    assert Verifier(at_store()).verify(arrived(sent.prepare()), NOW) == MANAGER


def test_both_live_keys_verify_and_the_first_signs() -> None:
    verifier = Verifier(at_store(OLD, NEW))
    assert verifier.verify(signed(keyring=at_manager(OLD, NEW)), NOW) == MANAGER
    request = signed(keyring=at_manager(NEW, OLD))
    assert f'keyid="{NEW.id}"' in (request.headers.get("signature-input") or "")
    assert verifier.verify(request, NOW) == MANAGER


def test_a_key_taken_away_verifies_no_more() -> None:
    with pytest.raises(NotAuthenticated):
        Verifier(at_store(NEW)).verify(signed(keyring=at_manager(OLD)), NOW)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"method": "PUT"}, id="method"),
        pytest.param({"path": "/filestore2"}, id="path"),
        pytest.param({"query": "x=2"}, id="query"),
        pytest.param({"body": b"<Envelope />"}, id="body"),
        pytest.param({"body": b""}, id="body taken away"),
    ],
)
def test_a_changed_request_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(NotAuthenticated):
        Verifier(at_store()).verify(signed()._replace(**change), NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [-WINDOW - 1, WINDOW + 1])
def test_a_stale_signature_is_refused(seconds: int) -> None:
    with pytest.raises(NotAuthenticated, match="not made within"):
        Verifier(at_store()).verify(signed(), Instant(NOW + seconds * SECOND))


@pytest.mark.parametrize("seconds", [-WINDOW, WINDOW])
def test_clocks_may_differ_by_the_window(seconds: int) -> None:
    assert Verifier(at_store()).verify(signed(), Instant(NOW + seconds * SECOND)) == MANAGER


@pytest.mark.parametrize("later", [0, 1, WINDOW])
def test_a_replay_is_refused(later: int) -> None:
    verifier, request = Verifier(at_store()), signed()
    verifier.verify(request, NOW)
    with pytest.raises(NotAuthenticated, match="used before"):
        verifier.verify(request, Instant(NOW + later * SECOND))


def test_a_replay_is_refused_although_the_clock_was_set_back() -> None:
    verifier, request = Verifier(at_store()), signed()
    verifier.verify(request, NOW)
    later = Instant(NOW + 2 * WINDOW * SECOND)
    verifier.verify(signed(now=later), later)
    with pytest.raises(NotAuthenticated, match="used before"):
        verifier.verify(request, NOW)


def test_a_replay_is_refused_when_memory_is_short() -> None:
    verifier = Verifier(at_store(), remembered=3)
    sent = [signed(now=Instant(NOW + n * SECOND)) for n in range(6)]
    for request in sent:
        verifier.verify(request, NOW)
    # Three are forgotten, so that nothing can be told of their time: what is as old is refused, sent before or not.
    for request in [*sent, signed(now=NOW)]:
        with pytest.raises(NotAuthenticated, match="used before"):
            verifier.verify(request, NOW)


def test_a_refused_forgery_does_not_use_up_the_nonce() -> None:
    verifier, request = Verifier(at_store()), signed()
    with pytest.raises(NotAuthenticated):
        verifier.verify(request._replace(body=b"other"), NOW)
    assert verifier.verify(request, NOW) == MANAGER


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        pytest.param("signature-input", '"@method" ', "", id="method not covered"),
        pytest.param("signature-input", ' "content-digest"', "", id="digest not covered"),
        pytest.param("signature-input", '"@query"', '"@query" "@query"', id="covered twice"),
        pytest.param("signature-input", '"@query"', '"@query" "host"', id="more covered"),
        pytest.param("signature-input", '"content-digest"', '"content-digest";req', id="component with parameter"),
        pytest.param("signature-input", "hmac-sha256", "ed25519", id="other algorithm"),
        pytest.param("signature-input", "hmac-sha256", "none", id="no algorithm"),
        pytest.param("signature-input", 'tag="vofiles"', 'tag="other"', id="other tag"),
        pytest.param("signature-input", ';tag="vofiles"', "", id="no tag"),
        pytest.param("signature-input", ";created", ";expires=9;created", id="more parameters"),
        pytest.param("signature-input", ";created", ";created=1;created", id="parameter twice"),
        pytest.param("signature-input", "cam-le-1", "cam-le-9", id="unknown key"),
        pytest.param("signature-input", "vofiles=(", "other=(", id="label without signature"),
        pytest.param("signature-input", "vofiles=(", "a=(),vofiles=(", id="two inputs"),
        pytest.param("signature", "=:", "=:AAAA", id="longer"),
        pytest.param("signature", "vofiles=:", "vofiles=", id="no byte sequence"),
        pytest.param("content-digest", "sha-256", "sha-512", id="other digest"),
        pytest.param("content-digest", "=:", "=", id="malformed digest"),
    ],
)
def test_what_is_not_the_profile_is_refused(name: str, old: str, new: str) -> None:
    with pytest.raises(NotAuthenticated):
        Verifier(at_store()).verify(edited(signed(), name, old, new), NOW)


@pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest"])
def test_a_header_that_is_missing_or_double_is_refused(name: str) -> None:
    request = signed()
    value = request.headers.get(name) or ""
    without = Headers([pair for pair in request.headers if pair[0] != name])
    for headers in (without, Headers([*request.headers, (name, value)])):
        with pytest.raises(NotAuthenticated):
            Verifier(at_store()).verify(request._replace(headers=headers), NOW)


def test_a_digest_that_was_signed_but_is_not_the_bodys_is_refused() -> None:
    """The signature is genuine; only the comparison with the body can tell."""
    request = signed(b"one")
    with pytest.raises(NotAuthenticated, match="body"):
        Verifier(at_store()).verify(request._replace(body=b"two"), NOW)


def test_components_in_another_order_verify() -> None:
    """RFC 9421 leaves the order to the signer."""
    request = signed()
    params = (request.headers.get("signature-input") or "").removeprefix("vofiles=")
    params = params.replace('"@method" "@path"', '"@path" "@method"')
    digest = request.headers.get("content-digest") or ""
    base = signature_base(
        [("@path", request.path), ("@method", "POST"), ("@query", f"?{request.query}"), ("content-digest", digest)],
        params,
    )
    request = with_header(request, "signature-input", f"vofiles={params}")
    request = with_header(request, "signature", f"vofiles=:{hmac_sha256(OLD.secret, base)}:")
    assert Verifier(at_store()).verify(request, NOW) == MANAGER


def test_only_a_peer_can_be_signed_for() -> None:
    auth = SignedAuth(at_store(), STORE, lambda: NOW)
    with pytest.raises(ServiceNotFound):
        requests.Request("POST", "http://h/", data=b"", auth=auth).prepare()


def test_a_body_that_is_not_bytes_is_not_signed() -> None:
    auth = SignedAuth(at_manager(), STORE, lambda: NOW)
    with pytest.raises(TypeError):
        requests.Request("POST", "http://h/", data=iter([b"a"]), auth=auth).prepare()
