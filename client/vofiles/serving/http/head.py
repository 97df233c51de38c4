"""A request's head: bytes to a `Head`, or a refusal. httptools takes the head apart; what it lets pass is refused here.

The rule that keeps it so: no I/O, and exactly one whole head per call, so no byte behind it can be misread as part of
it. httptools alone accepts a duplicate or missing Host, `gzip, chunked`, Transfer-Encoding in HTTP/1.0 and heads of
any size. RFC 9110 (semantics), RFC 9112 (framing).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import httptools

from .limits import Limits
from .messages import Headers
from .refusal import Refusal

END = b"\r\n\r\n"
_CONTROLS = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])  # all but the tab; CR and LF are counted
_VERSIONS = {b"HTTP/1.1": "1.1", b"HTTP/1.0": "1.0"}
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SOME_VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]")
_TUNNELS = frozenset((b"CONNECT", b"TRACE"))
_ABSOLUTE = re.compile(r"https?://([^/?#@]+)([/?].*)?", re.IGNORECASE)
_HOST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FRAMING = frozenset(
    ("host", "content-length", "transfer-encoding", "expect", "connection", "x-request-id"),
)


@dataclass(slots=True)
class Head:
    """One parsed head. `length` is the body's in bytes, None when it comes in chunks."""

    method: str
    target: str
    path: str
    query: str
    headers: Headers
    version: str
    host: str
    length: int | None
    expects_continue: bool
    keep_alive: bool
    request_id: str | None


class HeadParser:
    """Takes heads apart one after another; one per connection."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser: httptools.HttpRequestParser | None = None
        self._pairs: list[tuple[bytes, bytes]] = []
        self._complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by httptools."""
        self._pairs.append((name, value))

    def on_message_complete(self) -> None:
        """Called by httptools when the message has no body; then the same parser serves the next one."""
        self._complete = True

    def require_bounded(self, partial: bytes) -> None:
        """Refuse the beginning of a head that can no longer become a good one."""
        limits = self._limits
        if len(partial) > limits.line and b"\r\n" not in partial[: limits.line + 2]:
            raise Refusal(414, "the request line is too long")
        if len(partial) > limits.head:
            raise Refusal(431, "the request's head is too large")
        if partial.count(b"\n") != partial.count(b"\r\n") or b"\0" in partial:
            raise Refusal(400, "the request's head has a bare line feed or a NUL")

    def parse(self, raw: bytes) -> Head:
        """The head that `raw` is, its empty line included. Raises Refusal."""
        method, target, version = self._check_lines(raw)
        self._feed(raw)
        pairs: list[tuple[str, str]] = []
        framing: dict[str, list[str]] = {}
        for raw_name, raw_value in self._pairs:
            name = raw_name.decode("ascii").lower()
            value = raw_value.decode("latin-1")
            pairs.append((name, value))
            if name in _FRAMING:
                framing.setdefault(name, []).append(value)
        authority, path, query = _split_target(method, target)
        host = _host(framing.get("host"), version)
        tokens = _tokens(framing.get("connection"))
        request_id = framing.get("x-request-id")
        return Head(
            method,
            target,
            path,
            query,
            Headers.from_lowered(tuple(pairs)),
            version,
            authority or host,
            _body_length(framing, version),
            _expects_continue(framing.get("expect"), version),
            "close" not in tokens if version == "1.1" else "keep-alive" in tokens,
            request_id[0] if request_id and _REQUEST_ID.fullmatch(request_id[0]) else None,
        )

    def _check_lines(self, raw: bytes) -> tuple[str, str, str]:
        """Method, target and version, when sizes and line ends are in order."""
        limits = self._limits
        first = raw.find(b"\r\n")
        if first > limits.line:
            raise Refusal(414, "the request line is too long")
        lines = raw.count(b"\r\n")
        if len(raw) > limits.head or lines - 2 > limits.headers:
            raise Refusal(431, "the request has too many headers, or too large ones")
        if len(raw) > limits.line and max(map(len, raw.split(b"\r\n"))) > limits.line:
            raise Refusal(431, "a header is too long")
        if len(raw) - len(raw.translate(None, _CONTROLS)) != 2 * lines:
            raise Refusal(400, "the request's head has a bare line end or control characters")
        parts = raw[:first].split(b" ")
        if len(parts) != 3 or not _METHOD.fullmatch(parts[0]):
            raise Refusal(400, "a request line is a method, a target and a version")
        method, target, version = parts
        if version not in _VERSIONS:
            known = _SOME_VERSION.fullmatch(version)
            raise Refusal(505, "only HTTP/1.1 and HTTP/1.0") if known else Refusal(400, "no version of HTTP")
        if method in _TUNNELS:
            raise Refusal(501, "this method is not implemented")
        if not target.isascii() or b"#" in target:
            raise Refusal(400, "the request's target is no URI")
        return method.decode("ascii"), target.decode("ascii"), _VERSIONS[version]

    def _feed(self, raw: bytes) -> None:
        """Have httptools take `raw` apart. A parser that has seen a body's head waits for the body, so it is not used
        again.
        """
        self._pairs.clear()
        self._complete = False
        parser = self._parser or httptools.HttpRequestParser(self)
        self._parser = None
        try:
            parser.feed_data(raw)
        except httptools.HttpParserUpgrade:
            return  # an offer to change protocols, which one may ignore (RFC 9110, 7.8)
        except httptools.HttpParserInvalidMethodError as error:
            raise Refusal(501, "this method is not implemented") from error
        except httptools.HttpParserError as error:
            raise Refusal(400, "the request's head is malformed") from error
        if self._complete and parser.should_keep_alive():
            self._parser = parser


