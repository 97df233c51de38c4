"""The FileManager's configuration: what a file means, and that a mistake in it is named with its line."""

from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from filemanager.config import Config, load
from vofiles.configuration import ConfigurationError
from vofiles.ivorn import Ivorn

TEXT = urlsafe_b64encode(bytes(range(40))).decode()
OTHER = urlsafe_b64encode(bytes(range(100, 140))).decode()
HEAD = """identifier = "ivo://ast.cam.ac.uk/filemanager"
communities = ["ivo://ast.cam.ac.uk"]
database = "sqlite:///filemanager.db"
"""
DEFAULT = 'default_store = "ivo://ast.cam.ac.uk/filestore"\n'
STORE = f"""
[[stores]]
identifier = "ivo://ast.cam.ac.uk/filestore"
address = "http://127.0.0.1:8081/filestore"
keys = [
    {{id = "a", secret = "{TEXT}"}},
]
"""

TRUSTED = (
    HEAD
    + """
[[astrogrid.trusted]]
network = "{}"
account = "ivo://ast.cam.ac.uk/portal"
"""
)

PROXY = '[listen]\naddress = "https://files.example.org"\nbehind_proxy = true\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "filemanager.toml"
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def loaded(folder: Path, text: str) -> Config:
    return load(written(folder, text))


def test_what_must_be_said_is_enough(tmp_path: Path) -> None:
    config = loaded(tmp_path, HEAD)
    assert config.communities == (Ivorn.parse("ivo://ast.cam.ac.uk"),)
    assert config.database == f"sqlite:///{tmp_path}/filemanager.db"
    assert (config.listen.interface, config.listen.port, config.metrics.port) == ("127.0.0.1", 8080, None)


def test_authorities_of_stores(tmp_path: Path) -> None:
    assert loaded(tmp_path, HEAD).authorities is None
    assert loaded(tmp_path, HEAD + '[outbound]\nauthorities = "ca.pem"\n').authorities == tmp_path / "ca.pem"


def test_a_store_is_read(tmp_path: Path) -> None:
    config = loaded(tmp_path, HEAD + DEFAULT + STORE + 'site = "Cambridge"\nclass = "NEARLINE"\nstate = "ACTIVE"')
    (store,) = config.stores
    assert (store.site, store.storage_class, store.state) == ("Cambridge", "NEARLINE", "ACTIVE")
    assert [key.id for key in store.keys] == ["a"]
    assert config.default_store == store.identifier
    assert TEXT not in repr(config)


def test_networks_that_are_trusted(tmp_path: Path) -> None:
    assert loaded(tmp_path, HEAD).trusted == ()
    entries = (TRUSTED.format(each).removeprefix(HEAD) for each in ("192.0.2.17", "2001:db8::/64", "::ffff:0:0/96"))
    networks = [str(each.network) for each in loaded(tmp_path, HEAD + "".join(entries)).trusted]
    assert networks == ["192.0.2.17/32", "2001:db8::/64", "0.0.0.0/0"]
    (everybody,) = loaded(tmp_path, TRUSTED.format("::/0") + PROXY).trusted
    assert everybody.network.prefixlen == 0


