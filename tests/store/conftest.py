"""A store on each database, with a clock and randomness that tests steer."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from keys.merkle import Frontier
from randomizer.domain.housekeeping import TrailHead
from randomizer.store.engine import open_engine
from randomizer.store.schema import upgrade
from randomizer.store.work import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = datetime(2027, 1, 4, 8, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, once per kind of database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/trial.db"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with the present schema and an empty trail."""
    engine = open_engine(database_url)
    upgrade(engine)
    seconds = itertools.count()
    random_bytes = itertools.count(1)
    opened = Store(
        engine,
        clock=lambda: START + timedelta(seconds=next(seconds)),
        entropy=lambda count: next(random_bytes).to_bytes(count, "big"),
    )
    with opened.writing() as uow:
        uow.insert(TrailHead(size=0, frontier=Frontier().to_bytes()))
    yield opened
    engine.dispose()
