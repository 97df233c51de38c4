"""The main job by a script, with real processes: files go in under home:, their bytes straight to two stores, and back.

The same by the command line is in test_command_line.
"""

import hashlib
from importlib.resources import files
from pathlib import Path

import pytest

from tests.support.journey import STORES, Up
from tests.support.sources import ok, scripted_source
from vofiles.cli.demo.play import contents
from vofiles.cli.deployment import identifier
from vofiles.errors import NodeNotFound


def test_files_go_in_and_come_back_identical(running: Up, tmp_path: Path) -> None:
    astronomical = contents()
    assert len(astronomical) >= 10
    assert files("vofiles.cli.demo").joinpath("data", "README.md").is_file()
    with running.home() as home:
        results = home / "solar-project" / "results"
        results.mkdir(parents=True)
        for number, (name, content) in enumerate(astronomical.items()):
            (tmp_path / name).write_bytes(content)
            info = (results / name).put(tmp_path / name, store=identifier(STORES[number % 2]))
            assert (info.size, info.version) == (len(content), 1)
            assert info.digests["sha-256"] == hashlib.sha256(content).hexdigest()
        (results / "preferred").mkdir()

        with scripted_source(ok(astronomical["m13.fits"])) as source:
            assert (results / "by-url.fits").import_from(source.url()).done
        created = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
        with scripted_source(created) as sink:
            assert (results / "by-url.fits").export_to(sink.url()).done
        assert sink.requests[0].body == astronomical["m13.fits"]

        rows = {row.name: row for row in results.children()}
        assert set(rows) == {*astronomical, "by-url.fits", "preferred"}
        assert {row.store for row in rows.values() if row.is_file} == {identifier(store) for store in STORES}
        for name, content in astronomical.items():
            back = (results / name).get(tmp_path / f"back-{name}")
            assert back is not None
            assert back.read_bytes() == content
        (home / "solar-project").remove(recursive=True)
        with pytest.raises(NodeNotFound):
            results.info()
