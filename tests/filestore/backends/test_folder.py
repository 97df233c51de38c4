"""The folder of a store: its owner's alone, one process's at a time, there after the loss of power."""

import os
import stat
from pathlib import Path

import pytest

from filestore.backends.folder import SECRET_BYTES, DataFolder, FolderTaken


def test_a_new_folder_is_synced_with_all_above_it_that_are_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    data = tmp_path / "archive" / "store"
    folder = DataFolder(data)
    folder.open()
    assert synced == [str(tmp_path), str(tmp_path / "archive")]
    folder.close()
    # Who made it may have been killed before it was synced.
    synced.clear()
    folder.open()
    assert synced == [str(tmp_path / "archive")]
    synced.clear()
    folder.ticket_secret()
    assert synced == [str(data / "ticket.key.new"), str(data)]
    folder.close()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_one_process_has_it_at_a_time(tmp_path: Path) -> None:
    one, other = DataFolder(tmp_path), DataFolder(tmp_path)
    one.open()
    with pytest.raises(FolderTaken):
        other.open()
    one.close()
    one.close()
    other.open()
    other.close()


def test_the_secret_is_made_once_and_never_taken_for_another(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.open()
    secret = folder.ticket_secret()
    assert len(secret) == SECRET_BYTES
    assert folder.ticket_secret() == secret
    (tmp_path / "ticket.key").write_bytes(secret[:-1])
    with pytest.raises(ValueError, match="damaged"):
        folder.ticket_secret()
    folder.close()
