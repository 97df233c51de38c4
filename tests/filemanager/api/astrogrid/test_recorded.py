"""The conversations that were recorded between AstroGrid's own client and server, had again with this server: real
services on loopback, each recorded request in its turn, each answer compared element by element.

Where the original was wrong, or knew less, ANSWERED_OTHERWISE says what differs and why; the rest has to be the same. A
difference that no row has fails, and so does a row that nothing differs by.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest
import requests

from filemanager.assembly import Office
from filemanager.config import load
from tests.support.recordings import Likeness, Recording, facts_of, read_recordings
from tests.support.services import RunningServices, User, running_services
from tests.support.serving import running_site, wait_until
from vofiles.contract import AddNode, Delete, ExportInit, GetNode, Move, NodeKind
from vofiles.filemanager_port import FileManagerPort
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.serving.http import Control, Request, Response, Route, text

RECORDED = read_recordings(Path(__file__).parent / "recorded-0.1.json")
ALPHA, BETA = Ivorn.parse("ivo://filestore/alpha"), Ivorn.parse("ivo://filestore/beta")
MANAGER, COMMUNITY = Ivorn.parse("ivo://org.astrogrid.test/filemanager"), Ivorn.parse("ivo://test")
USER = "cap1795313696082"
THEIR_WEB = "http://127.0.0.1:8099"
PAGES = {"/test.html": b"<html>32 bytes of a page.</html>", "/text.txt": b"another content"}
HTML = "text/html; charset=ISO-8859-1"
FIRST, SECOND, MORE = b"hello world", b"good bye all", b", and more"


ANYTHING, NOTHING = "...", "-"
SPOKEN = "{urn:astrogrid:schema:filemanager:FileManager:v0.1}"
ATTRIBUTE = "org.astrogrid.filestore."


@dataclass(frozen=True)
class Otherwise:
    """What we answer instead, and why; ANYTHING stands for what is another text each time."""

    ours: str
    why: str


TYPED = "a runtime error of the original's, which no client could tell from another: here a fault that it declares"
A_NAME = "a name with / in it is refused: it could be in no path"
A_FILE = "a file has no children"
NO_CHILD = "so the file that the original had put below a file is not there"
NO_URL = "there is no address of a content that stays: readContent gives one that is good for a while"
TOLD_TYPE = "what nobody told is told from the bytes"
WAITED = "the original answered before the content had come; here the answer waits for it"
AGAIN = "on a file with content the original did nothing; here the new content comes, in a container of its own"
COPIED = "a copy had size 0, and the attributes of what it was copied from, until it was refreshed; here its own"
FOLDERS = "folders could not be moved or copied"


def _with_content(node: str, why: str, size: int) -> dict[str, Otherwise]:
    made = dict.fromkeys(("created.date", "modified.date", "resource.ivorn", "transfer.source.url"), ANYTHING)
    values = {"content.size": str(size), "content.type": HTML} | made
    attributes = {f"{node}: {ATTRIBUTE}{key}": Otherwise(value, why) for key, value in values.items()}
    return attributes | {f"{node}: size": Otherwise(str(size), why)}


def _copied(node: str) -> dict[str, Otherwise]:
    return {
        f"{node}: {ATTRIBUTE}resource.ivorn": Otherwise(ANYTHING, COPIED),
        f"{node}: {ATTRIBUTE}resource.url": Otherwise(NOTHING, NO_URL),
        f"{node}: size": Otherwise("32", COPIED),
    }


_NO_CHILD = {"file.txt: child[kid]": Otherwise(NOTHING, NO_CHILD)}
_WRITTEN = _NO_CHILD | {
    f"file.txt: {ATTRIBUTE}content.type": Otherwise("text/plain", TOLD_TYPE),
    f"file.txt: {ATTRIBUTE}resource.url": Otherwise(NOTHING, NO_URL),
}

ANSWERED_OTHERWISE: dict[str, dict[str, Otherwise]] = {
    "getAccount.null-ident": {"answer": Otherwise("FileManagerFault", TYPED)},
    "addNode.null-parent": {"answer": Otherwise("FileManagerFault", TYPED)},
    "addNode.null-name": {"answer": Otherwise("FileManagerFault", TYPED)},
    "addNode.null-type": {"answer": Otherwise("FileManagerFault", TYPED)},
    "addNode.name-with-slash": {"answer": Otherwise("FileManagerFault", A_NAME)},
    "addNode.under-file": {"answer": Otherwise("FileManagerFault", A_FILE)},
    "getNode": _NO_CHILD,
    "getNode.hints-parents": _NO_CHILD,
    "getNode.null-hints": _NO_CHILD,
    "getNode.path": _NO_CHILD,
    "getNode.path-trailing-slash": _NO_CHILD,
    "getNode.no-fragment": {"answer": Otherwise("NodeNotFoundFault", TYPED)},
    "getNode.null": {"answer": Otherwise("FileManagerFault", TYPED)},
    "refresh.no-data": _NO_CHILD,
    "refresh": _WRITTEN,
    "refresh.folder": _WRITTEN,
    "writeContent.null": {"answer": Otherwise("FileManagerFault", TYPED)},
    "copyURLToContent": _with_content("g.html", WAITED, 32),
    "copyURLToContent.again": _with_content("g.html", AGAIN, 15)
    | {"g.html: location/ident": Otherwise(ANYTHING, AGAIN)},
    "refresh.after-copyURL": {f"g.html: {ATTRIBUTE}resource.url": Otherwise(NOTHING, NO_URL)},
    "copy.rename": _copied("g2.html"),
    "copy.to-folder-name-null": _copied("g.html"),
    "copy.other-store": _copied("g3.html"),
    "copy.folder": {"answer": Otherwise(f"{SPOKEN}copyResponse", FOLDERS)},
    "copy.into-file": {"answer": Otherwise("FileManagerFault", A_FILE)},
    "move.rename": _copied("ren.html"),
    "move.parent": _copied("ren.html"),
    "move.parent-and-name": _copied("back.html"),
    "move.store": _copied("back.html"),
    "move.folder": {"answer": Otherwise(f"{SPOKEN}moveResponse", FOLDERS)},
    "move.into-file": {"answer": Otherwise("FileManagerFault", A_FILE)},
    "move.home-rename": {"answer": Otherwise("FileManagerFault", TYPED)},
    "delete.empty-home": {"answer": Otherwise("FileManagerFault", TYPED)},
    "delete.null": {"answer": Otherwise("FileManagerFault", TYPED)},
}


@dataclass
class Web:
    """What stores fetch from and send to."""

    url: str = ""
    got: dict[str, bytes] = field(default_factory=dict)

    def answer(self, request: Request) -> Response:
        if request.method == "PUT":
            self.got[request.path] = request.body
            return text(201, "thank you")
        return Response(200, (("Content-Type", HTML),), PAGES[request.path])


class Replay:
    """The scenario: what is said, and what the client did between two requests."""

    def __init__(self, services: RunningServices, web: Web) -> None:
        self.web = web
        self.likeness = Likeness({THEIR_WEB: web.url})
        self.found: dict[str, dict[str, tuple[str, str]]] = {}
        self._services = services
        self._session = requests.Session()
        self._root = services.add_account("root", administrator=True)
        self._settings = load(services.folder / "filemanager.toml")
        self._answer = b""
        self._user = User(f"ivo://test/{USER}", "the user's secret")
        self._third = User(f"ivo://test/community2/{USER}", "the other's secret")

    def close(self) -> None:
        self._session.close()

    def play(self) -> None:
        """Everything, in its order."""
        after = self._deeds()
        for recording in RECORDED:
            self._answer = self._say(recording)
            self.found[recording.name] = self.likeness.differences(recording.response, self._answer)
            after.pop(recording.name, _nothing)()
        assert not after

    def _say(self, recording: Recording) -> bytes:
        response = self._session.post(
            f"{self._services.manager.address}/astrogrid",
            data=self.likeness.translate(recording.request).encode(),
            headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'},
            auth=self._caller(recording).auth,
            timeout=60,
        )
        expected = 500 if b"Fault>" in response.content else 200
        assert response.status_code == expected, (recording.name, response.content)
        return response.content

    def _caller(self, recording: Recording) -> User:
        """Accounts are made by an administrator, who also comes first; then everybody is at home in his own tree."""
        if recording.operation in {"getIdentifier", "addAccount"}:
            return self._root
        return self._third if recording.name == "delete.empty-home" else self._user

    def _deeds(self) -> dict[str, Callable[[], None]]:
        return {
            "addAccount": lambda: self._give_password(self._user),
            "addAccount2": lambda: self._give_password(self._third),
            "addNode.name-with-slash": self._stand_in,
            "writeContent": lambda: self._put(FIRST, 1),
            "readContent": lambda: self._require_content(FIRST),
            "writeContent.again": lambda: self._put(SECOND, 2),
            "readContent.after-second-write": lambda: self._require_content(SECOND),
            "appendContent": self._append,
            "copyURLToContent.again": self._fetch_as_before,
            "copyContentToURL": self._require_sent,
            "copy.folder": self._remove_copy,
            "move.folder": self._move_back,
            "move.into-file": lambda: self._remove("back.html"),
        }

    # --- what the client did ---

    def _give_password(self, user: User) -> None:
        with closing(Office(self._settings)) as office:
            office.set_password(user.name, user.password)

    def _put(self, content: bytes, version: int) -> None:
        """As AstroGrid's clients do: without a type, whatever the answer is."""
        requests.put(self._told("uri"), data=content, headers={"Content-Type": ""}, timeout=60)
        wait_until(lambda: self._file_version() == version, f"content {version} has come")

    def _append(self) -> None:
        """The original lost what was there before."""
        self._put(MORE, 3)
        (endpoint,) = self._port.export_init(ExportInit(self._file)).transfer.endpoints
        assert requests.get(endpoint.url, timeout=60).content == SECOND + MORE

    def _require_content(self, content: bytes) -> None:
        assert requests.get(self._told("uri"), timeout=60).content == content

    def _told(self, element: str) -> str:
        return self._answer.decode().partition(f"<{element}>")[2].partition(f"</{element}>")[0]

    # --- what has become otherwise, and must not disturb what follows ---

    def _stand_in(self) -> None:
        """A file of another name for the one that cannot be called so here."""
        node = self._port.add_node(AddNode(self._home, "a_b", NodeKind.FILE)).node
        assert self.likeness.bind("node", f"{MANAGER}#node-770", str(node.identifier))
        self.likeness.names["a_b"] = "a/b"

    def _fetch_as_before(self) -> None:
        """The original did nothing the second time; here the other page is there now."""
        node = LongIdentifier.parse(self.likeness.node("node-773"))
        (endpoint,) = self._port.export_init(ExportInit(node)).transfer.endpoints
        assert requests.get(endpoint.url, timeout=60).content == PAGES["/text.txt"]
        self._say(next(each for each in RECORDED if each.name == "copyURLToContent"))
        self.likeness.forget("container", ".5566160e.1a20103aeaa.7f93")

    def _require_sent(self) -> None:
        assert self.web.got["/put1"] == PAGES["/test.html"]

    def _remove_copy(self) -> None:
        said = facts_of(self._answer, {})
        assert said["nodes"] == "dir2 home"
        assert {fact for fact in said if fact.startswith("dir2: child")} == {
            "dir2: child[file.txt]",
            "dir2: child[g.html]",
        }
        self._remove("dir2")

    def _remove(self, name: str) -> None:
        self._port.delete(Delete(LongIdentifier.parse(f"{self._home}/{name}"), recursive=True))

    def _move_back(self) -> None:
        assert facts_of(self._answer, {})["nodes"] == "dirx home e"
        folder = LongIdentifier.parse(self.likeness.node("node-767"))
        self._port.move(Move(folder, parent=self._home))

    def _file_version(self) -> int:
        return self._port.get_node(GetNode(self._file)).nodes[0].version

    @property
    def _file(self) -> LongIdentifier:
        return LongIdentifier.parse(self.likeness.node("node-768"))

    @property
    def _home(self) -> LongIdentifier:
        return LongIdentifier.parse(self.likeness.node("node-765"))

    @cached_property
    def _port(self) -> FileManagerPort:
        return self._services.port(self._user)


