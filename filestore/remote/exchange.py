"""What is the same about every request to another server: sending it, its status, where it redirects to, its words.

Rule: knows no addresses and opens nothing; a failure is put in words that show nothing of the inside.
"""

import json
import re
import ssl
from collections.abc import Iterable
from http.client import HTTPException, HTTPResponse
from typing import Final

from filestore.remote.addresses import Target, parse_target
from filestore.remote.connection import Connection
from vofiles.errors import AddressRefused, InvalidArgument, SourceUnreachable

Headers = list[tuple[str, str]]

PROBLEM: Final = "problem"
"""The property of a SourceUnreachable that is the name of a problem."""
LONGEST_PROBLEM: Final = 4096
"""Bytes of a problem that are read."""
_NAME: Final = re.compile(r"[A-Za-z]{1,64}\Z")


def merged(own: Headers, callers: Headers) -> Headers:
    """Our headers and the caller's, who may say it otherwise."""
    given = {name.lower() for name, _ in callers}
    return [pair for pair in own if pair[0].lower() not in given] + callers


def exchange(
    connection: Connection, target: Target, method: str, headers: Headers, body: Iterable[bytes]
) -> HTTPResponse:
    """The answer to a request. Raises SourceUnreachable."""
    try:
        return connection.exchange(method, headers, body)
    except (OSError, HTTPException, ValueError) as error:
        raise SourceUnreachable(target, reason=why(error)) from error


def require_status(target: Target, response: HTTPResponse, good: Iterable[int]) -> None:
    """Refuse another status. Raises SourceUnreachable, with the status as a property, and the name of a problem as one
    where it is told.
    """
    if response.status in good:
        return
    name = _problem_of(response)
    told, properties = str(response.status), [("status", str(response.status))]
    if name:
        told, properties = f"{told} ({name})", [*properties, (PROBLEM, name)]
    raise SourceUnreachable(target, reason=f"it answered {told}", properties=tuple(properties))


def _problem_of(response: HTTPResponse) -> str:
    """The name of the problem (RFC 9457) that an answer tells, as our own stores name them; empty for none."""
    if response.getheader("Content-Type") != "application/problem+json":
        return ""
    try:
        told = json.loads(response.read(LONGEST_PROBLEM))
    except (OSError, HTTPException, ValueError):
        return ""
    name = told.get("name") if isinstance(told, dict) else None
    return name if isinstance(name, str) and _NAME.match(name) else ""


def redirected(target: Target, response: HTTPResponse, headers: Headers) -> tuple[Target, Headers]:
    """Where a redirect leads, and the headers that may go along. Raises SourceUnreachable, AddressRefused."""
    location = response.getheader("Location")
    if not location:
        raise SourceUnreachable(target, reason=f"it answered {response.status} without saying where to")
    try:
        onward = parse_target(location, base=target)
    except InvalidArgument as error:
        raise AddressRefused(f"where {target} redirects to", reason="it is not a URL") from error
    # What the caller said to one origin is not another's to hear.
    return onward, headers if onward.origin == target.origin else []


def why(error: Exception) -> str:
    """A reason in words that show nothing of the inside but what happened."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ConnectionRefusedError):
        return "it does not listen there"
    if isinstance(error, OSError):
        return "the connection broke"
    return "what it sent is not HTTP, or ended too early"
