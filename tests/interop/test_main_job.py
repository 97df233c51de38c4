"""The main job by every client: what each was told is what the service itself knows, step by step (job.md)."""

import hashlib
from pathlib import Path

import pytest

from tests.interop.conftest import Done
from tests.interop.stage import BIG, HUNDRED, Stage, Workshop
from tests.support.services import MANAGER
from vofiles.contract import ExportInit, GetTransfer, NodeKind, TransferState
from vofiles.instant import parse_instant

pytestmark = pytest.mark.timeout(600)

STAR = "é 星 🌟.txt"


def test_account(stage: Stage, job: Done) -> None:
    assert job.told["service"] == str(MANAGER)
    assert job.told["account"] == f"ivo://ast.cam.ac.uk/{stage.user.name}"
    assert job.told["home"] == str(stage.home)


def test_folder(stage: Stage, job: Done) -> None:
    node = stage.node(job.client.name)
    assert job.told["folder"] == str(node.identifier)
    assert node.type == NodeKind.FOLDER


def test_file(stage: Stage, job: Done) -> None:
    node = stage.node(f"{job.client.name}/query-7.vot")
    assert job.told["file"] == str(node.identifier)
    assert job.told["file.version"] == "0"
    (note,) = (each.value for each in node.properties if each.key == "note")
    assert job.told["file.note"] == note == '5 < flux & "rising"'


def test_sending(stage: Stage, job: Done) -> None:
    assert job.told["import.state"] == TransferState.OFFERED
    assert job.told["import.method"] == "PUT"
    assert job.told["put.status"] == "201"
    transfer = stage.ask(GetTransfer(job.told["import.transfer"])).transfer
    assert (transfer.state, transfer.bytes_done) == (TransferState.COMPLETED, len(job.sent))


def test_waiting(job: Done) -> None:
    assert job.told["transfer.state"] == TransferState.COMPLETED
    assert job.told["transfer.size"] == str(len(job.sent))


def test_node(stage: Stage, job: Done) -> None:
    node = stage.node(f"{job.client.name}/query-7.vot")
    assert job.told["node"] == job.told["file"]
    assert job.told["node.size"] == str(node.size) == str(len(job.sent))
    assert job.told["node.version"] == str(node.version) == "1"
    assert job.told["node.type"] == node.content_type == "application/x-votable+xml"
    assert job.told["node.sha-256"] == hashlib.sha256(job.sent).hexdigest()


def test_dates(stage: Stage, job: Done) -> None:
    node = stage.node(f"{job.client.name}/query-7.vot")
    for key, kept in (("node.created", node.created), ("node.modified", node.modified)):
        told = job.told[key]
        assert told.endswith("Z")
        # Some cut off what their type does not keep, others (Axis) round it.
        assert abs(parse_instant(told) - kept) < job.client.tick, f"{key} {told}, kept: {kept}"


def test_fetching(stage: Stage, job: Done) -> None:
    assert job.told["export.method"] == "GET"
    assert job.told["get.status"] == "200"
    assert job.copy.read_bytes() == job.sent
    assert stage.ask(ExportInit(stage.at(f"{job.client.name}/query-7.vot"))).transfer.endpoints


def test_names_beyond_ascii(stage: Stage, job: Done) -> None:
    node = stage.node(f"{job.client.name}/{STAR}")
    assert job.told["names.node"] == str(node.identifier)
    assert job.told["names.name"] == node.name == STAR
    (note,) = (each.value for each in node.properties if each.key == "note")
    assert job.told["names.note"] == note == "naïve 星 🌟"


def test_a_size_over_four_gibibytes(stage: Stage, job: Done) -> None:
    assert stage.node("archive/big.dat").size == BIG
    assert job.told["large.size"] == str(BIG)


def test_a_bundle_of_a_hundred_nodes(job: Done) -> None:
    assert job.told["bundle.count"] == "100"
    assert job.told["bundle.first"] == "hundred"
    assert job.told.all("bundle.name") == HUNDRED


FAULTS = {
    "missing": ("NotFound", "NodeNotFound", "nothing"),
    "twice": ("Conflict", "DuplicateNode", "query-7.vot"),
    "kind": ("WrongKind", "NotAFile", "folder"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_declared_fault_arrives_typed(job: Done, fault: str) -> None:
    declared, name, word = FAULTS[fault]
    assert job.told[fault] == declared
    assert job.told[f"{fault}.name"] == name
    assert word in job.told[f"{fault}.message"]


@pytest.mark.parametrize(("mistake", "element"), [("type", "size"), ("element", "name")])
def test_bad_input_is_a_fault_that_names_the_element(job: Done, mistake: str, element: str) -> None:
    assert job.told[mistake] == "Invalid"
    assert job.told[f"{mistake}.name"] in {"InvalidArgument", "InvalidMessage"}
    # With a mark beside it, not the word somewhere in a sentence.
    assert f"for {element}:" in job.told[f"{mistake}.message"] or f"( {element} )" in job.told[f"{mistake}.message"]


def test_the_job_ends_well(job: Done) -> None:
    assert (job.told.code, job.told.errors) == (0, "")


def test_the_recipe_of_the_documentation_works(stage: Stage, workshop: Workshop, own_file: Path) -> None:
    done = workshop.start(workshop.client.recipe, stage.address, *stage.user.auth, own_file)
    assert (done.returncode, done.stderr.decode(errors="replace")) == (0, "")
    assert done.stdout == own_file.read_bytes()
    node = stage.node(own_file.name)
    assert (node.size, node.version) == (own_file.stat().st_size, 1)
