"""Each category of faults, made for real, is caught by each client as the type that its stubs have for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from tests.interop.generators.breaking import Troubles, running_troubles
from tests.interop.generators.catching import CONTRACT, catch
from tests.interop.stage import Workshop
from vofiles.faults import CATEGORIES

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Caught:
    """What a client made of each case, by category, and what the services wrote into their log meanwhile."""

    lines: dict[str, list[str]]
    log: list[Any]


@pytest.fixture(scope="module")
def troubles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Troubles]:
    with running_troubles(tmp_path_factory.mktemp("troubles")) as troubles:
        yield troubles


@pytest.fixture(scope="module")
def caught(catcher: Workshop, troubles: Troubles) -> Caught:
    """All that it caught."""
    with structlog.testing.capture_logs() as log:
        lines = catch(catcher, troubles.services.address, CONTRACT, troubles.user, troubles.cases)
    return Caught(lines, list(log))


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_fault_is_caught_by_its_type(caught: Caught, troubles: Troubles, category: str) -> None:
    case = troubles.cases[category]
    kind, name, message, *properties = caught.lines[category]
    assert (kind.removesuffix("Fault"), name) == (category, case.name)
    assert case.word in message
    assert properties == list(case.properties)


def test_no_fault_was_sent_that_its_operation_does_not_declare(caught: Caught, troubles: Troubles) -> None:
    """And the log tells of each, so that one that is not declared would be seen there."""
    assert "undeclared fault" not in {entry["event"] for entry in caught.log}
    told = {entry["name"] for entry in caught.log if entry["event"] == "fault"}
    assert told >= {case.name for case in troubles.cases.values()} - {"Unexpected"}
    assert "failure" in {entry["event"] for entry in caught.log}


def test_there_is_a_case_for_each_category(troubles: Troubles) -> None:
    assert troubles.cases.keys() == set(CATEGORIES)
