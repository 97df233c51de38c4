"""Ceph's radosgw on loopback: one monitor, one OSD in memory, one gateway, in a temporary folder, for this process's
tests.

    settings = start_radosgw(config, bucket)        # None where Ceph is not installed

Rule: nothing is taken from /etc/ceph or left in /var: every path is given. Free ports are tried until all are taken at
once.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest
import requests

from filestore.config import S3
from tests.support.serving import wait_until
from vofiles.serving.listening import bind

PROGRAMS = {
    "ceph": "ceph-common",
    "ceph-authtool": "ceph-common",
    "ceph-mon": "ceph-mon",
    "ceph-osd": "ceph-osd",
    "monmaptool": "ceph-base",
    "radosgw": "radosgw",
    "radosgw-admin": "ceph-common",
}
"""What is started, and Debian's packages of it."""
ENTITIES = ("mon.", "osd.0", "client.admin", "client.rgw")
_SETTINGS = """[global]
fsid = {fsid}
run dir = {folder}
log file = {folder}/$name.log
admin socket = {folder}/$name.asok
pid file =
keyring = {folder}/keyring
auth allow insecure global id reclaim = false
mon host = v2:127.0.0.1:{mon}
public addr = 127.0.0.1
ms bind ipv4 = true
ms bind msgr1 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
mon allow pool size one = true
mon warn on pool no redundancy = false
osd crush chooseleaf type = 0
[mon.a]
mon data = {folder}/mon
mon data avail warn = 1
mon data avail crit = 1
[osd.0]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = {memory}
osd class dir = {classes}
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw zone default pg num = 1
rgw thread pool size = 64
rgw gc obj min wait = 1
"""
MEMORY = 4 << 30


def start_radosgw(config: pytest.Config, bucket: str) -> S3 | None:
    """The settings of a bucket that is still to be made, at a gateway that runs until this process's tests end."""
    if any(shutil.which(program) is None for program in PROGRAMS):
        return None
    folder = Path(tempfile.mkdtemp(prefix="vofiles-radosgw-"))
    config.add_cleanup(lambda: shutil.rmtree(folder))
    cluster = _Cluster(folder)
    config.add_cleanup(cluster.end)
    cluster.start()
    access, secret = cluster.add_user()
    return S3(bucket, access, secret, cluster.address)


class _Cluster:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[subprocess.Popen[bytes]] = []
        with bind("127.0.0.1", 0) as one, bind("127.0.0.1", 0) as two:
            ports = one.getsockname()[1], two.getsockname()[1]
        self._fsid, (self._mon, self._gateway) = str(uuid.uuid4()), ports
        self.address = f"http://127.0.0.1:{self._gateway}"

    def start(self) -> None:
        folder = self._folder
        (folder / "ceph.conf").write_text(
            _SETTINGS.format(
                fsid=self._fsid, folder=folder, mon=self._mon, gateway=self._gateway, memory=MEMORY,
                classes=next(Path("/usr/lib").glob("*/rados-classes"), "/usr/lib/rados-classes"),
            )
        )  # fmt: skip
        monmap = str(folder / "monmap")
        address = f"[v2:127.0.0.1:{self._mon}/0]"
        self._run("monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", address, monmap)
        keyring = str(folder / "keyring")
        caps = [word for kind in ("mon", "osd") for word in ("--cap", kind, "allow *")]
        (folder / "keyring").touch(0o600)
        for entity in ENTITIES:
            self._run("ceph-authtool", keyring, "--gen-key", "-n", entity, *caps)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        self._serve("ceph-mon", "-i", "a")
        osd = str(uuid.uuid4())
        assert self._run("ceph", "osd", "new", osd).strip() == "0"
        (folder / "osd").mkdir()
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._serve("ceph-osd", "-i", "0")
        self._serve("radosgw", "-n", "client.rgw")
        wait_until(self._answers, "the gateway answers")

    def add_user(self) -> tuple[str, str]:
        """The access key and the secret key of a user of its own."""
        access, secret = secrets.token_hex(10), secrets.token_hex(20)
        keys = ("--access-key", access, "--secret-key", secret)
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", access, "--display-name", "x", *keys)
        return access, secret

    def end(self) -> None:
        for child in reversed(self._children):
            child.kill()
            child.wait()

    def _answers(self) -> bool:
        for child in self._children:
            assert child.poll() is None, f"{child.args!r} has ended: see {self._folder}"
        try:
            return requests.get(self.address, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            [*command, *self._conf(command[0])], capture_output=True, text=True, env=self._environment(), timeout=30
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def _serve(self, *command: str) -> None:
        with (self._folder / f"{command[0]}.out").open("wb") as out:
            child = subprocess.Popen(
                [*command, *self._conf(command[0]), "-f"], stdout=out, stderr=out, env=self._environment()
            )
        self._children.append(child)

    def _conf(self, program: str) -> list[str]:
        return ["-c", str(self._folder / "ceph.conf")] if program not in {"monmaptool", "ceph-authtool"} else []

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "CEPH_CONF": str(self._folder / "ceph.conf")}
