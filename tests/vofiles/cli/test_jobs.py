"""`jobs`: what is at work, how it went, stopped and tried again; and Ctrl-C, which leaves a job at work."""

import json
from collections.abc import Iterator
from contextlib import nullcontext

import pytest

import vofiles as library
from tests.support.commands import Command
from tests.support.serving import wait_until
from tests.support.taps import running_tap
from vofiles.cli import progress
from vofiles.cli.demo.web import small_web
from vofiles.errors import SourceUnreachable


@pytest.fixture
def home(vofiles: Command) -> Iterator[library.Home]:
    with library.connect() as home:
        yield home


def test_a_job_that_is_at_work(vofiles: Command, place: str, home: library.Home) -> None:
    with running_tap(size=100) as tap:
        job = home.at(place).import_tree({"a b/slow": tap.url}, wait=False)
        assert job.id in vofiles.require("jobs")
        (line,) = [line for line in vofiles.require("jobs").splitlines() if line.startswith(job.id)]
        assert line.split()[1:4] == [
            "importTree",
            json.loads(vofiles.require("jobs", job.id, "--json"))["state"].lower(),
            "0/1",
        ]
        said = vofiles.require("jobs", job.id)
        assert "items: " in said
        assert "0 of 1 done" in said
        assert vofiles.require("jobs", job.id, "--items").split()[1:] == ["-", "a", "b/slow"]
        vofiles.require("jobs", job.id, "--cancel")
        wait_until(lambda: job.refresh().is_ended, "the job's end")
    assert json.loads(vofiles.require("jobs", job.id, "--json"))["state"] == "CANCELLED"
    code, said = vofiles.refuse("jobs", job.id, "--wait")
    assert (code, "it was cancelled" in said) == (1, True)


def test_what_failed_is_tried_again(vofiles: Command, place: str, home: library.Home) -> None:
    files = {"there": b"x"}
    with small_web(files) as web:
        with pytest.raises(SourceUnreachable) as failed:
            home.at(place).import_tree({name: web.url(name) for name in ("there", "later")})
        number = dict(failed.value.properties)["job"]
        assert "1 failed" in vofiles.require("jobs", number)
        rows = json.loads(vofiles.require("jobs", number, "--items", "--json"))
        assert {row["path"]: row["state"] for row in rows} == {"there": "DONE", "later": "FAILED"}
        code, said = vofiles.refuse("jobs", number, "--retry", "--wait")
        assert (code, "1 of 2 failed" in said) == (5, True)
        files["later"] = b"later"
        assert "2 of 2 done" in vofiles.require("jobs", number, "--retry", "--wait")
    assert vofiles.require("get", f"{place}/later", "-") == "later"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["no-such-job"], 3, "There is no job"),
        (["--items"], 2, "say which job"),
        (["x", "--cancel", "--retry"], 2, "--cancel stops a job"),
    ],
)
def test_refusals(words: list[str], code: int, said: str, vofiles: Command) -> None:
    ended, told = vofiles.refuse("jobs", *words)
    assert (ended, said in told) == (code, True)


def test_whoever_stops_waiting_is_told_how_to_look_again(
    vofiles: Command,
    place: str,
    home: library.Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: library.JobInfo) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(progress, "items", lambda _: nullcontext(interrupted))
    with running_tap(size=100) as tap:
        job = home.at(place).import_tree({"slow": tap.url}, wait=False)
        done = vofiles.run("jobs", job.id, "--wait")
        assert done.code == 130
        assert done.err.splitlines() == [
            f"vofiles: the job goes on: vofiles jobs {job.id} shows how far it is, --cancel stops it",
            "vofiles: interrupted",
        ]
        assert not job.refresh().is_ended
        job.cancel()
