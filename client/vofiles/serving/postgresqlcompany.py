"""A company on PostgreSQL: words by LISTEN and NOTIFY, and who leads by an advisory lock of the session.

Rule: one thread and one connection for all of it. The lock is the session's, so that it is free the moment the server
sees the session end, however the process did; who finds the connection gone leads no longer before anything else. The
connection goes to the server itself: a pooler that hands sessions from one to another (PgBouncer's transaction mode)
keeps neither locks nor listeners.
"""

import hashlib
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

import psycopg
import structlog
from sqlalchemy import make_url

from vofiles.serving.company import Duty, Hearers, Office

LOOK: Final = 1.0
"""Seconds between two tries to lead, and after a connection that was lost."""
LONGEST_WORD: Final = 1_000
"""Characters of a topic and its word; PostgreSQL takes 8000 bytes."""
_WAITING: Final = 10_000
"""Words that wait to be told at most; the oldest is forgotten first."""

_TRY: Final = "SELECT pg_try_advisory_lock(%s)"
_TELL: Final = "SELECT pg_notify(%s, %s)"
_OPTIONS: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    # A server that is gone without a word is noticed within seconds, not hours.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    # A word is no news worth a sync of the disk.
    "options": "-c synchronous_commit=off -c client_encoding=UTF8",
    "autocommit": True,
}

_log = structlog.get_logger(__name__)


class PostgresqlCompany:
    """The port Company among the processes on one database that give the same name."""

    def __init__(self, url: str, name: str) -> None:
        """`name` is the service's: two services may share a database's server, and even the database."""
        digest = hashlib.sha256(name.encode()).digest()
        self._lock = int.from_bytes(digest[:8], "big", signed=True)
        self._channel = f"vofiles_{digest[:8].hex()}"
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._hearers = Hearers()
        self._office: Office | None = None
        self.leads = False
        """Whether this process leads, as far as it knows."""
        self._outgoing: deque[str] = deque(maxlen=_WAITING)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="company", daemon=True)
        self._next_try = 0.0
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker):
            end.setblocking(False)  # noqa: FBT003 - its one argument

    def tell(self, topic: str, word: str = "") -> None:
        self._hearers.call(topic, word)
        said = f"{topic} {word}"
        if len(said) > LONGEST_WORD:
            raise ValueError(f"a word about {topic} of {len(word)} characters is too long")
        self._outgoing.append(said)
        self._rouse()

    def hear(self, topic: str, listen: Callable[[str], None]) -> None:
        self._hearers.add(topic, listen)

    def start(self, duties: Callable[[], Iterable[tuple[str, Duty]]]) -> None:
        self._office = Office(duties)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._rouse()
        if self._thread.ident is not None:
            self._thread.join()
        self._woken.close()
        self._waker.close()

    def _rouse(self) -> None:
        # Where it is full whoever waits is woken anyway; where it is closed nobody waits any more.
        with suppress(OSError):
            self._waker.send(b".")

    # --- the company's thread ---

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                # Operators see in pg_stat_activity which process it is, and with pg_locks which one leads.
                with psycopg.connect(self._url, application_name=f"vofiles {os.getpid()}", **_OPTIONS) as connection:
                    self._attend(connection)
            except psycopg.Error as error:
                _log.warning("the others cannot be heard", reason=str(error).strip()[:200])
            except Exception:  # noqa: BLE001 - a duty that could not begin; the next turn may do better
                _log.exception("leading failed")
            finally:
                self._step_down()
            self._stopping.wait(LOOK)

    def _attend(self, connection: "psycopg.Connection[Any]") -> None:
        connection.execute(f'LISTEN "{self._channel}"'.encode("ascii"))
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
        waiting.register(self._woken.fileno(), select.POLLIN)
        while not self._stopping.is_set():
            self._tell_others(connection)
            self._try_to_lead(connection)
            self._listen(connection)
            if not self._outgoing:
                waiting.poll(LOOK * 1000)
            self._calm()
        if self.leads:
            # Duties end before the lock is another's, where there is time for that.
            self._step_down()

    def _tell_others(self, connection: "psycopg.Connection[Any]") -> None:
        said = list(dict.fromkeys(self._outgoing.popleft() for _ in range(len(self._outgoing))))
        if said:
            with connection.pipeline(), connection.cursor() as cursor:
                cursor.executemany(_TELL, [(self._channel, each) for each in said])

    def _try_to_lead(self, connection: "psycopg.Connection[Any]") -> None:
        now = time.monotonic()
        if self.leads or now < self._next_try:
            return
        self._next_try = now + LOOK
        row = connection.execute(_TRY, (self._lock,)).fetchone()
        if row is not None and row[0]:
            _log.info("leads")
            self.leads = True
            assert self._office is not None
            self._office.begin()

    def _listen(self, connection: "psycopg.Connection[Any]") -> None:
        own = connection.info.backend_pid
        for word in connection.notifies(timeout=0):
            if word.pid != own:
                topic, _, text = word.payload.partition(" ")
                self._hearers.call(topic, text)

    def _step_down(self) -> None:
        if self.leads:
            self.leads = False
            _log.info("leads no longer")
            assert self._office is not None
            self._office.end()

    def _calm(self) -> None:
        try:
            while self._woken.recv(4096):
                pass
        except BlockingIOError:
            return
