"""Opening a database: SQLite or PostgreSQL through the same code."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import ExceptionContext

PATIENCE_SECONDS = 60
"""How long a writer waits for another; twenty clients at once must not fail for lack of patience."""


def open_engine(url: str, *, patience_seconds: int = PATIENCE_SECONDS) -> Engine:
    """An engine with the durability that the trial needs.

    Args:
        url: SQLAlchemy URL, ``sqlite:///...`` or ``postgresql+psycopg://...``.
        patience_seconds: How long a writer waits for another.
    """
    # Parameters stay out of exception text: they may hold what a person must not read.
    if not url.startswith("sqlite"):
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=20,
            max_overflow=20,
            connect_args={"options": f"-c lock_timeout={patience_seconds}s"},
        )
        event.listen(engine, "handle_error", _keep_rows_out_of_errors)
        return engine
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": patience_seconds})
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def begin(connection: Connection, *, read_only: bool) -> None:
    """Begin the transaction of a connection that was just opened.

    Said here and not by a listener of the engine: one that listens costs each statement a fifth of its time.

    Args:
        connection: On it nothing was executed yet.
        read_only: Whether it sees one state over all its statements and changes nothing. One that writes sees
            what was committed when it got its lock.
    """
    if connection.dialect.name == "sqlite":
        # A writer takes the write lock at once: upgrading a read lock later could only fail.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
    elif read_only:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def forget_overwritten(engine: Engine) -> bool:
    """Empty SQLite's write-ahead log, which keeps what was overwritten until then.

    Args:
        engine: From `open_engine`.

    Returns:
        Whether it is empty now; PostgreSQL vacuums in its own time and gives False.
    """
    if engine.dialect.name != "sqlite":
        return False
    with closing(engine.raw_connection()) as connection:
        busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def _keep_rows_out_of_errors(context: ExceptionContext) -> None:
    # PostgreSQL quotes the failing row in its errors, whatever SQLAlchemy hides.
    state = getattr(context.original_exception, "sqlstate", "")
    told = f"{type(context.original_exception).__name__} {state}"
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            error.args = (told,)


def _set_up_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401
    connection.isolation_level = None  # `begin` says BEGIN
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
