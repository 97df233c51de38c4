"""HTTP headers that every request of a job is made with, as a job keeps them.

Rule: texts alone, for that is what a job's request is made of.
"""

import json
from collections.abc import Mapping, Sequence

from vofiles.contract import Header

_KEY = "headers"


def write_headers(headers: Sequence[Header]) -> dict[str, str]:
    """What to keep of these in a job's request."""
    return {_KEY: json.dumps([[header.name, header.value] for header in headers])} if headers else {}


def read_headers(request: Mapping[str, str]) -> tuple[Header, ...]:
    """The headers in a job's request."""
    return tuple(Header(name, value) for name, value in json.loads(request.get(_KEY, "[]")))
