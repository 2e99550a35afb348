"""The unit of work: the domain's values in, the domain's values out, one transaction.

Rows never leave this package. A value that the trail covers carries the number of its last entry; changing
it is a compare-and-set on that number, so that of two writers who read the same state only one wins. Such
values change in acts alone, and acts queue up on the head of the trail: each is read once in a transaction.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import and_, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError, InternalError, OperationalError

from randomizer.domain.housekeeping import Entry, EntryValues, TrailHead
from randomizer.errors import Conflict, NotFound, Unreadable, Unwritable
from randomizer.store.engine import begin
from randomizer.store.tables import COVERED, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Engine, Select, Table, Update
    from sqlalchemy.sql import ColumnElement

    from randomizer.domain.housekeeping import HeldCheckpoint

    Clock = Callable[[], datetime]
    Entropy = Callable[[int], bytes]
    Held = Callable[[], tuple[HeldCheckpoint, ...]]

T = TypeVar("T")
Shape = tuple[tuple[str, str], ...]

EMPTY, AMONG, EQUAL = "empty", "among", "equal"

READ_ONLY_TRANSACTION = "25006"  # PostgreSQL's word for a database that only reads, such as a replica
FOREIGN_KEY_VIOLATIONS = ("23503", "SQLITE_CONSTRAINT_FOREIGNKEY")  # PostgreSQL's and SQLite's words

TABLES: dict[type, Table] = {kind: row.__table__ for kind, row in ROWS.items()}  # type: ignore[attr-defined]
KEYS: dict[type, tuple[str, ...]] = {kind: kind.KEY for kind in ROWS}  # type: ignore[attr-defined]
NAMES: dict[type, tuple[str, ...]] = {kind: tuple(field.name for field in fields(kind)) for kind in ROWS}


READ_ONCE = frozenset({*COVERED, TrailHead})
"""Kinds of value that nobody else changes while a transaction reads, or has its turn to write."""


def nothing_held() -> tuple[HeldCheckpoint, ...]:
    """What a store looks at that nothing was published from yet."""
    return ()


class UnitOfWork:
    """One transaction over the store, with the clock and the randomness of whoever opened it.

    Args:
        connection: An open connection inside a transaction.
        clock: Gives the current moment, UTC.
        entropy: Gives random bytes.
        held: Gives the checkpoints that are kept outside the database.

    Attributes:
        agreed: Values compared with their entries in this transaction, so that each is compared once.
        told: Likewise what a few entries tell, by their number.
    """

    def __init__(self, connection: Connection, clock: Clock, entropy: Entropy, held: Held) -> None:
        self._connection = connection
        self._found: dict[type, dict[tuple[object, ...], Any]] = defaultdict(dict)
        self._listed: dict[type, dict[object, tuple[Any, ...]]] = defaultdict(dict)
        self._locked: set[tuple[type, tuple[object, ...]]] = set()
        self.agreed: set[object] = set()
        self.told: dict[int, dict[str, Any]] = {}
        self.clock = clock
        self.entropy = entropy
        self.held = held

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """All or nothing for one act inside a commit that carries several."""
        try:
            with self._connection.begin_nested():
                yield
        except BaseException:
            self._forget()  # what it wrote is undone
            raise

    def find(self, kind: type[T], /, *key: object, locked: bool = False) -> T | None:
        """The value with this key, or None.

        Args:
            kind: A domain value of `randomizer.store.tables.ROWS`.
            *key: Its key, in the order of ``KEY``.
            locked: Whether to keep other writers off it until the end of the transaction.
        """
        if locked and kind in READ_ONCE and (kind, key) not in self._locked:
            self._forget()  # others may have written while this writer waited
            self._locked.add((kind, key))
        elif key in self._found[kind]:
            return self._found[kind][key]  # type: ignore[no-any-return]
        statement = (BY_KEY_LOCKED if locked else BY_KEY)[kind]
        row = self._connection.execute(statement, dict(zip(KEYS[kind], key, strict=True))).first()
        found = None if row is None else _value(kind, row)
        if kind in READ_ONCE:
            self._found[kind][key] = found
        return found

    def get(self, kind: type[T], /, *key: object, what: str = "record") -> T:
        """The value with this key.

        Raises:
            NotFound: There is none; `what` names the kind of thing in the sentence.
        """
        found = self.find(kind, *key)
        if found is None:
            named = " ".join(str(part) for part in key)
            raise NotFound(
                f"There is no {what} {named}.", field=what, next_step="Check the number and enter it again."
            )
        return found

    def recorded(self, number: int) -> tuple[Entry, EntryValues] | None:
        """An entry of the trail with its values, in one look; every check of a record asks for both."""
        row = self._connection.execute(ENTRY_WITH_VALUES, {"number": number}).first()
        if row is None:
            return None
        middle = len(NAMES[Entry])
        return _value(Entry, row[:middle]), _value(EntryValues, row[middle:])

    def all(
        self, kind: type[T], /, *, order: str = "", limit: int | None = None, skip: int = 0, **where: object
    ) -> tuple[T, ...]:
        """Every value that fits, ordered by its key; what is read once, `find` knows from then on.

        Args:
            kind: A domain value.
            order: Name of a field to order by before the key; with "-" in front, from last to first.
            limit: At most so many.
            skip: How many to leave out at the start; only with a limit.
            **where: Field names with a value, a collection of values, or None for "empty".
        """
        wanted = _wanted(where)
        asked = (_shape(where), order, limit, skip, tuple(map(_hashable, wanted.values())))
        if asked in self._listed[kind]:
            return self._listed[kind][asked]
        statement = _select(kind, _shape(where), order, limit, skip)  # type: ignore[arg-type]
        found = tuple(_value(kind, row) for row in self._connection.execute(statement, wanted))
        if kind in READ_ONCE:
            self._listed[kind][asked] = found
            self._found[kind].update((_key(value), value) for value in found)
        return found

    def page(self, kind: type[T], /, *, after: int, limit: int) -> tuple[T, ...]:
        """Values of a kind with a numeric key, from a key on.

        Args:
            kind: A domain value whose key is one number.
            after: The smallest key to return.
            limit: At most so many.
        """
        table = TABLES[kind]
        column = table.c[KEYS[kind][0]]
        rows = self._connection.execute(select(table).where(column >= after).order_by(column).limit(limit))
        return tuple(_value(kind, row) for row in rows)

    def count(self, kind: type, /, **where: object) -> int:
        """How many values fit; see `all` for the conditions."""
        return int(self._connection.execute(_count(kind, _shape(where)), _wanted(where)).scalar_one())

    def insert(self, value: object) -> None:
        """Add a value.

        Raises:
            Conflict: Its key, or another field that must be unique, is taken, or it names what is not there.
        """
        table = TABLES[type(value)]
        try:
            self._connection.execute(INSERTS[type(value)], _mapping(value))
        except IntegrityError as error:
            said = (
                f"This record ({table.name}) names another that is not there."
                if _breaks_foreign_key(error)
                else f"There is already such a record ({table.name})."
            )
            raise Conflict(
                f"{said} Nothing was changed.", next_step="Reload the page to see what is there."
            ) from error
        self._wrote(value)

    def insert_all(self, values: Iterable[object]) -> None:
        """Add many values of one kind, at activation."""
        batch = list(values)
        if batch:
            self._connection.execute(INSERTS[type(batch[0])], [_mapping(value) for value in batch])
            self._found.pop(type(batch[0]), None)
            self._listed.pop(type(batch[0]), None)

    def update(self, value: object, *, seen_entry: int | None = None) -> None:
        """Write a value over the one with the same key.

        Args:
            value: The new value.
            seen_entry: Number of the last entry when it was read, for a value that the trail covers.

        Raises:
            Conflict: Somebody changed it in between, or it is gone.
        """
        kind = type(value)
        parameters = {f"new_{name}": content for name, content in _mapping(value).items()}
        parameters |= {f"key_{name}": getattr(value, name) for name in KEYS[kind]}
        if seen_entry is not None:
            parameters["seen"] = seen_entry
        statements = UPDATES if seen_entry is None else UPDATES_IF_UNCHANGED
        result = self._connection.execute(statements[kind], parameters)
        if result.rowcount != 1:
            raise Conflict(
                "Somebody else changed this record a moment ago. Nothing was changed.",
                next_step="Reload the page and do it again if it is still needed.",
            )
        self._wrote(value)

    def update_all(self, values: Iterable[object], field: str) -> None:
        """Write one field of many values of one kind that the trail does not cover one by one.

        Args:
            values: The new values; all else of them is left as it stands.
            field: Name of the field.

        Raises:
            Conflict: One of them is gone.
        """
        batch = list(values)
        if not batch:
            return
        kind = type(batch[0])
        table = TABLES[kind]
        statement = (
            update(table)
            .where(*(table.c[name] == bindparam(f"key_{name}") for name in KEYS[kind]))
            .values({field: bindparam("new", type_=table.c[field].type)})
        )
        parameters = [
            {f"key_{name}": getattr(value, name) for name in KEYS[kind]} | {"new": getattr(value, field)}
            for value in batch
        ]
        if self._connection.execute(statement, parameters).rowcount != len(batch):
            raise Conflict("One of these records is gone. Nothing was changed.")

    def remove(self, kind: type, /, **where: object) -> int:
        """Delete values that the trail does not cover; returns how many."""
        if kind in COVERED:
            raise ValueError(f"{kind.__name__} is covered by the trail and never deleted.")
        statement = delete(TABLES[kind]).where(*_conditions(kind, _shape(where)))
        return self._connection.execute(statement, _wanted(where)).rowcount

    def remove_before(self, kind: type, field: str, moment: datetime) -> int:
        """Delete uncovered values whose moment has passed; returns how many."""
        table = TABLES[kind]
        return self._connection.execute(delete(table).where(table.c[field] < moment)).rowcount

    def _wrote(self, value: object) -> None:
        kind = type(value)
        self._listed.pop(kind, None)
        if kind in READ_ONCE:
            self._found[kind][_key(value)] = value

    def _forget(self) -> None:
        self._found.clear()
        self._listed.clear()
        self.agreed.clear()
        self.told.clear()
        self._locked.clear()  # a lock that was taken inside goes with what is undone


def _breaks_foreign_key(error: IntegrityError) -> bool:
    told = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", "")
    return told in FOREIGN_KEY_VIOLATIONS


class Store:
    """A database, with the clock and the randomness that its units of work carry.

    Args:
        engine: From `randomizer.store.engine.open_engine`.
        clock: Gives the current moment, UTC.
        entropy: Gives random bytes.
        held: Gives the checkpoints that are kept outside the database.
    """

    def __init__(self, engine: Engine, clock: Clock, entropy: Entropy, held: Held = nothing_held) -> None:
        self.engine = engine
        self.clock = clock
        self.entropy = entropy
        self.held = held

    @contextmanager
    def writing(self) -> Iterator[UnitOfWork]:
        """A transaction that commits at the end, or leaves nothing behind.

        Raises:
            Unwritable: The database is full, read-only, locked for too long, or gone.
        """
        try:
            with self.engine.begin() as connection:
                begin(connection, read_only=False)
                yield UnitOfWork(connection, self.clock, self.entropy, self.held)
        except OperationalError as error:
            raise Unwritable from error
        except InternalError as error:
            if getattr(error.orig, "sqlstate", "") != READ_ONLY_TRANSACTION:
                raise
            raise Unwritable from error

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """A transaction that sees one state and changes nothing.

        Raises:
            Unreadable: The database is gone.
        """
        try:
            with self.engine.connect() as connection:
                begin(connection, read_only=True)
                yield UnitOfWork(connection, self.clock, self.entropy, self.held)
        except OperationalError as error:
            raise Unreadable from error


def _by_key(kind: type, *, locked: bool) -> Select[Any]:
    table = TABLES[kind]
    statement = select(table).where(*(table.c[name] == bindparam(name) for name in KEYS[kind]))
    return statement.with_for_update() if locked else statement


def _update(kind: type, *, covered: bool) -> Update:
    table = TABLES[kind]
    conditions = [table.c[name] == bindparam(f"key_{name}") for name in KEYS[kind]]
    if covered:
        conditions.append(table.c.entry == bindparam("seen"))
    changes = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in NAMES[kind]}
    return update(table).where(and_(*conditions)).values(changes)


# Built once: the same few statements carry every act.
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


def _key(value: object) -> tuple[object, ...]:
    return tuple(getattr(value, name) for name in KEYS[type(value)])


def _mapping(value: object) -> dict[str, Any]:
    return {name: getattr(value, name) for name in NAMES[type(value)]}


def _value(kind: type[T], row: Sequence[Any]) -> T:
    return kind(**dict(zip(NAMES[kind], row, strict=True)))


def _shape(where: dict[str, object]) -> Shape:
    # What a statement is built from: the conditions without their contents.
    return tuple((name, _how(wanted)) for name, wanted in where.items())


def _how(wanted: object) -> str:
    if wanted is None:
        return EMPTY
    return AMONG if isinstance(wanted, (tuple, list, set, frozenset)) else EQUAL


def _wanted(where: dict[str, object]) -> dict[str, Any]:
    contents = {name: wanted for name, wanted in where.items() if wanted is not None}
    return {name: list(some) if _how(some) == AMONG else some for name, some in contents.items()}  # type: ignore[call-overload]


def _hashable(wanted: object) -> object:
    return tuple(wanted) if isinstance(wanted, list) else wanted


@lru_cache(maxsize=256)
def _select(kind: Any, shape: Shape, order: str, limit: int | None, skip: int) -> Select[Any]:  # noqa: ANN401
    table = TABLES[kind]
    statement = select(table).where(*_conditions(kind, shape)).order_by(*_order(table, kind, order))
    return statement if limit is None else statement.limit(limit).offset(skip)


@lru_cache(maxsize=256)
def _count(kind: Any, shape: Shape) -> Select[Any]:  # noqa: ANN401
    return select(func.count()).select_from(TABLES[kind]).where(*_conditions(kind, shape))


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
