"""One row for a statement: its entry, its signed bytes and the sealed parts beside it.

- Statements move into their entries. Parts and deliveries are found by the index of a statement's
  entry, no longer by its digest.
- Sealed bytes stay where they are, in chunks. Those of new statements stand in the entry's row.
- Exchanges and parties lose the indexes that nothing asks by.

A migration is history: it says what the schema was, so it names no current table. SQLite needs
room for the statements twice while it runs, and gives it back for new rows.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_IS_STATEMENT = sa.text("statement_id IS NOT NULL")


def upgrade() -> None:
    """Make the tables anew, and fill them from the old ones."""
    for table in ("log_entries", "statements", "exchanges", "deliveries", "parts"):
        _set_aside(table)
    _make_log_entries()
    _make_exchanges()
    _make_deliveries()
    _make_parts()
    op.drop_index("ix_parties_agency_initial_index", table_name="parties")
    for table in ("parts", "deliveries", "exchanges", "statements", "log_entries"):
        op.drop_table(f"old_{table}")


def _set_aside(table: str) -> None:
    op.rename_table(table, f"old_{table}")
    if op.get_bind().dialect.name == "postgresql":
        # The names of its indexes are taken until the table is gone.
        found = sa.inspect(op.get_bind())
        names = [each["name"] for each in found.get_indexes(f"old_{table}")]
        names.append(found.get_pk_constraint(f"old_{table}")["name"])
        for name in names:
            op.execute(sa.text(f'ALTER INDEX "{name}" RENAME TO "old_{name}"'))


def _make_log_entries() -> None:
    op.create_table(
        "log_entries",
        sa.Column(
            "idx",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("leaf_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=32), nullable=False),
        sa.Column("event", sa.SmallInteger(), nullable=False),
        sa.Column("actor_agency", sa.String(length=131), nullable=False),
        sa.Column("exchange_id", sa.String(length=36), nullable=False),
        sa.Column("payload_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("statement_id", sa.String(length=36)),
        sa.Column("kind", sa.String(length=32)),
        sa.Column("urgency", sa.SmallInteger()),
        sa.Column("legs", sa.Text()),
        sa.Column("supervisors", sa.Text()),
        sa.Column("certificate_sha256", sa.LargeBinary(length=32)),
        sa.Column("signature", sa.LargeBinary()),
        sa.Column("batch", sa.LargeBinary()),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_log_entries")),
    )
    op.execute(
        "INSERT INTO log_entries (idx, leaf_hash, nonce, event, actor_agency, exchange_id, "
        "payload_sha256, entry, statement_id, kind, urgency, legs, supervisors, "
        "certificate_sha256, signature, batch, payload) "
        "SELECT e.idx, e.leaf_hash, e.nonce, e.event, e.actor_agency, e.exchange_id, "
        "e.payload_sha256, e.entry, s.statement_id, s.kind, s.urgency, s.legs, s.supervisors, "
        "s.certificate_sha256, s.signature, s.batch, s.payload "
        "FROM old_log_entries e LEFT JOIN old_statements s ON s.log_index = e.idx ORDER BY e.idx"
    )
    op.create_index(
        op.f("uq_log_entries_statement_id_actor_agency"),
        "log_entries",
        ["statement_id", "actor_agency"],
        unique=True,
        sqlite_where=_IS_STATEMENT,
        postgresql_where=_IS_STATEMENT,
    )
    op.create_index(
        op.f("ix_log_entries_payload_sha256"),
        "log_entries",
        ["payload_sha256"],
        unique=False,
        sqlite_where=_IS_STATEMENT,
        postgresql_where=_IS_STATEMENT,
    )


def _make_exchanges() -> None:
    op.create_table(
        "exchanges",
        sa.Column("exchange_id", sa.String(length=36), nullable=False),
        sa.Column("initial_index", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("initiator", sa.String(length=131), nullable=False),
        sa.Column("initiated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("handling", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", name=op.f("pk_exchanges")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO exchanges SELECT exchange_id, initial_index, kind, initiator, initiated_at, "
        "updated_at, due_at, urgency, handling FROM old_exchanges ORDER BY exchange_id"
    )


def _make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("statement_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_uri", sa.String(length=255), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("statement_index", "member_uri", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO deliveries SELECT s.log_index, d.member_uri, d.log_index "
        "FROM old_deliveries d JOIN old_statements s ON s.payload_sha256 = d.payload_sha256"
    )


def _make_parts() -> None:
    op.create_table(
        "parts",
        sa.Column("log_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("part_id", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("log_index", "name", name=op.f("pk_parts")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO parts SELECT s.log_index, p.name, p.part_id "
        "FROM old_parts p JOIN old_statements s ON s.payload_sha256 = p.payload_sha256"
    )
