"""The unit of work: the domain's values in, the domain's values out, one transaction.

Rows never leave this package. A value that the trail covers carries the number of its last entry; changing
it is a compare-and-set on that number, so that of two writers who read the same state only one wins. Such
values change in acts alone, and acts queue up on the head of the trail: each is read once in a transaction.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import IntegrityError

from randomizer.domain.housekeeping import Entry, EntryValues, TrailHead
from randomizer.errors import Conflict, NotFound
from randomizer.store import statements as sql
from randomizer.store.tables import COVERED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from randomizer.domain.housekeeping import HeldCheckpoint

    Clock = Callable[[], datetime]
    Entropy = Callable[[int], bytes]
    Held = Callable[[], tuple[HeldCheckpoint, ...]]

T = TypeVar("T")

FOREIGN_KEY_VIOLATIONS = ("23503", "SQLITE_CONSTRAINT_FOREIGNKEY")  # PostgreSQL's and SQLite's words

READ_ONCE = frozenset({*COVERED, TrailHead})
"""Kinds of value that nobody else changes while a transaction reads, or has its turn to write."""


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
        statement = (sql.BY_KEY_LOCKED if locked else sql.BY_KEY)[kind]
        row = self._connection.execute(statement, dict(zip(sql.KEYS[kind], key, strict=True))).first()
        found = None if row is None else sql.value_of(kind, row)
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
        row = self._connection.execute(sql.ENTRY_WITH_VALUES, {"number": number}).first()
        if row is None:
            return None
        middle = len(sql.NAMES[Entry])
        return sql.value_of(Entry, row[:middle]), sql.value_of(EntryValues, row[middle:])

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
        wanted = sql.contents_of(where)
        asked = (sql.shape_of(where), order, limit, skip, tuple(map(sql.hashable, wanted.values())))
        if asked in self._listed[kind]:
            return self._listed[kind][asked]
        statement = sql.select_all(kind, sql.shape_of(where), order, limit, skip)  # type: ignore[arg-type]
        found = tuple(sql.value_of(kind, row) for row in self._connection.execute(statement, wanted))
        if kind in READ_ONCE:
            self._listed[kind][asked] = found
            self._found[kind].update((sql.key_of(value), value) for value in found)
        return found

    def page(self, kind: type[T], /, *, after: int, limit: int) -> tuple[T, ...]:
        """Values of a kind with a numeric key, from a key on.

        Args:
            kind: A domain value whose key is one number.
            after: The smallest key to return.
            limit: At most so many.
        """
        statement = sql.select_page(kind, limit)  # type: ignore[arg-type]
        rows = self._connection.execute(statement, {"after": after})
        return tuple(sql.value_of(kind, row) for row in rows)

    def count(self, kind: type, /, **where: object) -> int:
        """How many values fit; see `all` for the conditions."""
        statement = sql.count_all(kind, sql.shape_of(where))
        return int(self._connection.execute(statement, sql.contents_of(where)).scalar_one())

    def insert(self, value: object) -> None:
        """Add a value.

        Raises:
            Conflict: Its key, or another field that must be unique, is taken, or it names what is not there.
        """
        named = sql.TABLES[type(value)].name
        try:
            self._connection.execute(sql.INSERTS[type(value)], sql.mapping_of(value))
        except IntegrityError as error:
            said = (
                f"This record ({named}) names another that is not there."
                if _breaks_foreign_key(error)
                else f"There is already such a record ({named})."
            )
            raise Conflict(
                f"{said} Nothing was changed.", next_step="Reload the page to see what is there."
            ) from error
        self._wrote(value)

    def insert_all(self, values: Iterable[object]) -> None:
        """Add many values of one kind, at activation."""
        batch = list(values)
        if batch:
            self._connection.execute(sql.INSERTS[type(batch[0])], [sql.mapping_of(value) for value in batch])
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
        parameters = {f"new_{name}": content for name, content in sql.mapping_of(value).items()}
        parameters |= {f"key_{name}": getattr(value, name) for name in sql.KEYS[kind]}
        if seen_entry is not None:
            parameters["seen"] = seen_entry
        changing = sql.UPDATES if seen_entry is None else sql.UPDATES_IF_UNCHANGED
        result = self._connection.execute(changing[kind], parameters)
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
        statement = sql.update_field(kind, field)
        parameters = [
            {f"key_{name}": getattr(value, name) for name in sql.KEYS[kind]} | {"new": getattr(value, field)}
            for value in batch
        ]
        if self._connection.execute(statement, parameters).rowcount != len(batch):
            raise Conflict("One of these records is gone. Nothing was changed.")

    def remove(self, kind: type, /, **where: object) -> int:
        """Delete values that the trail does not cover; returns how many."""
        if kind in COVERED:
            raise ValueError(f"{kind.__name__} is covered by the trail and never deleted.")
        statement = sql.delete_all(kind, sql.shape_of(where))
        return self._connection.execute(statement, sql.contents_of(where)).rowcount

    def remove_before(self, kind: type, field: str, moment: datetime) -> int:
        """Delete uncovered values whose moment has passed; returns how many."""
        return self._connection.execute(sql.delete_before(kind, field), {"moment": moment}).rowcount

    def _wrote(self, value: object) -> None:
        kind = type(value)
        self._listed.pop(kind, None)
        if kind in READ_ONCE:
            self._found[kind][sql.key_of(value)] = value

    def _forget(self) -> None:
        self._found.clear()
        self._listed.clear()
        self.agreed.clear()
        self.told.clear()
        self._locked.clear()  # a lock that was taken inside goes with what is undone


def _breaks_foreign_key(error: IntegrityError) -> bool:
    told = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", "")
    return told in FOREIGN_KEY_VIOLATIONS
