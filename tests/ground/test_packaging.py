"""The distribution holds what the checkout does: packages, contracts, migrations, commands; built and installed."""

import configparser
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {"vofiles": ROOT / "client" / "vofiles", "filemanager": ROOT / "filemanager", "filestore": ROOT / "filestore"}
NOT_CODE = {"__pycache__", "wsdl"}


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def source_files() -> set[str]:
    """Every file below the three roots, as it is named in a wheel."""
    found = set()
    for package, folder in SOURCES.items():
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found.add(f"{package}/{path.relative_to(folder)}")
    contracts = {f"vofiles/wsdl/{path.name}" for path in (ROOT / "wsdl").glob("*.wsdl")}
    return {name for name in found if not name.startswith("vofiles/wsdl/")} | contracts


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that is built from it, made from a copy of the checkout."""
    copy = tmp_path_factory.mktemp("build") / "copy"
    ours = shutil.ignore_patterns(".git", ".tox", ".toxw", "*.egg-info", "build", "dist", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, copy, symlinks=True, ignore=ours)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(copy.parent / "dist"), str(copy)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return copy.parent / "dist"


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel is installed, without its dependencies."""
    target = tmp_path_factory.mktemp("site")
    (wheel,) = built.glob("*.whl")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return target


def test_every_package_on_disk_is_listed() -> None:
    on_disk = set()
    for package, folder in SOURCES.items():
        for path in folder.rglob("*.py"):
            inside = path.parent.relative_to(folder).parts
            if not NOT_CODE & set(inside):
                on_disk.add(".".join((package, *inside)))
    listed = setup_cfg()["options"]["packages"].split()
    assert sorted(on_disk) == listed, "setup.cfg lists the packages, sorted, each once"


def test_the_wheel_holds_every_source_file(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert inside == source_files()


def test_the_sdist_holds_what_building_and_testing_need(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    contracts = {f"wsdl/{path.name}" for path in (ROOT / "wsdl").glob("*.wsdl")}
    assert contracts
    assert inside >= contracts | {"LICENSE", "README.md", "constraints.txt", "toxw", "tox.ini", "tests/conftest.py"}


def test_the_contracts_are_found_where_the_client_looks(installed: Path) -> None:
    for path in (ROOT / "wsdl").glob("*.wsdl"):
        assert (installed / "vofiles" / "wsdl" / path.name).read_bytes() == path.read_bytes()


def test_every_command_starts_from_the_wheel(installed: Path) -> None:
    """Each console script's function is importable, and from the wheel, not from this checkout."""
    scripts = setup_cfg()["options.entry_points"]["console_scripts"].split("\n")
    modules = [line.split("=")[1].strip().split(":") for line in scripts if line.strip()]
    assert len(modules) == 3
    for module, function in modules:
        code = f"import {module} as m; assert callable(m.{function}); print(m.__file__)"
        environment = os.environ | {"PYTHONPATH": str(installed)}
        command = [sys.executable, "-P", "-c", code]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=installed)
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith(str(installed)), result.stdout


@pytest.mark.parametrize("server", ["filemanager", "filestore"])
def test_a_server_on_sqlite_needs_no_driver_of_another_database(server: str, installed: Path) -> None:
    code = f"import sys; sys.modules['psycopg'] = None; import {server}.assembly"
    command = [sys.executable, "-P", "-c", code]
    environment = os.environ | {"PYTHONPATH": str(installed)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=installed)
    assert result.returncode == 0, result.stderr
