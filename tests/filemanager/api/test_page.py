"""What the pages of a real service tell people to type works as it stands there."""

import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO

import pytest
import requests

from tests.support.services import MANAGER, STORES, RunningServices, User, running_services


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServices]:
    with running_services(tmp_path_factory.mktemp("page"), stores=STORES[:1]) as running:
        yield running


@pytest.fixture(scope="module")
def dave(services: RunningServices) -> User:
    return services.add_account("dave")


FOR_PEOPLE = ("filemanager", "astrogrid")


@pytest.mark.parametrize("path", FOR_PEOPLE)
def test_the_zeep_example_works(services: RunningServices, dave: User, path: str) -> None:
    page = requests.get(f"{services.manager.address}/{path}", timeout=30).text
    assert f"Identifier: {MANAGER}" in page
    assert f"vofiles login {services.manager.address} --user NAME" in page
    (snippet,) = re.findall(r"^    from requests.*?getIdentifier\(\)\)$", page, re.DOTALL | re.MULTILINE)
    program = re.sub("^    ", "", snippet, flags=re.MULTILINE)
    with redirect_stdout(StringIO()) as printed:
        exec(program.replace("NAME", dave.name).replace("PASSWORD", dave.password), {})
    assert printed.getvalue() == f"{MANAGER}\n"


@pytest.mark.parametrize("path", FOR_PEOPLE)
def test_the_curl_line_works(services: RunningServices, dave: User, path: str) -> None:
    page = requests.get(f"{services.manager.address}/{path}", timeout=30).text
    line = re.search(r"curl --user.*?</s:Envelope>'", page, re.DOTALL)
    assert line is not None
    _, _, name, address, _, header, _, body = shlex.split(line[0].replace("\\\n", ""))
    assert (name, address) == ("NAME", f"{services.manager.address}/{path}")
    answer = requests.post(address, body, headers=dict([header.split(": ")]), auth=dave.auth, timeout=30)
    assert answer.status_code == 200
    assert str(MANAGER) in answer.text


def test_the_addresses_for_services_show_whose_they_are(services: RunningServices) -> None:
    for address, identifier in (
        (f"{services.manager.address}/callback", MANAGER),
        (f"{services.stores[STORES[0]].address}/filestore", STORES[0]),
    ):
        shown = requests.get(address, timeout=30)
        assert shown.status_code == 200
        assert f"Identifier: {identifier}" in shown.text
        assert f"Address:    {address}" in shown.text
