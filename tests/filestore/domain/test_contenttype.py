"""The type of a content by its bytes: right on real files, and silent where it cannot tell."""

import gzip
import io
import json
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filestore.domain.contenttype import HEAD, detect, settle

DATA = Path(__file__).resolve().parents[3] / "client" / "vofiles" / "cli" / "demo" / "data"
VOTABLE = b'<?xml version="1.0"?>\n<!-- made by hand -->\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'


def tar(kind: int) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=kind) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return made.getvalue()


def old_tar() -> bytes:
    """A header as it was before ustar: no mark, only the sum."""
    header = bytearray(tar(tarfile.USTAR_FORMAT)[:512])
    header[257:512] = bytes(255)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a", "b")
    return made.getvalue()


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (b"SIMPLE  =                    T / conforms", "", "application/fits"),
        (b"SIMPLE  =                    T / conforms", "wrong.txt", "application/fits"),
        (b"\x89HDF\r\n\x1a\n\0", "", "application/x-hdf5"),
        (bytes(512) + b"\x89HDF\r\n\x1a\n", "", "application/x-hdf5"),
        (b"CDF\x01\0\0", "", "application/x-netcdf"),
        (b"#ASDF 1.0.0\n", "", "application/x-asdf"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "", "image/jpeg"),
        (b"%PDF-1.7\n%\xe2\xe3", "", "application/pdf"),
        (gzip.compress(b"SIMPLE", mtime=0), "a.fits.gz", "application/gzip"),
        (tar(tarfile.USTAR_FORMAT), "", "application/x-tar"),
        (tar(tarfile.GNU_FORMAT), "", "application/x-tar"),
        (old_tar(), "", "application/x-tar"),
        (zipped(), "", "application/zip"),
        (zipped(), "a.fits", "application/zip"),
        (VOTABLE, "", "application/x-votable+xml"),
        (VOTABLE, "a.xml", "application/x-votable+xml"),
        (b"\xef\xbb\xbf" + VOTABLE, "", "application/x-votable+xml"),
        (b"<VOTABLE>", "", "application/x-votable+xml"),
        (b'<?xml version="1.0"?><v:VOTABLE xmlns:v="x">', "", "application/x-votable+xml"),
        (b'<!DOCTYPE VOTABLE SYSTEM "x" [<!ENTITY a "b">]>\n<VOTABLE>', "", "application/x-votable+xml"),
        (b'<?xml version="1.0"?>\n<note about="VOTABLE"><VOTABLE/></note>', "", "application/xml"),
        (b"<?xml version='1.0'?><!-- <VOTABLE> --><other/>", "a.vot", "application/xml"),
        (b"<!DOCTYPE html>\n<p>", "", "text/html"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "", "image/svg+xml"),
        (b'{"a": [1, 2]}', "", "application/json"),
        (b'{"a": [1, 2', "", "text/plain"),
        (b'{"a": ' + json.dumps("x" * 2 * HEAD).encode(), "", "application/json"),
        (b"[not json]\n", "", "text/plain"),
        (b"ra,dec\n1,2\n3,4\n", "", "text/csv"),
        (b"# made by hand\nra,dec\n1,2\n3,4\n", "", "text/csv"),
        (b"ra\tdec\n1\t2\n", "", "text/tab-separated-values"),
        (b"Dear all, it works.\nYours, D.\n", "", "text/plain"),
        (b"# a comment only\n", "a.csv", "text/csv"),
        ("naïve ☉\n".encode() * HEAD, "", "text/plain"),
        (b"x" + "☉".encode() * HEAD, "", "text/plain"),
        (b"caf\xe9\n", "", None),
        (b"caf\xe9\n", "a.txt", "text/plain"),
        (b"\0\1\2\3", "a.txt", None),
        (zlib.compress(bytes(1000)), "", None),
        (b"", "a.fits", None),
    ],
)  # fmt: skip
def test_a_format_is_told_by_its_bytes(head: bytes, name: str, expected: str | None) -> None:
    assert detect(head, name) == expected


@pytest.mark.parametrize(
    ("ending", "expected"),
    [(".fits", "application/fits"), (".vot", "application/x-votable+xml"), (".gz", "application/gzip"),
     (".csv", "text/csv"), (".md", "text/markdown")],
)  # fmt: skip
@pytest.mark.parametrize("named", [True, False])
def test_real_files_are_told_right(ending: str, expected: str, *, named: bool) -> None:
    files = [path for path in sorted(DATA.iterdir()) if path.suffix == ending]
    for path in files:
        with path.open("rb") as file:
            found = detect(file.read(HEAD), path.name if named else "")
        assert found == expected or (ending == ".md" and not named), path.name


@given(st.binary(max_size=2 * HEAD), st.text(max_size=20))
def test_whatever_comes_has_a_type_or_none(head: bytes, name: str) -> None:
    found = detect(head, name)
    assert found is None or "/" in found
    assert found == detect(head[:HEAD], name)


@pytest.mark.parametrize(
    ("told", "claimed", "expected"),
    [
        (None, None, "application/fits"),
        ("a/b", "c/d", "a/b"),
        ("application/octet-stream", None, "application/octet-stream"),
        (None, "c/d", "c/d"),
        (None, "application/octet-stream", "application/fits"),
        (None, "text/plain; charset=utf-8", "application/fits"),
    ],
)
def test_the_caller_goes_first_and_who_has_not_looked_last(
    told: str | None, claimed: str | None, expected: str
) -> None:
    assert settle(told, claimed, b"SIMPLE  = ") == expected


def test_what_the_sender_says_besides_is_kept() -> None:
    assert settle(None, "text/plain; charset=utf-8", b"words\n") == "text/plain; charset=utf-8"
    assert settle(None, "application/octet-stream", b"\0\1\2") == "application/octet-stream"
    assert settle(None, None, b"\0\1\2") is None
