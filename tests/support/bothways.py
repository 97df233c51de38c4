"""Every request that is decoded in this process, decoded in both ways: by `decoding`, and by spyne.

Import the fixture `both_ways` in a conftest, and each test beside it fails where the two do not agree: on the request,
or on the error by class, sentence and properties. What is answered follows from that alone, so it is the same too.
"""

from collections.abc import Callable
from typing import Any

import pytest

from vofiles.errors import VofilesError
from vofiles.serving.dispatch import Dispatcher

Way = Callable[[Dispatcher, bytes, Callable[[Any], Any]], Any]


def outcome(way: Way, dispatcher: Dispatcher, xml: bytes) -> tuple[Any, ...]:
    """What one way makes of an envelope: the request, or the error by what is told of it."""
    try:
        request = way(dispatcher, xml, lambda decoded: decoded)
    except Exception as error:  # noqa: BLE001 - any of them is an outcome
        told = (error.message, error.properties) if isinstance(error, VofilesError) else (str(error),)
        return type(error), *told
    # 1 == True, and neither is the other on the wire.
    return request, repr(request)


@pytest.fixture(autouse=True)
def both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a test runs, no request is decoded but in both ways."""
    perform, by_spyne = Dispatcher.perform, Dispatcher.by_spyne

    def compared(self: Dispatcher, xml: bytes, act: Callable[[Any], Any]) -> Any:
        one, other = outcome(perform, self, xml), outcome(by_spyne, self, xml)
        assert one == other, f"{xml!r} is {one} by one way and {other} by the other"
        return perform(self, xml, act)

    monkeypatch.setattr(Dispatcher, "perform", compared)
