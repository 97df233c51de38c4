"""The first tables: accounts, the tree, contents, stores, transfers, history, credentials, errands.

Rule for every step: it says for itself what it makes and imports nothing of the program, whose tables will change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    add_accounts()
    add_nodes()
    add_stores()
    add_contents()
    add_transfers()
    add_changes()
    # The number of the last change.
    op.execute("INSERT INTO counters (name, value) VALUES ('changes', 0)")


def add_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("key", KEY, nullable=False),
        sa.Column("identifier", TEXT, nullable=False),
        sa.Column("community", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("home", TEXT, nullable=False),
        sa.Column("administrator", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_accounts")),
        sa.UniqueConstraint("community", "name", name=op.f("uq_accounts_community_name")),
        sa.UniqueConstraint("home", name=op.f("uq_accounts_home")),
        sa.UniqueConstraint("identifier", name=op.f("uq_accounts_identifier")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "account_properties",
        sa.Column("account", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.key"], name=op.f("fk_account_properties_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_account_properties")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "credentials",
        sa.Column("account", KEY, autoincrement=False, nullable=False),
        sa.Column("password_hash", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.key"], name=op.f("fk_credentials_account"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_credentials")),
    )
    op.create_table(
        "tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("account", KEY, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.key"], name=op.f("fk_tokens_account"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_tokens")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_tokens_account"), "tokens", ["account"], unique=False)
    op.create_index(op.f("ix_tokens_expires"), "tokens", ["expires"], unique=False)


def add_nodes() -> None:
    op.create_table(
        "nodes",
        sa.Column("key", KEY, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("parent", KEY, nullable=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("owner", KEY, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("parent <> key", name=op.f("ck_nodes_not_its_own_parent")),
        sa.ForeignKeyConstraint(["owner"], ["accounts.key"], name=op.f("fk_nodes_owner")),
        sa.ForeignKeyConstraint(["parent"], ["nodes.key"], name=op.f("fk_nodes_parent")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_nodes")),
        sa.UniqueConstraint("number", name=op.f("uq_nodes_number")),
        sa.UniqueConstraint("parent", "name", name=op.f("uq_nodes_parent_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_nodes_owner",
        "nodes",
        ["owner"],
        unique=True,
        sqlite_where=sa.text("parent IS NULL"),
        postgresql_where=sa.text("parent IS NULL"),
    )
    op.create_table(
        "node_properties",
        sa.Column("node", KEY, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["node"], ["nodes.key"], name=op.f("fk_node_properties_node"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("node", "name", name=op.f("pk_node_properties")),
        sqlite_with_rowid=False,
    )


def add_stores() -> None:
    op.create_table(
        "stores",
        sa.Column("key", KEY, nullable=False),
        sa.Column("identifier", TEXT, nullable=False),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("site", TEXT, nullable=False),
        sa.Column("storage_class", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("capabilities", TEXT, nullable=False),
        sa.Column("free", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_stores")),
        sa.UniqueConstraint("identifier", name=op.f("uq_stores_identifier")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "errands",
        sa.Column("key", KEY, nullable=False),
        sa.Column("store", KEY, nullable=False),
        sa.Column("verb", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["store"], ["stores.key"], name=op.f("fk_errands_store")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_errands")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_errands_due"), "errands", ["due"], unique=False)


def add_contents() -> None:
    op.create_table(
        "content_versions",
        sa.Column("key", KEY, nullable=False),
        sa.Column("node", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("content_type", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["node"], ["nodes.key"], name=op.f("fk_content_versions_node"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_content_versions")),
        sa.UniqueConstraint("node", "number", name=op.f("uq_content_versions_node_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "version_digests",
        sa.Column("version", KEY, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("algorithm", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["version"], ["content_versions.key"], name=op.f("fk_version_digests_version"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version", "position", name=op.f("pk_version_digests")),
        sa.UniqueConstraint("version", "algorithm", name=op.f("uq_version_digests_version_algorithm")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "replicas",
        sa.Column("key", KEY, nullable=False),
        sa.Column("version", KEY, nullable=False),
        sa.Column("store", KEY, nullable=False),
        sa.Column("container", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("slice_offset", sa.BigInteger(), nullable=False),
        sa.Column("slice_length", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["store"], ["stores.key"], name=op.f("fk_replicas_store")),
        sa.ForeignKeyConstraint(
            ["version"], ["content_versions.key"], name=op.f("fk_replicas_version"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_replicas")),
        sa.UniqueConstraint("container", name=op.f("uq_replicas_container")),
        sa.UniqueConstraint("version", "store", name=op.f("uq_replicas_version_store")),
        sqlite_autoincrement=True,
    )


def add_transfers() -> None:
    op.create_table(
        "transfers",
        sa.Column("key", KEY, nullable=False),
        sa.Column("number", TEXT, nullable=False),
        sa.Column("caller", KEY, nullable=False),
        sa.Column("direction", TEXT, nullable=False),
        sa.Column("store", KEY, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("node", KEY, nullable=True),
        sa.Column("node_number", TEXT, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("bytes_done", sa.BigInteger(), nullable=False),
        sa.Column("container", TEXT, nullable=True),
        sa.Column("expiry", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("content_type", TEXT, nullable=True),
        sa.Column("digests", TEXT, nullable=False),
        sa.Column("failure", TEXT, nullable=True),
        sa.Column("receipt", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["caller"], ["accounts.key"], name=op.f("fk_transfers_caller")),
        sa.ForeignKeyConstraint(["node"], ["nodes.key"], name=op.f("fk_transfers_node"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["store"], ["stores.key"], name=op.f("fk_transfers_store")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_transfers")),
        sa.UniqueConstraint("number", name=op.f("uq_transfers_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_transfers_node_is_open"), "transfers", ["node", "is_open"], unique=False)
    op.create_index(
        "ix_transfers_open_due",
        "transfers",
        ["due"],
        unique=False,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open = true"),
    )


def add_changes() -> None:
    op.create_table(
        "changes",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("who", TEXT, nullable=False),
        sa.Column("on_behalf_of", TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("operation", TEXT, nullable=False),
        sa.Column("before", TEXT, nullable=False),
        sa.Column("after", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_changes")),
    )
    op.create_index(op.f("ix_changes_node"), "changes", ["node"], unique=False)
    op.create_table(
        "counters",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
