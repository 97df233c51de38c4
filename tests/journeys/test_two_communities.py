"""Two communities with a FileManager each, and a store that serves both; all of them processes.

Dave's community is Cambridge, his home is on Leicester's FileManager, and nothing that he types tells. What belongs to
one FileManager stays out of the other's reach in the store that they share, whatever the other one says.
"""

import re
from collections.abc import Iterator

import pytest
import requests

import vofiles
from filestore.assembly import clock
from tests.support.communities import (
    CAMBRIDGE_MANAGER,
    CAMBRIDGE_STORE,
    LEICESTER_MANAGER,
    LEICESTER_STORE,
    SHARED_STORE,
    Communities,
    key_of,
    password_of,
    running_communities,
)
from vofiles.contract import (
    DeleteContainer,
    Duplicate,
    ExportInit,
    Failure,
    GetIdentifier,
    GetNode,
    GetProperties,
    ImportInit,
    ListContainers,
    Receipt,
    StoreCancelTransfer,
    StoreExportData,
    StoreExportInit,
    StoreImportData,
    StoreImportInit,
    Transfer,
    TransferCompleted,
    TransferFailed,
    TransferState,
)
from vofiles.errors import (
    Conflict,
    ContainerNotFound,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    TransferNotFound,
)
from vofiles.filemanager_port import FileManagerPort
from vofiles.filestore_port import FileStorePort
from vofiles.ivorn import Ivorn, LongIdentifier, NodeIdentifier, new_number
from vofiles.serving.keyring import Key

DAVE, ERIN, FRANK = "ivo://ast.cam.ac.uk/dave", "ivo://ast.cam.ac.uk/erin", "ivo://star.le.ac.uk/frank"
CONTENT = b"RA,DEC\n83.63,22.01\n" * 4096


@pytest.fixture(scope="module")
def communities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Communities]:
    with running_communities(tmp_path_factory.mktemp("communities")) as running:
        running.add_account(LEICESTER_MANAGER, DAVE)
        running.add_account(CAMBRIDGE_MANAGER, ERIN)
        running.add_account(LEICESTER_MANAGER, FRANK)
        yield running


# --- people -----------------------------------------------------------------------------------------------------------


def test_nobody_sees_where_a_home_is(communities: Communities) -> None:
    """Two people of one community with homes on two FileManagers type the same words and see the same."""
    said = []
    for name, account in (("dave", DAVE), ("erin", ERIN)):
        shell = communities.shell(f"at-home-{name}")
        (shell.folder / "query-7.vot").write_bytes(CONTENT)
        shell.require("login", "--user", f"{name}@ast.cam.ac.uk", "--password-stdin", input=password_of(account) + "\n")
        outputs = [
            shell.require("mkdir", "home:solar-project"),
            shell.require("put", "query-7.vot", "home:solar-project/query-7.vot"),
            shell.require("ls", "home:solar-project"),
            shell.require("get", "home:solar-project/query-7.vot", "back.vot"),
        ]
        assert (shell.folder / "back.vot").read_bytes() == CONTENT
        assert not re.search(r"ivo://|127\.0\.0\.1|filemanager", "".join(outputs))
        said.append(outputs)
        missing = shell.run("ls", "home:no-such-thing")
        assert missing.code == 3
        assert "ivo://" not in missing.err
    assert said[0] == said[1]
    assert communities.resolver is not None
    assert all("authorization" not in request.headers for request in communities.resolver.requests)


def test_a_script_needs_no_address_either(communities: Communities) -> None:
    settings = communities.shell("script").settings / "vofiles"
    with vofiles.connect(user="dave@ast.cam.ac.uk", password=password_of(DAVE), settings=settings) as home:
        # One's own name first: the credentials find their way from there too.
        home.at("{ast.cam.ac.uk/dave}/notes.txt").put(b"seen")
        assert (home / "notes.txt").read_bytes() == b"seen"


