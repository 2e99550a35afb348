"""The store: a database, from which units of work come."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import InternalError, OperationalError

from randomizer.errors import Unreadable, Unwritable
from randomizer.store.engine import begin
from randomizer.store.work import UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from randomizer.domain.housekeeping import HeldCheckpoint
    from randomizer.store.work import Clock, Entropy, Held

READ_ONLY_TRANSACTION = "25006"  # PostgreSQL's word for a database that only reads, such as a replica


def nothing_held() -> tuple[HeldCheckpoint, ...]:
    """What a store looks at that nothing was published from yet."""
    return ()


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
