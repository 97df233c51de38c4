"""Pages of configured origins may PUT and GET from a browser; those of others are told nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from filestore.config import load
from tests.support.filestore import CallingManager, RunningFileStore, running_filestore, write_config
from vofiles.configuration import ConfigurationError

METHODS = "GET, HEAD, OPTIONS"
PORTAL = "https://portal.example.org"
STRANGER = "https://elsewhere.example.org"
CONTENT = b"bytes of a page"


@pytest.fixture(scope="module")
def open_store(manager: CallingManager, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFileStore]:
    folder = tmp_path_factory.mktemp("open")
    with running_filestore(folder, [manager], f'[browsers]\norigins = ["{PORTAL}", "http://localhost:8000"]') as store:
        yield store


@pytest.fixture(scope="module")
def url(manager: CallingManager, open_store: RunningFileStore) -> str:
    return manager.get_url(open_store.address, manager.stored(open_store.address, CONTENT))


def ask(method: str, url: str, origin: str | None = PORTAL, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if origin is not None:
        named["Origin"] = origin
    return requests.request(method, url, headers=named, timeout=30)


def allowed(response: requests.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("Access-Control-")}


@pytest.mark.parametrize("origin", [PORTAL, "http://localhost:8000"])
def test_a_browser_is_told_what_a_page_may_do(url: str, origin: str) -> None:
    response = ask("OPTIONS", url, origin, Access_Control_Request_Method="PUT")
    assert (response.status_code, response.content) == (204, b"")
    told = allowed(response)
    assert told["Access-Control-Allow-Origin"] == origin
    assert told["Access-Control-Allow-Methods"] == "GET, HEAD, PUT, POST, PATCH, DELETE"
    assert {"Content-Type", "Range", "Content-Digest"} <= set(told["Access-Control-Allow-Headers"].split(", "))
    assert "Access-Control-Allow-Credentials" not in told
    assert response.headers["Vary"] == "Origin"


def test_its_requests_are_answered_so_that_the_page_can_read_them(
    manager: CallingManager, open_store: RunningFileStore, url: str
) -> None:
    got = ask("GET", url, Range="bytes=0-4")
    assert (got.status_code, got.content) == (206, CONTENT[:5])
    assert allowed(got)["Access-Control-Allow-Origin"] == PORTAL
    assert {"ETag", "Content-Range", "Repr-Digest"} <= set(allowed(got)["Access-Control-Expose-Headers"].split(", "))
    put = requests.put(manager.put_url(open_store.address), CONTENT, headers={"Origin": PORTAL}, timeout=30)
    assert (put.status_code, allowed(put)["Access-Control-Allow-Origin"]) == (201, PORTAL)
    for refused, status in (
        (ask("GET", f"{url}x"), 404),
        (ask("PUT", url), 405),
        (ask("PUT", url, Content_Encoding="gzip"), 415),
        (ask("GET", url, If_Match='"x"'), 412),
    ):
        assert (refused.status_code, allowed(refused)["Access-Control-Allow-Origin"]) == (status, PORTAL)


def test_a_page_may_send_in_parts(manager: CallingManager, open_store: RunningFileStore) -> None:
    url = manager.put_url(open_store.address)
    for method in ("POST", "PATCH", "HEAD", "DELETE"):
        told = ask("OPTIONS", url, Access_Control_Request_Method=method, Access_Control_Request_Headers="tus-resumable")
        assert method in allowed(told)["Access-Control-Allow-Methods"].split(", ")
        sendable = allowed(told)["Access-Control-Allow-Headers"].split(", ")
        assert {"Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Checksum"} <= set(
            sendable
        )
        assert told.headers["Tus-Version"] == "1.0.0"
    for answer in (
        ask("POST", url, Tus_Resumable="1.0.0", Upload_Length="9"),
        ask("HEAD", url, Tus_Resumable="1.0.0"),
        ask("PATCH", url, Tus_Resumable="1.0.0"),
        ask("PATCH", url, Tus_Resumable="0.2"),
        ask("DELETE", url, Tus_Resumable="1.0.0"),
    ):
        seen = allowed(answer)["Access-Control-Expose-Headers"].split(", ")
        assert allowed(answer)["Access-Control-Allow-Origin"] == PORTAL
        assert {"Location", "Upload-Offset", "Upload-Length", "Upload-Expires", "Tus-Resumable", "Tus-Version"} <= set(
            seen
        )


@pytest.mark.parametrize("origin", [STRANGER, "null", PORTAL.upper(), f"{PORTAL}:443", None])
def test_others_are_told_nothing(url: str, origin: str | None) -> None:
    for response in (ask("OPTIONS", url, origin, Access_Control_Request_Method="PUT"), ask("GET", url, origin)):
        assert response.ok
        assert allowed(response) == {}
        assert response.headers["Vary"] == "Origin"


def test_options_without_a_browser(url: str) -> None:
    assert ask("OPTIONS", url, None).headers["Allow"] == METHODS
    told = ask("OPTIONS", url)
    assert (told.headers["Allow"], allowed(told)["Access-Control-Allow-Origin"]) == (METHODS, PORTAL)


def test_all_origins(manager: CallingManager, tmp_path: Path) -> None:
    with running_filestore(tmp_path, [manager], '[browsers]\norigins = ["*"]') as store:
        url = manager.get_url(store.address, manager.stored(store.address, CONTENT))
        assert allowed(ask("GET", url, STRANGER))["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Origin" not in allowed(ask("GET", url, None))


def test_none_unless_configured(manager: CallingManager, store: RunningFileStore) -> None:
    url = manager.get_url(store.address, manager.stored(store.address, CONTENT))
    for method in ("GET", "OPTIONS"):
        response = ask(method, url, Access_Control_Request_Method="PUT")
        assert response.ok
        assert allowed(response) == {}
        assert "Vary" not in response.headers


@pytest.mark.parametrize("origin", ["portal.example.org", "https://portal.example.org/", "https://Portal.example.org"])
def test_what_no_browser_would_send_is_refused_in_the_configuration(
    manager: CallingManager, tmp_path: Path, origin: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"origins.*an origin is scheme, host"):
        load(write_config(tmp_path, [manager], f'[browsers]\norigins = ["{origin}"]'))
