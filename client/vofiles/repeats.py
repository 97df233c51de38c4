"""Calls that change something, made again where nobody knows whether they were taken.

Rule: a repeat carries the key of the first one, so that the service does it once and answers both alike; only a
connection that was made and lost is a reason for one, and there is one repeat. What is refused, never connected or
too slow to answer is told as it is.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import requests
from urllib3.exceptions import NewConnectionError

from vofiles.errors import ServiceUnreachable
from vofiles.ivorn import new_number

R = TypeVar("R")
A = TypeVar("A")


def once_more(call: Callable[[R], A], request: R) -> A:
    """The answer to a request of the contract that has an idempotency key; it gets a fresh one if it has none.

    Raises what `call` raises, the second time if the connection of the first was lost.
    """
    asked: Any = request
    keyed: R = replace(asked, idempotency_key=asked.idempotency_key or new_number())
    try:
        return call(keyed)
    except ServiceUnreachable as error:
        if not was_lost(error):
            raise
    return call(keyed)


def was_lost(error: ServiceUnreachable) -> bool:
    """Whether the connection ended after it was made and before the answer was here."""
    cause = error.__cause__
    if isinstance(cause, requests.Timeout) or not isinstance(
        cause, requests.ConnectionError | requests.exceptions.ChunkedEncodingError
    ):
        return False
    return not any(isinstance(getattr(inner, "reason", None), NewConnectionError) for inner in cause.args)
