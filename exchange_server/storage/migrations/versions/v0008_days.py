"""The day on which an answer is due, beside the moment of its end.

The days of legs and exchanges that a log names already are taken from it, as legs are made anew.

A migration is history: it says what the schema was, so it names no current table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    for table in ("exchanges", "legs"):
        op.add_column(table, sa.Column("due_on", sa.String(length=10), nullable=True))
