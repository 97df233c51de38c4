"""Finding as any caller sees it: by name, kind, size, dates and properties, below a node, sorted, page by page."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.filemanager.suite.conftest import Somebody
from tests.support.serving import wait_until
from vofiles.contract import (
    Delete,
    Find,
    FindAnswer,
    GetTransfer,
    Match,
    NodeKind,
    Order,
    PropertyMatch,
    Restore,
    Transfer,
    TransferState,
)
from vofiles.errors import InvalidArgument, NodeNotFound, NotAFolder
from vofiles.instant import Instant
from vofiles.ivorn import LongIdentifier

Arrive = Callable[[str], Somebody]


@pytest.fixture
def observer(dave: Somebody) -> Somebody:
    """With a small survey in the home."""
    for folder in ("survey", "survey/raw", "survey/raw/night 1", "elsewhere"):
        dave.add(folder, NodeKind.FOLDER)
    dave.add("survey/raw/m31.fits", band="g", content_type="image/fits")
    dave.add("survey/raw/night 1/m31.fits", band="gri")
    dave.add("survey/raw/night 1/m33 & é.fits", band="r")
    dave.add("survey/README", band="none")
    dave.add("elsewhere/m31.fits", band="g")
    return dave


def paths(somebody: Somebody, answer: FindAnswer) -> list[str]:
    """Where they were found, below the home."""
    for each in answer.found:
        assert each.path.node == somebody.home.node
        assert each.path.path[-1] == each.node.name
    return ["/".join(each.path.path) for each in answer.found]


def ended(somebody: Somebody, offer: Transfer) -> bool:
    return bool(somebody.call(GetTransfer(offer.transfer)).transfer.state == TransferState.COMPLETED)


def found(somebody: Somebody, path: str = "", **conditions: Any) -> list[str]:
    node = somebody.at(path) if path else somebody.home
    answer: FindAnswer = somebody.call(replace(Find(node), **conditions))
    assert answer.next is None
    return paths(somebody, answer)


def test_everything_below_a_node_by_name_without_the_node(observer: Somebody) -> None:
    raw = ["survey/raw/m31.fits", "survey/raw/night 1/m31.fits", "survey/raw/night 1/m33 & é.fits"]
    assert found(observer, "survey/raw") == [*raw, "survey/raw/night 1"]
    assert found(observer, name="m31*") == [*raw[:2], "elsewhere/m31.fits"]
    assert found(observer, "survey", name="*[0-9] *") == raw[2:]
    assert found(observer, name="m33 & e\u0301.fits") == raw[2:], "names are in normal form C, so patterns are too"
    assert found(observer, name="M31*") == []
    assert found(observer, type=NodeKind.FOLDER) == ["elsewhere", "survey/raw/night 1", "survey/raw", "survey"]


def test_the_node_that_is_found_is_the_one_that_get_node_answers(observer: Somebody) -> None:
    (each,) = observer.call(Find(observer.home, name="README")).found
    assert each.node == observer.node(each.path)


def test_by_properties_all_of_which_must_hold(observer: Somebody) -> None:
    band = PropertyMatch("band", "g")
    assert found(observer, "survey", properties=(band,)) == ["survey/raw/m31.fits"]
    prefix = PropertyMatch("band", "g", Match.PREFIX)
    assert found(observer, "survey", properties=(prefix,)) == ["survey/raw/m31.fits", "survey/raw/night 1/m31.fits"]
    fits = PropertyMatch("content.type", "image/", Match.PREFIX)
    assert found(observer, properties=(band, fits)) == ["survey/raw/m31.fits"]
    assert found(observer, properties=(PropertyMatch("nothing", ""),)) == []


def test_by_what_was_put(observer: Somebody) -> None:
    """A type that came with the bytes counts like one that somebody has set, and a size is that of the newest bytes."""
    small, large = observer.at("elsewhere/m31.fits"), observer.at("survey/README")
    for node, content, kind in ((small, b"1", "text/csv"), (large, b"123", "text/plain"), (large, b"1234", "text/csv")):
        offer = observer.put(node, content, content_type=kind)
        wait_until(partial(ended, observer, offer), "what was put is there")
    csv = PropertyMatch("content.type", "text/csv")
    assert found(observer, properties=(csv,), order=Order.SIZE) == ["elsewhere/m31.fits", "survey/README"]
    assert found(observer, minimum_size=4, maximum_size=4) == ["survey/README"]
    assert found(observer, maximum_size=3) == ["elsewhere/m31.fits"]
    assert found(observer, properties=(PropertyMatch("content.size", "4"),)) == ["survey/README"]
    digest = {each.key: each.value for each in observer.node(small).properties}["content.digest.sha256"]
    assert found(observer, properties=(PropertyMatch("content.digest.sha256", digest),)) == ["elsewhere/m31.fits"]


def test_by_dates_from_the_first_to_before_the_last(observer: Somebody) -> None:
    at = observer.node(observer.at("survey/README"))
    assert "survey/README" in found(observer, created_from=at.created, created_until=Instant(at.created + 1))
    assert found(observer, created_from=Instant(at.created + 10_000_000_000)) == []
    assert found(observer, modified_until=observer.node(observer.at("survey")).modified) == []
    later = found(observer, modified_from=at.modified, order=Order.MODIFIED, descending=True)
    assert later[0] == "elsewhere/m31.fits", "the last that was made"


def test_pages_in_each_order_either_way(observer: Somebody) -> None:
    for order in (None, Order.NAME, Order.SIZE, Order.MODIFIED, Order.CREATED):
        whole = found(observer, order=order)
        assert len(whole) == 9
        for descending in (False, True):
            request = Find(observer.home, order=order, descending=descending, limit=2)
            pages: list[str] = []
            while True:
                answer = observer.call(request)
                assert len(answer.found) <= 2
                pages += paths(observer, answer)
                if answer.next is None:
                    break
                request = replace(request, after=answer.next)
            assert pages == (whole[::-1] if descending else whole)
    assert found(observer, order=Order.CREATED)[:4] == ["survey", "survey/raw", "survey/raw/night 1", "elsewhere"]


def test_a_page_belongs_to_its_search(observer: Somebody) -> None:
    after = observer.call(Find(observer.home, limit=1)).next
    assert after
    for other in (Find(observer.home, name="*"), Find(observer.home, order=Order.SIZE), Find(observer.at("survey"))):
        with pytest.raises(InvalidArgument, match="after"):
            observer.call(replace(other, limit=1, after=after))
    by_path = Find(LongIdentifier(observer.node(observer.at("survey")).identifier), limit=1)
    answer = observer.call(by_path)
    assert observer.call(replace(by_path, node=observer.at("survey"), after=answer.next)).found, "the same node"


def test_what_cannot_be_searched(observer: Somebody, arrive: Arrive) -> None:
    with pytest.raises(NotAFolder):
        observer.call(Find(observer.at("survey/README")))
    for node in (observer.at("nowhere"), arrive("anna").home):
        with pytest.raises(NodeNotFound):
            observer.call(Find(node))
    wrongs: tuple[dict[str, Any], ...] = (
        {"order": "BEAUTY"},
        {"type": "THING"},
        {"name": ""},
        {"minimum_size": -1},
        {"limit": 0},
        {"after": "x"},
        {"properties": (PropertyMatch("a", "b", "LIKE"),)},
    )
    for wrong in wrongs:
        with pytest.raises(InvalidArgument):
            observer.call(replace(Find(observer.home), **wrong))


def test_what_is_in_the_trash_is_not_found_until_it_is_restored(observer: Somebody) -> None:
    everything = found(observer)
    trashed = observer.call(Delete(observer.at("survey/raw"), recursive=True)).trashed
    kept = [path for path in everything if not path.startswith("survey/raw")]
    assert found(observer) == kept
    assert found(observer, name="m31*") == ["elsewhere/m31.fits"]
    assert found(observer, properties=(PropertyMatch("band", "r"),)) == []
    observer.call(Restore(trashed))
    assert found(observer) == everything


def test_others_find_their_own_alone(observer: Somebody, arrive: Arrive) -> None:
    anna = arrive("anna")
    anna.add("m31.fits", band="g")
    assert found(anna, properties=(PropertyMatch("band", "g"),)) == ["m31.fits"]
    assert found(anna, name="*") == ["m31.fits"]
