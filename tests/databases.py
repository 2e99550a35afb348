"""Databases for tests: made once, then copied, since a copy costs less than what is in it."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from sqlalchemy import Engine

EMPTY = "template1"
"""The template of a PostgreSQL server's own that holds nothing."""


def on_server(server: str, name: str) -> str:
    """URL of a database of this name.

    Args:
        server: URL of the server, as the fixture ``postgres_url`` gives it.
        name: The database, which exists or not.
    """
    return server.replace("/postgres?", f"/{name}?", 1)


def copy_on_server(server: str, template: str, name: str) -> None:
    """Copy a database that nobody is connected to."""
    _say(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')


@contextlib.contextmanager
def only_reading(engine: Engine) -> Iterator[None]:
    """For a while, the database can be read and not written."""

    def check_out(connection: Any, *_: object) -> None:  # noqa: ANN401 - of either driver
        if engine.dialect.name == "sqlite":
            connection.execute(f"PRAGMA query_only = {'ON' if frozen else 'OFF'}")
        else:
            connection.read_only = frozen

    frozen = True
    event.listen(engine, "checkout", check_out)
    yield
    frozen = False  # and every connection is told so when it is taken again


@contextlib.contextmanager
def copied_on_server(server: str, template: str) -> Iterator[str]:
    """Give the URL of a copy, which ends with the block."""
    name = f"test_{uuid4().hex}"
    copy_on_server(server, template, name)
    yield on_server(server, name)
    _say(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def copied_file(path: Path, directory: Path) -> str:
    """URL of a copy of a database file, in a directory of the test's own."""
    shutil.copy(path, directory / "trial.db")
    return f"sqlite:///{directory}/trial.db"


@contextlib.contextmanager
def copied(request: pytest.FixtureRequest, template: Path | str, directory: Path) -> Iterator[str]:
    """Give the URL of a copy of a database file or of a named database on the server."""
    if isinstance(template, Path):
        yield copied_file(template, directory)
        return
    with copied_on_server(request.getfixturevalue("postgres_url"), template) as url:
        yield url


def _say(server: str, statement: str) -> None:
    import psycopg  # noqa: PLC0415 an optional extra

    with contextlib.closing(
        psycopg.connect(server.replace("+psycopg", "", 1), autocommit=True)
    ) as connection:
        connection.execute(statement.encode())
