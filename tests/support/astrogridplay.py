"""The scenario behind docs/protocol-astrogrid.md: every operation of AstroGrid's FileManager, in each of its dialects.

    exchanges = play_astrogrid(services, NAMESPACE, "dave")    # {"addNode": Exchange, "NodeNotFoundFault": …}

Rule: one story for both dialects, so that a reader sees by comparing what differs; each has an account of its own.
"""

from threading import Thread
from typing import Any, Final

from lxml import etree

from filemanager.api.astrogrid.service import PATH
from filemanager.api.astrogrid.types import (
    DUPLICATE_NODE,
    FILE,
    FILE_MANAGER,
    FOLDER,
    NODE_NOT_FOUND,
    OPERATIONS,
    AddAccount,
    AddNode,
    AppendContent,
    BundlePreferences,
    Copy,
    CopyContentToURL,
    CopyURLToContent,
    Delete,
    DummyMessage,
    GetAccount,
    GetIdentifier,
    GetNode,
    Move,
    ReadContent,
    Refresh,
    TransferInfo,
    WriteContent,
)
from tests.support.exampleservices import FILES, PASSWORD, Authenticate, ExampleServices
from tests.support.exchanges import PATIENCE, Exchange
from tests.support.filemanager import COMMUNITY, OPERATOR
from vofiles.ivorn import Ivorn
from vofiles.serving import replies
from vofiles.serving.xmlgate import SOAP

ARCHIVE: Final = "http://archive.example.org"
CONTENT: Final = b"<VOTABLE/>"
HINTS: Final = BundlePreferences(1, -1, fetch_parents=True)


class AstroGridPlay:
    """One account's story in one dialect."""

    def __init__(self, services: ExampleServices, namespace: str, name: str) -> None:
        self._services, self._namespace, self._name = services, namespace, name
        self._who = services.basic(name)
        self.exchanges: dict[str, Exchange] = {}

    def play(self) -> None:
        """All of it."""
        self._open_account()
        self._write_and_read()
        self._have_stores_work()
        self._rearrange()

    # --- the chapters ---

    def _open_account(self) -> None:
        services, ident = self._services, f"ivo://{self._name}@{COMMUNITY.authority}/community"
        preferences = BundlePreferences(0, 0, fetch_parents=False)
        self._home = self._call(AddAccount(ident, preferences), who=services.basic("portal"))
        services.desk.credentials.set_password(OPERATOR, Ivorn.parse(f"{COMMUNITY}/{self._name}"), PASSWORD)
        self._call(DummyMessage(ident, TransferInfo(f"{ARCHIVE}/ignored", "GET")))
        self._call(GetIdentifier())
        self._call(GetAccount(ident, HINTS))
        self._folder = self._call(AddNode(self._home, "results", FOLDER))
        self._file = self._call(AddNode(f"{self._home}/results", "query-7.vot", FILE))
        self._fail(DUPLICATE_NODE, AddNode(self._home, "results", FOLDER))
        self._fail(NODE_NOT_FOUND, GetNode(f"{self._home}/nothing", HINTS))

    def _write_and_read(self) -> None:
        self._send(self._call(WriteContent(self._file)))
        self._call(Refresh(self._file, HINTS))
        read = self._services.wire.send("GET", self._call(ReadContent(self._file)))
        assert read.answer == CONTENT
        self._send(self._call(AppendContent(self._file)))
        self._call(GetNode(f"{self._home}/results/query-7.vot", HINTS))

    def _have_stores_work(self) -> None:
        world = self._services.world
        self._services.local().web.pages[f"{ARCHIVE}/m31.fits"] = b"SIMPLE  =                    T"
        picture = self._call(AddNode(self._home, "m31.fits", FILE))
        world.stores.after = lambda _operation: self._services.settle()
        self._call(CopyURLToContent(picture, f"{ARCHIVE}/m31.fits"))
        self._call(CopyContentToURL(picture, TransferInfo(f"{ARCHIVE}/incoming/m31.fits", "PUT")))
        world.stores.after = lambda _operation: None

    def _rearrange(self) -> None:
        self._call(Move(self._file, self._home, "query-8.vot"))
        # The answer waits for the copy's end, so there is somebody at work meanwhile.
        self._services.desk.runner.wait(0)
        worker = Thread(target=self._services.work, args=(PATIENCE,))
        worker.start()
        copy = self._call(Copy(self._file, self._folder, "query-9.vot"))
        worker.join()
        self._fail(FILE_MANAGER, Delete(self._folder))
        self._call(Delete(copy))

    # --- what they have in common ---

    def _call(self, request: Any, who: Authenticate | None = None) -> str:
        """Call an operation and keep it; the text of what its answer has first: an identifier or an address."""
        exchange, name = self._exchange(request, who or self._who)
        assert exchange.status == 200, exchange.answer.decode()
        self.exchanges.setdefault(name, exchange)
        found = etree.fromstring(exchange.answer).iterfind(".//*")
        return next((each.text for each in found if each.tag in {"ivorn", "uri"} and each.text), "")

    def _fail(self, fault: str, request: Any) -> None:
        exchange, _ = self._exchange(request, self._who)
        assert exchange.status == 500
        assert f".{fault}</" in exchange.answer.decode()
        self.exchanges[fault] = exchange

    def _exchange(self, request: Any, who: Authenticate) -> tuple[Exchange, str]:
        (operation,) = (each for each in OPERATIONS if each.request is type(request))
        pieces = [f'<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body>']
        pieces.append(f'<{operation.name} xmlns="{self._namespace}">')
        replies.writer(operation.request, ' xmlns=""')(request, pieces.append)
        pieces.append(f"</{operation.name}></soapenv:Body></soapenv:Envelope>")
        url = f"{FILES}{PATH}"
        return self._services.post(url, operation.name, "".join(pieces).encode(), who), operation.name

    def _send(self, url: str) -> None:
        sent = self._services.wire.send("PUT", url, (), CONTENT)
        assert sent.status == 201
        self._services.settle()


def play_astrogrid(services: ExampleServices, namespace: str, name: str) -> dict[str, Exchange]:
    """The exchanges of one dialect, by operation or fault. There has to be the administrator `portal`."""
    story = AstroGridPlay(services, namespace, name)
    story.play()
    return story.exchanges
