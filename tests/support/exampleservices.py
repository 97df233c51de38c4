"""A FileManager and two file stores that say the same at each run: real services over loopback, with a clock that goes
when told and numbers that are counted.

    with example_services() as services:
        services.call(FILEMANAGER, GetAccount(), services.basic("dave"))     # an Exchange

Rule: everything that a service says comes from its own code; what is fixed here is what the machine would supply: the
time, the randomness, the keys, the announced addresses. Stores move bytes and call back when the test says so.
"""

from base64 import b32encode, b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from requests import PreparedRequest

from filemanager.api import tokens
from filemanager.api.astrogrid import v02
from filemanager.api.astrogrid.service import PATH as ASTROGRID_PATH
from filemanager.api.astrogrid.service import astrogrid_service
from filemanager.api.identity import caller_identity, security_identity
from filemanager.api.soap.callback import callback_service
from filemanager.api.soap.native import CALLBACK_PATH, PATH, native_service
from filemanager.config import Config
from filemanager.domain.store import Store as KnownStore
from filemanager.services.desk import make_desk
from filestore.api import control
from filestore.api.data_plane import CONTENT, DataPlane
from filestore.api.origins import Origins
from filestore.services.lane import Lane
from tests.support.downloads import open_download
from tests.support.exchanges import Exchange, Headers, Wire
from tests.support.filemanager import CAMBRIDGE, COMMUNITY, LEICESTER, FastPasswords, World
from tests.support.localstores import SERVICE, LocalStore
from tests.support.serving import running_site
from tests.support.signing import SignedAuth
from vofiles.callback_port import CallbackPort
from vofiles.contract import CALLBACK, FILEMANAGER, FILEMANAGER_NAMESPACE, FILESTORE, FILESTORE_NAMESPACE, Operation
from vofiles.errors import VofilesError
from vofiles.filemanager_port import FileManagerPort
from vofiles.filestore_port import FileStorePort
from vofiles.ivorn import Ivorn
from vofiles.serving import replies
from vofiles.serving.http import Pool, Route
from vofiles.serving.keyring import Key, Keyring, Peer
from vofiles.serving.signatures import Verifier
from vofiles.serving.wsdl import Published

FILES: Final = "https://files.example.org"
STORES: Final = {CAMBRIDGE: "https://store.example.org", LEICESTER: "https://store.example.net"}
SECRET: Final = b"an example of a shared secret!!!"
"""Of every key, so that a reader can check a signature."""
PASSWORD: Final = "only-an-example"

Authenticate = Callable[[str, bytes], Headers]
"""The headers that say who calls, for a URL and the body that is sent there."""


class CountedNumbers:
    """The port Numbers: numbers that look like ours, and are the same at each run."""

    def __init__(self, word: str) -> None:
        self._word, self._count = word, 0

    def new_number(self) -> str:
        self._count += 1
        return b32encode(sha256(f"{self._word} {self._count}".encode()).digest()[:16]).decode().rstrip("=").lower()

    def new_token(self) -> str:
        return f"example-token-{self.new_number()}"


