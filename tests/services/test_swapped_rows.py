"""Two rows swapped by SQL, column by column, in every covered table: the nightly check finds it."""

from __future__ import annotations

import itertools
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import and_, case, func, select, text, update
from sqlalchemy.exc import IntegrityError

from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.trial import Slot
from randomizer.errors import Tampered
from randomizer.services.sealed import sealed_rows
from randomizer.services.upkeep import nightly
from randomizer.store.tables import COVERED, ROWS
from tests import activated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Table

    from tests.activated import Instance, Rehearsal
    from tests.services.conftest import Played

    Row = tuple[object, ...]

pytestmark = [pytest.mark.promise(17), pytest.mark.requirement("trail")]

CHECKED = (*COVERED, Entry, EntryValues, Slot)
PAIRS = 1  # of rows, for each column
GUARDS = "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'"
PAGE = Path(__file__).parents[2] / "docs" / "threats.md"


@pytest.fixture(scope="module")
def bare(
    played_sqlite: Played, rehearsal: Rehearsal, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Instance]:
    """A participant at every station, in a database without guards; every test puts back what it swaps."""
    path = tmp_path_factory.mktemp("bare") / "trial.db"
    path.write_bytes(Path(str(played_sqlite.place)).read_bytes())
    with activated.opened(f"sqlite:///{path}", rehearsal.definition, played_sqlite.now) as instance:
        instance.checkpoint()
        with instance.store.engine.begin() as sql:
            for drop in sql.execute(text(GUARDS)).scalars().all():
                sql.execute(text(drop))
        yield instance


def differing(sql: Connection, table: Table, keys: list[str], column: str) -> list[tuple[Row, Row]]:
    """A few pairs of rows that hold different contents in a column."""
    names = [table.c[name] for name in keys]
    rows = [tuple(row) for row in sql.execute(select(*names, table.c[column]).order_by(*names))]
    pairs = ((a, b) for a, b in itertools.combinations(rows, 2) if a[-1] != b[-1])
    found = list(itertools.islice(pairs, 2000))
    return found[:: max(1, len(found) // PAIRS)][:PAIRS]


def swap(sql: Connection, table: Table, keys: list[str], column: str, rows: tuple[Row, Row]) -> None:
    """Write into two rows what they hold here, the second one out of the way first: it is unique."""
    sql.execute(text("PRAGMA defer_foreign_keys = ON"))
    one, other = rows
    away = case((func.typeof(table.c[column]) == "integer", -1), else_="elsewhere")
    for row, content in ((other, away), (one, one[-1]), (other, other[-1])):
        here = and_(*(table.c[name] == part for name, part in zip(keys, row[:-1], strict=True)))
        sql.execute(update(table).where(here).values({column: content}))


def faults(instance: Instance) -> list[str]:
    """What the nightly check says."""
    with instance.store.reading() as uow:
        found = list(nightly.check_trail(uow, instance.log.verifier))
        try:
            sealed_rows.check(uow)
        except Tampered as error:
            found.append(error.about)
    return found


def cases() -> list[tuple[type, str]]:
    return [
        (kind, field.name)
        for kind in CHECKED
        for field in fields(kind)
        if field.name not in kind.KEY  # type: ignore[attr-defined]
    ]


@pytest.mark.parametrize(("kind", "column"), cases(), ids=lambda one: getattr(one, "__name__", one))
def test_what_was_swapped_between_two_rows_is_found(bare: Instance, kind: type, column: str) -> None:
    table, keys = ROWS[kind].__table__, list(kind.KEY)  # type: ignore[attr-defined]
    engine = bare.store.engine
    with engine.connect() as sql:
        pairs = differing(sql, table, keys, column)
    for one, other in pairs:
        try:
            with engine.begin() as sql:
                swap(sql, table, keys, column, ((*one[:-1], other[-1]), (*other[:-1], one[-1])))
        except IntegrityError:
            continue  # the database refuses it: another row holds that place
        told = faults(bare)
        with engine.begin() as sql:
            swap(sql, table, keys, column, (one, other))
        assert told, (one[:-1], other[:-1])
    assert faults(bare) == []


def test_tables_that_the_trail_does_not_cover_are_listed_with_the_reason() -> None:
    section = PAGE.read_text(encoding="utf-8").split("## Tables that the trail does not cover")[1]
    listed = re.findall(r"^\| `([a-z_]+)` \| .+ \|$", section, re.MULTILINE)
    assert sorted(listed) == sorted(str(ROWS[kind].__tablename__) for kind in set(ROWS) - set(CHECKED))
