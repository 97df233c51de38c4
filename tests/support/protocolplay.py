"""The scenario behind docs/protocol.md: Dave's work with every operation of the FileManager, each call kept.

    exchanges = play()          # {"FileManager.addNode": Exchange, "data.put": Exchange, "fault.Conflict": …}

Rule: a story that could have been; each chapter leaves the tree as the next one finds it. The first call of an
operation is the one that the page shows, so it has what a reader wants to see.
"""

from hashlib import sha256
from threading import Thread
from typing import Any, Final

from lxml import etree

from filemanager.api.astrogrid.types import NAMESPACE, SPOKEN
from filestore.services import callbacks
from tests.support.astrogridplay import play_astrogrid
from tests.support.exampleservices import FILES, PASSWORD, Authenticate, ExampleServices, example_services
from tests.support.exchanges import PATIENCE, Exchange
from tests.support.filemanager import CAMBRIDGE, COMMUNITY, LEICESTER, OPERATOR
from tests.support.protocolstore import play_store
from vofiles.contract import (
    CALLBACK,
    FILEMANAGER,
    FILEMANAGER_NAMESPACE,
    AccountKind,
    AddAccount,
    AddNode,
    AppendInit,
    BundleHints,
    CancelJob,
    CancelTransfer,
    CompleteTransfer,
    Copy,
    Delete,
    Digest,
    ExportData,
    ExportInit,
    ExportTree,
    Find,
    GetAccount,
    GetHistory,
    GetIdentifier,
    GetJob,
    GetNode,
    GetServices,
    GetStores,
    GetTransfer,
    GetUsage,
    Header,
    ImportData,
    ImportInit,
    ImportTree,
    ListChildren,
    ListJobItems,
    ListJobs,
    ListTrash,
    ListVersions,
    Move,
    NodeKind,
    Property,
    PropertyMatch,
    PurgeTrash,
    Restore,
    RetryJob,
    SetAccountProperties,
    SetProperties,
    TransferFailed,
    TreeSource,
)
from vofiles.errors import Unexpected
from vofiles.instant import SECOND, Instant
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.names import parse_name
from vofiles.serving import replies
from vofiles.serving.wsse import PASSWORD_TEXT, SECEXT
from vofiles.serving.xmlgate import SOAP, SOAP_1_2
from vofiles.soap import reader

DAVE: Final = Ivorn.parse(f"{COMMUNITY}/dave")
PORTAL: Final = Ivorn.parse(f"{COMMUNITY}/portal")
CONTENT: Final = b'<?xml version="1.0"?>\n<VOTABLE version="1.4"/>\n'
MORE: Final = b"<!-- and a line more -->\n"
VOTABLE: Final = "application/x-votable+xml"
OFFSET_STREAM: Final = "application/offset+octet-stream"
DIALECTS: Final = (("v0.2", NAMESPACE, "erin"), ("v0.1", SPOKEN, "fred"))
"""Of AstroGrid's contract, and who speaks each."""
ARCHIVE: Final = "http://archive.example.org"

_TOKEN: Final = (
    f'<wsse:Security soap:mustUnderstand="1" xmlns:wsse="{SECEXT}"><wsse:UsernameToken>'
    f'<wsse:Username>dave</wsse:Username><wsse:Password Type="{PASSWORD_TEXT}">{PASSWORD}</wsse:Password>'
    "</wsse:UsernameToken></wsse:Security>"
)
_TRANSACTION: Final = (
    '<t:Transaction soap:mustUnderstand="1" xmlns:t="http://example.org/transactions">5</t:Transaction>'
)


