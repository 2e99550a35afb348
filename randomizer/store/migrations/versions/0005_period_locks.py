"""The lock of a period, for a staged release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make room for it; no period is locked yet."""
    op.create_table(
        "period_lock",
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("locked_at", sa.String(27), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("period"),
    )
