"""A play of a content that is large enough to be written past the page cache, but for its end.

Rule: as of all plays; its bytes come as the data plane brings them, in blocks of whole pages.
"""

from filestore.backends.diskio import PAGE
from filestore.services.imports import Sent, open_upload
from tests.support.faultcallers import FILE, offer
from tests.support.faultnotes import HOST
from tests.support.faultplays import Play, empty_file
from tests.support.faultworld import World

CONTENT = bytes(range(1, 256)) * (5 * PAGE // 255) + b"and no whole page at its end"
BLOCK = 2 * PAGE


def write_large(world: World) -> None:
    place = offer(world, FILE, len(CONTENT))
    assert place.container is not None
    store = world.store(place.container.service)
    (endpoint,) = place.endpoints

    def put() -> None:
        upload = open_upload(store.store, endpoint.url.removeprefix(HOST), Sent(len(CONTENT)))
        try:
            for start in range(0, len(CONTENT), BLOCK):
                upload.write(CONTENT[start : start + BLOCK])
            upload.complete()
        except BaseException:
            upload.abort()
            raise

    world.notes.begin("content", FILE, CONTENT)
    world.visit(store.name, put)
    world.notes.done("content", FILE, CONTENT)
    del world.notes.offers[FILE]
    world.pump()


LARGE = Play("large write", empty_file, write_large)
