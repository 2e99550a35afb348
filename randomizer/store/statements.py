"""The statements that the unit of work executes, each built once: the same few carry every act."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.store.tables import COVERED, ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Delete, Select, Table, Update
    from sqlalchemy.sql import ColumnElement

T = TypeVar("T")
Shape = tuple[tuple[str, str], ...]

EMPTY, AMONG, EQUAL = "empty", "among", "equal"

TABLES: dict[type, Table] = {kind: row.__table__ for kind, row in ROWS.items()}  # type: ignore[attr-defined]
KEYS: dict[type, tuple[str, ...]] = {kind: kind.KEY for kind in ROWS}  # type: ignore[attr-defined]
NAMES: dict[type, tuple[str, ...]] = {kind: tuple(field.name for field in fields(kind)) for kind in ROWS}


def key_of(value: object) -> tuple[object, ...]:
    """The key of a value, in the order of ``KEY``."""
    return tuple(getattr(value, name) for name in KEYS[type(value)])


def mapping_of(value: object) -> dict[str, Any]:
    """The fields of a value, by name."""
    return {name: getattr(value, name) for name in NAMES[type(value)]}


def value_of(kind: type[T], row: Sequence[Any]) -> T:
    """The value that a row holds."""
    return kind(**dict(zip(NAMES[kind], row, strict=True)))


def shape_of(where: dict[str, object]) -> Shape:
    """What a statement is built from: the conditions without their contents."""
    return tuple((name, _how(wanted)) for name, wanted in where.items())


def _how(wanted: object) -> str:
    if wanted is None:
        return EMPTY
    return AMONG if isinstance(wanted, (tuple, list, set, frozenset)) else EQUAL


def contents_of(where: dict[str, object]) -> dict[str, Any]:
    """What the conditions are filled with."""
    contents = {name: wanted for name, wanted in where.items() if wanted is not None}
    return {name: list(some) if _how(some) == AMONG else some for name, some in contents.items()}  # type: ignore[call-overload]


def hashable(wanted: object) -> object:
    """One of `contents_of`, to be remembered by."""
    return tuple(wanted) if isinstance(wanted, list) else wanted


@lru_cache(maxsize=256)
def select_all(kind: Any, shape: Shape, order: str, limit: int | None, skip: int) -> Select[Any]:  # noqa: ANN401
    """Every row that fits, see `UnitOfWork.all`."""
    table = TABLES[kind]
    statement = select(table).where(*_conditions(kind, shape)).order_by(*_order(table, kind, order))
    return statement if limit is None else statement.limit(limit).offset(skip)


@lru_cache(maxsize=256)
def count_all(kind: Any, shape: Shape) -> Select[Any]:  # noqa: ANN401
    """How many rows fit."""
    return select(func.count()).select_from(TABLES[kind]).where(*_conditions(kind, shape))


@lru_cache(maxsize=256)
def select_page(kind: Any, limit: int) -> Select[Any]:  # noqa: ANN401
    """The rows of a kind with a numeric key from ``after`` on."""
    table = TABLES[kind]
    column = table.c[KEYS[kind][0]]
    return select(table).where(column >= bindparam("after")).order_by(column).limit(limit)


def update_field(kind: type, field: str) -> Update:
    """Write ``new`` into one field of the row with the keys ``key_*``."""
    table = TABLES[kind]
    return (
        update(table)
        .where(*_same_key(table, kind))
        .values({field: bindparam("new", type_=table.c[field].type)})
    )


def delete_all(kind: type, shape: Shape) -> Delete:
    """Delete every row that fits."""
    return delete(TABLES[kind]).where(*_conditions(kind, shape))


def delete_before(kind: type, field: str) -> Delete:
    """Delete the rows whose field is before ``moment``."""
    column = TABLES[kind].c[field]
    return delete(TABLES[kind]).where(column < bindparam("moment", type_=column.type))


def _same_key(table: Table, kind: type) -> list[ColumnElement[bool]]:
    return [table.c[name] == bindparam(f"key_{name}") for name in KEYS[kind]]


def _conditions(kind: type, shape: Shape) -> list[ColumnElement[bool]]:
    return [_condition(TABLES[kind].c[name], how) for name, how in shape]


def _condition(column: ColumnElement[Any], how: str) -> ColumnElement[bool]:
    if how == EMPTY:
        return column.is_(None)
    wanted = bindparam(column.key, type_=column.type, expanding=how == AMONG)
    return column.in_(wanted) if how == AMONG else column == wanted


def _order(table: Table, kind: type, order: str) -> list[Any]:
    first = [table.c[order[1:]].desc()] if order.startswith("-") else [table.c[order]] if order else []
    return [*first, *(table.c[name] for name in KEYS[kind])]


def _by_key(kind: type, *, locked: bool) -> Select[Any]:
    table = TABLES[kind]
    statement = select(table).where(*(table.c[name] == bindparam(name) for name in KEYS[kind]))
    return statement.with_for_update() if locked else statement


def _update(kind: type, *, covered: bool) -> Update:
    table = TABLES[kind]
    conditions = _same_key(table, kind)
    if covered:
        conditions.append(table.c.entry == bindparam("seen"))
    changes = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in NAMES[kind]}
    return update(table).where(and_(*conditions)).values(changes)


INSERTS = {kind: insert(TABLES[kind]) for kind in ROWS}
BY_KEY = {kind: _by_key(kind, locked=False) for kind in ROWS}
BY_KEY_LOCKED = {kind: _by_key(kind, locked=True) for kind in ROWS}
UPDATES = {kind: _update(kind, covered=False) for kind in ROWS}
UPDATES_IF_UNCHANGED = {kind: _update(kind, covered=True) for kind in COVERED}
ENTRY_WITH_VALUES = (
    select(*TABLES[Entry].c, *TABLES[EntryValues].c)
    .join_from(TABLES[Entry], TABLES[EntryValues], TABLES[Entry].c.number == TABLES[EntryValues].c.number)
    .where(TABLES[Entry].c.number == bindparam("number"))
)