def test_what_others_have_is_absent(communities: Communities) -> None:
    """Frank's tree is on the same FileManager and none of Dave's business; nobody's looks the same."""
    shell = communities.shell("curious")
    shell.require("login", "--user", "dave@ast.cam.ac.uk", "--password-stdin", input=password_of(DAVE) + "\n")
    answers = [shell.run("ls", f"{{star.le.ac.uk/{name}}}/solar-project") for name in ("frank", "nobody-of-this-name")]
    assert [answer.code for answer in answers] == [3, 3]
    assert answers[0].err.replace("frank", "?") == answers[1].err.replace("nobody-of-this-name", "?")
    url = shell.run("ls", "vofiles://star.le.ac.uk/frank/solar-project")
    assert (url.code, url.err) == (3, answers[0].err)
    assert shell.run("ls", "{elsewhere.example/frank}/a").code == 3


def test_without_a_login_there_nothing_goes_to_another_filemanager(communities: Communities) -> None:
    """Erin's home is at Cambridge, where Dave is nobody: he is told where he would have to log in."""
    shell = communities.shell("visitor")
    shell.require("login", "--user", "dave@ast.cam.ac.uk", "--password-stdin", input=password_of(DAVE) + "\n")
    refused = shell.run("ls", "{ast.cam.ac.uk/erin}/")
    assert refused.code == 4
    assert f"vofiles login {communities.bases[CAMBRIDGE_MANAGER]}" in refused.err
    wrong = shell.run(
        "login", communities.bases[CAMBRIDGE_MANAGER], "--user", "dave", "--password-stdin",
        input=password_of(DAVE) + "\n",
    )  # fmt: skip
    assert wrong.code == 4


def test_both_logins_are_kept_each_for_its_own_filemanager(communities: Communities) -> None:
    shell = communities.shell("both")
    shell.require("login", "--user", "erin@ast.cam.ac.uk", "--password-stdin", input=password_of(ERIN) + "\n")
    shell.require("mkdir", "home:from-erin")
    shell.require("login", "--user", "dave@ast.cam.ac.uk", "--password-stdin", input=password_of(DAVE) + "\n")
    assert "from-erin" not in shell.require("ls", "home:")
    assert "from-erin" in shell.require("ls", "{ast.cam.ac.uk/erin}/")
    shell.require("mkdir", "home:going")
    refused = shell.run("mv", "home:going", "{ast.cam.ac.uk/erin}/from-erin")
    assert refused.code == 2
    assert "in the care of another FileManager: get what you have there, and put it here" in refused.err
    assert "going" in shell.require("ls", "home:")
    cambridge, leicester = communities.bases[CAMBRIDGE_MANAGER], communities.bases[LEICESTER_MANAGER]
    assert shell.require("logout", cambridge) == f"Logged out of {cambridge}.\n"
    assert shell.run("ls", "{ast.cam.ac.uk/erin}/").code == 4
    shell.require("login", cambridge, "--user", "erin", "--password-stdin", input=password_of(ERIN) + "\n")
    assert shell.require("logout") == f"Logged out of {leicester}.\nLogged out of {cambridge}.\n"
    assert shell.run("ls", "home:").code == 4


# --- the store that serves both ---------------------------------------------------------------------------------------


class Victim:
    """A file of Erin's in the shared store, and a transfer of hers that is still open."""

    def __init__(self, communities: Communities) -> None:
        self.communities = communities
        self.port = FileManagerPort(
            f"{communities.bases[CAMBRIDGE_MANAGER]}/filemanager", auth=(ERIN, password_of(ERIN))
        )
        name = new_number()
        settings = communities.shell(f"erin-{name}").settings / "vofiles"
        with vofiles.connect(user="erin@ast.cam.ac.uk", password=password_of(ERIN), settings=settings) as home:
            (home / name).put(CONTENT, store=str(SHARED_STORE))
        self.node = LongIdentifier(communities.homes[Ivorn.parse(ERIN)]).child((home / name).path.path[-1])
        pending = ImportInit(self.node, store=SHARED_STORE)
        self.pending: Transfer = self.port.import_init(pending).transfer
        held = self.as_owner().list_containers(ListContainers()).holdings
        (self.holding,) = [each for each in held if each.container == self.container]

    @property
    def container(self) -> Ivorn:
        (node,) = self.port.get_node(GetNode(self.node)).nodes
        (found,) = [each.value for each in node.properties if each.key == "filestore.location"]
        return Ivorn.parse(found)

    def as_owner(self) -> FileStorePort:
        return self.communities.store_as(CAMBRIDGE_MANAGER, SHARED_STORE)

    def as_other(self) -> FileStorePort:
        return self.communities.store_as(LEICESTER_MANAGER, SHARED_STORE)

    def require_unharmed(self) -> None:
        """Erin's file is hers and whole, her open transfer still open and its ticket good for her own bytes."""
        found = self.as_owner().get_properties(GetProperties(self.container)).container
        assert found is not None
        assert (found.state, found.size) == ("COMPLETE", len(CONTENT))
        (endpoint,) = self.port.export_init(ExportInit(self.node)).transfer.endpoints
        assert requests.get(endpoint.url, timeout=30).content == CONTENT
        still = self.as_owner().get_properties(GetProperties(transfer=self.pending.transfer)).transfer
        assert still is not None
        assert still.state == TransferState.OFFERED
        assert still.endpoints == self.pending.endpoints


