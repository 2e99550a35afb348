"""Bringing a database to the present schema, by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError

from randomizer.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import Engine

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Apply every migration that the database lacks, in one transaction.

    Args:
        engine: From `randomizer.store.engine.open_engine`.

    Raises:
        Refused: A newer program migrated the database to where this one does not know the way.
    """
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise Refused(
                "A newer version of this program has been at work on this database, and this one does not "
                f"know its form: {error}. Nothing was changed.",
                next_step="Run the newer version, or restore the backup that was made before it.",
            ) from None
