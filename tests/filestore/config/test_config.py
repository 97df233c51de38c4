"""The store's configuration: what a file means, and that a mistake in it is named."""

from base64 import urlsafe_b64encode
from ipaddress import ip_network
from pathlib import Path

import pytest

from filestore.config import Config, load
from vofiles.configuration import ConfigurationError
from vofiles.ivorn import Ivorn

SECRET = bytes(range(223, 255))
TEXT = urlsafe_b64encode(SECRET).decode().rstrip("=")
HEAD = 'identifier = "ivo://star.le.ac.uk/FileStore"\ndata = "data"\n'
MANAGER = f"""
[[managers]]
identifier = "ivo://ast.cam.ac.uk/filemanager"
address = "http://127.0.0.1:8080/filemanager/callback/"
keys = [{{id = "a", secret = "{TEXT}"}}]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "filestore.toml"
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def loaded(folder: Path, text: str) -> Config:
    return load(written(folder, text))


def test_what_must_be_said_is_enough(tmp_path: Path) -> None:
    config = loaded(tmp_path, HEAD)
    assert config.identifier == Ivorn.parse("ivo://star.le.ac.uk/filestore")
    assert config.data == tmp_path / "data"
    assert (config.listen.interface, config.listen.port, config.listen.address) == ("127.0.0.1", 8081, "")
    assert (config.tickets.lifetime, config.content.sha256, config.content.maximum_size) == (3600, True, None)
    assert config.outbound.allow == ()
    assert (config.scrub.rate, config.scrub.every) == (20 << 20, 30)
    assert config.managers == ()


def test_everything_said(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        HEAD
        + """
[listen]
interface = "::1"
port = 0
address = "https://store.example/"
certificate = "c.pem"
key = "/nowhere/k.pem"
[tickets]
lifetime = 60
longest = 120
[scrub]
rate = 0
every = 7
[content]
maximum_size = 1000
reserve = 0
sha256 = false
grace = 5
durability = "memory"
[outbound]
allow = ["127.0.0.1/32", "fd00::/8"]
stores = ["10.2.0.0/16"]
longest = 10
idle = 2
threads = 3
per_peer = 1
authorities = "ca.pem"
"""
        + MANAGER,
    )
    assert (config.listen.port, config.listen.address) == (0, "https://store.example")
    assert (config.listen.certificate, config.listen.key) == (tmp_path / "c.pem", Path("/nowhere/k.pem"))
    assert (config.tickets.lifetime, config.tickets.longest) == (60, 120)
    assert (config.content.maximum_size, config.content.reserve, config.content.sha256) == (1000, 0, False)
    assert (config.scrub.rate, config.scrub.every) == (0, 7)
    assert config.content.durability == "memory"
    assert config.outbound.allow == (ip_network("127.0.0.1/32"), ip_network("fd00::/8"))
    assert config.outbound.stores == (ip_network("10.2.0.0/16"),)
    assert config.outbound.authorities == tmp_path / "ca.pem"
    (manager,) = config.managers
    assert manager.address == "http://127.0.0.1:8080/filemanager/callback"
    assert [key.secret for key in manager.keys] == [SECRET]


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    config = loaded(tmp_path, HEAD + MANAGER)
    assert TEXT not in repr(config)
    assert repr(SECRET)[2:20] not in repr(config)


def test_a_secret_may_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text(TEXT + "\n")
    text = HEAD + MANAGER.replace(f'secret = "{TEXT}"', 'secret_file = "secret"')
    path = written(tmp_path, text)
    path.chmod(0o644)
    assert load(path).managers[0].keys[0].secret == SECRET
    secret.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load(path)
    secret.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(path)


def test_a_file_with_secrets_must_be_private(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + MANAGER)
    path.chmod(0o604)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load(path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "identifier: it is missing"),
        ('identifier = "ivo://a/b"', "data: it is missing"),
        (HEAD.replace("ivo:", "http:"), "identifier"),
        (HEAD.replace("FileStore", "FileStore#1"), "identifier"),
        (HEAD + "colour = 1", "colour: there is no such key"),
        (HEAD + "[listen]\nports = 1", r"listen\.ports: there is no such key"),
        (HEAD + "[listen]\nport = '80'", r"listen\.port: it must be a whole number"),
        (HEAD + "[listen]\nport = 70000", r"listen\.port"),
        (HEAD + "[listen]\naddress = 'ftp://x'", r"listen\.address"),
        (HEAD + "[listen]\ncertificate = 'x'", r"listen\.key"),
        (HEAD + "[tickets]\nlifetime = 0", r"tickets\.lifetime: it must be more than 0"),
        (HEAD + "[tickets]\nlifetime = true", r"tickets\.lifetime"),
        (HEAD + "[content]\ndurability = 'no'", r"content\.durability: it is one of disk, memory"),
        (HEAD + "[content]\nsha256 = 1", r"content\.sha256: it must be a true or false"),
        (HEAD + "[content]\nmaximum_size = -1", r"content\.maximum_size"),
        (HEAD + "[scrub]\nrate = -1", r"scrub\.rate"),
        (HEAD + "[scrub]\nevery = 0", r"scrub\.every"),
        (HEAD + "[outbound]\nallow = ['127.0.0.1/8']", r"outbound\.allow"),
        (HEAD + "[outbound]\nallow = [1]", r"outbound\.allow"),
        (HEAD + "[outbound]\nallow = '127.0.0.1'", r"outbound\.allow"),
        (HEAD + "managers = [1]", "managers"),
        (HEAD + MANAGER.replace("address", "adress"), r"managers\[1\]\.address: it is missing"),
        (HEAD + MANAGER.replace("keys", "key"), r"managers\[1\]\.keys: .*give one key"),
        (HEAD + MANAGER.replace('"a"', '""'), r"managers\[1\]\.keys\[1\]\.id"),
        (HEAD + MANAGER.replace(TEXT, "c2hvcnQ"), r"keys\[1\]\.secret: it has fewer"),
        (HEAD + MANAGER.replace(TEXT, TEXT[:-1] + "!"), r"keys\[1\]\.secret: it is base64url"),
        (HEAD + MANAGER + MANAGER, r":10: managers\[2\]\.identifier: ivo://ast.cam.ac.uk/filemanager is given twice"),
        (HEAD + MANAGER + MANAGER.replace("filemanager", "other"), r":12: .*keys\[1\]\.id: a is given twice"),
        ("identifier = ivo", "line 1"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as refusal:
        loaded(tmp_path, text)
    assert "filestore.toml" in str(refusal.value)
    assert TEXT[:-1] not in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: No such file"):
        load(tmp_path / "none.toml")
