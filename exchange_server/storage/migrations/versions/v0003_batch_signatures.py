"""Paths of statements that were signed in a batch.

A migration is history: it says what the schema was, so it names no current table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was signed before was signed alone."""
    op.add_column(
        "statements",
        sa.Column("batch", sa.LargeBinary(), nullable=False, server_default=sa.text("''")),
    )
