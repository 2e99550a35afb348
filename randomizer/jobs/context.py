"""What every job works with."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from randomizer.services.upkeep import leases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from structlog.stdlib import BoundLogger

    from keys.notes import NoteKey
    from randomizer.config import Settings
    from randomizer.services.transactions import Store, UnitOfWork

LEASE = "jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every job works with.

    Args:
        store: Gives transactions, the clock and randomness.
        settings: Of the instance.
        checkpoint_key: Signs the checkpoints.
        smtp_password: Of the mail server, "" where it asks for none.
        holder: Identifies this run of the process.
        log: Where the job says what it did.
    """

    store: Store
    settings: Settings
    checkpoint_key: NoteKey
    smtp_password: str = field(repr=False)
    holder: str
    log: BoundLogger

    @contextmanager
    def writing(self) -> Iterator[UnitOfWork]:
        """A transaction that only the holder of the lease gets, to its end.

        Raises:
            Conflict: Another process has taken over.
        """
        with self.store.writing() as uow:
            leases.demand(uow, LEASE, self.holder)
            yield uow


class Elector:
    """Knows whether this process runs the jobs.

    Args:
        context: Of this process.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._until = context.store.clock()

    def renew(self) -> None:
        """Take the lease, or renew it."""
        led = self.leads()
        context = self._context
        with context.store.writing() as uow:
            until = leases.take(uow, LEASE, context.holder, seconds=context.settings.lease_seconds)
        self._until = until or context.store.clock()
        if self.leads() != led:
            context.log.info("the jobs run here" if not led else "the jobs run elsewhere")

    def leads(self) -> bool:
        """Whether the lease is held here, as far as this process knows; a transaction still demands it."""
        return self._context.store.clock() < self._until

    def step_down(self) -> None:
        """Give the lease back."""
        with self._context.store.writing() as uow:
            leases.give_back(uow, LEASE, self._context.holder)
        self._until = self._context.store.clock()