@pytest.fixture
def victim(communities: Communities) -> Victim:
    return Victim(communities)


def filling(victim: Victim, transfer: str, callback: Ivorn = LEICESTER_MANAGER) -> StoreImportInit:
    """A request to make a container, which says that it is for Erin's node."""
    return StoreImportInit(transfer, callback, victim.node, Ivorn.parse(ERIN))


def test_the_other_filemanager_reads_nothing(victim: Victim) -> None:
    other, container = victim.as_other(), victim.container
    with pytest.raises(ContainerNotFound):
        other.get_properties(GetProperties(container))
    for number in (victim.holding.transfer, victim.pending.transfer):
        with pytest.raises(TransferNotFound):
            other.get_properties(GetProperties(transfer=number))
    with pytest.raises(ContainerNotFound):
        other.export_init(StoreExportInit(new_number(), LEICESTER_MANAGER, container))
    with pytest.raises(ContainerNotFound):
        other.export_data(StoreExportData(new_number(), LEICESTER_MANAGER, container, "http://127.0.0.1:9/"))
    with pytest.raises(ContainerNotFound):
        other.duplicate(Duplicate(new_number(), LEICESTER_MANAGER, container, victim.node, Ivorn.parse(ERIN)))
    for after in (None, "0", victim.holding.container.fragment[:-1]):
        held = other.list_containers(ListContainers(after)).holdings
        assert container not in {each.container for each in held}
    victim.require_unharmed()


def test_the_other_filemanager_looks_the_same_for_what_there_never_was(victim: Victim) -> None:
    other = victim.as_other()
    nothing = SHARED_STORE.with_fragment(new_number())
    said = []
    for container in (victim.container, nothing):
        with pytest.raises(ContainerNotFound) as found:
            other.get_properties(GetProperties(container))
        said.append(str(found.value).replace(container.fragment, "?"))
    assert said[0] == said[1]


def test_the_other_filemanager_deletes_and_cancels_nothing(victim: Victim) -> None:
    other = victim.as_other()
    other.delete(DeleteContainer(victim.container))
    assert victim.pending.container is not None
    other.delete(DeleteContainer(victim.pending.container))
    with pytest.raises(TransferNotFound):
        other.cancel_transfer(StoreCancelTransfer(victim.pending.transfer))
    victim.require_unharmed()


def test_the_other_filemanager_replaces_nothing(victim: Victim) -> None:
    """With the other's transfer id, with its node, with its name as callback."""
    other = victim.as_other()
    mine = other.import_init(filling(victim, new_number())).transfer
    requests.put(mine.endpoints[0].url, data=b"mine", timeout=30).raise_for_status()
    assert mine.container is not None
    for number in (victim.pending.transfer, victim.holding.transfer):
        fetch = StoreImportData(number, LEICESTER_MANAGER, victim.node, Ivorn.parse(ERIN), "http://127.0.0.1:9/")
        copy = Duplicate(number, LEICESTER_MANAGER, mine.container, victim.node, Ivorn.parse(ERIN))
        with pytest.raises(Conflict):
            other.import_init(filling(victim, number))
        with pytest.raises(Conflict):
            other.import_data(fetch)
        with pytest.raises(Conflict):
            other.duplicate(copy)
        with pytest.raises(PermissionDenied):
            other.import_init(filling(victim, number, CAMBRIDGE_MANAGER))
    with pytest.raises(PermissionDenied):
        other.import_init(filling(victim, new_number(), CAMBRIDGE_MANAGER))
    # A container of its own that claims to be for Erin's node is its own and nobody else's.
    claimed = other.import_init(filling(victim, new_number())).transfer
    requests.put(claimed.endpoints[0].url, data=b"not Erin's", timeout=30).raise_for_status()
    held = victim.as_owner().list_containers(ListContainers()).holdings
    assert claimed.container not in {each.container for each in held}
    victim.require_unharmed()


