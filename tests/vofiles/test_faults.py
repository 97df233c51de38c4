"""The one table of failures, read from left to right and from right to left."""

import pytest

from vofiles import errors
from vofiles.contract import ALWAYS, CALLBACK, FILEMANAGER, FILESTORE
from vofiles.errors import VofilesError
from vofiles.faults import CATEGORIES, ERRORS, TABLE, FaultRow, error_of, row_of

KINDS = [kind for kind in ERRORS.values() if kind is not VofilesError]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_has_a_line_and_comes_back_from_it(kind: type[VofilesError]) -> None:
    row = row_of(kind)
    assert issubclass(kind, row.error)
    assert row == row_of(kind("x"))
    assert issubclass(kind, ERRORS[row.fault])
    told = error_of(kind.__name__, "why", fault=row.fault, status=row.status, properties=(("a", "b"),))
    assert type(told) is kind
    assert (told.message, told.properties) == ("why", (("a", "b"),))


def test_the_nearest_line_counts() -> None:
    assert row_of(errors.NotAuthenticated).status == 401
    assert row_of(errors.PermissionDenied) == row_of(errors.Refused)
    assert row_of(errors.NodeNotFound) == FaultRow(errors.NotFound, "NotFound", "Client", 404)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.error.__name__)
def test_the_lines_make_sense(row: FaultRow) -> None:
    assert row.fault in CATEGORIES
    assert row.blame in {"Client", "Server"}
    assert 400 <= row.status < 600
    if row.status < 500:
        assert row.blame == "Client"


def test_there_is_one_line_for_a_class() -> None:
    assert len({row.error for row in TABLE}) == len(TABLE)


def test_the_categories_are_the_tops_of_the_tree_and_declared_in_the_contract() -> None:
    tops = {kind.__name__ for kind in VofilesError.__subclasses__() if kind.__module__ == errors.__name__}
    assert set(CATEGORIES) == tops
    operations = (*FILEMANAGER, *CALLBACK, *FILESTORE)
    assert {fault for operation in operations for fault in operation.faults} == tops
    for operation in operations:
        assert set(ALWAYS) <= set(operation.faults)
        assert len(set(operation.faults)) == len(operation.faults)


def test_a_name_that_we_do_not_know_is_its_category() -> None:
    assert type(error_of("PlanetNotFound", "x", fault="NotFound", status=500)) is errors.NotFound


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, errors.NotFound),
        (401, errors.NotAuthenticated),
        (403, errors.Refused),
        (409, errors.Conflict),
        (413, errors.TooLarge),
        (503, errors.ServiceBusy),
        (500, errors.Unexpected),
        (599, errors.Unexpected),
        (0, errors.Unexpected),
    ],
)
def test_without_any_name_the_status_says_what_it_can(status: int, kind: type[VofilesError]) -> None:
    assert type(error_of("", "x", status=status)) is kind
    assert type(error_of("Strange", "x", fault="Stranger", status=status)) is kind


def test_an_error_of_somebody_elses_is_told_by_its_ancestor_and_not_raised_by_name() -> None:
    class LostInTheMail(errors.SourceUnreachable):
        """Lost: {about}"""

    assert row_of(LostInTheMail) == row_of(errors.Unreachable)
    assert "LostInTheMail" not in ERRORS
