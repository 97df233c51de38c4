"""S3-compatible stores for tests: moto, quick, where OBJECT_STORE does not name another one (`./toxw -e s3`: radosgw).

Each process of tests has one server, from its first test that needs it to its end; each test a part of one bucket, by a
prefix of its own. moto takes any key, any secret and damaged parts, so that it proves nothing of these.
"""

import importlib.util
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from filestore.backends.s3client import S3Client, connect
from filestore.backends.s3parts import Sizes
from filestore.config import S3
from tests.support.radosgw import PROGRAMS, start_radosgw

_numbers = itertools.count(1)
BUCKET = "contents"
NO_COPIES = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/*/staging/*",
            "Condition": {"StringLike": {"s3:x-amz-copy-source": "*"}},
        }
    ],
}
"""The policy of a bucket that has nothing copied to where clients send."""
LEAST = 16
"""Bytes of a part, at least, as moto is told: so that little has many."""


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A running server, and a client with all rights."""

    settings: S3
    client: S3Client
    least: int
    """Bytes of a part that is not the last, at least."""

    @property
    def sizes(self) -> Sizes:
        """The shortest parts that this server takes."""
        return Sizes(2 * self.least, self.least, 4 * self.least)

    def part(self) -> S3:
        """A part of the bucket that nobody else has."""
        return replace(self.settings, prefix=f"{next(_numbers)}/")


def section_of(settings: S3) -> str:
    """What stands in a store's configuration to have its contents there."""
    return (
        f'[s3]\nbucket = "{settings.bucket}"\nprefix = "{settings.prefix}"\nendpoint = "{settings.endpoint}"\n'
        f'access_key = "{settings.access_key}"\nsecret_key = "{settings.secret_key}"\n'
    )


@cache
def _start(config: pytest.Config) -> ObjectStore | None:
    """The server of this process; None where none is installed."""
    true = os.environ.get("OBJECT_STORE") == "radosgw"
    settings = start_radosgw(config, BUCKET) if true else _start_moto(config)
    if settings is None:
        return None
    client = connect(settings)
    config.add_cleanup(client.close)
    bucket: Any = client
    bucket.create_bucket(Bucket=settings.bucket)
    if true:
        # As operators of one that has not been updated are told to.
        bucket.put_bucket_policy(Bucket=settings.bucket, Policy=json.dumps(NO_COPIES))
    return ObjectStore(settings, client, Sizes().least if true else LEAST)


def _start_moto(config: pytest.Config) -> S3 | None:
    # Never in this process: it puts itself between botocore and the network.
    beside = [sys.executable, "-m", "moto.server"] if importlib.util.find_spec("moto") else None
    installed = shutil.which("moto_server")
    command = beside or ([installed] if installed else None)
    if command is None:
        return None
    server = subprocess.Popen(
        [*command, "-H", "127.0.0.1", "-p", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "S3_UPLOAD_PART_MIN_SIZE": str(LEAST), "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(16 << 20)},
    )  # fmt: skip
    said = server.stderr
    assert said is not None
    reading = threading.Thread(target=said.readlines)

    def end() -> None:
        server.kill()
        server.wait()
        if reading.ident is not None:
            reading.join()
        said.close()

    config.add_cleanup(end)
    for line in said:
        found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", line)
        if found:
            # It writes a line for every request.
            reading.start()
            return S3(BUCKET, "some", "secret", found[1])
    raise AssertionError(f"moto ended: {server.wait()}")


MISSING = (
    f"Ceph is not installed (apt-get install {' '.join(sorted(set(PROGRAMS.values())))})"
    if os.environ.get("OBJECT_STORE") == "radosgw"
    else "moto is not installed (pip install moto[s3] flask flask-cors)"
)
"""Why a test is skipped."""


@pytest.fixture(scope="session")
def running_object_store(request: pytest.FixtureRequest) -> ObjectStore | None:
    return _start(request.config)


@pytest.fixture
def object_store(running_object_store: ObjectStore | None) -> ObjectStore:
    """A running store of objects. Skips the test where none is installed."""
    if running_object_store is None:
        pytest.skip(MISSING)
    return running_object_store
