"""Passkeys, how often each has signed, and the challenges that were answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make room for all three; nobody has a passkey yet."""
    op.create_table(
        "passkey",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("credential", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("relying_party", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("added_at", sa.String(27), nullable=False),
        sa.Column("removed_at", sa.String(27), nullable=True),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.number"]),
        sa.PrimaryKeyConstraint("handle"),
        sa.UniqueConstraint("credential"),
    )
    op.create_index("ix_passkey_account", "passkey", ["account"])
    op.create_table(
        "passkey_use",
        sa.Column("handle", sa.String(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.String(27), nullable=True),
        sa.ForeignKeyConstraint(["handle"], ["passkey.handle"]),
        sa.PrimaryKeyConstraint("handle"),
    )
    op.create_table(
        "challenge_use",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("used_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