def test_a_number_that_is_taken_tells_nothing_of_who_has_it(victim: Victim) -> None:
    other, own = victim.as_other(), new_number()
    other.import_init(filling(victim, own))
    said = []
    for number, request in (
        (victim.pending.transfer, filling(victim, victim.pending.transfer)),
        (own, StoreImportInit(own, LEICESTER_MANAGER, victim.node, Ivorn.parse(FRANK))),
    ):
        with pytest.raises(Conflict) as found:
            other.import_init(request)
        said.append(str(found.value).replace(number, "?"))
    assert said[0] == said[1]


def test_the_other_filemanager_settles_nothing(victim: Victim) -> None:
    """Callbacks in a store's name, by whoever else has a key with somebody."""
    assert victim.pending.container is not None
    receipt = Receipt(victim.pending.transfer, victim.pending.container, 3, clock())
    failed = TransferFailed(victim.pending.transfer, TransferState.FAILED, Failure("Unexpected", "so there"))
    strangers = (
        key_of(LEICESTER_MANAGER, SHARED_STORE),
        key_of(LEICESTER_MANAGER, LEICESTER_STORE),
        Key(key_of(CAMBRIDGE_MANAGER, SHARED_STORE).id, b"guessed" * 5),
    )
    for key in strangers:
        port = victim.communities.callback_as(key, CAMBRIDGE_MANAGER)
        with pytest.raises(NotAuthenticated):
            port.get_identifier(GetIdentifier())
        with pytest.raises(NotAuthenticated):
            port.transfer_completed(TransferCompleted(receipt))
        with pytest.raises(NotAuthenticated):
            port.transfer_failed(failed)
    neighbour = victim.communities.callback_as(key_of(CAMBRIDGE_MANAGER, CAMBRIDGE_STORE), CAMBRIDGE_MANAGER)
    assert neighbour.get_identifier(GetIdentifier()).identifier == CAMBRIDGE_MANAGER
    with pytest.raises(TransferNotFound):
        neighbour.transfer_completed(TransferCompleted(receipt))
    with pytest.raises(TransferNotFound):
        neighbour.transfer_failed(failed)
    victim.require_unharmed()


def test_an_unknown_filemanager_is_refused(victim: Victim) -> None:
    """One that the store does not serve, and one whose key it does not have."""
    stranger = Ivorn.parse("ivo://elsewhere.example/filemanager")
    doors = (
        (CAMBRIDGE_STORE, key_of(LEICESTER_MANAGER, SHARED_STORE)),
        (SHARED_STORE, Key("elsewhere", b"0123456789abcdef0123456789abcdef")),
        (SHARED_STORE, Key(key_of(CAMBRIDGE_MANAGER, SHARED_STORE).id, b"0123456789abcdef0123456789abcdef")),
    )
    for store, key in doors:
        for callback in (stranger, CAMBRIDGE_MANAGER, LEICESTER_MANAGER):
            with pytest.raises(NotAuthenticated):
                victim.communities.store_as(stranger, store, key).import_init(filling(victim, new_number(), callback))
    with pytest.raises(PermissionDenied):
        victim.as_other().import_init(filling(victim, new_number(), stranger))


def test_identifiers_of_the_other_filemanager_are_absent(communities: Communities) -> None:
    """Dave at Leicester names Erin's home at Cambridge, and a node that is not there."""
    port = FileManagerPort(f"{communities.bases[LEICESTER_MANAGER]}/filemanager", auth=(DAVE, password_of(DAVE)))
    erin = communities.homes[Ivorn.parse(ERIN)]
    for node in (erin, NodeIdentifier(LEICESTER_MANAGER, new_number())):
        with pytest.raises(NotFound):
            port.get_node(GetNode(LongIdentifier(node)))
    port.close()
