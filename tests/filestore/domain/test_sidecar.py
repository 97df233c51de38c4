"""Sidecars are read back as they were written."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filestore.domain.sidecar import Sidecar
from tests.support.filestore_core import NODE, sidecar_of_bytes
from vofiles.ivorn import NodeIdentifier
from vofiles.names import NodeName


@given(st.binary(max_size=50), st.sampled_from(["a", "naïve ☉.fits", "100 %"]))
def test_a_sidecar_round_trips_in_one_line(data: bytes, name: str) -> None:
    sidecar = replace(sidecar_of_bytes("abcd", data), node=NODE.child(NodeName(name)))
    sidecar = replace(sidecar, identifier=NodeIdentifier(NODE.node.service, "node-17"))
    text = sidecar.to_json()
    assert "\n" not in text
    assert Sidecar.from_json(text) == sidecar


def test_it_says_all_that_a_tree_needs() -> None:
    fields = json.loads(sidecar_of_bytes("abcd", b"abc").to_json())
    assert fields["container"] == "ivo://star.le.ac.uk/filestore#abcd"
    assert fields["manager"] == "ivo://ast.cam.ac.uk/filemanager"
    assert fields["node"] == "ivo://ast.cam.ac.uk/filemanager#1234-5678"
    assert fields["path"] == "ivo://ast.cam.ac.uk/filemanager#1234-5678/solar-project/query-7.vot"
    assert fields["owner"] == "ivo://ast.cam.ac.uk/dave"
    assert fields["size"] == 3
    assert set(fields["digests"]) == {"xxh3-128", "sha-256"}
    assert fields["transfer"]
    assert fields["completed"].endswith("Z")


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"container": 1}', '{"digests": {}, "container": "x"}'])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"sidecar|Expecting"):
        Sidecar.from_json(text)


def test_one_of_a_filemanager_that_told_no_identifier_is_read_too() -> None:
    text = sidecar_of_bytes("abcd", b"abc").to_json()
    assert Sidecar.from_json(text).identifier is None
    assert Sidecar.from_json(text.replace('"identifier": null, ', "")).identifier is None
