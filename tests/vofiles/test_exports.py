"""What the package offers is what its one public module says, and importing it stays cheap."""

import subprocess
import sys
from pathlib import Path

import pytest

import vofiles

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", vofiles.__all__)
def test_every_public_name_is_there(name: str) -> None:
    value = getattr(vofiles, name)
    if isinstance(value, type):
        assert value.__name__ == name
        assert value.__module__.startswith("vofiles.")
        assert value.__doc__


def test_the_public_names_are_sorted_and_each_is_loaded_from_where_it_is() -> None:
    assert sorted(vofiles.__all__) == vofiles.__all__
    assert {*vofiles._HOMES, "__version__"} == set(vofiles.__all__)
    with pytest.raises(AttributeError, match="no attribute 'frobnicate'"):
        vofiles.frobnicate  # noqa: B018


def test_importing_the_package_loads_nothing_that_speaks_soap_or_http() -> None:
    code = "import sys, vofiles; print(*sorted({'zeep', 'requests', 'lxml', 'typer', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "client", capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