def _nothing() -> None:
    """Between most requests nothing is done."""


@contextmanager
def replayed(folder: Path) -> Iterator[Replay]:
    web = Web()
    with (
        running_site([Route("/", frozenset({"GET", "PUT"}), Control(web.answer), prefix=True)]) as site,
        running_services(folder, stores=(ALPHA, BETA), manager=MANAGER, community=COMMUNITY) as services,
    ):
        web.url = site.url
        replay = Replay(services, web)
        with closing(replay):
            replay.play()
            yield replay


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    with replayed(tmp_path_factory.mktemp("recorded")) as done:
        yield done


@pytest.mark.parametrize("recording", RECORDED, ids=lambda recording: recording.name)
def test_a_recorded_request_is_answered_as_it_was(replay: Replay, recording: Recording) -> None:
    rows = ANSWERED_OTHERWISE.get(recording.name, {})
    expected = {path: row.ours for path, row in rows.items()}
    found = {path: ours for path, (_, ours) in replay.found[recording.name].items()}
    anything = {path: found.get(path, NOTHING) for path, ours in expected.items() if ours == ANYTHING}
    assert found == expected | anything, f"recorded: {replay.found[recording.name]}"
    assert NOTHING not in anything.values()


def test_every_row_is_of_a_recorded_request() -> None:
    assert ANSWERED_OTHERWISE.keys() <= {recording.name for recording in RECORDED}
    assert len(RECORDED) == 83
