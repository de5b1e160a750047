"""Signatures by the second key of a certificate, beside those of the first.

SQLite keeps the column behind the sealed bytes, where an empty one costs a reader nothing. To move
it before them would copy the whole table.

A migration is history: it says what the schema was, so it names no current table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was signed before has no such signature."""
    op.add_column("log_entries", sa.Column("post_quantum_signature", sa.LargeBinary()))
