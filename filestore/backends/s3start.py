"""A bucket looked at before the store serves from it: that it is there, and that all may be done in it that will be.

Rule: what an operator has to put right stops the start with a sentence that names the bucket and its address, and never
a key. What is tried leaves nothing.
"""

from collections.abc import Callable
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from filestore.backends.s3 import S3Backend
from filestore.backends.s3client import S3Client, connect
from filestore.config import S3
from vofiles.configuration import ConfigurationError

PROBE: Final = "probe"
"""Written and deleted again; no number has so few characters and a dot."""

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
    bucket, key = settings.bucket, f"{settings.prefix}.{PROBE}"

    def read() -> None:
        client.get_object(Bucket=bucket, Key=key)["Body"].close()

    trials: dict[str, Callable[[], object]] = {
        "write": lambda: client.put_object(Bucket=bucket, Key=key, Body=b"vofiles"),
        "read": read,
        "list": lambda: client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1),
        "list uploads": lambda: client.list_multipart_uploads(Bucket=bucket, Prefix=key, MaxUploads=1),
        "delete": lambda: client.delete_object(Bucket=bucket, Key=key),
    }
    for right, trial in trials.items():
        try:
            trial()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "no reason given"))
            raise _unusable(settings, _MEANINGS.get(code, f"to {right} is refused ({code})")) from None
        except BotoCoreError as error:
            raise _unusable(settings, f"it does not answer ({type(error).__name__})") from None


def _unusable(settings: S3, reason: str) -> ConfigurationError:
    return ConfigurationError(f"s3: bucket {settings.bucket} at {settings.endpoint or settings.region}: {reason}")
