"""What the FileManager's page tells people to type works as it stands there, on a real service."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import requests

from tests.support.services import MANAGER, STORES, running_services


def test_the_page_s_examples_work(tmp_path: Path) -> None:
    with running_services(tmp_path, stores=STORES[:1]) as services:
        dave = services.add_account("dave")
        page = requests.get(services.address, timeout=30).text
        assert f"Identifier: {MANAGER}" in page
        assert f"vofiles login {services.manager.address} --user NAME" in page
        (snippet,) = re.findall(r"^    from requests.*?getIdentifier\(\)\)$", page, re.DOTALL | re.MULTILINE)
        program = re.sub("^    ", "", snippet, flags=re.MULTILINE)
        with redirect_stdout(StringIO()) as printed:
            exec(program.replace("NAME", dave.name).replace("PASSWORD", dave.password), {})
        assert printed.getvalue() == f"{MANAGER}\n"
        for address, identifier in (
            (f"{services.manager.address}/callback", MANAGER),
            (f"{services.stores[STORES[0]].address}/filestore", STORES[0]),
        ):
            shown = requests.get(address, timeout=30)
            assert shown.status_code == 200
            assert f"Identifier: {identifier}" in shown.text