LISTEN = HEAD + "[listen]\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (HEAD + DEFAULT, r":4: default_store: .* is not among the stores"),
        (HEAD + DEFAULT + STORE + 'state = "READONLY"', r":4: default_store: its state is READONLY"),
        (HEAD.replace('["ivo://ast.cam.ac.uk"]', "[]"), r":2: communities: there must be one"),
        (HEAD.replace('["ivo', '["ivo://AST.cam.ac.uk", "ivo'), r":2: communities: one is given twice"),
        (HEAD.replace('["ivo:', '["http:'), r":2: communities"),
        (HEAD.replace("sqlite", "mysql"), r":3: database: it is sqlite"),
        (HEAD + "colour = 1", r":4: colour: there is no such key"),
        (HEAD + STORE + STORE.replace("8081", "8082"), r":13: stores\[2\]\.identifier: .* is given twice"),
        (HEAD + STORE + STORE.replace("/filestore", "/other"), r":16: stores\[2\]\.keys\[1\]\.id: a is given twice"),
        (
            HEAD + STORE + STORE.replace('/filestore"', '/other"').replace('"a"', '"b"'),
            r":16: stores\[2\]\.keys\[1\]\.secret: it is given twice",
        ),
        (
            HEAD + STORE + STORE.replace("ast", "star").replace('"a"', '"b"').replace(TEXT, OTHER),
            r":14: stores\[2\]\.address: .* is given twice",
        ),
        (HEAD + STORE.replace("http://", ""), r":7: stores\[1\]\.address: it is an address like https://"),
        (HEAD + STORE.replace(TEXT, "c2hvcnQ"), r":9: stores\[1\]\.keys\[1\]\.secret: it has fewer than 32 bytes"),
        (HEAD + STORE.replace(TEXT, "QUFB" * 12), r":9: stores\[1\]\.keys\[1\]\.secret: it is weak"),
        (HEAD + STORE + 'state = "GONE"', r":11: stores\[1\]\.state: it is one of"),
        (LISTEN + 'interface = "0.0.0.0"', r":4: listen\.address: say how others reach"),
        (LISTEN + 'interface = "192.0.2.1"', r":5: listen\.interface: .*plain HTTP"),
        (LISTEN + 'address = "http://files.example.org"', r":5: listen\.address: .*plain HTTP"),
        (LISTEN + 'address = "files.example.org"', r":5: listen\.address: it is an address like https://"),
        (LISTEN + 'address = "https://files.example.org"', r":5: listen\.address: .*neither certificate nor"),
        (LISTEN + "behind_proxy = true", r":4: listen\.address: behind a proxy"),
        (LISTEN + 'behind_proxy = true\ncertificate = "c"\nkey = "k"', r":5: listen\.behind_proxy: either"),
        (LISTEN + 'address = "http://x.org"\ncertificate = "c"\nkey = "k"', r":5: listen\.address: .*speaks TLS"),
        (LISTEN + 'certificate = "c"', r"listen\.key: TLS needs both"),
        (HEAD + "[limits]\nconnections = 10", r":4: limits\.connections_per_address: it is more than all"),
        (HEAD + "[limits]\nbody_rate = 0", r":5: limits\.body_rate: it must be more than 0"),
        (HEAD + '[metrics]\ninterface = "0.0.0.0"', r":5: metrics\.interface: metrics are for this machine only"),
        (HEAD + "[metrics]\nport = 70000", r":5: metrics\.port: it is between"),
        (HEAD + "[transfers]\nlifetime = -1", r":5: transfers\.lifetime: it must be more than 0"),
        (TRUSTED, r":6: astrogrid\.trusted\[1\]\.network: .*does not appear to be"),
        (TRUSTED.format("192.0.2.1/24"), r":6: astrogrid\.trusted\[1\]\.network: .*has host bits set"),
        (TRUSTED.format("192.0.2.1") + 'other = "x"', r":8: astrogrid\.trusted\[1\]\.other: there is no such key"),
        (
            TRUSTED.format("192.0.2.1").replace("/portal", ""),
            r":7: astrogrid\.trusted\[1\]\.account: .*is called ivo://",
        ),
        (
            TRUSTED.format("192.0.2.1").replace("ivo://", "ivo://x@"),
            r":7: astrogrid\.trusted\[1\]\.account: .*ivo://auth",
        ),
        (
            TRUSTED.format("192.0.2.1") + TRUSTED.format("::ffff:192.0.2.1").removeprefix(HEAD),
            r":10: astrogrid\.trusted\[2\]\.network: 192\.0\.2\.1/32 is given twice",
        ),
        (
            TRUSTED.format("127.0.0.0/8") + PROXY,
            r":6: astrogrid\.trusted\[1\]\.network: behind a proxy .* 0\.0\.0\.0/0",
        ),
        ("identifier = 'x'\ncolour", r"filemanager\.toml:2: "),
    ],
)
def test_mistakes_stop_the_start_with_file_line_and_key(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as refusal:
        loaded(tmp_path, text)
    assert str(refusal.value).startswith(f"{tmp_path}/filemanager.toml:")
    assert TEXT not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        'interface = "0.0.0.0"\naddress = "https://files.example.org"\ncertificate = "c"\nkey = "k"',
        'address = "https://files.example.org"\nbehind_proxy = true',
        'interface = "192.0.2.1"\naddress = "https://files.example.org"\nbehind_proxy = true',
        'interface = "192.0.2.1"\ntrusted_network = true',
        'interface = "::1"\naddress = "http://localhost:1"',
    ],
)
def test_what_is_safe_or_was_said_to_be_is_taken(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, LISTEN + text).listen.interface


def test_a_private_key_or_a_database_password_that_others_can_read(tmp_path: Path) -> None:
    key = tmp_path / "k.pem"
    key.touch(mode=0o644)
    with pytest.raises(ConfigurationError, match=r":6: listen\.key: others can read .*k\.pem"):
        loaded(tmp_path, LISTEN + 'certificate = "c"\nkey = "k.pem"')
    path = written(tmp_path, HEAD.replace("sqlite:///filemanager.db", "postgresql+psycopg://files:secret@db/files"))
    assert load(path).database.endswith("@db/files")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match=r":3: database: others can read .* chmod 600") as refusal:
        load(path)
    assert "files:secret" not in str(refusal.value)


def test_a_secret_and_a_file_for_it_contradict_each_other(tmp_path: Path) -> None:
    text = HEAD + STORE.replace('{id = "a"', '{secret_file = "f", id = "a"')
    with pytest.raises(ConfigurationError, match=r":9: stores\[1\]\.keys\[1\]\.secret_file: .*one of the two"):
        loaded(tmp_path, text)