class ExampleServices:
    """What is served, and what is kept of it."""

    def __init__(self) -> None:
        self.world = world = World(names=tuple(STORES))
        self._counted = CountedNumbers("filemanager")
        config = Config(SERVICE, (COMMUNITY,), "sqlite:///unused", CAMBRIDGE)
        world.desk = self.desk = make_desk(
            config, world.database, world.stores, world.errands, world.watch, self._counted, FastPasswords()
        )
        for name, address in STORES.items():
            store = KnownStore(name, address + control.PATH, site=name.authority)
            world.database.write(lambda tx, store=store: tx.stores.put_store(store))  # type: ignore[misc]
            self._settle(name, address)
        self.wire = Wire({})
        self._nonces = CountedNumbers("nonce")
        self._keys = {name: Key(f"{name.authority}-1", SECRET) for name in STORES}

    def _settle(self, name: Ivorn, address: str) -> None:
        local, numbers = self.world.stores[name], CountedNumbers(str(name))
        local.store = replace(local.store, numbers=numbers.new_number, urls=lambda token: f"{address}{CONTENT}{token}")
        local.web.offered = self._offered

    def _offered(self, remote: Any) -> bytes | None:
        """What a store answers another one that fetches from it."""
        source = self.world.stores[remote.source.service].store
        try:
            with open_download(source, remote.url.rpartition("/")[2]) as download:
                return download.reader.pread(download.size + 1, 0)
        except VofilesError:
            return None

    # --- what is served ---

    def manager_routes(self) -> list[Route]:
        """Those of the FileManager."""
        verifier = Verifier(Keyring(Peer(name, (key,)) for name, key in self._keys.items()))
        credentials = self.desk.credentials
        identify, by_security = caller_identity(credentials), security_identity(credentials, behind_proxy=False)
        old_callers = astrogrid_service(v02.functions(self.desk), FILES, identify, by_security=by_security)
        return [
            native_service(self.desk, FILES, identify, by_security).route(PATH),
            old_callers.route(ASTROGRID_PATH),
            callback_service(self.desk, FILES, verifier).route(CALLBACK_PATH),
            *tokens.routes(credentials),
        ]

    def store_routes(self, name: Ivorn, pool: Pool) -> list[Route]:
        """Those of a store."""
        local = self.world.stores[name]
        verifier = Verifier(Keyring([Peer(SERVICE, (self._keys[name],))]))
        operations = control.functions(local.store, local.web, Lane(lambda transfer: None, threads=0))
        plane = control.control_plane(operations, STORES[name], verifier, self.world.watch.now)
        return [plane.route(control.PATH), DataPlane(local.store, pool, Origins(())).route()]

    # --- who calls ---

    def basic(self, name: str) -> Authenticate:
        """By name and password."""
        word = b64encode(f"{name}:{PASSWORD}".encode()).decode()
        return lambda _url, _body: (("Authorization", f"Basic {word}"),)

    def bearer(self, token: str) -> Authenticate:
        """By token."""
        return lambda _url, _body: (("Authorization", f"Bearer {token}"),)

    def signed_by_manager(self, store: Ivorn) -> Authenticate:
        """As the FileManager, at a store."""
        return self._signed(Keyring([Peer(store, (self._keys[store],))]), store)

    def signed_by_store(self, store: Ivorn) -> Authenticate:
        """As a store, at the FileManager."""
        return self._signed(Keyring([Peer(SERVICE, (self._keys[store],))]), SERVICE)

    def _signed(self, keyring: Keyring, peer: Ivorn) -> Authenticate:
        auth = SignedAuth(keyring, peer, self.world.watch.now, self._nonces.new_number)

        def sign(url: str, body: bytes) -> Headers:
            request = PreparedRequest()
            request.prepare("POST", url, data=body)
            before = set(request.headers)
            auth(request)
            return tuple((name, value) for name, value in request.headers.items() if name not in before)

        return sign

    # --- calls ---

    def call(self, port: tuple[Operation, ...], request: Any, who: Authenticate, store: Ivorn = CAMBRIDGE) -> Exchange:
        """One call of a port's operation."""
        (operation,) = (each for each in port if each.request is type(request))
        name, namespace, address = _PORTS[port]
        action = Published(WSDL[name]).actions(name)[operation.name]
        body = replies.message(namespace, operation.name, request)
        return self.post(address or STORES[store] + control.PATH, action, body, who)

    def post(
        self, url: str, action: str, body: bytes, who: Authenticate, kind: str = "text/xml; charset=utf-8"
    ) -> Exchange:
        """Post an envelope as it stands; a second passes before it. Without an action none is sent."""
        self.world.watch.seconds += 1
        headers = (("Content-Type", kind), *((("SOAPAction", f'"{action}"'),) if action else ()))
        return self.wire.send("POST", url, (*headers, *who(url, body)), body)

    def settle(self) -> None:
        """Have stores move what bytes they are to move, and tell how all transfers ended."""
        self.world.stores.move()
        self.world.stores.deliver(self.desk)

    def work(self, patience: float = 0.0) -> None:
        """Do what jobs there are, to their ends; wait for one as long as told, in seconds."""
        if patience:
            self.desk.runner.wait(patience)
        while self.desk.runner.run_all():
            self.settle()

    def local(self, store: Ivorn = CAMBRIDGE) -> LocalStore:
        """A store from within."""
        return self.world.stores[store]


_PORTS: Final = {
    FILEMANAGER: ("FileManager", FILEMANAGER_NAMESPACE, FILES + PATH),
    CALLBACK: ("FileManagerCallback", FILEMANAGER_NAMESPACE, FILES + CALLBACK_PATH),
    FILESTORE: ("FileStore", FILESTORE_NAMESPACE, ""),
}
WSDL: Final = {
    "FileManager": FileManagerPort.wsdl,
    "FileManagerCallback": CallbackPort.wsdl,
    "FileStore": FileStorePort.wsdl,
}
"""The contract of each port."""


@contextmanager
def example_services() -> Iterator[ExampleServices]:
    """The services while the block runs."""
    services, pool = ExampleServices(), Pool("data", 2)
    with ExitStack() as stack:
        stack.callback(pool.stop)
        ports = {FILES: stack.enter_context(running_site(services.manager_routes())).port}
        for name, address in STORES.items():
            ports[address] = stack.enter_context(running_site(services.store_routes(name, pool))).port
        services.wire = Wire(ports)
        yield services
