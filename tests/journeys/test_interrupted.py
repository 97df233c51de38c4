"""Commands with large files, killed with SIGKILL under way: the same again goes on where they stopped."""

import json

from tests.support.dying import die_at
from tests.support.journey import Shell, Up
from vofiles import sources
from vofiles.cli.deployment import identifier

STORE = "filestore-1"


def test_commands_that_were_killed_are_typed_again(running: Up, shell: Shell) -> None:
    """With nothing but the program's own idea of what is large."""
    content = bytes(range(256)) * (sources.LARGE // 256 + 4096)
    (shell.folder / "large.bin").write_bytes(content)
    put = ["put", "--store", identifier(STORE), "large.bin", "home:large.bin"]
    die_at(sources.LARGE, put, shell.environment, shell.folder, sources.LARGE)
    (journal,) = (shell.settings / "vofiles" / "uploads").iterdir()
    transfer = json.loads(journal.read_text())["transfer"]
    with running.home() as home:
        node = home / "large.bin"
        assert not node.transfer(transfer).done
        shell.require(*put)
        assert (node.transfer(transfer).state, node.transfer(transfer).bytes_done) == ("COMPLETED", len(content))
        assert node.info().version == 1
    assert not journal.exists()

    die_at(sources.LARGE // 2, ["get", "home:large.bin", "copy.bin"], shell.environment, shell.folder, sources.LARGE)
    left = sorted(each.name for each in shell.folder.glob("copy*"))
    assert left == ["copy.bin.vofiles-part", "copy.bin.vofiles-part.json"]
    shell.require("get", "--connections", "2", "home:large.bin", "copy.bin")
    assert (shell.folder / "copy.bin").read_bytes() == content
    assert [each.name for each in shell.folder.glob("copy*")] == ["copy.bin"]
