"""The services under test, up for a whole module."""

from collections.abc import Iterator

import pytest

from tests.support.bothways import both_ways
from tests.support.soapservices import Services, running_services

__all__ = ["both_ways"]


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with running_services() as running:
        yield running
