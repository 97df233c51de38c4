"""Finding by the client: each condition, their order, and a result of more than a page."""

from datetime import UTC, datetime, timedelta

import pytest

from vofiles.errors import InvalidArgument, NodeNotFound, NotAFolder
from vofiles.tree import Home, Node


@pytest.fixture
def sky(folder: Node) -> Node:
    """Three files of three sizes in two folders."""
    (folder / "night-1" / "raw").mkdir(parents=True)
    (folder / "night-1" / "m31.fits").put(b"x" * 10, properties={"telescope": "INT", "note": "first"})
    (folder / "night-1" / "raw" / "m31-dark.fits").put(b"x" * 20, properties={"telescope": "INT"})
    (folder / "query.vot").put(b"x" * 30, properties={"telescope": "WHT"})
    return folder


def test_conditions(sky: Node) -> None:
    def names(**conditions: object) -> list[str]:
        return [info.name for info in sky.find(**conditions)]  # type: ignore[arg-type]

    assert names() == ["m31-dark.fits", "m31.fits", "night-1", "query.vot", "raw"]
    assert names(name="*.fits") == ["m31-dark.fits", "m31.fits"]
    assert names(name="m31.????") == ["m31.fits"]
    assert names(kind="FOLDER") == ["night-1", "raw"]
    assert names(minimum_size=20) == ["m31-dark.fits", "query.vot"]
    assert names(minimum_size=20, maximum_size=20) == ["m31-dark.fits"]
    assert names(properties={"telescope": "INT"}) == ["m31-dark.fits", "m31.fits"]
    assert names(properties={"telescope": "INT", "note": "first"}) == ["m31.fits"]
    assert names(prefixes={"telescope": "W"}) == ["query.vot"]
    assert names(kind="FILE", order="SIZE", descending=True) == ["query.vot", "m31-dark.fits", "m31.fits"]
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert names(modified_from=soon) == names(created_from=soon) == []
    assert len(names(modified_until=soon)) == len(names(created_until=soon)) == 5


def test_what_is_found_tells_where_it_is(sky: Node, home: Home) -> None:
    (found,) = sky.find(name="m31-dark.fits")
    assert str(found.path) == f"{sky}/night-1/raw/m31-dark.fits"
    assert home.at(found.path).read_bytes() == b"x" * 20
    (again,) = (home / sky.name / "night-1").find(name="m31-dark.fits")
    assert again == found
    (by_owner,) = home.at("{ast.cam.ac.uk/dave}/" + f"{sky.name}").find(name="m31-dark.fits")
    assert str(by_owner.path) == f"{{ast.cam.ac.uk/dave}}/{sky.name}/night-1/raw/m31-dark.fits"


def test_a_result_of_more_than_a_page_is_whole_and_in_order(folder: Node) -> None:
    wanted = [f"n-{number:02}" for number in range(23)]
    for name in reversed(wanted):
        (folder / name).mkdir()
    assert [info.name for info in folder.find(name="n-*")] == wanted
    assert [info.name for info in folder.find(name="n-*", descending=True)] == wanted[::-1]


def test_what_cannot_be_found_below(folder: Node) -> None:
    (folder / "file").put(b"x")
    with pytest.raises(NodeNotFound, match=f"{folder}/missing"):
        list((folder / "missing").find())
    with pytest.raises(NotAFolder):
        list((folder / "file").find())
    with pytest.raises(InvalidArgument):
        list(folder.find(order="COLOUR"))
    with pytest.raises(InvalidArgument, match="zone"):
        folder.find(modified_from=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(InvalidArgument):
        list(folder.find(minimum_size=-1))


def test_walk(sky: Node) -> None:
    assert [(info.name, len(info.path.path)) for info in sky.walk()] == [
        ("night-1", 2),
        ("m31.fits", 3),
        ("raw", 3),
        ("m31-dark.fits", 4),
        ("query.vot", 2),
    ]
    with pytest.raises(NodeNotFound):
        list((sky / "missing").walk())
