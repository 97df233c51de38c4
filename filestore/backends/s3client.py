"""The connection to an S3-compatible store: what is called of it, how it is made, and what keys it has.

    <prefix><number>                    bytes of a container
    <prefix><number>.json               its sidecar
    <prefix><number>.part-<offset>      bytes of an attempt that was kept, from there on
    <prefix>staging/<number>            bytes that a client sent to the bucket itself
    <prefix>quarantine/<number>         bytes that are not what came, and their sidecar, for an operator to look at

Rule: a container's keys all begin with its number, so that one listing tells what is kept under it. A dot sorts before
the characters of numbers, so that a listing of the bucket has the numbers in their order. botocore alone is used: boto3
would add nothing but threads.
"""

import os
import ssl
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from filestore.config import S3
from vofiles.configuration import ConfigurationError

CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 30
"""Within which the next bytes of an answer must come."""
ATTEMPTS: Final = 3
"""Of one call, in all."""
CONNECTIONS: Final = 64
"""Kept open at most; more are made and closed."""

Answer = dict[str, Any]


class S3Client(Protocol):
    """The calls that are made, by keyword as botocore has them."""

    def head_object(self, **arguments: object) -> Answer: ...
    def get_object(self, **arguments: object) -> Answer: ...
    def put_object(self, **arguments: object) -> Answer: ...
    def copy_object(self, **arguments: object) -> Answer: ...
    def delete_object(self, **arguments: object) -> Answer: ...
    def list_objects_v2(self, **arguments: object) -> Answer: ...
    def list_multipart_uploads(self, **arguments: object) -> Answer: ...
    def create_multipart_upload(self, **arguments: object) -> Answer: ...
    def list_parts(self, **arguments: object) -> Answer: ...
    def upload_part(self, **arguments: object) -> Answer: ...
    def upload_part_copy(self, **arguments: object) -> Answer: ...
    def complete_multipart_upload(self, **arguments: object) -> Answer: ...
    def abort_multipart_upload(self, **arguments: object) -> Answer: ...
    def generate_presigned_url(self, *arguments: object, **named: object) -> str: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one store's objects."""

    prefix: str

    def content(self, number: str) -> str:
        return self.prefix + number

    def sidecar(self, number: str) -> str:
        return f"{self.prefix}{number}.json"

    def part(self, number: str, offset: int) -> str:
        """Of kept bytes from an offset on; keys sort as offsets do."""
        return f"{self.part_prefix(number)}{offset:020}"

    def part_prefix(self, number: str) -> str:
        """What the keys of kept bytes begin with."""
        return f"{self.prefix}{number}.part-"

    def staging(self, number: str) -> str:
        """Of what a client sends itself: apart, so that the bucket can have rules for it."""
        return f"{self.staging_prefix}{number}"

    @property
    def staging_prefix(self) -> str:
        """What the keys of all that clients send themselves begin with; no number begins so."""
        return f"{self.prefix}staging/"

    def aside(self, key: str) -> str:
        """Where an object goes that is not what came; no number begins so."""
        return f"{self.prefix}quarantine/{key.removeprefix(self.prefix)}"

    def number_of(self, key: str) -> str:
        """The number that a key begins with."""
        return key.removeprefix(self.prefix).partition(".")[0]

    def offset_of(self, key: str) -> int | None:
        """The offset of kept bytes; None for another key."""
        _, mark, offset = key.partition(".part-")
        return int(offset) if mark and offset.isdecimal() else None


def trusted_by(settings: S3) -> str | bool:
    """Whose word is taken for who the other side is: a file of authorities, or those that botocore knows."""
    return str(settings.authorities or ssl.get_default_verify_paths().cafile or "") or True


def connect(settings: S3) -> S3Client:
    """A client, for any number of threads; nothing is sent yet. Raises ConfigurationError."""
    try:
        import botocore.session
        from botocore.config import Config
    except ImportError as error:
        raise ConfigurationError('contents in S3 need more packages: pip install "vofiles[s3]"') from error
    # Nothing is taken from the environment or from files in a home folder.
    session = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    addressing: Any = {"addressing_style": settings.addressing}
    config = Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        s3=addressing,
        # Stores of some years ago do not know the trailers of newer checksums; Content-MD5, which we send, all do.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        made = session.create_client(
            "s3",
            region_name=settings.region,
            endpoint_url=settings.endpoint,
            aws_access_key_id=settings.access_key,
            aws_secret_access_key=settings.secret_key,
            verify=trusted_by(settings),
            config=config,
        )
    except Exception as error:
        raise ConfigurationError(f"s3: no connection can be made with these settings: {error}") from error
    return cast(S3Client, made)
