"""A store whose contents are in a bucket: the main job and what follows it, its commands, and starts that are refused.

Over moto, or Ceph's radosgw where OBJECT_STORE says so (`./toxw -e s3`); only the latter looks at keys and digests.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from filestore.backends.s3bucket import Bucket, Found
from filestore.backends.s3client import Answer, connect
from filestore.backends.s3errors import Gone
from filestore.backends.s3start import open_bucket
from filestore.config import S3
from tests.support.filestore import PROJECT, FileStoreProcess, calling_manager
from tests.support.objectstores import MISSING, NO_COPIES, ObjectStore, object_store, running_object_store, section_of
from tests.support.operating import command
from tests.support.s3calls import Act, WatchedClient
from tests.support.services import STORES, RunningServices, running_services
from tests.support.serving import wait_until
from tests.support.sources import ok, scripted_source
from vofiles import connect as sign_in
from vofiles.configuration import ConfigurationError
from vofiles.serving.listening import bind
from vofiles.tree import Home

__all__ = ["object_store", "running_object_store"]

BUCKETED, OTHER = STORES
DATA = bytes(range(256)) * 1000
LARGE = bytes(range(251)) * (70 << 10)
"""18 MB, which are sent in more than one part."""
JUDGED = os.environ.get("OBJECT_STORE") == "radosgw"
"""Whether keys and signatures are looked at."""


class Deployment:
    """Services whose first store has its contents in a bucket, and somebody who uses them."""

    def __init__(self, services: RunningServices, store: ObjectStore, settings: S3, home: Home) -> None:
        self.services, self.settings, self.home = services, settings, home
        self.bucket = Bucket(store.client, settings.bucket)

    def objects(self) -> dict[str, Found]:
        found = self.bucket.objects(self.settings.prefix)
        return {each.key.removeprefix(self.settings.prefix): each for each in found}

    def command(self, *words: str) -> str:
        done = command("filestore", self.services.folder / "filestore-0.toml", *words)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout


@pytest.fixture(scope="module")
def deployment(
    running_object_store: ObjectStore | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    if running_object_store is None:
        pytest.skip(MISSING)
    settings = running_object_store.part()
    folder = tmp_path_factory.mktemp("bucketed")
    with running_services(folder, first=(section_of(settings),)) as services:
        dave = services.add_account("dave")
        home = sign_in(services.address, user=dave.name, password=dave.password)
        try:
            yield Deployment(services, running_object_store, settings, home)
        finally:
            home.close()


def test_the_main_job(deployment: Deployment) -> None:
    home = deployment.home
    for name, data in (("small", DATA), ("large", LARGE), ("empty", b"")):
        info = (home / name).put(data, store=BUCKETED)
        assert (info.size, info.store) == (len(data), str(BUCKETED))
        assert (home / name).read_bytes() == data
    found = deployment.objects()
    assert {each.size for key, each in found.items() if "." not in key} >= {len(DATA), len(LARGE), 0}
    assert list((deployment.services.folder / "store-0").rglob("contents/*")) == []


def test_a_part_of_a_content_is_fetched(deployment: Deployment) -> None:
    home = deployment.home
    (home / "ranges").put(LARGE, store=BUCKETED)
    with (home / "ranges").open() as file:
        file.seek(10_000_000)
        assert file.read(1000) == LARGE[10_000_000:10_001_000]


def test_what_is_added_copied_moved_and_fetched_by_a_store(deployment: Deployment) -> None:
    home = deployment.home
    (home / "grows").put(LARGE, store=BUCKETED)
    assert (home / "grows").append(b"and more").size == len(LARGE) + 8
    assert (home / "grows").read_bytes() == LARGE + b"and more"
    (home / "grows").copy_to("home:copied")
    assert (home / "copied").read_bytes() == LARGE + b"and more"
    moved = (home / "copied").move_to(None, store=OTHER)
    assert moved.store == str(OTHER)
    assert (home / "copied").move_to(None, store=BUCKETED).store == str(BUCKETED)
    assert (home / "copied").read_bytes() == LARGE + b"and more"
    with scripted_source(ok(DATA)) as source:
        assert (home / "fetched").import_from(source.url(), store=BUCKETED).done
    assert (home / "fetched").read_bytes() == DATA
    with scripted_source(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n") as sink:
        assert (home / "fetched").export_to(sink.url()).done
    assert sink.requests[0].body == DATA


def test_what_is_deleted_for_good_leaves_the_bucket(deployment: Deployment) -> None:
    home = deployment.home
    before = set(deployment.objects())
    (home / "goes").put(DATA, store=BUCKETED)
    (number,) = {key.partition(".")[0] for key in set(deployment.objects()) - before}
    (home / "goes").remove()
    home.trash().purge()
    wait_until(lambda: number not in deployment.objects(), "the object is deleted")
    assert f"{number}.json" not in deployment.objects()


def test_the_commands_read_the_bucket(deployment: Deployment) -> None:
    (deployment.home / "told").put(DATA, store=BUCKETED)
    assert json.loads(deployment.command("check", "--digests", "--json"))["findings"] == []
    lines = [json.loads(line) for line in deployment.command("manifest").splitlines()]
    assert {"told"} <= {line["path"].rpartition("/")[2] for line in lines}


def test_a_store_that_is_killed_has_what_it_acknowledged(object_store: ObjectStore, tmp_path: Path) -> None:
    settings = object_store.part()
    with (
        calling_manager() as manager,
        FileStoreProcess(tmp_path, [manager], section_of(settings)) as store,
    ):
        kept = manager.stored(store.address, DATA)
        open_url = manager.put_url(store.address)
        # Half of it, with one part on the other side, and then the store is no more.
        with requests.Session() as session:

            def broken() -> Iterator[bytes]:
                yield LARGE
                bucket = Bucket(object_store.client, settings.bucket)
                wait_until(lambda: list(bucket.uploads(settings.prefix)), "a part has arrived")
                store.kill()
                yield LARGE

            with pytest.raises(requests.ConnectionError):
                session.put(open_url, data=broken(), timeout=60)
        store.start()
        bucket = Bucket(object_store.client, settings.bucket)
        assert list(bucket.uploads(settings.prefix)) == []
        assert requests.get(manager.get_url(store.address, kept), timeout=60).content == DATA
        path = open_url[open_url.index("/content") :]
        assert requests.put(store.address + path, data=LARGE * 2, timeout=60).status_code == 201
        assert store.stop() == 0


# --- starts that are refused ------------------------------------------------------------------------------------------


def refusal(settings: S3) -> str:
    with pytest.raises(ConfigurationError) as raised:
        open_bucket(settings)
    told = str(raised.value)
    assert settings.bucket in told
    assert str(settings.endpoint) in told
    assert settings.secret_key not in told
    return told


def test_a_bucket_that_is_not_there_stops_the_start(object_store: ObjectStore) -> None:
    assert "there is no such bucket" in refusal(replace(object_store.settings, bucket="nowhere"))


def test_nobody_who_answers_stops_the_start(object_store: ObjectStore) -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
    assert "does not answer" in refusal(replace(object_store.settings, endpoint=f"http://127.0.0.1:{port}"))


def test_keys_that_are_not_taken_stop_the_start(object_store: ObjectStore) -> None:
    if not JUDGED:
        # moto takes any: that it is asked at all is seen above.
        open_bucket(object_store.part()).close()
        return
    assert "secret key is not that" in refusal(replace(object_store.settings, secret_key="wrong"))
    assert "access key is not known" in refusal(replace(object_store.settings, access_key="unknown"))


def test_a_bucket_that_can_be_used_is_left_as_it_was(object_store: ObjectStore) -> None:
    settings = object_store.part()
    backend = open_bucket(settings)
    assert list(backend.bucket.objects(settings.prefix)) == []
    backend.close()


def test_a_bucket_that_copies_what_nobody_signed_is_not_sent_to(object_store: ObjectStore) -> None:
    """moto looks at no signature; radosgw 16 at none of headers, but at the policy of the bucket."""
    settings = replace(object_store.part(), direct=True)
    bucket: Any = object_store.client
    if JUDGED:
        open_bucket(settings).close()
        bucket.delete_bucket_policy(Bucket=settings.bucket)
    try:
        said = refusal(settings)
        assert "CVE-2026-54330" in said
        assert "s3.trusted" in said
    finally:
        if JUDGED:
            bucket.put_bucket_policy(Bucket=settings.bucket, Policy=json.dumps(NO_COPIES))
    for bearable in (replace(settings, trusted=True), replace(settings, direct=False)):
        open_bucket(bearable).close()
    assert list(Bucket(object_store.client, settings.bucket).objects(settings.prefix)) == []


def test_starts_at_the_same_time_try_apart(object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers: what one has tried and deleted another one may be about to read."""
    settings, keys = replace(object_store.part(), direct=True, trusted=not JUDGED), list[set[str]]()

    def connected(asked: S3) -> Any:
        own: set[str] = set()
        keys.append(own)

        def watch(_name: str, about: str, act: Act) -> Answer:
            own.add(about)
            return act()

        return WatchedClient(connect(asked), watch)

    monkeypatch.setattr("filestore.backends.s3start.connect", connected)
    for _ in range(2):
        open_bucket(settings).close()
    first, second = keys
    assert first
    assert first.isdisjoint(second)


