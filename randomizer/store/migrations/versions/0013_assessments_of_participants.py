"""An index over the participants of blinded assessments: each new one is looked for among those of one."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make it; on large trials it spares a look at every assessment."""
    op.create_index("ix_assessment_participant", "assessment", ["participant"])
