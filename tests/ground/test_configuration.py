"""docs/configuration.md and the code know the same keys with the same defaults; limits are the engine's own."""

import json
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

import filemanager.config
import filestore.config
from vofiles.configuration import REQUIRED, Table, read
from vofiles.listen import Limits
from vofiles.serving.http import Limits as Bounds
from vofiles.serving.service import bounds_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
ROW = re.compile(r"\| `([^`]+)` \| (?:`([^`]+)`|(required|none)) \|")
SECRET = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"

# One entry in each array, so that every key is asked for; what need not be said is not said.
MANAGER = f"""
identifier = "ivo://a/filemanager"
communities = ["ivo://a"]
database = "sqlite:///x"
[[stores]]
identifier = "ivo://a/s"
address = "http://127.0.0.1:1"
keys = [{{id = "a", secret = "{SECRET}"}}]
[[services]]
identifier = "ivo://b/filemanager"
address = "http://127.0.0.1:2"
[[astrogrid.trusted]]
network = "192.0.2.0/24"
account = "ivo://a/portal"
"""
STORE = f"""
identifier = "ivo://a/filestore"
data = "data"
[[managers]]
identifier = "ivo://a/m"
address = "http://127.0.0.1:1"
keys = [{{id = "a", secret = "{SECRET}"}}]
[s3]
bucket = "contents"
access_key = "some"
secret_key = "other"
[[adopted]]
name = "archive"
directory = "archive"
manager = "ivo://a/m"
owner = "ivo://a/dave"
"""


def documented(*sections: str) -> dict[str, object]:
    """The keys in sections of the page, and their defaults."""
    found: dict[str, object] = {}
    for section in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        if section.splitlines()[0] in sections:
            rows = [line for line in section.splitlines() if line.startswith("| `")]
            for row in rows:
                match = ROW.match(row)
                assert match, row
                assert match[1] not in found, row
                found[match[1]] = json.loads(match[2]) if match[2] else REQUIRED if match[3] == "required" else None
    return found


@pytest.mark.parametrize(
    ("section", "text", "take"),
    [("FileManager", MANAGER, filemanager.config.take_config), ("FileStore", STORE, filestore.config.take_config)],
)
def test_the_page_has_every_key_with_its_default(
    tmp_path: Path, section: str, text: str, take: Callable[[Table], object]
) -> None:
    path = tmp_path / "server.toml"
    path.touch(mode=0o600)
    path.write_text(text)
    with read(path) as top:
        take(top)
    assert documented("Both servers", section) == top.source.asked


def test_limits_are_the_engines_own_defaults() -> None:
    assert bounds_of(Limits()) == Bounds()
    changed = Limits(*(2 * getattr(Limits(), field.name) for field in fields(Limits)))
    named = {field.name for field in fields(Bounds)} & {field.name for field in fields(Limits)}
    assert len(named) == len(fields(Limits)) - 1  # all but stop_seconds, which is no deadline of a connection
    assert all(getattr(bounds_of(changed), name) == getattr(changed, name) for name in named)
