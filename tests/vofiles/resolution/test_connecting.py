"""Where credentials go: to the FileManager that their owner gave them for, whatever anybody else says."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

import vofiles
from tests.support.services import MANAGER, STORES, RunningServices, User, running_services
from tests.support.sources import Source, ok, scripted_source
from vofiles.connecting import find_address
from vofiles.contract import GetServices
from vofiles.errors import AccountNotFound, InvalidArgument, NotAuthenticated, NotFound, ServiceNotFound
from vofiles.ivorn import Ivorn
from vofiles.settings import Login, Settings
from vofiles.tokens import get_token

ELSEWHERE = Ivorn.parse("ivo://elsewhere.example/filemanager")


class World(SimpleNamespace):
    """A FileManager with Dave and Erin, which says that another one is at a recording server."""

    services: RunningServices
    dave: User
    recorder: Source
    settings: Path

    @property
    def base(self) -> str:
        return self.services.address.removesuffix("/filemanager")

    def registry(self, *communities: str, **services: str) -> Path:
        lines = [f'[[services]]\nidentifier = "ivo://{name}"\naddress = "{at}"' for name, at in services.items()]
        path = self.settings / "registry.toml"
        path.write_text("\n".join([*lines, *communities]))
        return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        recorder = stack.enter_context(scripted_source(b"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n"))
        entry = f'[[services]]\nidentifier = "{ELSEWHERE}"\naddress = "{recorder.url("/filemanager")}"'
        services = stack.enter_context(running_services(tmp_path_factory.mktemp("services"), entry))
        dave, erin = services.add_account("dave"), services.add_account("erin")
        services.home(erin)
        yield World(services=services, dave=dave, erin=erin, recorder=recorder, settings=Path())


@pytest.fixture
def at(world: World, tmp_path: Path) -> World:
    world.settings = tmp_path
    return world


def homes(community: str, **accounts: str) -> str:
    listed = ", ".join(f'{name} = "{home}"' for name, home in accounts.items())
    return f'[[communities]]\nidentifier = "ivo://{community}"\nhomes = {{{listed}}}'


def test_a_filemanager_tells_the_services_it_knows(world: World) -> None:
    port = world.services.port(world.dave)
    told = {each.identifier: (each.kind, each.address) for each in port.get_services(GetServices()).services}
    assert told.keys() == {MANAGER, ELSEWHERE, *STORES}
    assert told[MANAGER] == ("FILEMANAGER", world.services.address)
    assert told[ELSEWHERE] == ("FILEMANAGER", world.recorder.url("/filemanager"))
    assert told[STORES[0]] == ("FILESTORE", f"{world.services.stores[STORES[0]].address}/filestore")
    (one,) = port.get_services(GetServices(ELSEWHERE)).services
    assert one.identifier == ELSEWHERE
    assert port.get_services(GetServices(Ivorn.parse("ivo://nobody/filemanager"))).services == ()


def test_credentials_do_not_go_where_another_service_says(at: World) -> None:
    """Erin's home is said to be elsewhere, and the FileManager knows where that is: nothing is sent there."""
    at.registry(homes("far.example", erin=f"{ELSEWHERE}#1"))
    before = at.recorder.connections
    with vofiles.connect(at.base, user="dave", password=at.dave.password, settings=at.settings) as home:
        with pytest.raises(NotAuthenticated, match=f"vofiles login http://127.0.0.1:{at.recorder.port}"):
            home.at("{far.example/erin}/a").info()
        assert home.exists()
    assert at.recorder.connections == before


def test_credentials_do_not_go_where_they_were_not_given_for(at: World) -> None:
    """The registry file has moved the FileManager: a login at the old address stays where it is."""
    before = at.recorder.connections
    Settings(at.settings).save_login(Login("http://127.0.0.1:1", "dave", "a token", 2**40))
    at.registry(homes("far.example", erin=f"{ELSEWHERE}#1"), **{"elsewhere.example/filemanager": at.recorder.url("")})
    with (
        vofiles.connect("http://127.0.0.1:1", settings=at.settings) as home,
        pytest.raises(vofiles.VofilesError),
    ):
        home.at("{far.example/erin}/a").info()
    assert at.recorder.connections == before


def test_a_login_there_is_used_there(at: World) -> None:
    """Two logins: each tree is reached with its own."""
    token = get_token(at.base, "dave", at.dave.password)
    settings = Settings(at.settings)
    settings.save_login(Login(at.base, "dave", token.secret, token.expires))
    settings.save_login(Login(at.recorder.url("").rstrip("/"), "dave", "for the recorder", 2**40))
    home_of_dave = str(at.services.home(at.dave))
    at.registry(homes("ast.cam.ac.uk", dave=home_of_dave), **{"ast.cam.ac.uk/filemanager": at.base})
    before = len(at.recorder.requests)
    with vofiles.connect(settings=at.settings) as home:
        assert home.at("{ast.cam.ac.uk/dave}").exists()
        with pytest.raises(NotAuthenticated):
            home.info()
    sent = [request.headers["authorization"] for request in at.recorder.requests[before:]]
    assert set(sent) == {"Bearer for the recorder"}


