"""A client of a store of objects that says each call before it makes it: what is told may count, fail, or stop."""

from collections.abc import Callable
from typing import Any

from filestore.backends.s3client import Answer, S3Client

READING = frozenset({"head_object", "get_object", "list_objects_v2", "list_multipart_uploads", "list_parts"})
"""Calls that change nothing."""
Act = Callable[[], Answer]
Watch = Callable[[str, str, Act], Answer]


class WatchedClient:
    """Hands each call to `watch`: its name, its key or prefix, and what makes it."""

    def __init__(self, client: S3Client, watch: Watch) -> None:
        self._client, self._watch = client, watch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name in {"close", "generate_presigned_url"}:
            return found

        def call(**arguments: Any) -> Answer:
            about = arguments.get("Key", arguments.get("Prefix", ""))
            return self._watch(name, str(about), lambda: found(**arguments))

        return call


class Recorded:
    """Every call, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, name: str, about: str, act: Act) -> Answer:
        del about
        self.calls.append(name)
        return act()
