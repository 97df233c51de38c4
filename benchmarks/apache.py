"""A peer: Apache with mod_dav, from the system's packages, serving a folder with Basic authentication.

Rule: the peer is set up to be quick: one child of threads, no locks, no log of accesses, no .htaccess files, a password
that costs one SHA-1, connections that stay open.
"""

import hashlib
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import descendants, free_port, running, wait_for_port
from benchmarks.webdav import PASSWORD, USER

PROGRAMS = ("apache2", "httpd", "/usr/sbin/apache2", "/usr/sbin/httpd")
MODULES = (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules"), Path("/etc/httpd/modules"))
LOADED = (
    "mpm_event", "unixd", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "dav", "dav_fs",
)  # fmt: skip
SETTINGS = """
ServerRoot "{home}"
ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{home}/apache.pid"
ErrorLog "{home}/error.log"
LogLevel warn
{modules}
{user}
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
StartServers 1
ServerLimit 1
ThreadLimit 25
ThreadsPerChild 25
MaxRequestWorkers 25
DavLockDB "{home}/locks/davlock"
DocumentRoot "{files}"
<Directory "{files}">
    Dav On
    AllowOverride None
    Options None
    AuthType Basic
    AuthName files
    AuthUserFile "{home}/users"
    Require valid-user
</Directory>
"""


def program() -> str | None:
    """The server's program, where it is installed with mod_dav."""
    folder = modules()
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    return found if folder is not None and (folder / "mod_dav_fs.so").exists() else None


def modules() -> Path | None:
    """The folder of its modules."""
    return next((folder for folder in MODULES if folder.is_dir()), None)


def reaches(folder: Path) -> bool:
    """Whether the server could get to a folder: that of the superuser works as somebody else."""
    return os.geteuid() != 0 or all(above.stat().st_mode & 0o001 for above in (folder, *folder.parents))


@contextmanager
def serving(command: str, directory: Path, files: Path) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Apache over `files`, as processes of its own: its port, and their numbers."""
    directory.mkdir()
    locks = directory / "locks"
    locks.mkdir()
    for folder in (directory, locks):
        folder.chmod(0o777)
    digest = b64encode(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).digest()).decode()
    (directory / "users").write_text(f"{USER}:{{SHA}}{digest}\n")
    port = free_port()
    config = directory / "apache.conf"
    config.write_text(
        SETTINGS.format(
            home=directory,
            port=port,
            files=files,
            modules="\n".join(load_lines(command)),
            # A server of the superuser works as somebody else.
            user="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
        )
    )
    with running([command, "-f", str(config), "-D", "FOREGROUND"], directory / "apache.log") as process:
        wait_for_port(port, process)
        yield port, tuple(descendants(process.pid))


def load_lines(command: str) -> Iterator[str]:
    """What loads the modules that are not in the program itself."""
    built_in = subprocess.run([command, "-l"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    folder = modules()
    for name in LOADED:
        if f"mod_{name}.c" not in built_in and f"{name.removeprefix('mpm_')}.c" not in built_in:
            yield f'LoadModule {name}_module "{folder}/mod_{name}.so"'
