"""The code-break door over an active rehearsal, and visitors who use it as people do."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from randomizer.store.engine import open_engine
from randomizer.store.schema import upgrade
from randomizer.web.codebreak.app import create_app
from randomizer.web.door import DoorSettings
from tests import activated, desks
from tests.web.codebreak.guests import Visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal


@pytest.fixture(scope="session")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """A sealed rehearsal; nobody writes into it."""
    return activated.seal_rehearsal(tmp_path_factory.mktemp("sealed") / "bundle")


@pytest.fixture(scope="session")
def active_file(tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal) -> tuple[Path, datetime]:
    """A database file with an active trial, to be copied, and the time at which it was left."""
    path = tmp_path_factory.mktemp("active") / "trial.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    with activated.opened(f"sqlite:///{path}", rehearsal.definition) as instance:
        activated.draft(instance)
        activated.activate(instance, rehearsal)
        return path, instance.clock.now


@pytest.fixture
def instance(tmp_path: Path, active_file: tuple[Path, datetime], rehearsal: Rehearsal) -> Iterator[Instance]:
    """An active trial with two open sites, of the test's own."""
    path, now = active_file
    shutil.copy(path, tmp_path / "trial.db")
    with activated.opened(f"sqlite:///{tmp_path}/trial.db", rehearsal.definition, now) as found:
        yield found


@pytest.fixture
def desk(instance: Instance, rehearsal: Rehearsal, tmp_path: Path) -> Desk:
    """The code-break host."""
    return desks.set_up_desk(instance, rehearsal, tmp_path / "host")


@pytest.fixture
def app(desk: Desk, instance: Instance) -> Flask:
    """The code-break door."""
    return create_app(desk, instance.gate, DoorSettings(session_secret="of the tests", https=False))


@pytest.fixture
def visit(app: Flask, instance: Instance) -> Visit:
    """A function that gives a visitor who is signed in."""
    return Visit(app, instance)
