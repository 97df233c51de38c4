"""The MIME type of a file by its name.

Rule: a guess from the name alone, the same on every machine, with astronomy's own formats added to Python's table; what
a caller says goes first.
"""

import mimetypes
from typing import Final

UNKNOWN: Final = "application/octet-stream"

# RFC 4047 (FITS), VOTable 1.4 section 8, and what has become usual for the others.
_ASTRONOMY: Final = {
    ".fits": "application/fits",
    ".fit": "application/fits",
    ".fts": "application/fits",
    ".vot": "application/x-votable+xml",
    ".votable": "application/x-votable+xml",
    ".parquet": "application/vnd.apache.parquet",
    ".ecsv": "text/csv",
    ".md": "text/markdown",
    ".asdf": "application/x-asdf",
}
_COMPRESSED: Final = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}

# A table of its own: the module-wide one reads whatever files the system has.
_TABLE: Final = mimetypes.MimeTypes()
for _ending, _type in _ASTRONOMY.items():
    _TABLE.add_type(_type, _ending)


def guess_type(name: str) -> str | None:
    """The MIME type that a file of this name probably has, or None.

    A compressed file has the type of its compression, because its bytes are served as they are.
    """
    # Only the endings: the name itself could be taken for a URL.
    endings = name.lower().split(".")[1:][-2:]
    guessed, compression = _TABLE.guess_type(".".join(["a", *endings]))
    return _COMPRESSED.get(compression, UNKNOWN) if compression else guessed
