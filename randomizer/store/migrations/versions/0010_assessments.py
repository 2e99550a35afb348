"""Blinded assessments that were signed for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make room for them; nobody has signed one yet."""
    op.create_table(
        "assessment",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("assessment", sa.String(), nullable=False),
        sa.Column("time_point", sa.String(), nullable=False),
        sa.Column("done_at", sa.String(27), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["participant"], ["participant.number"]),
        sa.PrimaryKeyConstraint("number"),
    )
