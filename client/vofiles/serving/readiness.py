"""`/readyz`: may work be sent here?

Rule: for anybody, so it tells single words; the cause is in the log. `/healthz` says whether the process is to be
restarted, this whether it is to be asked.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from vofiles.serving.http import Control, Request, Response, Route

PATH: Final = "/readyz"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: a word for whoever asks, and whether one can work with it."""

    word: str
    ready: bool = True


OK: Final = Finding("ok")
FAILING: Final = Finding("failing", ready=False)


def ready_route(checks: Mapping[str, Callable[[], Finding]]) -> Route:
    """Where readiness is asked for: 200 while all checks find it, else 503; what raises is failing."""

    def answer(_request: Request) -> Response:
        found = {name: _checked(name, check) for name, check in checks.items()}
        ready = all(finding.ready for finding in found.values())
        words = {"status": "ready" if ready else "not ready", **{name: each.word for name, each in found.items()}}
        headers = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
        return Response(200 if ready else 503, headers, json.dumps(words).encode("ascii"))

    return Route(PATH, frozenset({"GET"}), Control(answer, body_limit=0))


def _checked(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        finding = check()
    except Exception:  # noqa: BLE001 - whatever it is, the answer is that it fails
        _log.exception("not ready", check=name)
        return FAILING
    if not finding.ready:
        _log.error("not ready", check=name, found=finding.word)
    return finding
