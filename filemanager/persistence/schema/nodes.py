"""The tree: an adjacency list, and the nodes' properties.

A child is found by (parent, name) and a page of children is a range of the same index, so both cost the same in a
folder of ten and of ten million; a move changes one row whatever hangs below it.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    func,
    literal_column,
    text,
)

from filemanager.persistence.schema.accounts import ACCOUNTS
from filemanager.persistence.schema.metadata import INSTANT, KEY, METADATA, TEXT

NODES = Table(
    "nodes",
    METADATA,
    Column("key", KEY, primary_key=True),
    Column("number", TEXT, nullable=False, unique=True),
    Column("parent", KEY, ForeignKey("nodes.key"), nullable=True),
    Column("name", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("owner", KEY, ForeignKey(ACCOUNTS.c.key), nullable=False),
    Column("created", INSTANT, nullable=False),
    Column("modified", INSTANT, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    # Of the current content, or -1: NULL is the first in order for SQLite and the last for PostgreSQL.
    Column("size", BigInteger, nullable=False, server_default=text("-1")),
    UniqueConstraint("parent", "name"),
    # What is found is walked in one of these orders.
    Index(None, "owner", "name", "key"),
    Index(None, "owner", "size", "key"),
    Index(None, "owner", "modified", "key"),
    Index(None, "owner", "created", "key"),
    CheckConstraint("parent <> key", name="not_its_own_parent"),
    sqlite_autoincrement=True,
)

ROOT_OF_OWNER = Index(
    "uq_nodes_owner_kind",
    NODES.c.owner,
    NODES.c.kind,
    unique=True,
    sqlite_where=NODES.c.parent.is_(None),
    postgresql_where=NODES.c.parent.is_(None),
)
"""One root per account (I4), and one trash, which is a root of another kind."""

FOLDERS_OF_FOLDER = Index(
    "ix_nodes_folders",
    NODES.c.parent,
    sqlite_where=NODES.c.kind == literal_column("'FOLDER'"),
    postgresql_where=NODES.c.kind == literal_column("'FOLDER'"),
)
"""What is below a folder is measured along its folders, passing over any number of files."""

NODE_PROPERTIES = Table(
    "node_properties",
    METADATA,
    Column("node", KEY, ForeignKey(NODES.c.key, ondelete="CASCADE"), primary_key=True),
    Column("name", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
    sqlite_with_rowid=False,
)

HEAD_OF_VALUE = func.substr(NODE_PROPERTIES.c.value, literal_column("1"), literal_column("64"), type_=TEXT)
"""What is indexed of a property's value: PostgreSQL refuses long ones."""

PROPERTIES_BY_VALUE = Index(
    "ix_node_properties_name_head", NODE_PROPERTIES.c.name, HEAD_OF_VALUE, NODE_PROPERTIES.c.node
)
