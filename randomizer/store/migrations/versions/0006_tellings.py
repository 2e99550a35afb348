"""To whom the answer of a code break goes, and how."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make room; of code breaks from before, who broke the code was told."""
    op.create_table(
        "telling",
        sa.Column("intent", sa.String(), nullable=False),
        sa.Column("participant", sa.String(), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("way", sa.String(64), nullable=False),
        sa.Column("reader", sa.Integer(), nullable=False),
        sa.Column("page_opened_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["intent"], ["code_break.intent"]),
        sa.ForeignKeyConstraint(["participant"], ["participant.number"]),
        sa.PrimaryKeyConstraint("intent"),
    )
    op.create_index("ix_telling_reader", "telling", ["reader"])
