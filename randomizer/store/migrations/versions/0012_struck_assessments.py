"""Blinded assessments that were struck out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make room for them; all that were signed stand."""
    op.add_column("assessment", sa.Column("struck", sa.Boolean(), nullable=False, server_default=sa.false()))
