"""Requests for another kit, and their answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

COLUMNS = ("asked_at", "answered_at", "available_at")


def upgrade() -> None:
    """Make room for them; nobody has asked yet."""
    for name in COLUMNS:
        op.add_column("period", sa.Column(name, sa.String(27), nullable=True))
