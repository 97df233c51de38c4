"""A certificate of this machine's own for the benchmarks of TLS, which is its own authority.

Rule: made for one run by the system's openssl, in the run's folder, and gone with it.
"""

import subprocess
from pathlib import Path

from benchmarks.deployment import Certificate

COMMAND = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"


def make_certificate(folder: Path) -> Certificate:
    """For 127.0.0.1, on P-256, as most servers have it."""
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    made.key.touch(0o600)
    files = ["-out", str(made.chain), "-keyout", str(made.key)]
    name = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*COMMAND.split(), *name, *files], check=True, capture_output=True)
    return made
