"""A reason can be erased by an act; the values beside it never change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TABLE = "entry_values"
TRIGGER = "entry_values_erase"
CHANGED = """
NEW.why <> '' OR NEW.erased_by <= OLD.number OR NEW.number <> OLD.number
OR NEW.salt <> OLD.salt OR NEW.content <> OLD.content
"""
SENTENCE = "Of an entry only the reason is ever erased, by an act."


def upgrade() -> None:
    """Let each reason say what erased it, and guard all else."""
    op.add_column(TABLE, sa.Column("erased_by", sa.Integer(), nullable=False, server_default="0"))
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {TRIGGER}")
        op.execute(
            f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE ON {TABLE} WHEN ({CHANGED}) "
            f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
        )
        return
    op.alter_column(TABLE, "erased_by", server_default=None)
    op.execute(f"DROP TRIGGER {TRIGGER} ON {TABLE}")
    op.execute(
        f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE ON {TABLE} FOR EACH ROW WHEN ({CHANGED}) "
        f"EXECUTE FUNCTION {TRIGGER}()"
    )
