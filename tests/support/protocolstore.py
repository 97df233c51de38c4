"""The scenario's other half: a FileManager's calls to a file store, one of each operation, signed as between services.

Rule: the store is asked over the wire alone; nothing of the FileManager's own is behind the calls, as nobody but a
store is behind the answers.
"""

from typing import Any, Final

from lxml import etree

from tests.support.exampleservices import ExampleServices
from tests.support.exchanges import Exchange
from tests.support.filemanager import COMMUNITY
from tests.support.localstores import SERVICE
from vofiles.contract import (
    FILESTORE,
    DeleteContainer,
    Duplicate,
    GetIdentifier,
    GetProperties,
    GetStatus,
    ListContainers,
    StoreAppendInit,
    StoreCancelTransfer,
    StoreCompleteTransfer,
    StoreExportData,
    StoreExportInit,
    StoreImportData,
    StoreImportInit,
    Transfer,
)
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier
from vofiles.soap import reader

OWNER: Final = Ivorn.parse(f"{COMMUNITY}/dave")
IDENTIFIER: Final = NodeIdentifier.parse(f"{SERVICE}#2b7kqsbfdbaqn3ltmzuvtopjdm")
NODE: Final = LongIdentifier.parse(f"{SERVICE}#3jzfyqhmvykbvxmcs2bblvwyde/solar-project/query-7.vot")
CONTENT: Final = b"<VOTABLE/>"
SOURCE: Final = "http://archive.example.org/store-m31.fits"


def play_store(services: ExampleServices, store: Ivorn) -> dict[str, Exchange]:
    """The exchanges, by `FileStore.` and the operation's name."""
    exchanges: dict[str, Exchange] = {}
    who = services.signed_by_manager(store)

    def call(request: Any) -> Any:
        exchange = services.call(FILESTORE, request, who, store)
        (operation,) = (each for each in FILESTORE if each.request is type(request))
        assert exchange.status == 200, exchange.answer.decode()
        exchanges.setdefault(f"FileStore.{operation.name}", exchange)
        return reader(operation.answer)(etree.fromstring(exchange.answer)[-1][0])

    def begun(request: Any) -> Transfer:
        found: Transfer = call(request).transfer
        return found

    call(GetIdentifier())
    call(GetStatus())
    offer = begun(StoreImportInit("import-1", SERVICE, NODE, OWNER, 10, None, "text/xml", (), IDENTIFIER))
    services.wire.send("PUT", offer.endpoints[0].url, (), CONTENT)
    container = offer.container
    assert container is not None
    call(StoreCompleteTransfer("import-1"))
    call(GetProperties(transfer="import-1"))
    call(StoreExportInit("export-1", SERVICE, container, "query-7.vot", "text/xml"))
    call(StoreAppendInit("append-1", SERVICE, container, NODE, OWNER, 5, None, IDENTIFIER))
    call(StoreCancelTransfer("append-1"))
    copy = begun(Duplicate("copy-1", SERVICE, container, NODE, OWNER, IDENTIFIER)).container
    services.local(store).web.pages[SOURCE] = b"SIMPLE  =                    T"
    call(StoreImportData("import-2", SERVICE, NODE, OWNER, SOURCE, "HTTP", "GET", content_type="image/fits"))
    call(StoreExportData("export-2", SERVICE, container, f"{SOURCE}.copy", "HTTP", "PUT", "text/xml"))
    call(ListContainers(limit=1))
    assert copy is not None
    call(DeleteContainer(copy))
    return exchanges
