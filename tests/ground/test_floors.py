"""The locked versions: at or above every floor, complete, and free of any place they were fetched from."""

import configparser
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]

# Below these there are known holes that this project stands open to: request smuggling and header handling in twisted,
# libxml2's in lxml, documents fetched from outside in zeep, credentials leaked by redirects in requests.
FLOORS = {"twisted": "26.10", "lxml": "6.1", "zeep": "4.3.3", "requests": "2.32.4"}


def locked() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def required() -> list[Requirement]:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    sections = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    return [Requirement(line) for section in sections for line in section.splitlines() if line.strip()]


def test_every_line_of_the_lock_is_a_name_and_a_version_in_order() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][0-9a-z.]*", line), line
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0].lower())


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_safety_floors_hold_in_the_lock_and_in_what_is_required(name: str, floor: str) -> None:
    assert locked()[name] >= Version(floor)
    (requirement,) = [one for one in required() if canonicalize_name(one.name) == name]
    (least,) = [one for one in requirement.specifier if one.operator == ">="]
    assert Version(least.version) >= Version(floor)


@pytest.mark.parametrize("requirement", required(), ids=str)
def test_what_is_required_is_locked_at_a_version_that_will_do(requirement: Requirement) -> None:
    assert requirement.specifier.contains(locked()[canonicalize_name(requirement.name)])
