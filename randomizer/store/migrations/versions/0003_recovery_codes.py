"""Recovery codes of those who can break a code, and which of them were used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make room for both; nobody has a code yet."""
    op.create_table(
        "recovery_codes",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("digests", sa.String(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.number"]),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "recovery_use",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.String(27), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.number"]),
        sa.PrimaryKeyConstraint("digest"),
    )
