"""What an S3-compatible store says when it fails, put into the port's words.

    it does not answer, or answers 5xx, or refuses who we are    ServiceBusy: try again
    no room, or a quota                                          StoreFull
    no such key, no such upload                                  Gone, for the caller to word
    a condition did not hold                                     Changed, likewise
    it is no answer of such a store                              ServiceBusy: something stands in its place

Rule: never StorageFailure. A disk that fails once is believed no more; a store of objects behind a network fails for a
while, and answers again as if nothing had been. What it said is logged; its address, bucket and keys are told to nobody
who only sends bytes.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from vofiles.errors import ServiceBusy, StoreFull

_GONE: Final = frozenset({"NoSuchKey", "NoSuchUpload"})
_WORDLESS: Final = frozenset({"HeadObject", "UploadPartCopy"})
"""Calls to which 404 alone says that there is no such object: an answer to HEAD has no word for it, and moto knows none
for the source of a part.
"""
_FULL: Final = frozenset(
    {"QuotaExceeded", "InsufficientStorage", "InsufficientCapacity", "XMinioStorageFull", "EntityTooLarge", "507"}
)

_log = logging.getLogger(__name__)


class Gone(Exception):
    """There is no such object, or no such upload."""


class Changed(Exception):
    """The object is not the one that was meant any more."""


@contextmanager
def answering(about: str) -> Iterator[None]:
    """Put botocore's errors into ours. Raises Gone, Changed, StoreFull, ServiceBusy."""
    try:
        yield
    except ClientError as error:
        raise _meaning(about, error) from error
    except (BotoCoreError, HTTPError, OSError) as error:
        _log.warning("%s: the object store does not answer: %s", about, error)
        raise ServiceBusy("the object store does not answer") from error
    except (ResponseParserError, LookupError, ValueError) as error:
        # botocore makes what it can of any page, and these of the rest.
        _log.warning("%s: what answers is no object store: %s", about, error)
        raise ServiceBusy("the object store cannot be used") from error


def _meaning(about: str, error: ClientError) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _GONE or (code == "404" and error.operation_name in _WORDLESS):
        return Gone(about)
    if status == HTTPStatus.PRECONDITION_FAILED:
        return Changed(about)
    if code in _FULL or status == HTTPStatus.INSUFFICIENT_STORAGE:
        _log.warning("%s: the object store takes no more: %s", about, error)
        return StoreFull("its object store takes no more")
    _log.error("%s: the object store refuses: %s", about, error)
    return ServiceBusy("the object store cannot be used")
