"""When the next quality result of a participant is due, and whether one is out of limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make room for it; no result is awaited yet."""
    op.create_table(
        "quality_watch",
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("due_at", sa.String(27), nullable=True),
        sa.Column("out_of_limits", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["participant"], ["participant.number"]),
        sa.PrimaryKeyConstraint("participant"),
    )
