"""A leg says until when its content is kept.

No rule of retention was published before, so no leg has such a time.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and the index by which the hub finds what is due."""
    op.add_column("legs", sa.Column("kept_until", sa.BigInteger(), nullable=True))
    is_kept = sa.text("kept_until IS NOT NULL")
    op.create_index(
        "ix_legs_kept_until_exchange_id",
        "legs",
        ["kept_until", "exchange_id"],
        sqlite_where=is_kept,
        postgresql_where=is_kept,
    )
