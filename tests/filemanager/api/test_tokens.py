"""Tokens over real HTTP: issued for a password, used, revoked; and what is refused."""

from collections.abc import Iterator

import pytest
import requests

from filemanager.api.admin.health import health_route
from filemanager.api.identity import caller_identity
from filemanager.api.tokens import routes
from filemanager.services.credentials import CredentialService
from tests.filemanager.services.test_credentials import SERVICE, World
from tests.support.serving import Served, running_site
from vofiles.errors import NotAuthenticated
from vofiles.serving.http import Control, Request, Response, Route, text
from vofiles.tokens import delete_token, get_token


def who(credentials: CredentialService) -> Route:
    """Says who the caller is."""
    identify = caller_identity(credentials)

    def answer(request: Request) -> Response:
        try:
            return text(200, str(identify(request).account))
        except NotAuthenticated as error:
            return text(401, error.message)

    return Route("/who", frozenset({"GET"}), Control(answer))


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[Served]:
    site = [*routes(world.service), who(world.service), health_route(world.database, SERVICE)]
    with running_site(site) as running:
        yield running


def ask(served: Served, header: str | None) -> requests.Response:
    headers = {} if header is None else {"Authorization": header}
    return requests.get(f"{served.url}/who", headers=headers, timeout=30)


def test_a_token_s_life(served: Served) -> None:
    token = get_token(served.url, "dave@ast.cam.ac.uk", "dave's secret")
    assert ask(served, f"Bearer {token.secret}").text.strip() == "ivo://ast.cam.ac.uk/dave"
    delete_token(served.url, token.secret)
    assert ask(served, f"Bearer {token.secret}").status_code == 401


def test_the_answer_is_as_rfc_6749_has_it(served: Served) -> None:
    response = requests.post(f"{served.url}/token", auth=("dave", "dave's secret"), timeout=30)
    answer = response.json()
    assert response.headers["Cache-Control"] == "no-store"
    assert (answer["token_type"], type(answer["expires_in"]), len(answer["access_token"])) == ("Bearer", int, 43)


def test_the_wrong_password_is_told_how_to_log_in(served: Served) -> None:
    response = requests.post(f"{served.url}/token", auth=("dave", "wrong"), timeout=30)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert response.headers["WWW-Authenticate"].startswith("Basic ")
    with pytest.raises(NotAuthenticated):
        get_token(served.url, "dave", "wrong")


def test_a_token_does_not_buy_a_token(served: Served) -> None:
    token = get_token(served.url, "dave", "dave's secret")
    response = requests.post(f"{served.url}/token", headers={"Authorization": f"Bearer {token.secret}"}, timeout=30)
    assert response.status_code == 401


@pytest.mark.parametrize(
    ("path", "form", "named"),
    [
        ("/token", {"grant_type": "password"}, "grant_type"),
        ("/revoke", {}, "token"),
        ("/revoke", {"token": ""}, "token"),
    ],
)
def test_a_wrong_form_is_named(served: Served, path: str, form: dict[str, str], named: str) -> None:
    response = requests.post(f"{served.url}{path}", data=form, auth=("dave", "dave's secret"), timeout=30)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert named in response.json()["error_description"]


@pytest.mark.parametrize(
    "header", [None, "", "Basic", "Basic !!!", "Basic ZGF2ZQ==", "Basic //8=", "Digest x", "Bearer", "Bearer x"]
)
def test_what_is_no_credential(served: Served, header: str | None) -> None:
    assert ask(served, header).status_code == 401


def test_a_whole_ivorn_is_a_user_name(served: Served) -> None:
    response = requests.get(f"{served.url}/who", auth=("ivo://ast.cam.ac.uk/dave", "dave's secret"), timeout=30)
    assert response.text.strip() == "ivo://ast.cam.ac.uk/dave"


def test_health_is_for_anybody(served: Served) -> None:
    response = requests.get(f"{served.url}/healthz", timeout=30)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
