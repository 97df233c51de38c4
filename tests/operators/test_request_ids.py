"""One id through the logs of client, FileManager and store, and back with the callback."""

import io
import json
from pathlib import Path

import pytest

from tests.support.services import STORES, RunningServices, running_services
from tests.support.serving import wait_until
from vofiles import connect, requestid
from vofiles.contract import GetIdentifier
from vofiles.errors import Unexpected, VofilesError
from vofiles.filemanager_port import FileManagerPort
from vofiles.serving.accesslines import AccessLines
from vofiles.serving.logs import Form


def lines(services: RunningServices, number: str) -> list[tuple[str, str]]:
    """What the services' access logs have under an id, as (path without ticket, operation)."""
    out = io.StringIO()
    write = AccessLines(Form.JSON, stream=out).add
    for record in list(services.accesses):
        write(record)
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    return [(line["path"], line.get("operation", "")) for line in found if line["request_id"] == number]


def test_one_id_goes_from_the_client_to_the_filemanager_to_the_store_and_back(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=STORES[:1]) as services:
        dave = services.add_account("dave")
        with connect(services.manager.address, user=dave.name, password=dave.password) as home:
            with requestid.job() as number:
                (home / "query-7.vot").put(io.BytesIO(b"<VOTABLE/>"), store=STORES[0])
        expected = {
            ("/filemanager", "importInit"),  # client to FileManager
            ("/filestore", "importInit"),  # FileManager to store
            ("/content/…", ""),  # client to store
            ("/callback", "transferCompleted"),  # store to FileManager
        }
        wait_until(lambda: expected <= set(lines(services, number)), "all four under one id")


def test_jobs_have_ids_of_their_own_and_inner_ones_the_outer_ones() -> None:
    with requestid.job() as first, requestid.job() as inner:
        assert inner == first == requestid.request_id()
    with requestid.job() as second:
        assert second != first
    assert requestid.request_id() != requestid.request_id()


def test_an_error_tells_under_which_id_it_is_logged(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=()) as services:
        port = FileManagerPort(services.address, auth=("nobody", "guess"))
        with requestid.job() as number, pytest.raises(VofilesError) as refused:
            port.get_identifier(GetIdentifier())
        port.close()
        assert requestid.find_noted(refused.value) == number
        wait_until(lambda: ("/filemanager", "") in lines(services, number), "the refusal is in the log")
    assert requestid.find_noted(Unexpected("1")) is None
