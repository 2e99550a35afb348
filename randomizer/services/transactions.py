"""Transactions as the edges use them: doors, jobs and commands name the store through this module alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.records import AlarmKind
from randomizer.services import alarms
from randomizer.store.engine import PATIENCE_SECONDS, open_engine
from randomizer.store.schema import upgrade
from randomizer.store.store import Store, nothing_held
from randomizer.store.work import UnitOfWork

if TYPE_CHECKING:
    from randomizer.errors import Tampered
    from randomizer.store.work import Clock, Entropy, Held

__all__ = ["PATIENCE_SECONDS", "Store", "UnitOfWork", "open_store", "raise_tampering"]

SEALED_ROWS = "Slot "


def open_store(
    url: str,
    *,
    clock: Clock,
    entropy: Entropy,
    held: Held = nothing_held,
    patience_seconds: int = PATIENCE_SECONDS,
) -> Store:
    """Open a database, and bring it to the present schema if it lacks something.

    Args:
        url: As `randomizer.config.Settings.engine_url` gives it.
        clock: Gives the current moment, UTC.
        entropy: Gives random bytes.
        held: Gives the checkpoints that are kept outside the database, see `randomizer.services.outside`.
        patience_seconds: How long a writer waits for another.
    """
    store = Store(open_engine(url, patience_seconds=patience_seconds), clock, entropy, held)
    upgrade(store.engine)
    return store


def raise_tampering(store: Store, error: Tampered) -> None:
    """Raise the alarm for a record that differs, in a transaction of its own: the act's was undone.

    Args:
        store: The store.
        error: What the trail or the check of sealed rows found.
    """
    kind = AlarmKind.SEALED if error.about.startswith(SEALED_ROWS) else AlarmKind.TRAIL
    with store.writing() as uow:
        alarms.raise_alarm(uow, kind, error.about)
