"""Containers that a store holds and the tree does not know, and since when that has been seen."""

from sqlalchemy import Column, Table

from filemanager.persistence.schema.metadata import INSTANT, METADATA, TEXT

ORPHANS = Table(
    "orphans",
    METADATA,
    Column("container", TEXT, primary_key=True),
    Column("seen", INSTANT, nullable=False),
    sqlite_with_rowid=False,
)
