"""Real files of an archive become part of a tree where they lie: found, fetched, changed underneath, deleted."""

import os
import shutil
from pathlib import Path

import pytest
import requests

from tests.checker.test_commands import document
from tests.support.operating import command
from tests.support.services import MANAGER, STORES, RunningServices, User, running_services
from vofiles.contract import Delete, DeleteAnswer, ExportInit, GetNode, ListChildren, Transfer
from vofiles.ivorn import LongIdentifier
from vofiles.names import parse_name

DATA = Path(__file__).resolve().parents[2] / "client" / "vofiles" / "cli" / "demo" / "data"
TYPES = {
    ".fits": "application/fits",
    ".vot": "application/x-votable+xml",
    ".csv": "text/csv",
    ".gz": "application/gzip",
}


def adopted_section(folder: Path) -> str:
    lines = ["[[adopted]]", 'name = "archive"', f'directory = "{folder}"', f'manager = "{MANAGER}"']
    return "\n".join([*lines, 'owner = "ivo://ast.cam.ac.uk/dave"', 'path = "archive"'])


def offered(services: RunningServices, user: User, node: LongIdentifier) -> Transfer:
    return services.port(user).export_init(ExportInit(node)).transfer


@pytest.mark.timeout(300)
def test_an_archive_becomes_part_of_a_tree(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    (archive / "2026").mkdir(parents=True)
    files = [path for path in sorted(DATA.iterdir()) if path.suffix in TYPES]
    for path in files:
        shutil.copy2(path, archive / "2026" / path.name)
    times = {path.name: path.stat().st_mtime_ns for path in (archive / "2026").iterdir()}
    with running_services(tmp_path, outbound=(adopted_section(archive),), stores=STORES[:1]) as services:
        dave = services.add_account("dave")
        store, manager = tmp_path / "filestore-0.toml", tmp_path / "filemanager.toml"
        assert document("filestore", store, "adopt", "archive", code=0)["counted"]["files adopted"] == len(files)
        told = document("filemanager", manager, "adopt", str(STORES[0]), "--dry-run", code=0)
        assert told["counted"]["files adopted"] == len(files)
        made = document("filemanager", manager, "adopt", str(STORES[0]), code=0)
        assert made["counted"]["files adopted"] == len(files)
        assert command("filemanager", manager, "adopt", str(STORES[0])).returncode == 0
        folder = services.home(dave).child(parse_name("archive")).child(parse_name("2026"))
        listed = {node.name: node for node in services.port(dave).list_children(ListChildren(folder)).nodes}
        assert set(listed) == {path.name for path in files}
        for path in files:
            told_of = {each.key: each.value for each in listed[path.name].properties}
            assert told_of["content.type"] == TYPES[path.suffix], path.name
            transfer = offered(services, dave, LongIdentifier(listed[path.name].identifier))
            answer = requests.get(transfer.endpoints[0].url, timeout=60)
            assert answer.status_code == 200
            assert answer.content == path.read_bytes(), path.name
            part = requests.get(transfer.endpoints[0].url, headers={"Range": "bytes=100-299"}, timeout=60)
            assert (part.status_code, part.content) == (206, path.read_bytes()[100:300])
        document("filemanager", manager, "check", code=0)
        document("filestore", store, "check", "--digests", code=0)
        assert not list((tmp_path / "store-0" / "contents").glob("??/*"))

        changed, deleted = files[0].name, files[1].name
        with (archive / "2026" / changed).open("r+b") as file:
            file.write(b"X")
        os.utime(archive / "2026" / changed, ns=(0, times[changed] + 10**9))
        transfer = offered(services, dave, LongIdentifier(listed[changed].identifier))
        refused = requests.get(transfer.endpoints[0].url, timeout=60)
        assert (refused.status_code, refused.json()["name"]) == (500, "Damaged")
        (finding,) = document("filestore", store, "check", code=1)["findings"]
        assert finding["kind"] == "changed-underneath"
        (finding,) = document("filemanager", manager, "check", "--repair", code=1)["findings"]
        assert (finding["kind"], finding["repair"]) == ("changed-underneath", "done")

        node = LongIdentifier(listed[deleted].identifier)
        assert isinstance(services.port(dave).delete(Delete(node, purge=True)), DeleteAnswer)
        assert {path.name for path in (archive / "2026").iterdir()} == {path.name for path in files}
        assert (archive / "2026" / deleted).read_bytes() == files[1].read_bytes()
        left = services.port(dave).get_node(GetNode(LongIdentifier(listed[changed].identifier))).nodes[0]
        assert "SUSPECT" in {each.value for each in left.properties}


@pytest.mark.parametrize("name", ["nothing", "../archive"])
def test_only_what_is_in_the_configuration_is_adopted(tmp_path: Path, name: str) -> None:
    (tmp_path / "archive").mkdir()
    with running_services(tmp_path, outbound=(adopted_section(tmp_path / "archive"),), stores=STORES[:1]):
        refused = command("filestore", tmp_path / "filestore-0.toml", "adopt", name)
        assert refused.returncode == 1
        assert "it has archive" in refused.stderr
        assert "Traceback" not in refused.stderr
