"""The main job on the AstroGrid API by every client: what each was told is what the service knows (astrogrid.md)."""

from pathlib import Path

import pytest

from tests.interop.clients import ASTROGRID, Client
from tests.interop.conftest import Done
from tests.interop.stage import BIG, HUNDRED, Stage, build_from
from tests.support.services import MANAGER, User
from vofiles.contract import GetAccount, ListVersions, NodeKind
from vofiles.instant import parse_instant, to_datetime
from vofiles.ivorn import Ivorn

pytestmark = pytest.mark.timeout(600)

STAR = "é 星 🌟.txt"
PREFIX = "org.astrogrid.filestore."


@pytest.fixture(scope="module")
def operator(stage: Stage) -> User:
    """Somebody who may add accounts."""
    return stage.services.add_account("operator", administrator=True)


@pytest.fixture(scope="module", params=ASTROGRID, ids=lambda client: client.name)
def job(
    request: pytest.FixtureRequest,
    stage: Stage,
    operator: User,
    content: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Done:
    """The job, done by a client that has just been built."""
    client: Client = request.param
    workshop = build_from(client, stage.contract(stage.astrogrid), tmp_path_factory.mktemp(client.name))
    folder = tmp_path_factory.mktemp(f"{client.name}-job")
    sent, copy = folder / "sent.vot", folder / "copy.vot"
    sent.write_bytes(content.read_bytes() + bytes(range(256)))
    told = workshop.run(client.job, stage.astrogrid, *stage.user.auth, client.name, sent, copy, *operator.auth)
    return Done(client, told, sent.read_bytes(), copy)


def test_accounts(stage: Stage, operator: User, job: Done) -> None:
    new = GetAccount(Ivorn.parse(f"ivo://ast.cam.ac.uk/{job.client.name}"))
    assert job.told["service"] == str(MANAGER)
    assert job.told["new.account"] == f"ivo://{job.client.name}@ast.cam.ac.uk/community"
    assert job.told["new.home"] == str(stage.services.port(operator).get_account(new).account.home)
    assert job.told["home"] == str(stage.home)
    assert (job.told["home.name"], job.told["home.type"]) == ("home", "FOLDER")


def test_folder(stage: Stage, job: Done) -> None:
    assert job.told["folder"] == str(stage.node(job.client.name).identifier)
    assert job.told["folder.parent"] == str(stage.home)


def test_file(stage: Stage, job: Done) -> None:
    assert job.told["file"] == str(stage.node(f"{job.client.name}/query-7.vot").identifier)
    assert (job.told["file.type"], job.told["file.size"]) == ("FILE", "0")


def test_sending_and_fetching(job: Done) -> None:
    assert (job.told["send.method"], job.told["put.status"]) == ("PUT", "201")
    assert job.told["node.size"] == str(len(job.sent))
    assert (job.told["fetch.method"], job.told["get.status"]) == ("GET", "200")
    assert job.copy.read_bytes() == job.sent


def test_dates_and_attributes(stage: Stage, job: Done) -> None:
    file = stage.at(f"{job.client.name}/query-7.vot")
    written, _ = sorted(stage.ask(ListVersions(file)).versions, key=lambda version: version.number)
    attributes = dict(line.split(" ") for line in job.told.all("attribute"))
    date = to_datetime(written.created).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
    assert attributes == {
        f"{PREFIX}resource.ivorn": str(written.location),
        f"{PREFIX}content.size": str(len(job.sent)),
        f"{PREFIX}content.type": "application/x-votable+xml",
        f"{PREFIX}created.date": date,
        f"{PREFIX}modified.date": date,
    }
    node = stage.node(f"{job.client.name}/query-7.vot")
    created, modified = parse_instant(job.told["node.created"]), parse_instant(job.told["node.modified"])
    assert job.told["node.created"][-1] == job.told["node.modified"][-1] == "Z"
    assert created == node.created - node.created % job.client.tick
    # As it was before more was appended, and no earlier than what it then held.
    assert written.created - written.created % job.client.tick <= modified <= node.modified


def test_appending(stage: Stage, job: Done) -> None:
    assert job.told["append.status"] == "201"
    assert job.told["append.size"] == str(stage.node(f"{job.client.name}/query-7.vot").size) == str(len(job.sent) + 4)


def test_copying_moving_and_deleting(stage: Stage, job: Done) -> None:
    folder = str(stage.node(job.client.name).identifier)
    assert job.told["copy"] != job.told["file"]
    assert job.told["copy.name"] == f"{job.client.name}.vot"
    assert job.told["copy.size"] == job.told["append.size"]
    assert job.told["copy.parent"] == str(stage.home)
    assert (job.told["move"], job.told["move.name"]) == (job.told["copy"], "moved.vot")
    assert job.told["move.parent"] == job.told["delete"] == folder
    assert f"{job.client.name}.vot" not in stage.names("")
    assert stage.names(job.client.name) == {"query-7.vot", STAR}


def test_names_beyond_ascii(stage: Stage, job: Done) -> None:
    node = stage.node(f"{job.client.name}/{STAR}")
    assert job.told["names.node"] == str(node.identifier)
    assert job.told["names.name"] == node.name == STAR
    assert node.type == NodeKind.FILE


def test_a_size_over_four_gibibytes(job: Done) -> None:
    assert job.told["large.size"] == str(BIG)


def test_a_bundle_of_a_hundred_nodes(job: Done) -> None:
    assert (job.told["bundle.count"], job.told["bundle.children"]) == ("100", "99")
    assert job.told["bundle.first"] == "hundred"
    assert job.told.all("bundle.name") == HUNDRED


FAULTS = {
    "missing": ("NodeNotFoundFault", "nothing"),
    "twice": ("DuplicateNodeFault", "query-7.vot"),
    "full": ("FileManagerFault", "not empty"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_declared_fault_arrives_typed(job: Done, fault: str) -> None:
    declared, word = FAULTS[fault]
    assert job.told[fault] == declared
    assert word in job.told[f"{fault}.message"]


@pytest.mark.parametrize(("mistake", "element"), [("type", "nodeType"), ("element", "newNodeName")])
def test_bad_input_is_a_fault_that_names_the_element(job: Done, mistake: str, element: str) -> None:
    assert job.told[mistake] == "FileManagerFault"
    assert f"for {element}:" in job.told[f"{mistake}.message"]


def test_the_job_ends_well(job: Done) -> None:
    assert (job.told.code, job.told.errors) == (0, "")
