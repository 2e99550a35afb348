"""Instances for the tests of services: a draft, and one that is active, on each database."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests import activated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from randomizer.domain.definition_values import Definition
    from tests.activated import Instance, Rehearsal


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """A sealed rehearsal with 20 slots; nobody writes into it."""
    return activated.seal_rehearsal(tmp_path_factory.mktemp("sealed") / "bundle")


@pytest.fixture(scope="session")
def definition(rehearsal: Rehearsal) -> Definition:
    """The definition of the rehearsal."""
    return rehearsal.definition


@pytest.fixture
def draft(database_url: str, definition: Definition) -> Iterator[Instance]:
    """A draft with everybody, nothing signed yet, on each database."""
    activated.migrate(database_url)
    with activated.opened(database_url, definition) as instance:
        activated.draft(instance)
        yield instance


@pytest.fixture(scope="session")
def activated_sqlite(tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal) -> tuple[Path, datetime]:
    """A database file with an active trial, to be copied, and the time at which it was left."""
    path = tmp_path_factory.mktemp("activated") / "trial.db"
    return path, _activate(f"sqlite:///{path}", rehearsal)


@pytest.fixture(scope="session")
def activated_postgresql(postgres_url: str, rehearsal: Rehearsal) -> tuple[str, datetime]:
    """Name of a database with an active trial, to be copied, and the time at which it was left."""
    name = f"activated_{uuid4().hex}"
    _on_server(postgres_url, f'CREATE DATABASE "{name}"')
    return name, _activate(postgres_url.replace("/postgres?", f"/{name}?", 1), rehearsal)


@pytest.fixture(params=["sqlite", "postgresql"])
def instance(request: pytest.FixtureRequest, tmp_path: Path, definition: Definition) -> Iterator[Instance]:
    """An active trial with two open sites, of the test's own, on each database."""
    if request.param == "sqlite":
        path, now = request.getfixturevalue("activated_sqlite")
        shutil.copy(path, tmp_path / "trial.db")
        with activated.opened(f"sqlite:///{tmp_path}/trial.db", definition, now) as found:
            yield found
        return
    template, now = request.getfixturevalue("activated_postgresql")
    server: str = request.getfixturevalue("postgres_url")
    name = f"test_{uuid4().hex}"
    _on_server(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    with activated.opened(server.replace("/postgres?", f"/{name}?", 1), definition, now) as found:
        yield found
    _on_server(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _activate(url: str, rehearsal: Rehearsal) -> datetime:
    activated.migrate(url)
    with activated.opened(url, rehearsal.definition) as instance:
        activated.draft(instance)
        activated.activate(instance, rehearsal)
        return instance.clock.now


def _on_server(url: str, statement: str) -> None:
    import psycopg  # noqa: PLC0415 an optional extra

    with contextlib.closing(psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)) as connection:
        connection.execute(statement.encode())
