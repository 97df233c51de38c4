"""Digests in the headers of answers: Repr-Digest and Content-Digest (RFC 9530), and for those who ask, or who sent one,
Digest (RFC 3230) and Content-MD5 (RFC 1864).

    Repr-Digest, Digest       of the whole content, whatever part of it is sent
    Content-Digest            of the very bytes of this answer: only where they are the whole
    Content-MD5               the same, where the sender of the content announced its MD5

Rule: pure; only what is known is told, nothing is computed. A preference chooses among that; one that nothing satisfies
is passed over, as RFC 9530 (4) allows.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Final

from filestore.domain.checksum import MD5
from vofiles.contract import Digest, DigestAlgorithm
from vofiles.serving.http import Headers

Fields = tuple[tuple[str, str], ...]

_OLD_NAMES: Final = {DigestAlgorithm.SHA256: "sha-256", MD5: "md5"}
"""What RFC 3230 and RFC 5843 call them, of those whose values they write in base64."""
_WEIGHT: Final = re.compile(r"\s*([a-z0-9*-]+)\s*=\s*(10|[0-9])\s*\Z")
_QUALITY: Final = re.compile(r"\s*([a-z0-9-]+)\s*(?:;\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?\Z")
_LONGEST: Final = 1024
"""Characters of a preference that are looked at."""


def digest_fields(headers: Headers, digests: tuple[Digest, ...], *, whole: bool) -> Fields:
    """What an answer says, to a request with these headers; `whole`: all of the content is sent, and nothing else."""
    found = []
    if digests:
        found.append(("Repr-Digest", digest_header(_chosen(headers, "Want-Repr-Digest", digests))))
        if whole:
            found.append(("Content-Digest", digest_header(_chosen(headers, "Want-Content-Digest", digests))))
    if whole and (md5 := next((digest for digest in digests if digest.algorithm == MD5), None)) is not None:
        found.append(("Content-MD5", _base64(md5)))
    old = _old_digests(headers, digests) if "Want-Digest" in headers else ""
    return (*found, ("Digest", old)) if old else tuple(found)


def digest_header(digests: Iterable[Digest]) -> str:
    """The value of Repr-Digest and Content-Digest for digests in hexadecimal."""
    return ", ".join([f"{digest.algorithm}=:{_base64(digest)}:" for digest in digests])


def _base64(digest: Digest) -> str:
    return b64encode(bytes.fromhex(digest.value)).decode("ascii")


def _chosen(headers: Headers, name: str, digests: tuple[Digest, ...]) -> tuple[Digest, ...]:
    """Those that are wanted, the most wanted first; all, where nothing was said or nothing of it is here."""
    values = headers.get_all(name)
    if not values:
        return digests
    matches = [_WEIGHT.match(each) for each in ",".join(values)[:_LONGEST].split(",")]
    weights = {match[1]: int(match[2]) for match in matches if match is not None}
    wanted = [digest for digest in digests if weights.get(digest.algorithm, 0) > 0]
    return tuple(sorted(wanted, key=lambda digest: -weights[digest.algorithm])) or digests


def _old_digests(headers: Headers, digests: tuple[Digest, ...]) -> str:
    """The value of Digest, empty where none is wanted that is here."""
    text = ",".join(headers.get_all("Want-Digest"))[:_LONGEST].lower()
    matches = [_QUALITY.match(each) for each in text.split(",")]
    qualities = {match[1]: float(match[2] or 1) for match in matches if match is not None}
    named = [(_OLD_NAMES[digest.algorithm], digest) for digest in digests if digest.algorithm in _OLD_NAMES]
    wanted = [(name, digest) for name, digest in named if qualities.get(name, 0) > 0]
    wanted.sort(key=lambda each: -qualities[each[0]])
    return ",".join([f"{name}={_base64(digest)}" for name, digest in wanted])
