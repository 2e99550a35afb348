"""What somebody does who may write into the database, and what is demanded of the next act."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from randomizer.domain.supply import PeriodRecord
from randomizer.errors import Tampered

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stages import Stage

TRIGGERS = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT 'DROP TRIGGER ' || t.tgname || ' ON ' || c.relname FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal",
}
PARTICIPANT = "UPDATE participant SET {} WHERE number = :who"


def sql(stage: Stage, statement: str, **values: object) -> None:
    """As somebody does who may write into the database, beside the service."""
    engine = stage.store.engine
    with engine.begin() as connection:
        for drop in connection.execute(text(TRIGGERS[engine.dialect.name])).scalars().all():
            connection.execute(text(drop))
        changed = connection.execute(text(statement), values).rowcount
    assert changed >= 1


def noticed(stage: Stage, about: str, act: Callable[[], object]) -> None:
    """The act stops, names the record, and leaves everything as it stood."""
    before = stage.dump()
    with pytest.raises(Tampered) as stop:
        act()
    assert stop.value.about == about
    assert "Nothing was changed" in stop.value.message
    assert stop.value.next_step
    assert stage.dump() == before


def kit_of(stage: Stage, station: str = "ready") -> str:
    return stage.get(PeriodRecord, stage[station], 1).kit
