"""A copy of the database as it is at one moment, made while it is in use."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

from randomizer.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import URL, Engine

PRIVATE_MODE = 0o600


def copy_database(engine: Engine, directory: Path) -> Path:
    """Copy the database.

    Args:
        engine: From `randomizer.store.engine.open_engine`.
        directory: Where to; it exists.

    Returns:
        The file: a SQLite database, or an archive for pg_restore.

    Raises:
        Refused: The copy could not be made, or is not sound.
    """
    if engine.dialect.name == "sqlite":
        return _copy_sqlite(engine, directory / "trial.db")
    return _dump_postgresql(engine.url, directory / "trial.dump")


def _copy_sqlite(engine: Engine, path: Path) -> Path:
    _make_private(path)
    with closing(sqlite3.connect(path)) as target:
        with closing(engine.raw_connection()) as source:
            driver = source.driver_connection
            if not isinstance(driver, sqlite3.Connection):
                raise TypeError("This is no SQLite connection.")
            driver.backup(target)
        # Of its own: a copy of a database in WAL mode would want two more files beside it.
        target.execute("PRAGMA journal_mode=DELETE")
        if target.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise Refused("The copy of the database is not sound; do not keep it.", field="database")
    return path


def _dump_postgresql(url: URL, path: Path) -> Path:
    _make_private(path)
    socket = url.query.get("host")
    known = {
        "PGHOST": url.host or (socket if isinstance(socket, str) else None),
        "PGPORT": None if url.port is None else str(url.port),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    # By environment: everybody on the machine can read the arguments of a process.
    environment = os.environ | {name: value for name, value in known.items() if value}
    try:
        subprocess.run(  # noqa: S603 - fixed arguments
            ["pg_dump", "--format=custom", "--no-password", f"--file={path}"],  # noqa: S607 - by PATH
            env=environment,
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        raise Refused(
            "pg_dump is not installed here, so nothing was copied.",
            field="database",
            next_step="Install PostgreSQL's client programs.",
        ) from None
    except subprocess.CalledProcessError as error:
        raise Refused(
            f"pg_dump ended with status {error.returncode}, so nothing was copied.",
            field="database",
            next_step="Its version must be at least that of the server, and its user may read every table.",
        ) from None
    return path


def _make_private(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE))
