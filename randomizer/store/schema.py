"""Bringing a database to the present schema, by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from randomizer.errors import Refused
from randomizer.store.engine import begin

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).parent / "migrations"


def newest() -> str:
    """The revision of the newest migration; the names of their files begin with it."""
    return max(path.name for path in (MIGRATIONS / "versions").glob("*.py")).split("_")[0]


def upgrade(engine: Engine) -> None:
    """Apply every migration that the database lacks, in one transaction; where none is, only look.

    Args:
        engine: From `randomizer.store.engine.open_engine`.

    Raises:
        Refused: A newer program migrated the database to where this one does not know the way.
    """
    with engine.connect() as connection:
        begin(connection, read_only=True)
        if _revisions(connection) == [newest()]:
            return
    with engine.begin() as connection:
        begin(connection, read_only=False)
        _migrate(connection)


def _revisions(connection: Connection) -> list[str]:
    if not inspect(connection).has_table("alembic_version"):
        return []
    return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def _migrate(connection: Connection) -> None:
    # Loading Alembic takes a fifth of the start of a process, and nearly every one finds nothing to do.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

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
