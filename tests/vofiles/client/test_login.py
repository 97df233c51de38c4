"""Credentials of the client: passwords, tokens, the saved login, and where none of them goes."""

import json
import stat
from pathlib import Path

import pytest

import vofiles
from tests.support.services import RunningServices, User
from tests.support.sources import ok, scripted_source
from vofiles.errors import InvalidArgument, NotAuthenticated, ServiceUnreachable
from vofiles.settings import Login, Settings, default_folder
from vofiles.tokens import delete_token, get_token, parse_address
from vofiles.tree import Node


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://fm.example.org:8080", "https://fm.example.org:8080"),
        (" https://fm.example.org/ ", "https://fm.example.org"),
        ("https://fm.example.org/filemanager", "https://fm.example.org"),
        ("https://example.org/vo/filemanager/", "https://example.org/vo"),
        ("fm.example.org", "https://fm.example.org"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost:8080", "http://localhost:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_addresses_as_people_type_them(typed: str, address: str) -> None:
    assert parse_address(typed) == address


@pytest.mark.parametrize(
    "typed", ["", "ftp://x", "https://", "https://a:b@x", "http://x:99999", "http://x:0", "file:///x"]
)
def test_addresses_that_cannot_be(typed: str) -> None:
    with pytest.raises(InvalidArgument, match=r"looks like https://"):
        parse_address(typed)


def test_half_of_the_credentials_is_refused(tmp_path: Path) -> None:
    for user, password in (("dave", None), (None, "x")):
        with pytest.raises(InvalidArgument, match="together"):
            vofiles.connect("http://127.0.0.1:1", user=user, password=password, settings=tmp_path)
    with pytest.raises(NotAuthenticated, match="vofiles login"):
        vofiles.connect("http://127.0.0.1:1", settings=tmp_path)
    with pytest.raises(NotAuthenticated, match="vofiles login"):
        vofiles.connect(settings=tmp_path)


def test_a_token_stands_for_the_password_until_it_is_given_back(
    services: RunningServices, dave: User, folder: Node
) -> None:
    address = services.manager.address
    token = get_token(address, dave.name, dave.password)
    assert token.secret not in repr(token)
    with vofiles.connect(address, token=token.secret) as home:
        (home / folder.name / "x").put(b"by token")
    assert (folder / "x").read_bytes() == b"by token"
    delete_token(address, token.secret)
    with vofiles.connect(address, token=token.secret) as home, pytest.raises(NotAuthenticated):
        home.listdir()
    with pytest.raises(NotAuthenticated):
        get_token(address, dave.name, "wrong")


def test_the_saved_login_is_used_and_is_its_owners_alone(
    services: RunningServices, dave: User, folder: Node, tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "settings")
    token = get_token(services.manager.address, dave.name, dave.password)
    login = Login(services.manager.address, dave.name, token.secret, token.expires)
    settings.save_login(login)
    settings.save_login(login)
    assert stat.S_IMODE(settings.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.path.parent.stat().st_mode) == 0o700
    assert list(settings.path.parent.iterdir()) == [settings.path]
    assert dave.password not in settings.path.read_text()
    assert token.secret not in repr(login)
    with vofiles.connect(settings=tmp_path / "settings") as home:
        assert (home / folder.name).is_folder()
    with pytest.raises(NotAuthenticated):
        vofiles.connect("http://127.0.0.1:1", settings=tmp_path / "settings")
    settings.delete_login()
    settings.delete_login()
    assert settings.find_login() is None


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"address": 1}', json.dumps({"logins": 7})])
def test_a_spoilt_login_is_said_to_be_one(spoilt: str, tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.path.write_text(spoilt)
    with pytest.raises(InvalidArgument, match="log in again"):
        settings.find_login()


def test_where_settings_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert default_folder() == tmp_path / ".config" / "vofiles"
    monkeypatch.setenv("XDG_CONFIG_HOME", "not/absolute")
    assert default_folder() == tmp_path / ".config" / "vofiles"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")
    assert default_folder() == Path("/elsewhere/vofiles")


def test_a_password_never_follows_a_redirect() -> None:
    with scripted_source(ok(b"{}")) as thief:
        away = f"HTTP/1.1 307 Elsewhere\r\nLocation: {thief.url('/token')}\r\nContent-Length: 0\r\n\r\n".encode()
        with scripted_source(away) as source, pytest.raises(ServiceUnreachable, match="no FileManager"):
            get_token(source.url(""), "dave", "secret")
        with scripted_source(away) as source:
            with vofiles.connect(source.url(""), user="dave", password="x") as home:
                with pytest.raises(ServiceUnreachable):
                    home.listdir()
    assert thief.connections == 0


def test_what_is_no_filemanager_is_said_to_be_none() -> None:
    for answer in (ok(b"<html>"), b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", ok(b'{"a": 1}')):
        with scripted_source(answer) as source, pytest.raises(ServiceUnreachable, match="no FileManager"):
            get_token(source.url(""), "dave", "secret")


def test_no_credentials_go_to_a_store(services: RunningServices, folder: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = services.folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login dave password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    sent = []
    session = folder._connection.session
    request = session.request

    def noted(method: str, url: str, **options: object) -> object:
        answer = request(method, url, **options)  # type: ignore[arg-type]
        sent.append(answer.request.headers)
        return answer

    monkeypatch.setattr(session, "request", noted)
    (folder / "x").put(b"x")
    (folder / "x").read_bytes()
    assert len(sent) == 2
    assert not [headers for headers in sent if "Authorization" in headers]
