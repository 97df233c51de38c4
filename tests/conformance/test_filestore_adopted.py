"""What every catalogue of a store keeps of its word about others' files."""

from dataclasses import replace

import pytest

from filestore.domain.adopted import Adopted
from filestore.ports import Catalogue, Records
from tests.support.databases import server
from vofiles.contract import Property
from vofiles.errors import Busy

__all__ = ["server"]


ADOPTED = Adopted(
    "adop1", "archive", "2026/naïve ☉.fits", 5, 1_800_000_000_123_456_789, (Property("posix.mode", "0644"),)
)


def test_an_adopted_file_comes_back_as_it_was(catalogue: Catalogue) -> None:
    again = replace(ADOPTED, number="adop2", size=6, replaces="adop1")
    other = replace(ADOPTED, number="adop3", directory="other")

    def fn(records: Records) -> None:
        for row in (ADOPTED, again, other):
            records.add_adopted(row)

    catalogue.write(fn)
    assert catalogue.read(lambda records: records.find_adopted("adop1")) == ADOPTED
    assert catalogue.read(lambda records: records.find_adopted("none")) is None
    assert catalogue.read(lambda records: records.adopted_among(["adop2", "none", "adop3"])) == {
        "adop2": again,
        "adop3": other,
    }
    found = catalogue.read(lambda records: records.adopted_at("archive", [ADOPTED.path, "2026"]))
    assert found == {ADOPTED.path: [ADOPTED, again]}
    assert catalogue.read(lambda records: records.adopted_at("archive", [])) == {}
    with pytest.raises(Busy):
        catalogue.write(lambda records: records.add_adopted(ADOPTED))


def test_what_was_deleted_stays_known(catalogue: Catalogue) -> None:
    catalogue.write(lambda records: records.add_adopted(ADOPTED))
    catalogue.write(lambda records: records.forget_adopted("adop1"))
    catalogue.write(lambda records: records.forget_adopted("none"))
    assert catalogue.read(lambda records: records.find_adopted("adop1")) == replace(ADOPTED, forgotten=True)
