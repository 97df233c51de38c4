"""docs/operations.md names every metric that there is, and none that there is not; and every command."""

import re
from pathlib import Path

import pytest
import typer

import filemanager.__main__
import filestore.__main__

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
PROJECT = Path(__file__).resolve().parents[2]
SOURCES = (
    "client/vofiles/serving/metrics.py",
    "client/vofiles/serving/service.py",
    "filemanager/api/admin/measures.py",
    "filestore/api/measures.py",
)


def test_every_metric_is_explained() -> None:
    documented = {name.removesuffix("_total") for name in re.findall(r"`(vofiles_[a-z_]+)", PAGE)}
    text = "\n".join((PROJECT / source).read_text() for source in SOURCES)
    gauges = {f"vofiles_{name}" for name in re.findall(r"\.gauge\(\s*\"([a-z_]+)\"", text)}
    families = set(re.findall(r"Family\(\s*\"(vofiles_[a-z_]+)\"", text))
    assert documented == gauges | families


@pytest.mark.parametrize(
    ("name", "app"), [("filemanager", filemanager.__main__.app), ("filestore", filestore.__main__.app)]
)
def test_every_command_is_named(name: str, app: typer.Typer) -> None:
    commands = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    assert commands >= {"serve", "transfers"}
    assert [
        command for command in commands if f"`{name} {command}" not in PAGE and f"`{name} -c F {command}" not in PAGE
    ] == []
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for command in group.typer_instance.registered_commands:
            assert re.search(rf"`{name} {group.name} [^`]*{command.name}|`{group.name} {command.name}", PAGE), (
                command.name
            )