def _split_target(method: str, target: str) -> tuple[str, str, str]:
    """Authority (empty unless the target is absolute), path and query."""
    authority = ""
    if target == "*" and method == "OPTIONS":
        return "", "*", ""
    if not target.startswith("/"):
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None or not _HOST.fullmatch(absolute[1]):
            raise Refusal(400, "the request's target is neither a path nor an http address")
        authority, target = absolute[1], absolute[2] or "/"
        if target.startswith("?"):
            target = "/" + target
    path, _, query = target.partition("?")
    if "%" in path:
        _require_decodable(path)
    return authority, path, query


def _require_decodable(path: str) -> None:
    if _BAD_ESCAPE.search(path):
        raise Refusal(400, "the request's path has a broken escape")
    try:
        decoded = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, "the request's path is not UTF-8") from error
    if "\0" in decoded:
        raise Refusal(400, "the request's path has a NUL")


def _host(values: list[str] | None, version: str) -> str:
    """The one Host; HTTP/1.0 may do without."""
    if not values:
        if version == "1.0":
            return ""
        raise Refusal(400, "the request has no Host")
    if len(values) > 1 or not _HOST.fullmatch(values[0]):
        raise Refusal(400, "the request's Host is malformed or given twice")
    return values[0]


def _tokens(values: list[str] | None) -> list[str]:
    return [token.strip().lower() for value in values for token in value.split(",")] if values else []


def _body_length(framing: dict[str, list[str]], version: str) -> int | None:
    """The body's length in bytes, None for chunks. Whatever two readers could understand differently is refused."""
    codings, lengths = framing.get("transfer-encoding"), framing.get("content-length")
    if codings is not None:
        if lengths is not None or version == "1.0":
            raise Refusal(400, "the request's length is ambiguous")
        if len(codings) > 1 or codings[0].strip().lower() != "chunked":
            raise Refusal(501, "the only transfer coding is chunked")
        return None
    if lengths is None:
        return 0
    if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
        raise Refusal(400, "the request's Content-Length is malformed or given twice")
    if len(lengths[0]) > 18:
        raise Refusal(413, "the request's body is too large")
    return int(lengths[0])


def _expects_continue(values: list[str] | None, version: str) -> bool:
    if not values or version == "1.0":
        return False
    if len(values) > 1 or values[0].strip().lower() != "100-continue":
        raise Refusal(417, "the only expectation that can be met is 100-continue")
    return True
