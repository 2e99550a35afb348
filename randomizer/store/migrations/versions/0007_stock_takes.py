"""Stock takes, and the kits that were scanned in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make room for both; nothing was counted yet."""
    op.create_table(
        "stock_take",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("opened_at", sa.String(27), nullable=False),
        sa.Column("closed_at", sa.String(27), nullable=True),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.Column("unexpected", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site"], ["site.code"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "counted_kit",
        sa.Column("take", sa.Integer(), nullable=False),
        sa.Column("kit", sa.String(), nullable=False),
        sa.Column("counted_at", sa.String(27), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["take"], ["stock_take.number"]),
        sa.PrimaryKeyConstraint("take", "kit"),
    )
