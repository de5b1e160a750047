"""The record of a leg: what was said on it by whom.

A migration is history: it says what the schema was, so it names no current table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; legs of before have an empty record."""
    op.add_column(
        "legs", sa.Column("record", sa.Text(), nullable=False, server_default=sa.text("'{}'"))
    )
