"""A leg's record keeps what its recipient knows of it while content is held back from it.

No table changes: legs are made anew from the log, and their records with them.
"""

from __future__ import annotations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change no table."""
