"""A bucket looked at before the store serves from it: that it is there, and that all may be done in it that will be.

Rule: what an operator has to put right stops the start with a sentence that names the bucket and its address, and never
a key. What is tried leaves nothing. Where clients are to send to the bucket, what its addresses are good for is looked
at, too: it is as the store's account that they do what is asked.
"""

from collections.abc import Callable
from secrets import token_hex
from typing import Any, Final

from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from filestore.backends.s3 import S3Backend
from filestore.backends.s3client import CONNECT_SECONDS, READ_SECONDS, Keys, S3Client, connect, trusted_by
from filestore.config import S3
from vofiles.configuration import ConfigurationError

PROBE: Final = "probe"
"""What is written and deleted again is called so, and a word of each start's own, for several may be at once. No number
has a dot.
"""
WRITTEN: Final = b"vofiles"

_MEANINGS: Final = {
    "NoSuchBucket": "there is no such bucket",
    "InvalidAccessKeyId": "the access key is not known there",
    "SignatureDoesNotMatch": "the secret key is not that of the access key",
    "PermanentRedirect": "the bucket is in another region",
    "AuthorizationHeaderMalformed": "the bucket is in another region",
    "RequestTimeTooSkewed": "the clocks of the two machines are too far apart",
}


def open_bucket(settings: S3) -> S3Backend:
    """The back end in a bucket that can be used. Raises ConfigurationError."""
    client = connect(settings)
    try:
        _require_usable(client, settings)
    except BaseException:
        client.close()
        raise
    return S3Backend(client, settings)


def _require_usable(client: S3Client, settings: S3) -> None:
    bucket, name = settings.bucket, f".{PROBE}-{token_hex(8)}"
    key = settings.prefix + name

    def read() -> None:
        client.get_object(Bucket=bucket, Key=key)["Body"].close()

    trials: dict[str, Callable[[], object]] = {
        "write": lambda: client.put_object(Bucket=bucket, Key=key, Body=WRITTEN),
        "read": read,
        "list": lambda: client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1),
        "list uploads": lambda: client.list_multipart_uploads(Bucket=bucket, Prefix=key, MaxUploads=1),
        "delete": lambda: client.delete_object(Bucket=bucket, Key=key),
    }
    if settings.direct and not settings.trusted:
        trials["try an address"] = lambda: _require_signed(client, settings, name)
    for right, trial in trials.items():
        try:
            trial()
        except ClientError as error:
            code = _code_of(error)
            raise _unusable(settings, _MEANINGS.get(code, f"to {right} is refused ({code})")) from None
        except (BotoCoreError, HTTPError) as error:
            raise _unusable(settings, f"it does not answer ({type(error).__name__})") from None


def _require_signed(client: S3Client, settings: S3, name: str) -> None:
    """Raises ConfigurationError where an address that is good to send to is good to have others' contents copied there,
    too: by a header that nobody signed, which S3 forbids, and not everything that is called so does (CVE-2026-54330).
    """
    bucket, key, target = settings.bucket, settings.prefix + name, Keys(settings.prefix).staging(name)
    client.put_object(Bucket=bucket, Key=key, Body=WRITTEN)
    try:
        _copy_unsigned(client, settings, key, target)
        copied = _is_there(client, bucket, target)
    finally:
        client.delete_object(Bucket=bucket, Key=target)
        client.delete_object(Bucket=bucket, Key=key)
    if copied:
        reason = "whoever is given an address to send to can have it copy what others have (CVE-2026-54330)"
        remedy = "update it, have its policy deny such copies, or set s3.trusted where all may read all"
        raise _unusable(settings, f'{reason}; {remedy}: docs/operations.md, "Sent past the store"')


def _copy_unsigned(client: S3Client, settings: S3, source: str, target: str) -> None:
    """Try to, by an address that is good for sending nothing. Raises BotoCoreError where nobody answers."""
    parameters = {"Bucket": settings.bucket, "Key": target, "ContentLength": 0}
    url = client.generate_presigned_url("put_object", Params=parameters, ExpiresIn=60)
    headers = {"x-amz-copy-source": f"/{settings.bucket}/{source}"}
    # The way that all calls go: through the same proxy, and with the same authorities.
    way: Any = {"verify": trusted_by(settings), "timeout": (CONNECT_SECONDS, READ_SECONDS)}
    session = URLLib3Session(proxies=get_environ_proxies(url), **way)
    try:
        session.send(AWSRequest("PUT", url, headers, b"").prepare())
    finally:
        session.close()


def _is_there(client: S3Client, bucket: str, key: str) -> bool:
    """Whether an object has what was written to be copied. Raises ClientError where that cannot be told."""
    try:
        stream = client.get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        # Where there is none it was refused; no other error says so.
        if _code_of(error) == "NoSuchKey":
            return False
        raise
    with stream:
        return bool(stream.read() == WRITTEN)


def _code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "no reason given"))


def _unusable(settings: S3, reason: str) -> ConfigurationError:
    return ConfigurationError(f"s3: bucket {settings.bucket} at {settings.endpoint or settings.region}: {reason}")
