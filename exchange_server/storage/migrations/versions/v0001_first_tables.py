"""The first tables.

A migration is history: it says what the schema was, so it names no current table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "parties",
        sa.Column("agency", sa.String(length=131), nullable=False),
        sa.Column("party", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("initial_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leg", sa.String(length=131), nullable=False),
        sa.Column("exchange_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("agency", "party", "initial_index", "leg", name=op.f("pk_parties")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_parties_agency_initial_index"),
        "parties",
        ["agency", "initial_index"],
        unique=False,
    )
    op.create_table(
        "deliveries",
        sa.Column("payload_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("member_uri", sa.String(length=255), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("payload_sha256", "member_uri", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "directory_entries",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_directory_entries")),
        sa.UniqueConstraint("log_index", name=op.f("uq_directory_entries_log_index")),
    )
    op.create_table(
        "exchanges",
        sa.Column("exchange_id", sa.String(length=36), nullable=False),
        sa.Column("initial_index", sa.BigInteger(), nullable=False),
        sa.Column("initial_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("initiator", sa.String(length=131), nullable=False),
        sa.Column("initiated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("handling", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", name=op.f("pk_exchanges")),
        sa.UniqueConstraint("initial_index", name=op.f("uq_exchanges_initial_index")),
    )
    op.create_table(
        "feed",
        sa.Column("agency", sa.String(length=131), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("exchange_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("agency", "position", "entry_index", name=op.f("pk_feed")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_feed_exchange_id_agency_entry_index"),
        "feed",
        ["exchange_id", "agency", "entry_index"],
        unique=False,
    )
    op.create_table(
        "legs",
        sa.Column("exchange_id", sa.String(length=36), nullable=False),
        sa.Column("agency", sa.String(length=131), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("awaits", sa.LargeBinary(length=32), nullable=False),
        sa.Column("handling", sa.SmallInteger(), nullable=False),
        sa.Column("tlp", sa.SmallInteger(), nullable=False),
        sa.Column("subject_count", sa.BigInteger(), nullable=False),
        sa.Column("was_released", sa.Boolean(), nullable=False),
        sa.Column("approvals_required", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("approvers", sa.Text(), nullable=False),
        sa.Column("approvals", sa.Text(), nullable=False),
        sa.Column("hidden", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", "agency", name=op.f("pk_legs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_entries",
        sa.Column(
            "idx",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=32), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("event", sa.SmallInteger(), nullable=False),
        sa.Column("actor_agency", sa.String(length=131), nullable=False),
        sa.Column("exchange_id", sa.String(length=36), nullable=False),
        sa.Column("payload_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_log_entries")),
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("last_time", sa.BigInteger(), nullable=True),
        sa.Column("directory_size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "log_tiles",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(length=8192), nullable=False),
        sa.PrimaryKeyConstraint("level", "idx", name=op.f("pk_log_tiles")),
    )
    op.create_table(
        "part_chunks",
        sa.Column("part_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("part_id", "seq", name=op.f("pk_part_chunks")),
    )
    op.create_table(
        "parts",
        sa.Column("payload_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("part_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("payload_sha256", "name", name=op.f("pk_parts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staged_parts",
        sa.Column("part_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("agency", sa.String(length=131), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("staged_at", sa.BigInteger(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("part_id", name=op.f("pk_staged_parts")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_staged_parts_agency_sha256"), "staged_parts", ["agency", "sha256"], unique=False
    )
    op.create_table(
        "statements",
        sa.Column("payload_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("author_agency", sa.String(length=131), nullable=False),
        sa.Column("statement_id", sa.String(length=36), nullable=False),
        sa.Column("exchange_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("legs", sa.Text(), nullable=False),
        sa.Column("supervisors", sa.Text(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("payload_sha256", name=op.f("pk_statements")),
        sa.UniqueConstraint("log_index", name=op.f("uq_statements_log_index")),
        sa.UniqueConstraint(
            "statement_id", "author_agency", name=op.f("uq_statements_statement_id_author_agency")
        ),
    )


def downgrade() -> None:
    """Refuse: a log is never taken apart."""
    raise RuntimeError("the first schema has nothing before it")
