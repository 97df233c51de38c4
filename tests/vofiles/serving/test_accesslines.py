"""The access log: a line for each request, without its ticket, and several written at a time."""

from __future__ import annotations

import io
import json
from select import PIPE_BUF

import pytest
from twisted.internet.task import Clock

from vofiles.serving.accesslines import METHOD, MOMENT, AccessLines
from vofiles.serving.http import AccessRecord
from vofiles.serving.logs import Form

RECORD = AccessRecord("GET", "/content/abcdefgh", 200, 4096, 0.0015, "id-12345", "127.0.0.1", complete=True)


@pytest.mark.parametrize("form", list(Form))
def test_a_request_is_one_line_without_its_ticket(form: Form) -> None:
    out = io.StringIO()
    AccessLines(form, stream=out).add(RECORD)
    line = out.getvalue()
    assert line.count("\n") == 1
    assert "abcdefgh" not in line
    for part in ("GET", "/content/", "200", "4096", "1.5", "id-12345", "127.0.0.1"):
        assert part in line
    assert "complete" not in line


@pytest.mark.parametrize(
    ("form", "said"), [(Form.JSON, '"operation": "getNode"'), (Form.CONSOLE, " operation=getNode")]
)
def test_an_operation_is_named(form: Form, said: str) -> None:
    out = io.StringIO()
    AccessLines(form, stream=out).add(RECORD._replace(operation="getNode"))
    assert said in out.getvalue()


def test_a_request_is_json() -> None:
    out = io.StringIO()
    AccessLines(Form.JSON, stream=out).add(
        AccessRecord("GET", '/a"\\\u2028\n', 0, 1, 0.0, "id-12345", "127.0.0.1", complete=False)
    )
    fields = json.loads(out.getvalue())
    assert (fields["event"], fields["status"], fields["complete"]) == ("request", 0, False)
    assert fields["path"] == '/a"\\\\u2028\\n'
    assert fields["timestamp"].endswith("Z")


class Pieces(io.StringIO):
    """A stream that remembers what it was given at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return super().write(text)


def test_lines_wait_a_moment_and_are_written_together() -> None:
    clock, out = Clock(), Pieces()
    lines = AccessLines(Form.JSON, stream=out, later=clock.callLater)
    for number in range(3):
        lines.add(RECORD._replace(request_id=f"id-{number}"))
    clock.advance(MOMENT * 0.9)
    assert out.pieces == []
    clock.advance(MOMENT * 0.2)
    assert len(out.pieces) == 1
    assert [json.loads(line)["request_id"] for line in out.getvalue().splitlines()] == ["id-0", "id-1", "id-2"]
    assert clock.getDelayedCalls() == []  # an idle service is not woken
    lines.add(RECORD)
    clock.advance(MOMENT)
    assert len(out.pieces) == 2


def test_what_is_written_at_a_time_a_pipe_takes_in_one_piece() -> None:
    clock, out = Clock(), Pieces()
    lines = AccessLines(Form.JSON, stream=out, later=clock.callLater)
    for number in range(1000):
        lines.add(RECORD._replace(request_id=f"id-{number}"))
    clock.advance(MOMENT)
    assert len(out.pieces) < 100
    assert all(len(piece.encode()) <= PIPE_BUF and piece.endswith("\n") for piece in out.pieces)
    assert [json.loads(line)["request_id"] for line in out.getvalue().splitlines()] == [f"id-{n}" for n in range(1000)]


def test_what_a_pipe_takes_is_counted_in_bytes() -> None:
    out = Pieces()
    lines = AccessLines(Form.CONSOLE, stream=out, later=Clock().callLater)
    for _ in range(100):
        lines.add(RECORD)
    lines.write_out()
    assert all(len(piece.encode()) <= PIPE_BUF for piece in out.pieces)
    line = out.getvalue().splitlines(keepends=True)[0]
    assert len(line.encode()) > len(line)
    assert len(out.pieces) == -(-100 // (PIPE_BUF // len(line.encode())))


@pytest.mark.parametrize("form", list(Form))
def test_a_method_without_end_is_cut(form: Form) -> None:
    out = io.StringIO()
    AccessLines(form, stream=out).add(RECORD._replace(method="M" * 5000))
    assert "M" * METHOD in out.getvalue()
    assert "M" * (METHOD + 1) not in out.getvalue()


def test_what_waits_is_written_at_the_end() -> None:
    out = io.StringIO()
    lines = AccessLines(Form.JSON, stream=out, later=Clock().callLater)
    lines.add(RECORD)
    assert out.getvalue() == ""
    lines.write_out()
    lines.write_out()
    assert out.getvalue().count("\n") == 1
