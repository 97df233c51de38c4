"""`[s3]` in a store's configuration: what it takes, where its secrets may be, and that no message holds one."""

from pathlib import Path

import pytest

from filestore.config import S3, load
from vofiles.configuration import ConfigurationError

HEAD = 'identifier = "ivo://a/filestore"\ndata = "data"\n'
PLAIN = 'bucket = "contents"\naccess_key = "some"\nsecret_key = "very-secret"\n'


def written(folder: Path, section: str, mode: int = 0o600) -> Path:
    path = folder / "filestore.toml"
    path.touch(mode=0o600)
    path.write_text(HEAD + "[s3]\n" + section)
    path.chmod(mode)
    return path


def settings(folder: Path, section: str, mode: int = 0o600) -> S3:
    found = load(written(folder, section, mode)).s3
    assert found is not None
    return found


def refusal(folder: Path, section: str, mode: int = 0o600) -> str:
    with pytest.raises(ConfigurationError) as raised:
        load(written(folder, section, mode))
    assert "very-secret" not in str(raised.value)
    return str(raised.value)


def test_what_is_not_said_is_as_written_down(tmp_path: Path) -> None:
    assert settings(tmp_path, PLAIN) == S3("contents", "some", "very-secret")
    assert "very-secret" not in repr(settings(tmp_path, PLAIN))


def test_without_it_contents_are_in_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "filestore.toml"
    path.write_text(HEAD)
    assert load(path).s3 is None


def test_everything_can_be_said(tmp_path: Path) -> None:
    more = (
        'endpoint = "https://s3.example.org/"\nprefix = "/vofiles/leicester/"\nregion = "eu-west-2"\n'
        'addressing = "virtual"\nauthorities = "ca.pem"\ndirect = true\ntrusted = true\n'
    )
    assert settings(tmp_path, PLAIN + more) == S3(
        "contents", "some", "very-secret", "https://s3.example.org", "vofiles/leicester/", "eu-west-2", "virtual",
        tmp_path / "ca.pem", direct=True, trusted=True,
    )  # fmt: skip


def test_keys_may_be_in_files_of_their_own(tmp_path: Path) -> None:
    for name, text in (("access", "some\n"), ("secret", "very-secret\n")):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(text)
    section = 'bucket = "contents"\naccess_key_file = "access"\nsecret_key_file = "secret"\n'
    # Then the configuration has no secret in it.
    found = settings(tmp_path, section, 0o644)
    assert (found.access_key, found.secret_key) == ("some", "very-secret")
    (tmp_path / "secret").chmod(0o644)
    assert "others can read" in refusal(tmp_path, section)
    (tmp_path / "secret").unlink()
    assert "cannot be read" in refusal(tmp_path, section)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    assert "others can read" in refusal(tmp_path, PLAIN, 0o640)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (PLAIN.replace('bucket = "contents"\n', ""), "s3.bucket: it is missing"),
        (PLAIN.replace('access_key = "some"\n', ""), "s3.access_key: it is missing"),
        (PLAIN.replace('secret_key = "very-secret"\n', ""), "s3.secret_key: it is missing"),
        (PLAIN.replace("contents", "two words"), "the name of a bucket"),
        (PLAIN.replace("very-secret", "very-secret one"), "without spaces"),
        (PLAIN + 'secret_key_file = "other"\n', "give one of the two"),
        (PLAIN + 'prefix = "../other"\n', "s3.prefix"),
        (PLAIN + 'prefix = "a//b"\n', "s3.prefix"),
        (PLAIN + 'prefix = "staging"\n', "a store one step above"),
        (PLAIN + 'prefix = "vofiles/quarantine/"\n', "a store one step above"),
        (PLAIN + 'endpoint = "s3.example.org"\n', "s3.endpoint"),
        (PLAIN + 'addressing = "both"\n', "path, virtual"),
        (PLAIN + 'secret = "very-secret"\n', "there is no such key"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, section: str, told: str) -> None:
    assert told in refusal(tmp_path, section)
