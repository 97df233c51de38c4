"""A content as the answer to a GET: its headers, the conditions of the request, and the range it asks for (RFC 9110).

Rule: pure but for the reader that the answer will be sent from. Served bytes are strangers' bytes: they are attachments
in a sandbox, whatever type they claim, and no header value is theirs unchecked.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from urllib.parse import quote

from filestore.api.byteranges import Parts
from filestore.api.problems import problem
from filestore.domain.byterange import ByteRange, find_ranges
from filestore.services.exports import Download
from vofiles.contract import Digest
from vofiles.errors import RangeUnsatisfiable, VersionConflict
from vofiles.serving.http import FileBody, Preadable, Request, Response

UNKNOWN_TYPE = "application/octet-stream"

_TYPE = re.compile(r"[\x20-\x7e]{1,255}\Z")
_TAG = re.compile(r'\s*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|\Z)')
_PLAIN_NAME = re.compile(r"[^A-Za-z0-9 ._+=@()-]")
_SAFETY = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "sandbox; default-src 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


def represent(request: Request, download: Download, close: Callable[[], None]) -> Response:
    """The answer to a GET or HEAD. `close` is called when the bytes are not needed any more, whatever is answered."""
    try:
        answer = _conditional(request, download)
        ranges = () if answer else _ranges(request, download)
    except RangeUnsatisfiable as error:
        answer, ranges = problem(error, ("Content-Range", f"bytes */{download.size}")), ()
    if answer is not None:
        close()
        return answer
    if len(ranges) > 1:
        parts = Parts(download.reader, download.size, _type_of(download), ranges)
        headers = (("Content-Type", parts.media_type), *_describe(download))
        return Response(206, headers, FileBody(parts, 0, parts.length, close))
    headers = (("Content-Type", _type_of(download)), *_describe(download))
    if not ranges:
        return Response(200, headers, _whole(request, download, close))
    (part,) = ranges
    headers = (*headers, ("Content-Range", part.content_range(download.size)))
    return Response(206, headers, _part(download, part, close))


def _whole(request: Request, download: Download, close: Callable[[], None]) -> bytes | FileBody:
    """All of it, which nobody gets to its end unless it is what came. Raises as `Download.take` and `check` do."""
    if request.method == "GET" and download.is_short:
        data = download.take()
        close()
        return data
    check = download.check() if request.method == "GET" else None
    return FileBody(_source(download), 0, download.size, close, check)


def _part(download: Download, part: ByteRange, close: Callable[[], None]) -> bytes | FileBody:
    """Some of it, which says nothing of the rest."""
    data = download.at_hand
    if data is None:
        return FileBody(_source(download), part.offset, part.length, close)
    close()
    return data[part.offset : part.offset + part.length]


def _source(download: Download) -> int | Preadable:
    descriptor = download.reader.fileno()
    return download.reader if descriptor is None else descriptor


def entity_tag(container: str) -> str:
    """The strong entity tag of a content: a container's bytes never change, so its number says all."""
    return f'"{container}"'


def digest_header(digests: Iterable[Digest]) -> str:
    """The value of Repr-Digest (RFC 9530) for digests in hexadecimal."""
    members = [(digest.algorithm, b64encode(bytes.fromhex(digest.value)).decode("ascii")) for digest in digests]
    return ", ".join(f"{algorithm}=:{value}:" for algorithm, value in members)


def disposition(name: str | None) -> str:
    """The value of Content-Disposition (RFC 6266), for browsers old and new."""
    if not name:
        return "attachment"
    plain = _PLAIN_NAME.sub("_", name)[:150]
    encoded = quote(name.encode("utf-8", "replace"), safe="!#$&+^`|~-._")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"


def _identify(download: Download) -> tuple[tuple[str, str], ...]:
    return ("ETag", entity_tag(download.container)), ("Cache-Control", "private, no-transform")


def _type_of(download: Download) -> str:
    given = download.content_type or ""
    return given if _TYPE.match(given) else UNKNOWN_TYPE


def _describe(download: Download) -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Disposition", disposition(download.file_name)),
        ("Accept-Ranges", "bytes"),
        # What was adopted without being read has none yet.
        *([("Repr-Digest", digest_header(download.digests))] if download.digests else []),
        *_identify(download),
        *_SAFETY,
    )


def _conditional(request: Request, download: Download) -> Response | None:
    """The answer that a condition of the request makes of it, in the order of RFC 9110, 13.2.2.

    There is no Last-Modified, so that conditions on time do not apply (13.1.3, 13.1.4).
    """
    tag = entity_tag(download.container)
    wanted = _tags(request, "If-Match")
    if wanted is not None and tag not in wanted and "*" not in wanted:
        return problem(VersionConflict("If-Match", reason=f"the content is {tag}"), *_identify(download), status=412)
    known = _tags(request, "If-None-Match")
    if known is not None and ("*" in known or tag in {text.removeprefix("W/") for text in known}):
        return Response(304, _identify(download))
    return None


def _ranges(request: Request, download: Download) -> tuple[ByteRange, ...]:
    """The ranges asked for, none for the whole. Raises RangeUnsatisfiable."""
    if request.method != "GET":
        return ()  # RFC 9110, 14.2
    only_if = request.headers.get("If-Range")
    if only_if is not None and only_if.strip() != entity_tag(download.container):
        return ()
    headers = request.headers.get_all("Range")
    return find_ranges(headers[0], download.size) if len(headers) == 1 else ()


def _tags(request: Request, name: str) -> set[str] | None:
    values = request.headers.get_all(name)
    if not values:
        return None
    text = ",".join(values)
    return {"*"} if text.strip() == "*" else set(_TAG.findall(text))
