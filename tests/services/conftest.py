"""Instances for the tests of services: a draft, and one that is active, on each database."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests import activated, databases, errands, stages
from tests.desks import set_up_desk
from tests.nursery import Nursery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from randomizer.domain.definition_values import Definition
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.stages import Stage


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
    """A draft with everybody, nothing signed yet."""
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
    databases.copy_on_server(postgres_url, databases.EMPTY, name)
    return name, _activate(databases.on_server(postgres_url, name), rehearsal)


@pytest.fixture
def instance(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, definition: Definition
) -> Iterator[Instance]:
    """An active trial with two open sites, of the test's own."""
    place, now = request.getfixturevalue(f"activated_{database}")
    with databases.copied(request, place, tmp_path) as url, activated.opened(url, definition, now) as found:
        yield found


def _activate(url: str, rehearsal: Rehearsal) -> datetime:
    activated.migrate(url)
    with activated.opened(url, rehearsal.definition) as instance:
        activated.draft(instance)
        activated.activate(instance, rehearsal)
        return instance.clock.now


@dataclass(frozen=True, kw_only=True)
class Played:
    """A database with a participant at every station, to be copied."""

    place: Path | str
    people: dict[str, str]
    now: datetime
    desk: Desk


@pytest.fixture(scope="session")
def played_sqlite(
    tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal, activated_sqlite: tuple[Path, datetime]
) -> Played:
    """A database file with a participant at every station."""
    directory = tmp_path_factory.mktemp("played")
    path = directory / "trial.db"
    shutil.copy(activated_sqlite[0], path)
    return _play(f"sqlite:///{path}", path, rehearsal, activated_sqlite[1], directory / "codebreak")


@pytest.fixture(scope="session")
def played_postgresql(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_url: str,
    rehearsal: Rehearsal,
    activated_postgresql: tuple[str, datetime],
) -> Played:
    """A database on the server with a participant at every station."""
    template, now = activated_postgresql
    name = f"played_{uuid4().hex}"
    databases.copy_on_server(postgres_url, template, name)
    keys = tmp_path_factory.mktemp("played") / "codebreak"
    return _play(databases.on_server(postgres_url, name), name, rehearsal, now, keys)


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, definition: Definition
) -> Iterator[Stage]:
    """A participant at every station of life, of the test's own."""
    played: Played = request.getfixturevalue(f"played_{database}")
    with (
        databases.copied(request, played.place, tmp_path) as url,
        activated.opened(url, definition, played.now) as found,
    ):
        yield stages.at(played.desk, found, dict(played.people), tmp_path)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Clients as processes of their own."""
    with errands.opened(Nursery) as running:
        yield running


def _play(url: str, place: Path | str, rehearsal: Rehearsal, now: datetime, keys: Path) -> Played:
    with activated.opened(url, rehearsal.definition, now) as instance:
        desk = set_up_desk(instance, rehearsal, keys)
        people = stages.play(instance, desk)
        return Played(place=place, people=people, now=instance.clock.now, desk=desk)
