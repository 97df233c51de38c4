"""Records what this release sends between services: `python -m tests.contracts.record`, once, when it is released.

    recorded/filestore-1.json     what a FileManager sends to a store, in an order in which it makes sense
    recorded/callback-1.json      what a store sends to a FileManager

`test_neighbours.py` sends the recordings of the last release to today's services. Rule: only what the ports really put
on the wire is recorded; what a replay must fill in is one of the constants below.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.serving import running_site
from vofiles.callback_port import CallbackPort
from vofiles.contract import (
    DeleteContainer,
    Digest,
    Duplicate,
    Failure,
    GetIdentifier,
    GetProperties,
    Header,
    Receipt,
    StoreCancelTransfer,
    StoreExportData,
    StoreExportInit,
    StoreImportData,
    StoreImportInit,
    TransferCompleted,
    TransferFailed,
)
from vofiles.errors import VofilesError
from vofiles.filestore_port import FileStorePort
from vofiles.instant import Instant
from vofiles.ivorn import Ivorn, LongIdentifier
from vofiles.serving.http import Control, Request, Response, Route

FOLDER = Path(__file__).parent / "recorded"
MANAGER = Ivorn.parse("ivo://ast.cam.ac.uk/filemanager")
STORE = Ivorn.parse("ivo://star.le.ac.uk/filestore")
DAVE = Ivorn.parse("ivo://ast.cam.ac.uk/dave")
NODE = LongIdentifier.parse(f"{MANAGER}#1234-5678/solar-project/results/query-7.vot")
CONTENT = b"<VOTABLE/>"
CONTAINER = STORE.with_fragment("zzzzcontainerzzzz")
"""Replaced by what the first importInit answers."""
SOURCE, SINK = "http://127.0.0.1:1/source", "http://127.0.0.1:1/sink"
"""Replaced by addresses where something answers."""
TRANSFER = "zzzztransferzzzz"
"""In callbacks: replaced by a transfer that the FileManager has offered."""

STORE_REQUESTS: tuple[tuple[str, Any], ...] = (
    ("get_identifier", GetIdentifier()),
    ("import_init", StoreImportInit("import-1", MANAGER, NODE, DAVE, 10, 1000, "application/x-votable+xml")),
    ("import_init", StoreImportInit("import-2", MANAGER, NODE, DAVE)),
    ("cancel_transfer", StoreCancelTransfer("import-2")),
    ("get_properties", GetProperties(CONTAINER)),
    ("get_properties", GetProperties(None, "import-1")),
    ("export_init", StoreExportInit("export-1", MANAGER, CONTAINER, "query-7.vot", "text/xml")),
    ("duplicate", Duplicate("copy-1", MANAGER, CONTAINER, NODE, DAVE)),
    (
        "import_data",
        StoreImportData("import-3", MANAGER, NODE, DAVE, SOURCE, "HTTP", "GET", headers=(Header("Accept", "*/*"),)),
    ),
    ("export_data", StoreExportData("export-2", MANAGER, CONTAINER, SINK, "HTTP", "PUT", "text/xml")),
    ("delete_container", DeleteContainer(CONTAINER)),
)
CALLBACKS: tuple[tuple[str, Any], ...] = (
    (
        "transfer_completed",
        TransferCompleted(
            Receipt(
                TRANSFER, CONTAINER, 10, Instant(1_800_000_000_000_000), "text/xml", (Digest("sha-256", "ab" * 32),)
            )
        ),
    ),
    ("transfer_failed", TransferFailed(TRANSFER, "FAILED", Failure("SourceUnreachable", "it does not answer"))),
)


def recorded(open_port: Callable[[str], Any], requests: tuple[tuple[str, Any], ...]) -> list[dict[str, str]]:
    """What a port sends for each of these requests."""
    kept: list[dict[str, str]] = []

    def keep(request: Request) -> Response:
        action = request.headers.get("soapaction") or ""
        kept.append({"action": action, "envelope": request.body.decode("utf-8")})
        return Response(503)

    with running_site([Route("/", frozenset({"POST"}), Control(keep))]) as served:
        port = open_port(f"{served.url}/")
        for name, request in requests:
            method = getattr(port, "delete" if name == "delete_container" else name)
            try:
                method(request)
            except VofilesError:
                continue  # the answer is not what is recorded
        port.close()
    assert len(kept) == len(requests)
    return kept


def main() -> None:
    """Writes both files."""
    for name, open_port, requests in (
        ("filestore-1.json", FileStorePort, STORE_REQUESTS),
        ("callback-1.json", CallbackPort, CALLBACKS),
    ):
        text = json.dumps(recorded(open_port, requests), indent=1, ensure_ascii=False)
        (FOLDER / name).write_text(text + "\n")


if __name__ == "__main__":
    main()
