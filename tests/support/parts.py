"""Uploads in parts, for tests: the next part, as who sends it sees it."""

from dataclasses import replace

from filestore.domain.stretch import Stretch
from filestore.services.kept import Kept
from filestore.services.parts import Part
from filestore.services.resuming import open_part
from filestore.services.uploads import Stored
from tests.support.filestore_core import Core
from vofiles.contract import (
    Receipt,
    Transfer,
)
from vofiles.instant import SECOND
from vofiles.ivorn import Ivorn

DATA = bytes(range(256)) * 40
HOUR = 3600 * SECOND


def begun(core: Core, token: str, offset: int = 0, data: bytes = b"", **told: object) -> Part:
    """The next part, with some bytes of it."""
    part = open_part(core.store, token, replace(Stretch(offset, None), **told))  # type: ignore[arg-type]
    assert isinstance(part, Part)
    if data:
        part.write(data)
    return part


def kept(core: Core, token: str, data: bytes, offset: int = 0, **told: object) -> Kept:
    """A part that came whole, and is not the last one."""
    outcome = begun(core, token, offset, data, **told).complete()
    assert isinstance(outcome, Kept)
    return outcome


def last(core: Core, token: str, data: bytes, offset: int, **told: object) -> Receipt:
    """The last part; what the whole is."""
    outcome = begun(core, token, offset, data, **told).complete()
    assert isinstance(outcome, Stored)
    return outcome.receipt


def place(offer: Transfer) -> Ivorn:
    assert offer.container is not None
    return offer.container


def on_disk(core: Core) -> list[str]:
    return list(core.store.backend.numbers())
