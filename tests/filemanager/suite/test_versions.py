"""What a file had, what comes behind what it has, and what happened to it, as any caller sees it."""

from collections.abc import Callable

import pytest
import requests

from tests.filemanager.suite.conftest import Elsewhere, Somebody
from tests.filemanager.suite.test_content import await_end, state
from vofiles.contract import (
    AppendInit,
    Delete,
    ExportData,
    ExportInit,
    GetHistory,
    GetTransfer,
    ListVersions,
    NodeKind,
    Property,
    SetProperties,
    Transfer,
    TransferState,
)
from vofiles.errors import InvalidArgument, NodeNotFound, NotAFile, VersionConflict, VersionNotFound
from vofiles.instant import Instant
from vofiles.ivorn import LongIdentifier

Arrive = Callable[[str], Somebody]


@pytest.fixture
def dave(arrive: Arrive) -> Somebody:
    dave = arrive("dave")
    dave.call(SetProperties(dave.home, (Property("versions.keep", "3"),)))
    return dave


def append(somebody: Somebody, node: LongIdentifier, content: bytes, **told: int) -> Transfer:
    """appendInit and PUT, and its end."""
    offer: Transfer = somebody.call(AppendInit(node, **told)).transfer  # type: ignore[arg-type]
    somebody.send(offer, content)
    await_end(somebody, offer.transfer)
    return offer


def fetch(somebody: Somebody, node: LongIdentifier, version: int) -> bytes:
    (endpoint,) = somebody.call(ExportInit(node, version)).transfer.endpoints
    return requests.get(endpoint.url, timeout=60).content


def test_bytes_are_put_behind_a_content_and_the_old_one_stays(dave: Somebody) -> None:
    file = dave.add("log")
    first = append(dave, file, b"one,", if_version=0)
    second = append(dave, file, b"two", size=3, if_version=1)
    assert (first.direction, second.direction) == ("appendInit", "appendInit")
    assert dave.get(file) == b"one,two"
    assert [fetch(dave, file, number) for number in (1, 2)] == [b"one,", b"one,two"]
    page = dave.call(ListVersions(file, limit=1))
    (newest,) = page.versions
    assert (newest.number, newest.size, newest.current, newest.location) == (2, 7, True, second.container)
    assert newest.digests == dave.node(file).digests
    (oldest,) = dave.call(ListVersions(file, after=page.next)).versions
    assert (oldest.number, oldest.size, oldest.current, oldest.location) == (1, 4, False, first.container)
    assert oldest.created <= newest.created


def test_of_two_appends_at_once_the_later_is_told(dave: Somebody) -> None:
    file = dave.add("log")
    dave.put(file, b"one,")
    dave.node(file)
    offers = [dave.call(AppendInit(file)).transfer for _ in range(2)]
    for offer in offers:
        dave.send(offer, b"two")
        await_end(dave, offer.transfer)
    assert [state(dave, offer.transfer) for offer in offers] == [TransferState.COMPLETED, TransferState.FAILED]
    failure = dave.call(GetTransfer(offers[1].transfer)).transfer.failure
    assert failure is not None
    assert failure.name == "VersionConflict"
    assert dave.get(file) == b"one,two"
    with pytest.raises(VersionConflict):
        dave.call(AppendInit(file, if_version=1))


def test_as_many_stay_as_the_space_says(dave: Somebody) -> None:
    file = dave.add("log")
    for number in range(4):
        append(dave, file, str(number).encode())
    assert [version.number for version in dave.call(ListVersions(file)).versions] == [4, 3, 2]
    with pytest.raises(VersionNotFound):
        fetch(dave, file, 1)
    with pytest.raises(InvalidArgument):
        dave.call(SetProperties(file, (Property("versions.keep", "2"),)))
    with pytest.raises(InvalidArgument):
        dave.call(ListVersions(file, after="page two"))
    with pytest.raises(NotAFile):
        dave.call(ListVersions(dave.home))


def test_an_earlier_content_is_sent_elsewhere(dave: Somebody, elsewhere: Elsewhere) -> None:
    file = dave.add("a")
    for content in (b"one", b"two"):
        dave.put(file, content)
        dave.node(file)
    url = f"{elsewhere.url}/{file.node.number}"
    answer = dave.call(ExportData(file, url, version=1))
    assert answer.transfer.state == TransferState.COMPLETED
    assert elsewhere.pages[f"/{file.node.number}"] == b"one"


def test_what_happened_can_be_read(dave: Somebody, arrive: Arrive) -> None:
    file = dave.add("a", NodeKind.FILE, colour="red")
    dave.put(file, b"one")
    then = dave.node(file).modified
    dave.call(SetProperties(file, (Property("colour", "blue"),)))
    dave.call(Delete(file, purge=True))
    answer = dave.call(GetHistory(file))
    assert [change.operation for change in answer.changes[:3]] == ["addNode", "import", "setProperties"]
    assert answer.changes[2].before == (Property("colour", "red"),)
    assert answer.changes[2].after == (Property("colour", "blue"),)
    assert {change.node for change in answer.changes} == {file.node}
    page = dave.call(GetHistory(file, limit=2))
    assert page.changes == answer.changes[:2]
    assert dave.call(GetHistory(file, after=page.next)).changes == answer.changes[2:]
    values = {each.key: each.value for each in dave.call(GetHistory(file, as_of=then)).values}
    assert (values["colour"], values["content.size"], values["node.name"]) == ("red", "3", "a")
    assert dave.call(GetHistory(file, as_of=Instant(answer.changes[0].at - 1))).changes == ()
    with pytest.raises(NodeNotFound):
        arrive("eve").call(GetHistory(file))
