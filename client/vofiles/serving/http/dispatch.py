"""Finds who serves a request: a run of its route, or the engine's own answer when there is none.

The rule that keeps it so: it decides from the head alone, before any of the body is read.
"""

from __future__ import annotations

from .control import ControlRun
from .head import Head
from .messages import Control, Request, Response, text
from .run import Link, Run
from .site import Site
from .streaming import StreamRun


def dispatch(link: Link, site: Site, request: Request, head: Head) -> tuple[Run | Response, int | None]:
    """(the run, or an answer at once; the limit of the body in bytes)."""
    if request.path == "*":
        return _options(", ".join(sorted(site.methods | {"OPTIONS"}))), 0
    route = site.find_route(request.path)
    if route is None:
        return text(404, "there is nothing here"), 0
    if request.method not in route.methods:
        if request.method == "OPTIONS":
            return _options(route.allow), 0
        return text(405, "this cannot be done here", ("Allow", route.allow)), 0
    serve = route.serve
    if serve.body_limit is not None and head.length is not None and head.length > serve.body_limit:
        return serve.refuse(request, 413, f"a body here has at most {serve.body_limit} bytes"), 0
    if isinstance(serve, Control):
        return ControlRun(link, serve, request, has_body=head.length != 0), serve.body_limit
    return StreamRun(link, serve, request, head.length), serve.body_limit


def request_of(head: Head, peer: str, request_id: str, *, secure: bool) -> Request:
    """The request with this head, its body still to come."""
    return Request(
        head.method,
        head.target,
        head.path,
        head.query,
        head.headers,
        head.version,
        head.host,
        peer,
        request_id,
        secure,
    )


def _options(allow: str) -> Response:
    return Response(204, (("Allow", allow),))