class Play:
    """The scenario, chapter by chapter."""

    def __init__(self, services: ExampleServices) -> None:
        self.services = services
        self.exchanges: dict[str, Exchange] = {}
        self._dave = services.basic("dave")

    def call(self, request: Any, key: str = "", who: Authenticate | None = None) -> Any:
        """What an operation of the FileManager answers Dave; kept by the operation's name, or as `key`."""
        exchange = self.services.call(FILEMANAGER, request, who or self._dave)
        (operation,) = (each for each in FILEMANAGER if each.request is type(request))
        self.exchanges.setdefault(key or f"FileManager.{operation.name}", exchange)
        if key.startswith("fault."):
            return None
        assert exchange.status == 200, exchange.answer.decode()
        return reader(operation.answer)(_payload(exchange.answer))

    def keep(self, key: str, exchange: Exchange, status: int) -> Exchange:
        """Keep what was sent otherwise."""
        assert exchange.status == status, (key, exchange)
        self.exchanges.setdefault(key, exchange)
        return exchange

    # --- the chapters ---

    def open_account(self) -> None:
        """Accounts, by the community's portal; then Dave as himself, first by password, then by token."""
        desk = self.services.desk
        desk.accounts.add_account(OPERATOR, AddAccount(PORTAL, None, AccountKind.SERVICE), administrator=True)
        desk.credentials.set_password(OPERATOR, PORTAL, PASSWORD)
        new = AddAccount(DAVE, "dave", AccountKind.PERSON, idempotency_key="account-of-dave")
        self.home = LongIdentifier(self.call(new, who=self.services.basic("portal")).account.home)
        desk.credentials.set_password(OPERATOR, DAVE, PASSWORD)
        self.call(GetIdentifier())
        form = ("Content-Type", "application/x-www-form-urlencoded")
        headers = (form, *self.services.basic("dave")("", b""))
        answer = self.services.wire.send("POST", f"{FILES}/token", headers, b"grant_type=client_credentials")
        token = self.keep("token", answer, 200).answer.decode().partition('"access_token": "')[2].partition('"')[0]
        self._dave = self.services.bearer(token)
        self.call(GetAccount())
        self.call(SetAccountProperties(properties=(Property("filestore.preferred", str(CAMBRIDGE)),)))
        self.call(GetServices())
        self.call(GetStores())

    def make_tree(self) -> None:
        """Folders and an empty file."""
        self.project = self._add(self.home, "solar-project", NodeKind.FOLDER)
        self._add(_below(self.home, "solar-project"), "results", NodeKind.FOLDER)
        note, parent = Property("note", "first look"), _below(self.home, "solar-project", "results")
        request = AddNode(parent, "query-7.vot", NodeKind.FILE, (note,), "new-query-7")
        # The page shows the call with everything in it.
        self.exchanges.pop("FileManager.addNode")
        self.file = LongIdentifier(self.call(request).node.identifier)
        self.path = _below(parent, "query-7.vot")

    def write_file(self) -> None:
        """The main job: importInit, PUT, the store's callback, getTransfer; then more bytes behind them."""
        digest = Digest("sha-256", sha256(CONTENT).hexdigest())
        offer = self.call(ImportInit(self.path, None, len(CONTENT), None, VOTABLE, (digest,), 0, "put-1")).transfer
        self.keep("data.put", self._put(offer, CONTENT, ("Content-Type", VOTABLE)), 201)
        self.keep("data.put_other", self._put(offer, MORE), 409)
        self._call_back("FileManagerCallback.transferCompleted")
        self.call(GetTransfer(offer.transfer))
        self.call(CompleteTransfer(offer.transfer, 10, (digest,)))
        more = self.call(AppendInit(self.path, len(MORE), if_version=1)).transfer
        self._put(more, MORE)
        self._call_back()
        self.call(ListVersions(self.path))
        broken = self.call(ImportInit(self.path), "once more").transfer
        self._send_part(broken)
        self.call(CancelTransfer(broken.transfer))

    def _send_part(self, offer: Any) -> None:
        """A part of a content, and how far it is then."""
        (endpoint,) = offer.endpoints
        spoken = ("Tus-Resumable", "1.0.0")
        told = (spoken, ("Upload-Offset", "0"), ("Upload-Length", str(len(CONTENT))), ("Content-Type", OFFSET_STREAM))
        wire = self.services.wire
        self.keep("data.part", wire.send("PATCH", endpoint.url, told, CONTENT[:22]), 204)
        self.keep("data.how_far", wire.send("HEAD", endpoint.url, (spoken,)), 200)

    def read_file(self) -> None:
        """exportInit, then HEAD, GET, a part, and a GET that says what is known already."""
        offer = self.call(ExportInit(self.path, version=1)).transfer
        (endpoint,) = offer.endpoints
        wire = self.services.wire
        self.keep("data.head", wire.send("HEAD", endpoint.url), 200)
        whole = self.keep("data.get", wire.send("GET", endpoint.url), 200)
        assert whole.answer == CONTENT
        self.keep("data.range", wire.send("GET", endpoint.url, (("Range", "bytes=22-29"),)), 206)
        self.keep("data.known", wire.send("GET", endpoint.url, (("If-None-Match", whole.answered("ETag")),)), 304)
        self.keep("data.beyond", wire.send("GET", endpoint.url, (("Range", "bytes=9999-"),)), 416)
        self.keep("data.unknown", wire.send("GET", endpoint.url[:-1] + "a"), 404)

    def look_around(self) -> None:
        """getNode, listChildren, setProperties."""
        self.call(GetNode(_below(self.home, "solar-project", "results"), BundleHints(1, 10, parents=True)))
        self._add(self.home, "thesis", NodeKind.FOLDER)
        self.call(ListChildren(self.home, limit=1))
        flag = Property("{http://example.org/terms}flag", "calibrated")
        generation = self.call(GetNode(self.path)).nodes[0].generation
        self.call(SetProperties(self.path, (flag,), ("note",), generation))

    def have_stores_work(self) -> None:
        """importData and exportData, and the callback that tells of a failure."""
        stores, web = self.services.world.stores, self.services.local().web
        self.picture = self._add(self.project, "m31.fits")
        web.pages[f"{ARCHIVE}/m31.fits"] = b"SIMPLE  =                    T"
        stores.after = lambda _operation: self.services.settle()
        self.call(ImportData(self.picture, f"{ARCHIVE}/m31.fits", "HTTP", "GET", content_type="image/fits"))
        sent = Header("Authorization", "Bearer example-token-of-the-archive")
        self.call(ExportData(self.picture, f"{ARCHIVE}/incoming/m31.fits", "HTTP", "PUT", None, (sent,)))
        stores.after = lambda _operation: None
        self.call(ImportData(self.picture, f"{ARCHIVE}/nowhere.fits", wait=0), "once more")
        stores.move()
        self._call_back("FileManagerCallback.transferFailed")

    def rearrange(self) -> None:
        """Moves and copies, of which one is a job."""
        self.call(Move(self.picture, _below(self.home, "solar-project", "results"), "andromeda.fits", wait=0))
        self.call(Copy(self.project, self.home, "solar-project-2", wait=0, idempotency_key="copy-1"))
        job = self.call(ListJobs(limit=10)).jobs[0].job
        self.services.work()
        self.call(GetJob(job, wait=10))
        self.call(ListJobItems(job, "DONE", limit=2))

    def move_many(self) -> None:
        """importTree, of which one fails at first; exportTree, which is thought better of."""
        web = self.services.local().web
        web.pages[f"{ARCHIVE}/a.fits"] = b"SIMPLE  =                    T"
        sources = (
            TreeSource("2026/a.fits", f"{ARCHIVE}/a.fits", 30, "image/fits"),
            TreeSource("2026/b%20c.fits", f"{ARCHIVE}/b.fits"),
        )
        job = self.call(ImportTree(_below(self.home, "thesis"), None, 0, "tree-1", sources)).job.job
        self.services.work()
        web.pages[f"{ARCHIVE}/b.fits"] = b"SIMPLE  =                    T"
        self.call(RetryJob(job))
        self.services.work()
        job = self.call(ExportTree(_below(self.home, "thesis"), f"{ARCHIVE}/incoming/", "PUT", 0)).job.job
        # The answer waits for the job's end, so there is somebody at work meanwhile.
        self.services.desk.runner.wait(0)
        worker = Thread(target=self.services.work, args=(PATIENCE,))
        worker.start()
        self.call(CancelJob(job))
        worker.join()

    def look_back(self) -> None:
        """find, getHistory, getUsage."""
        since = Instant(1_800_000_000 * SECOND)
        flag = PropertyMatch("{http://example.org/terms}flag", "calib", "PREFIX")
        self.call(Find(self.home, "*.vot", NodeKind.FILE, 1, modified_from=since, limit=1, properties=(flag,)))
        self.call(GetHistory(self.path, limit=3))
        self.call(GetUsage(self.home))

    def clear_up(self) -> None:
        """Into the trash, out of it, and away."""
        trashed = self.call(Delete(_below(self.home, "solar-project-2"), recursive=True)).trashed
        self.call(ListTrash(limit=1))
        self.call(Restore(trashed, name="solar-project-old"))
        trashed = self.call(Delete(_below(self.home, "solar-project-old"), recursive=True)).trashed
        self.call(PurgeTrash(trashed, wait=0))

    def fail(self) -> None:
        """A fault of each category."""
        world = self.services.world
        self.call(GetNode(_below(self.home, "no-such-folder")), "fault.NotFound")
        self.call(AddNode(self.home, "thesis", NodeKind.FOLDER), "fault.Conflict")
        self.call(ListChildren(self.path), "fault.WrongKind")
        self.call(GetAccount(), "fault.Refused", _nobody)
        self.call(AddNode(self.home, "a/b", NodeKind.FILE), "fault.Invalid")
        world.stores.after = lambda _operation: self.services.settle()
        wrong = Digest("sha-256", "00" * 32)
        self.call(ImportData(self.picture, f"{ARCHIVE}/m31.fits", digests=(wrong,)), "fault.Damaged")
        world.stores.after = lambda _operation: None
        self.services.local().down = True
        self.call(ImportInit(self.path, CAMBRIDGE), "fault.Unreachable")
        self.services.local().down = False
        self.services.local().refusal = Unexpected("5f0c66a1b2d3")
        self.call(ImportInit(self.path, CAMBRIDGE), "fault.Unexpected")
        self.services.local().refusal = None

    def send_odd_envelopes(self) -> None:
        """What toolkits send besides: a UsernameToken, a header that nobody knows, SOAP 1.2; and a wrong value."""
        account = replies.message(FILEMANAGER_NAMESPACE, "getAccount", GetAccount()).decode()
        self.keep("wsse", self._post(_with_header(account, _TOKEN), _nobody), 200)
        self.keep("fault.MustUnderstand", self._post(_with_header(account, _TRANSACTION), self._dave), 500)
        newer = account.replace(SOAP, SOAP_1_2)
        kind = f'application/soap+xml; charset=utf-8; action="{FILEMANAGER_NAMESPACE}#getAccount"'
        answer = self.services.post(f"{FILES}/filemanager", "", newer.encode(), self._dave, kind)
        self.keep("fault.VersionMismatch", answer, 500)
        page = replies.message(FILEMANAGER_NAMESPACE, "listJobs", ListJobs(limit=7)).decode()
        answer = self._post(page.replace("7</limit>", "many</limit>"), self._dave)
        self.keep("fault.Element", answer, 500)

    def greet_as_store(self) -> None:
        """What a store asks once before it calls back."""
        who = self.services.signed_by_store(CAMBRIDGE)
        exchange = self.services.call(CALLBACK, GetIdentifier(), who)
        self.keep("FileManagerCallback.getIdentifier", exchange, 200)

    # --- what they have in common ---

    def _add(self, parent: LongIdentifier, name: str, kind: str = NodeKind.FILE) -> LongIdentifier:
        return LongIdentifier(self.call(AddNode(parent, name, kind)).node.identifier)

    def _post(self, envelope: str, who: Authenticate) -> Exchange:
        return self.services.post(f"{FILES}/filemanager", "", envelope.encode(), who)

    def _put(self, offer: Any, content: bytes, *headers: tuple[str, str]) -> Exchange:
        (endpoint,) = offer.endpoints
        return self.services.wire.send(endpoint.method, endpoint.url, headers, content)

    def _call_back(self, key: str = "") -> None:
        """Have a store say how a transfer ended, over the wire, as its own outbox words it."""
        local = self.services.local()
        for letter in callbacks.list_due(local.store, Instant(1 << 62), 10):
            message = callbacks.message_of(local.store, letter.transfer)
            exchange = self.services.call(CALLBACK, message, self.services.signed_by_store(CAMBRIDGE))
            self.keep(key or "once more", exchange, 200)
            assert not key or key.endswith("Failed") == isinstance(message, TransferFailed)
            callbacks.acknowledge(local.store, letter.id)