def test_a_store_that_cannot_start_says_why_in_one_line(object_store: ObjectStore, tmp_path: Path) -> None:
    settings = replace(object_store.settings, bucket="nowhere")
    with calling_manager() as manager:
        process = FileStoreProcess(tmp_path, [manager], section_of(settings))
        command = [sys.executable, "-m", "filestore", "--config", str(process.config), "serve"]
        path = {"PYTHONPATH": f"{PROJECT}:{PROJECT / 'client'}"}
        done = subprocess.run(command, cwd=PROJECT, env=os.environ | path, capture_output=True, text=True, timeout=60)
        said = f"filestore: s3: bucket nowhere at {settings.endpoint}: there is no such bucket"
        assert (done.returncode, done.stderr.splitlines()[-1]) == (2, said)


def test_a_wrong_secret_reads_nothing_later_either(object_store: ObjectStore) -> None:
    if not JUDGED:
        return
    client = connect(replace(object_store.settings, secret_key="wrong"))
    with pytest.raises(ClientError):
        client.list_objects_v2(Bucket=object_store.settings.bucket)
    client.close()


def test_bytes_that_changed_on_their_way_are_refused(object_store: ObjectStore) -> None:
    if not JUDGED:
        return
    with pytest.raises(ClientError, match="BadDigest"):
        object_store.client.put_object(
            Bucket=object_store.settings.bucket, Key="damaged", Body=b"other", ContentMD5="rL0Y20zC+Fzt72VPzMSk2A=="
        )
    with pytest.raises(Gone):
        Bucket(object_store.client, object_store.settings.bucket).read("damaged")
