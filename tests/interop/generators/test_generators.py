"""Every generator of stubs on every contract: it ends well, warns of nothing that matters, and what it made compiles.

What a generator leaves out without a word is seen by the names of the operations, which must all be in its work. Where
the table says that one does not take a contract, it must not: a row that is true no more fails.
"""

from pathlib import Path

import pytest
from lxml import etree

from tests.contracts.reading import WSDL
from tests.interop.generators.toolkits import TOOLKITS, Toolkit
from tests.interop.generators.work import Failed, require_tools, work

CONTRACTS = sorted((Path(__file__).resolve().parents[3] / "wsdl").glob("*.wsdl"))
pytestmark = pytest.mark.timeout(900)


def marked(toolkit: Toolkit) -> list[pytest.MarkDecorator]:
    """Generators that share packages run in one process."""
    heavy = [pytest.mark.everything] if toolkit.heavy else []
    return [pytest.mark.xdist_group(toolkit.packages or toolkit.name), *heavy]


PAIRS = [
    pytest.param(toolkit, path, marks=marked(toolkit), id=f"{toolkit.name}-{path.stem}")
    for toolkit in TOOLKITS
    for path in CONTRACTS
]


def operations_of(path: Path) -> set[str]:
    return {one.get("name", "") for one in etree.parse(path).iterfind(f"{WSDL}portType/{WSDL}operation")}


def shortcoming(toolkit: Toolkit, path: Path, folder: Path, modules: Path | None) -> str:
    """What is wrong with what a generator makes of a contract; nothing if nothing is."""
    try:
        made = work(toolkit, path, folder, modules)
    except Failed as failed:
        return str(failed)
    left_out = sorted(name for name in operations_of(path) if name not in made)
    return f"it left out {', '.join(left_out)}" if left_out else ""


@pytest.mark.parametrize(("toolkit", "path"), PAIRS)
def test_a_generator_takes_a_contract(
    toolkit: Toolkit, path: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    require_tools(toolkit)
    modules: Path | None = request.getfixturevalue("modules") if toolkit.by_npm else None
    found = shortcoming(toolkit, path, tmp_path, modules)
    why = toolkit.refuses.get(path.stem)
    if why is None:
        assert not found
    else:
        assert found, f"{toolkit.name} has learnt to take {why}: the table may say so"


def test_the_table_speaks_of_contracts_that_there_are() -> None:
    assert {name for toolkit in TOOLKITS for name in toolkit.refuses} <= {path.stem for path in CONTRACTS}
