"""What `./toxw -e s3` needs is installed where a change is checked, and what it names is there."""

import configparser
import re
from pathlib import Path

from tests.support.radosgw import PROGRAMS

ROOT = Path(__file__).parents[2]
CI = (ROOT / ".ci" / "run").read_text()


def test_ceph_is_installed_in_ci_and_the_environment_run() -> None:
    listed = re.findall(r"^packages\+?=\((.*)\)$", CI, re.MULTILINE)
    assert set(PROGRAMS.values()) <= {word for words in listed for word in words.split()}
    assert re.search(r"\./toxw -e s3\b", CI)


def test_the_environment_has_a_budget_and_runs_tests_that_are_there() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    words = tox["testenv:s3"]["commands"].split()
    assert words[0] == "{env:WITHIN_S3:}"
    assert "export WITHIN_S3='timeout" in CI
    files = [word for word in words if word.startswith("tests/")]
    assert len(files) > 1
    assert all((ROOT / file).is_file() for file in files)
    assert "OBJECT_STORE = radosgw" in tox["testenv:s3"]["set_env"]
