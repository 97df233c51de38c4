"""Which methods an address of a content tells of, and that they work there."""

import requests

from tests.support.filestore import CallingManager, RunningFileStore
from tests.support.tusrequests import ask, patch

PUTTING = "DELETE, HEAD, OPTIONS, PATCH, POST, PUT"
GETTING = "GET, HEAD, OPTIONS"


def test_which_methods_there_are(manager: CallingManager, store: RunningFileStore) -> None:
    """Each address tells those that work there, whoever asks, and however."""
    url = manager.put_url(store.address)
    get = manager.get_url(store.address, manager.stored(store.address, b"x"))
    assert requests.options(url, timeout=30).headers["Allow"] == PUTTING
    assert ask("POST", url, X_HTTP_Method_Override="PUT").headers["Allow"] == PUTTING
    for method in ("PUT", "PATCH", "POST", "DELETE"):
        response = requests.request(method, get, data=b"x", timeout=30)
        assert (response.status_code, response.headers["Allow"]) == (405, GETTING)
    told = requests.options(f"{store.address}/content/none", timeout=30).headers["Allow"]
    assert told == "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
    # And they do work.
    length = {"Upload_Length": "3"}
    assert [ask("POST", url, **length).status_code, ask("HEAD", url).status_code] == [201, 200]
    assert [patch(url, b"on", 0).status_code, ask("DELETE", url).status_code] == [204, 204]
    assert requests.put(url, b"one", timeout=30).status_code == 201
