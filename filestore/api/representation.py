"""The answer to a GET or HEAD: the conditions of the request, and the range it asks for (RFC 9110).

Rule: pure; where the bytes come from is another's matter (`bodies`), and so is what is said of them (`description`).
"""

import re
from collections.abc import Callable

from filestore.api.bodies import Bodies
from filestore.api.byteranges import Parts
from filestore.api.description import Description
from filestore.api.digestfields import digest_fields
from filestore.api.problems import problem
from filestore.domain.byterange import ByteRange, find_ranges
from vofiles.errors import RangeUnsatisfiable, VersionConflict
from vofiles.serving.http import Request, Response

_TAG = re.compile(r'\s*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|\Z)')


def represent(
    request: Request, described: Description, bodies: Bodies, again: Callable[[], bool] | None = None
) -> Response:
    """The answer, which may be given again while `again` says so."""
    size = described.admitted.content.size
    try:
        answer = _conditional(request, described)
        ranges = () if answer is not None else _ranges(request, described, size)
    except RangeUnsatisfiable as error:
        return problem(error, ("Content-Range", f"bytes */{size}"))
    if answer is not None:
        return answer
    digests = digest_fields(request.headers, described.admitted.content.digests, whole=not ranges)
    headers = (*described.fields, *digests)
    if not ranges:
        body = bodies.whole(described.admitted)
        return Response(200, (("Content-Type", described.media_type), *headers), body, again=again)
    if len(ranges) > 1:
        parts = Parts(size, described.media_type, ranges)
        return Response(206, (("Content-Type", parts.media_type), *headers), bodies.parts(described.admitted, parts))
    (part,) = ranges
    headers = (("Content-Type", described.media_type), *headers, ("Content-Range", part.content_range(size)))
    return Response(206, headers, bodies.part(described.admitted, part), again=again)


def _conditional(request: Request, described: Description) -> Response | None:
    """The answer that a condition of the request makes of it, in the order of RFC 9110, 13.2.2.

    There is no Last-Modified, so that conditions on time do not apply (13.1.3, 13.1.4).
    """
    tag = described.tag
    wanted = _tags(request, "If-Match")
    if wanted is not None and tag not in wanted and "*" not in wanted:
        return problem(VersionConflict("If-Match", reason=f"the content is {tag}"), ("ETag", tag), status=412)
    known = _tags(request, "If-None-Match")
    if known is not None and ("*" in known or tag in {text.removeprefix("W/") for text in known}):
        return Response(304, described.identity)
    return None


def _ranges(request: Request, described: Description, size: int) -> tuple[ByteRange, ...]:
    """The ranges asked for, none for the whole. Raises RangeUnsatisfiable."""
    if request.method != "GET":
        return ()  # RFC 9110, 14.2
    only_if = request.headers.get("If-Range")
    if only_if is not None and only_if.strip() != described.tag:
        return ()
    headers = request.headers.get_all("Range")
    return find_ranges(headers[0], size) if len(headers) == 1 else ()


def _tags(request: Request, name: str) -> set[str] | None:
    values = request.headers.get_all(name)
    if not values:
        return None
    text = ",".join(values)
    return {"*"} if text.strip() == "*" else set(_TAG.findall(text))
