"""What the tests of the unblinded services share: the desk, and a database that stops being writable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from tests.desks import set_up_desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal


@pytest.fixture
def desk(instance: Instance, rehearsal: Rehearsal, tmp_path: Path) -> Desk:
    """The code-break host's keys and pins."""
    return set_up_desk(instance, rehearsal, tmp_path / "codebreak")


@pytest.fixture
def freeze(instance: Instance) -> Iterator[list[bool]]:
    """While the list holds something, the database can be read and not written."""
    engine = instance.store.engine
    frozen: list[bool] = []

    def check_out(connection: Any, *_: object) -> None:  # noqa: ANN401 - of either driver
        if engine.dialect.name == "sqlite":
            connection.execute(f"PRAGMA query_only = {'ON' if frozen else 'OFF'}")
        else:
            connection.read_only = bool(frozen)

    event.listen(engine, "checkout", check_out)
    yield frozen
    event.remove(engine, "checkout", check_out)
