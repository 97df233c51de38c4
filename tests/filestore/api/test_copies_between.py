"""A store that fetches from another one, over connections that break: real ones on both sides."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.cutting import cutting_proxy
from tests.support.filestore import OWNER, CallingManager, RunningFileStore, running_filestore
from vofiles.contract import GetProperties, StoreImportData, TransferCompleted
from vofiles.errors import AddressRefused
from vofiles.ivorn import Ivorn, new_number

CONTENT = bytes(range(256)) * 8000
CUTS = 3
OTHER = Ivorn.parse("ivo://roe.ac.uk/filestore#abcd")


def fetching(manager: CallingManager, url: str, source: Ivorn | None = OTHER) -> StoreImportData:
    return StoreImportData(
        new_number(), manager.identifier, manager.new_node(), OWNER, url, size=len(CONTENT), source=source
    )


def test_what_breaks_off_goes_on_where_it_was(manager: CallingManager, store: RunningFileStore) -> None:
    container = manager.stored(store.address, CONTENT)
    with cutting_proxy() as proxy:
        proxy.target = store.port
        proxy.cut_after(received=len(CONTENT) / 5, times=CUTS)
        path = urlsplit(manager.get_url(store.address, container)).path
        request = fetching(manager, f"http://127.0.0.1:{proxy.port}{path}")
        begun = manager.port(store.address).import_data(request).transfer
        message = manager.await_callback(request.transfer)
    assert isinstance(message, TransferCompleted), message
    assert (proxy.broken, proxy.connections) == (CUTS, CUTS + 1)
    assert begun.container is not None
    fetched = requests.get(manager.get_url(store.address, begun.container), timeout=30)
    assert fetched.content == CONTENT
    first, second = digests(manager, store, container), digests(manager, store, begun.container)
    assert first == second


def digests(manager: CallingManager, store: RunningFileStore, container: Ivorn) -> dict[str, str]:
    found = manager.port(store.address).get_properties(GetProperties(container)).container
    assert found is not None
    return {digest.algorithm: digest.value for digest in found.digests}


def test_only_another_stores_offer_may_lie_inside(manager: CallingManager, tmp_path: Path) -> None:
    sections = ('[outbound]\nstores = ["127.0.0.1/32"]', "[listen]\nport = 0")
    with running_filestore(tmp_path, [manager], *sections) as store:
        url = manager.get_url(store.address, manager.stored(store.address, CONTENT))
        with pytest.raises(AddressRefused):
            manager.port(store.address).import_data(fetching(manager, url, None))
        request = fetching(manager, url)
        manager.port(store.address).import_data(request)
        assert isinstance(manager.await_callback(request.transfer), TransferCompleted)
