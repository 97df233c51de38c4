"""The MIME type of a content by its first bytes, where nobody has said it.

    detect(head, name)    "application/fits", "application/x-votable+xml", "text/csv" …, or None

Rule: pure, quick, and never wrong with a straight face: a format is told by its signature where it has one, XML by its
root, text by being text; the name's ending only chooses among kinds of text that look alike. What is none of these has
no type, rather than a guessed one.
"""

import json
import re
from typing import Final

from vofiles.mediatypes import UNKNOWN, guess_type

HEAD: Final = 4096
"""Bytes that are looked at."""

_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    # FITS 4.0, 4.4.1: the first record is SIMPLE, its value in column 30; T, or F for what is nearly FITS.
    (0, b"SIMPLE  = ", "application/fits"),
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (512, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (0, b"\x0e\x03\x13\x01", "application/x-hdf"),
    (0, b"CDF\x01", "application/x-netcdf"),
    (0, b"CDF\x02", "application/x-netcdf"),
    (0, b"CDF\x05", "application/x-netcdf"),
    (0, b"#ASDF ", "application/x-asdf"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\x93NUMPY", "application/x-npy"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (8, b"WEBP", "image/webp"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"%!PS-Adobe-", "application/postscript"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (257, b"ustar", "application/x-tar"),
)
# What senders say who have not looked, such as web servers by default.
_VAGUE: Final = frozenset({UNKNOWN, "binary/octet-stream", "text/plain"})

_ROOT: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)[\s/>]")
# What may stand before a document's root: the declaration, comments, other instructions, a document type.
_PROLOGUE: Final = re.compile(rb"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>)", re.DOTALL)
_ROOTS: Final = {
    b"VOTABLE": "application/x-votable+xml",
    b"html": "text/html",
    b"svg": "image/svg+xml",
}
_XML_STARTS: Final = (b"<?xml", b"<VOTABLE", b"<!DOCTYPE", b"<!doctype", b"<html", b"<HTML", b"<svg", b"<!--")
# What no text has: control characters but for tab, line ends, form feed and escape.
_NOT_TEXT: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_JSON_START: Final = re.compile(r"\s*[\[{]")
# JSON by its first steps, for a document that is longer than what we see.
_JSON_BEGUN: Final = re.compile(
    r'\s*(?:\{\s*(?:\}|"(?:[^"\\]|\\.)*"\s*:\s*["\[{\d\-tfn])|\[\s*(?:\]|["\[{\-]|\d|true|false|null))'
)
_SEPARATORS: Final = {",": "text/csv", "\t": "text/tab-separated-values"}


def settle(told: str | None, claimed: str | None, head: bytes, name: str = "") -> str | None:
    """The type of a content: as the caller told it, else as its sender claims where that says something, else by its
    bytes.
    """
    if told:
        return told
    bare = claimed.partition(";")[0].strip().lower() if claimed else ""
    if claimed and bare not in _VAGUE:
        return claimed
    found = detect(head, name)
    # The same kind, and perhaps with its letters' encoding.
    return claimed if claimed and found in {None, bare} else found


def detect(head: bytes, name: str = "") -> str | None:
    """The type of what begins with these bytes (at most the first `HEAD` of them are looked at) and is called so, or
    None.
    """
    head = head[:HEAD]
    if not head:
        return None
    for offset, signature, content_type in _SIGNATURES:
        if head.startswith(signature, offset):
            return content_type
    if _is_old_tar(head):
        return "application/x-tar"
    return _of_text(head, name)


def _is_old_tar(head: bytes) -> bool:
    """Whether it is a tar file from before `ustar`: the checksum of its first header is right."""
    if len(head) < 512 or not head[0]:
        return False
    try:
        told = int(head[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return told == sum(head[:148]) + 8 * 0x20 + sum(head[156:512])


def _of_text(head: bytes, name: str) -> str | None:
    plain = head.removeprefix(b"\xef\xbb\xbf")
    if plain.lstrip()[:9].startswith(_XML_STARTS):
        return _of_xml(plain, name)
    if _NOT_TEXT.search(head):
        return None
    try:
        # The last letter may have been cut through.
        text = plain.decode("utf-8") if len(head) < HEAD else plain[: _whole(plain)].decode("utf-8")
    except UnicodeDecodeError:
        # Some older 8-bit text, or anything: the name has to say that it is a text.
        return _named_text(name)
    if _is_json(text, complete=len(head) < HEAD):
        return "application/json"
    return _named_text(name) or _of_table(text) or "text/plain"


def _of_xml(plain: bytes, name: str) -> str | None:
    position = 0
    while (match := _PROLOGUE.match(plain, position)) is not None:
        if match[0].lstrip().lower().startswith(b"<!doctype html"):
            return "text/html"
        position = match.end()
    root = _ROOT.search(plain, position)
    found = root[1] if root is not None else b""
    named = guess_type(name)
    return _ROOTS.get(found) or _ROOTS.get(found.lower()) or (named if _is_xml(named) else "application/xml")


def _is_xml(content_type: str | None) -> bool:
    return content_type is not None and content_type.endswith(("+xml", "/xml")) and "votable" not in content_type


def _named_text(name: str) -> str | None:
    """The kind of text that a name tells, None where it tells of something else."""
    named = guess_type(name)
    if named is None or named == UNKNOWN:
        return None
    told = named.startswith("text/") or named in {"application/x-sh", "application/x-tex", "application/x-latex"}
    return named if told and named != "text/html" else None


def _is_json(text: str, *, complete: bool) -> bool:
    if not _JSON_START.match(text):
        return False
    if not complete:
        return _JSON_BEGUN.match(text) is not None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _of_table(text: str) -> str | None:
    """A table in text: at least two rows, each of the same number of at least two columns."""
    rows = [row for row in text.splitlines()[:50] if row.strip() and not row.startswith("#")]
    # The last one may have been cut through.
    rows = rows[:-1] if len(rows) > 2 else rows
    for separator, content_type in _SEPARATORS.items():
        counts = {row.count(separator) for row in rows}
        if len(rows) > 1 and len(counts) == 1 and counts != {0} and not any(f"{separator} " in row for row in rows):
            return content_type
    return None


def _whole(data: bytes) -> int:
    """How many of these bytes are whole letters in UTF-8."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 != 0x80:  # not in the middle of a letter
            needs = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) if needs <= back else len(data) - back
    return len(data)
