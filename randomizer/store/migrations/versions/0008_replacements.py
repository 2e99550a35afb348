"""Requests for another kit, their answers, and who checked a kit beside the pharmacist."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

COLUMNS = ("asked_at", "answered_at", "available_at")


def upgrade() -> None:
    """Make room for them; nobody has asked, and nobody had to check."""
    for name in COLUMNS:
        op.add_column("period", sa.Column(name, sa.String(27), nullable=True))
    op.add_column("period", sa.Column("checked_by", sa.Integer(), nullable=False, server_default="0"))