def test_what_answers_must_be_the_service_that_is_meant(at: World) -> None:
    """The registry file has the address of one FileManager for another."""
    at.registry(homes("far.example", dave="ivo://far.example/filemanager#1"), **{"far.example/filemanager": at.base})
    token = get_token(at.base, "dave", at.dave.password)
    Settings(at.settings).save_login(Login(at.base, "dave", token.secret, token.expires))
    with (
        vofiles.connect(settings=at.settings) as home,
        pytest.raises(ServiceNotFound, match=f"where {MANAGER} answers"),
    ):
        home.at("{far.example/dave}/a").info()


def test_others_trees_are_absent_whatever_resolves_them(at: World) -> None:
    """By the FileManager's own getAccount, and by a community that tells everybody where homes are."""
    erin, nothing = at.services.home(at.erin), f"{MANAGER}#nothing-there"
    with vofiles.connect(at.base, user="dave", password=at.dave.password, settings=at.settings) as home:
        assert not home.at("{ast.cam.ac.uk/erin}").exists()
        with pytest.raises(AccountNotFound):
            home.at("{ast.cam.ac.uk/erin}").info()
    at.registry(homes("ast.cam.ac.uk", erin=str(erin), nobody=nothing), **{"ast.cam.ac.uk/filemanager": at.base})
    with vofiles.connect(at.base, user="dave", password=at.dave.password, settings=at.settings) as home:
        said = []
        for name in ("erin", "nobody"):
            with pytest.raises(NotFound) as absent:
                home.at(f"{{ast.cam.ac.uk/{name}}}/a").info()
            said.append((type(absent.value), str(absent.value).replace(name, "?")))
    assert said[0] == said[1]


def test_an_account_is_enough(at: World) -> None:
    """By a resolver, by a list, by the community's one FileManager: no address is given, connecting calls nobody."""
    home_of_dave = str(at.services.home(at.dave))
    account = {"account": "ivo://ast.cam.ac.uk/dave", "home": home_of_dave}
    with scripted_source(ok(json.dumps(account).encode(), "Content-Type: application/json")) as resolver:
        community = '[[communities]]\nidentifier = "ivo://ast.cam.ac.uk"\n'
        for way in (
            f'{community}resolver = "{resolver.url("/accounts")}"',
            homes("ast.cam.ac.uk", dave=home_of_dave),
            f'{community}filemanager = "{MANAGER}"',
        ):
            at.registry(way, **{"ast.cam.ac.uk/filemanager": at.base})
            asked = resolver.connections
            with vofiles.connect(user="dave@ast.cam.ac.uk", password=at.dave.password, settings=at.settings) as home:
                assert resolver.connections == asked
                assert home.exists()
                assert home.at("{ast.cam.ac.uk/dave}").exists()
            assert find_address("dave@ast.cam.ac.uk", at.settings) == at.base


def test_a_community_that_is_not_known_needs_an_address(at: World) -> None:
    with pytest.raises(NotAuthenticated, match="vofiles login"):
        vofiles.connect(user="dave@ast.cam.ac.uk", password=at.dave.password, settings=at.settings)
    assert find_address("dave@ast.cam.ac.uk", at.settings) is None
    assert find_address("dave", at.settings) is None


def test_a_service_that_is_not_known_gets_nothing(at: World) -> None:
    at.registry(homes("ast.cam.ac.uk", dave="ivo://unheard.example/filemanager#1"))
    with (
        vofiles.connect(user="dave@ast.cam.ac.uk", password=at.dave.password, settings=at.settings) as home,
        pytest.raises(ServiceNotFound, match="unheard"),
    ):
        home.info()


def test_a_registry_file_that_is_named_must_be_there(at: World) -> None:
    with pytest.raises(InvalidArgument, match="registry file"):
        vofiles.connect(at.base, token="t", settings=at.settings, registry=at.settings / "none.toml")


# --- the saved logins -------------------------------------------------------------------------------------------------


def test_logins_are_kept_by_address(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "vofiles")
    assert settings.find_login() is None
    first, second = Login("https://a", "dave", "1", 1), Login("https://b", "dave", "2", 2)
    settings.save_login(first)
    settings.save_login(second)
    assert settings.find_login() == second
    assert settings.find_login("https://a") == first
    assert settings.find_login("https://c") is None
    settings.save_login(Login("https://a", "dave", "3", 3))
    assert settings.find_login() == Login("https://a", "dave", "3", 3)
    settings.delete_login()
    assert settings.find_login() is None
    assert settings.find_login("https://a") is None
    assert settings.find_login("https://b") == second
    settings.delete_login("https://b")
    assert settings.find_login("https://b") is None
    assert settings.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"last": "x", "logins": [{}]}', '{"last": 1, "logins": 2}'])
def test_what_was_not_saved_here_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "login.json").write_text(text)
    with pytest.raises(InvalidArgument, match="log in again"):
        Settings(tmp_path).find_login()
