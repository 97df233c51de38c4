"""Every operation of every port type over real HTTP: what the caller says arrives, and what the service answers too."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.soapservices import PORTS, Services
from tests.support.wirevalues import fullest, values_of
from vofiles.callback_port import CallbackPort
from vofiles.contract import Operation
from vofiles.filemanager_port import FileManagerPort
from vofiles.filestore_port import FileStorePort

CLIENTS: dict[str, Any] = {
    "FileManager": FileManagerPort,
    "FileManagerCallback": CallbackPort,
    "FileStore": FileStorePort,
}
OPERATIONS = [
    pytest.param(port, operation, id=f"{port}.{operation.name}")
    for port, (*_, operations) in PORTS.items()
    for operation in operations
]


@pytest.fixture(scope="module")
def clients(services: Services) -> Iterator[dict[str, Any]]:
    opened = {port: client(services.address(port), auth=("dave", "päss")) for port, client in CLIENTS.items()}
    yield opened
    for client in opened.values():
        client.close()


def snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize(("port", "operation"), OPERATIONS)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_requests_and_answers_arrive_as_they_were_sent(
    services: Services, clients: dict[str, Any], port: str, operation: Operation, data: st.DataObject
) -> None:
    request = data.draw(values_of(operation.request) | fullest(operation.request), "request")
    answer = data.draw(values_of(operation.answer) | fullest(operation.answer), "answer")
    services.plan(port, operation.name, answer)
    assert getattr(clients[port], snake_case(operation.name))(request) == answer
    assert services.asked[-1][1] == request
