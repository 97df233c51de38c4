"""A tree put into a database, or on a disk, as quickly as possible.

Rule: the rows are those that the service itself would have written, by another way: nodes with their contents,
digests, replicas and properties. Only the history of how they came is left out.
"""

import os
import random
import sqlite3
from base64 import b32encode
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from benchmarks.treeshape import ROOT, Planted, Sampler, Shape, properties_of, size_of, type_of
from filemanager.domain.store import Store
from filemanager.persistence.engine import open_database
from vofiles.ivorn import Ivorn

CHUNK = 50_000
START = 1_700_000_000_000_000
TABLES = {
    "nodes": (
        "key", "number", "parent", "name", "kind", "owner", "created", "modified", "generation", "version", "size",
    ),
    "content_versions": ("key", "node", "number", "size", "created", "content_type"),
    "version_digests": ("version", "position", "algorithm", "value"),
    "replicas": ("key", "version", "store", "container", "state", "slice_offset", "slice_length"),
    "node_properties": ("node", "name", "value"),
}  # fmt: skip
Fill = Callable[[str, Iterable[tuple[Any, ...]]], None]


def plant(url: str, store: str, shape: Shape) -> list[str]:
    """Puts the tree below the only home of a database, its contents in the store; some paths five steps down."""
    database = open_database(url)
    database.write(lambda tx: tx.stores.put_store(Store(Ivorn.parse(store), "http://127.0.0.1:9/filestore")))
    (home,) = database.read(lambda tx: tx.census.nodes(0, 2))
    database.close()
    sampler = Sampler()
    if home.key != ROOT:
        raise ValueError("the database has other nodes than a home")
    rows = rows_of(shape.nodes(), store, sampler)
    if url.startswith("sqlite"):
        into_sqlite(url, rows)
    else:
        into_postgresql(url, rows)
    return sampler.paths


Rows = Iterator[dict[str, list[tuple[Any, ...]]]]


def rows_of(nodes: Iterator[Planted], store: str, sampler: Sampler) -> Rows:
    """The rows by table, chunk by chunk."""
    chance = random.Random(1)

    def number() -> str:
        return b32encode(chance.randbytes(16)).decode("ascii").rstrip("=").lower()

    while chunk := list(islice(nodes, CHUNK)):
        rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
        for node in chunk:
            sampler.look(node)
            key, at = node.key, START + node.key * 1000
            if node.is_folder:
                rows["nodes"].append((key, number(), node.parent, node.name, "FOLDER", 1, at, at, 1, 0, -1))
                continue
            size = size_of(key)
            rows["nodes"].append((key, number(), node.parent, node.name, "FILE", 1, at, at + size % 997, 2, 1, size))
            rows["content_versions"].append((key, key, 1, size, at, type_of(key)))
            rows["version_digests"].append((key, 0, "xxh3-128", chance.randbytes(16).hex()))
            rows["version_digests"].append((key, 1, "sha-256", chance.randbytes(32).hex()))
            rows["replicas"].append((key, key, 1, f"{store}#{number()}", "AVAILABLE", 0, None))
            rows["node_properties"] += [(key, name, value) for name, value in properties_of(key)]
        yield rows


def into_sqlite(url: str, rows: Rows) -> None:
    """Not durably while it lasts; a file that breaks then is made anew."""
    connection = sqlite3.connect(make_url(url).database or "", isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "foreign_keys=OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    for chunk in rows:
        for table, columns in TABLES.items():
            marks = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", chunk[table])
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def into_postgresql(url: str, rows: Rows) -> None:
    """By COPY, the foreign keys taken on trust; with the statistics that autovacuum would have made by and by."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off")
        for chunk in rows:
            for table, columns in TABLES.items():
                with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as copy:
                    for row in chunk[table]:
                        copy.write_row(row)
        for table in ("nodes", "content_versions", "replicas"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'key'), (SELECT max(key) FROM {table}))".encode()
            )
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def grow(folder: Path, shape: Shape) -> None:
    """Makes the tree of folders and empty files on a disk, for servers of files; anybody may write in its folders."""
    paths = {ROOT: str(folder)}
    folder.chmod(0o777)
    for node in shape.nodes():
        path = f"{paths[node.parent]}/{node.name}"
        if node.is_folder:
            paths[node.key] = path
            Path(path).mkdir()
            Path(path).chmod(0o777)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
