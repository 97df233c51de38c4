"""What hostile XML costs a SOAP service: `python -m benchmarks.attacks`. Each attack in a process of its own.

Rule: the whole handler is measured (gate, schema, spyne, fault), with the engine's limit on bodies left out; what is to
be seen is CPU below 250 ms and memory below 32 MiB for any of them, and that each ends in a fault.
"""

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import structlog

from benchmarks.figures import size_text, table
from vofiles.contract import FILEMANAGER, FILEMANAGER_NAMESPACE
from vofiles.serving.http import Headers, Request, Response
from vofiles.serving.soap import SoapService

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ROUNDS = 5
NODE = "ivo://a/b#1"


def _envelope(body: str, before: str = "") -> bytes:
    return f'{before}<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def _call(content: str) -> bytes:
    return _envelope(f'<setProperties xmlns="{FILEMANAGER_NAMESPACE}"><node>{NODE}</node>{content}</setProperties>')


def _attributes(count: int) -> str:
    return " ".join(f"a{number}='v'" for number in range(count))


def _namespaces(count: int) -> str:
    return " ".join(f"xmlns:a{number}='u{number}'" for number in range(count))


def _bomb() -> str:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    return f'<!DOCTYPE s [<!ENTITY e0 "boom">{entities}]>'


PROPERTY = "<property><key>k</key><value>v</value></property>"
ATTACKS: dict[str, Callable[[], bytes]] = {
    "100 000 attributes": lambda: _envelope(f"<op {_attributes(100_000)}/>"),
    "20 000 attributes": lambda: _envelope(f"<op {_attributes(20_000)}/>"),
    "10 000 namespaces": lambda: _envelope(f"<op {_namespaces(10_000)}/>"),
    "entity bomb": lambda: _envelope("<op>&e11;</op>", _bomb()),
    "external entity": lambda: _envelope("<op>&x;</op>", '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///dev/zero">]>'),
    "30 000 deep": lambda: _envelope("<a>" * 30_000 + "</a>" * 30_000),
    "60 000 elements": lambda: _envelope(f"<op>{'<a/>' * 60_000}</op>"),
    "19 000 unknown elements": lambda: _call("<a/>" * 19_000),
    "5 000 properties, the last one wrong": lambda: _call(PROPERTY * 5_000 + "<x/>"),
    "5 000 properties": lambda: _call(PROPERTY * 5_000),
    "600 elements of 32 attributes": lambda: _envelope(f"<op>{f'<a {_attributes(32)}/>' * 600}</op>"),
    "a comment of 256 KiB": lambda: _envelope(f"<!--{'x' * 262_000}-->"),
    "40 000 character references": lambda: _call(f"<removeKey>{'&#65;' * 40_000}</removeKey>"),
    "an identifier of 60 KiB": lambda: _envelope(
        f'<getNode xmlns="{FILEMANAGER_NAMESPACE}"><node>ivo://{"a/" * 30_000}</node></getNode>'
    ),
    "a path of 30 000 steps": lambda: _envelope(
        f'<getNode xmlns="{FILEMANAGER_NAMESPACE}"><node>{NODE}{"/a" * 30_000}</node></getNode>'
    ),
}
HEADERS = Headers([("content-type", "text/xml; charset=utf-8")])


def _refuse(*_: object) -> object:
    raise ValueError("nothing to do here")


def _answer(service: SoapService, body: bytes) -> Response:
    request = Request("POST", "/", "/", "", HEADERS, "1.1", "h", "127.0.0.1", "attack", body=body)
    answer = service(request)
    assert isinstance(answer, Response)
    return answer


def _drop(*_: object) -> NoReturn:
    raise structlog.DropEvent


def _status_kib(key: str) -> int:
    """A figure of /proc/self/status in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


def _measure(name: str) -> tuple[int, float, float, int]:
    """Bytes of the attack, CPU seconds, MiB on top of what the service takes anyway, HTTP status."""
    structlog.configure(processors=[_drop])
    functions = dict.fromkeys((operation.name for operation in FILEMANAGER), _refuse)
    service = SoapService(FILEMANAGER, FILEMANAGER_NAMESPACE, "filemanager-1.wsdl", {}, functions, lambda _: "")
    body = ATTACKS[name]()
    _answer(service, _call(""))  # what is made once is made now
    Path("/proc/self/clear_refs").write_text("5")  # sets VmHWM back
    before, started = _status_kib("VmRSS"), time.process_time()
    answers = [_answer(service, body) for _ in range(ROUNDS)]
    spent = (time.process_time() - started) / ROUNDS
    return len(body), spent, (_status_kib("VmHWM") - before) / 1024, answers[0].status


def main() -> None:
    """Measures each attack and prints the table."""
    rows = []
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name in ATTACKS:
            size, cpu, memory, status = pool.apply(_measure, (name,))
            rows.append((name, size_text(size), f"{cpu * 1000:.1f}", f"{memory:.1f}", str(status)))
    table(f"Hostile XML, mean CPU of {ROUNDS}", ("attack", "size", "CPU ms", "MiB more", "status"), rows)


if __name__ == "__main__":
    main()
