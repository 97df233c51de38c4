"""How the clients that catch faults are asked, and what they answer (faults/README.md).

Rule: knows no client and no case.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.interop.stage import Workshop
from tests.support.services import User

CONTRACT: Final = Path(__file__).resolve().parents[3] / "wsdl" / "filemanager-1.wsdl"


def catch(
    catcher: Workshop, address: str, contract: Path, user: User, calls: Mapping[str, object]
) -> dict[str, list[str]]:
    """What a client says of each call, word by word."""
    cases = catcher.built / "cases"
    cases.write_text("".join(f"{call}\n" for call in calls.values()))
    done = catcher.start(catcher.client.job, address, contract, *user.auth, cases)
    said = done.stdout.decode().splitlines()
    assert done.returncode == 0, (said, done.stderr.decode())
    return dict(zip(calls, (line.split("\t") for line in said), strict=True))
