"""A peer: nginx with its own DAV module, from the system's packages, serving a folder to everybody.

Rule: the peer is tuned: as many workers as processors, bodies gathered in memory before they are written, and written
on the file system where they stay, sendfile, files kept open, no log of accesses, connections that stay open.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import descendants, free_port, running, wait_for_port

PROGRAMS = ("nginx", "/usr/sbin/nginx")
SETTINGS = """
daemon off;
pid "{home}/nginx.pid";
error_log "{home}/error.log" warn;
{user}
worker_processes auto;
worker_rlimit_nofile 65536;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    keepalive_timeout 300;
    open_file_cache max=10000 inactive=300s;
    client_max_body_size 0;
    client_body_buffer_size 1m;
    client_body_temp_path "{files}/.incoming";
    proxy_temp_path "{home}/proxy";
    fastcgi_temp_path "{home}/fastcgi";
    uwsgi_temp_path "{home}/uwsgi";
    scgi_temp_path "{home}/scgi";
    server {{
        listen 127.0.0.1:{port}{secure};
        {certificate}
        root "{files}";
        location / {{ dav_methods PUT DELETE; }}
    }}
}}
"""


def program() -> str | None:
    """The server's program, where it is installed with its DAV module."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        return None
    built = subprocess.run([found, "-V"], capture_output=True, text=True, check=True).stderr
    return found if "http_dav_module" in built else None


@contextmanager
def serving(
    command: str, directory: Path, certificate: tuple[Path, Path] | None = None
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Serve `directory`/files, with TLS where there is a certificate and its key: port, and numbers of processes."""
    files = directory / "files"
    files.mkdir(parents=True)
    for folder in (directory, files):
        folder.chmod(0o777)
    port = free_port()
    config = directory / "nginx.conf"
    config.write_text(
        SETTINGS.format(
            home=directory,
            files=files,
            port=port,
            secure=" ssl" if certificate else "",
            certificate='ssl_certificate "{}"; ssl_certificate_key "{}";'.format(*certificate) if certificate else "",
            # The workers of a superuser's server would be somebody else, who may not get here.
            user="user root;" if os.geteuid() == 0 else "",
        )
    )
    with running([command, "-c", str(config), "-p", str(directory)], directory / "nginx.log") as process:
        wait_for_port(port, process)
        yield port, tuple(descendants(process.pid))