def _below(node: LongIdentifier, *names: str) -> LongIdentifier:
    return LongIdentifier(node.node, (*node.path, *map(parse_name, names)))


def _nobody(_url: str, _body: bytes) -> tuple[tuple[str, str], ...]:
    return ()


def _with_header(envelope: str, header: str) -> str:
    return envelope.replace("<soap:Body>", f"<soap:Header>{header}</soap:Header><soap:Body>")


def _payload(envelope: bytes) -> Any:
    return etree.fromstring(envelope)[-1][0]


def play() -> dict[str, Exchange]:
    """All exchanges, by what they show."""
    with example_services() as services:
        story = Play(services)
        story.open_account()
        story.make_tree()
        story.write_file()
        story.read_file()
        story.look_around()
        story.have_stores_work()
        story.rearrange()
        story.move_many()
        story.look_back()
        story.clear_up()
        story.fail()
        story.send_odd_envelopes()
        story.greet_as_store()
        exchanges = story.exchanges
        for dialect, namespace, name in DIALECTS:
            told = play_astrogrid(services, namespace, name)
            exchanges |= {f"{dialect}.{key}": exchange for key, exchange in told.items()}
        # At last, for the FileManager knows nothing of what this store is asked here.
        return exchanges | play_store(services, LEICESTER)
