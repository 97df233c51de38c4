"""A store that takes what was sent past it, killed with SIGKILL at each step of that: the next one goes on by itself.

Rule: the step is a request to the bucket that is caught on its way, or whose answer is; nothing is guessed of time.
"""

from dataclasses import replace
from pathlib import Path
from threading import Thread

import requests

from filestore.backends.s3bucket import Bucket
from tests.support.filestore import CallingManager, FileStoreProcess, calling_manager, url_of
from tests.support.gate import gate_to
from tests.support.objectstores import ObjectStore, object_store, running_object_store, section_of
from tests.support.serving import wait_until
from vofiles.contract import StoreCompleteTransfer, TransferCompleted
from vofiles.errors import VofilesError

__all__ = ["object_store", "running_object_store"]

DATA = b"SIMPLE  =                    T" * 10_000
STEPS = (
    ("HEAD", "/staging/", False),
    ("PUT", " copy", True),
)
"""What the request to be caught is like, and whether it is done before the process is gone."""


def test_killed_at_each_step_of_taking(object_store: ObjectStore, tmp_path: Path) -> None:
    settings = object_store.part()
    bucket = Bucket(object_store.client, settings.bucket)
    with calling_manager() as manager, gate_to(settings.endpoint or "") as gate:
        section = section_of(replace(settings, endpoint=gate.url))
        section += "direct = true\ntrusted = true\n[tickets]\nlifetime = 8\n"
        with FileStoreProcess(tmp_path, [manager], section) as process:
            for step in STEPS:
                request = manager.import_request(size=len(DATA))
                offer = manager.port(process.address).import_init(request).transfer
                assert requests.put(url_of(offer), data=DATA, timeout=30).status_code == 200
                gate.close_at(*step[:2], after=step[2])
                # For the first of them the answer never comes.
                asking = Thread(target=complete, args=(manager, process.address, offer.transfer))
                asking.start()
                gate.await_caught()
                process.kill()
                gate.open()
                asking.join()
                process.start()
                message = manager.await_callback(offer.transfer)
                assert isinstance(message, TransferCompleted), step
                assert offer.container is not None
                got = requests.get(manager.get_url(process.address, offer.container), timeout=30)
                assert got.content == DATA, step
            assert len(manager.received) == len(STEPS)
            wait_until(lambda: list(bucket.objects(f"{settings.prefix}staging/")) == [], "nothing is staged any more")


def complete(manager: CallingManager, address: str, transfer: str) -> None:
    try:
        manager.port(address).complete_transfer(StoreCompleteTransfer(transfer))
    except VofilesError:
        return  # killed
