"""The stock of kits as inspectors count it: every kit that was received is in exactly one column."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from randomizer.domain.supply import KitState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


class Column(StrEnum):
    """Where a received kit is counted."""

    HELD = "held"
    DISPENSED = "dispensed"
    RETURNED = "returned"
    DESTROYED = "destroyed"
    MISSING = "missing"


COLUMN: Mapping[KitState, Column] = {
    KitState.READY: Column.HELD,
    KitState.EXPIRED: Column.HELD,
    KitState.QUARANTINED: Column.HELD,
    KitState.DAMAGED: Column.HELD,
    KitState.TO_DESTROY: Column.HELD,
    KitState.DISPENSED: Column.DISPENSED,
    KitState.ADMINISTERED: Column.DISPENSED,
    KitState.PARTLY_ADMINISTERED: Column.DISPENSED,
    KitState.NOT_ADMINISTERED: Column.DISPENSED,
    KitState.RETURNED: Column.RETURNED,
    KitState.DESTROYED: Column.DESTROYED,
    KitState.MISSING: Column.MISSING,
}
"""The column of each state; a kit that is reserved or on its way was not received and stands in none."""

NOTABLE = (
    KitState.EXPIRED,
    KitState.QUARANTINED,
    KitState.DAMAGED,
    KitState.TO_DESTROY,
    KitState.ADMINISTERED,
    KitState.PARTLY_ADMINISTERED,
    KitState.NOT_ADMINISTERED,
)
"""States that a count names within their column."""


def totals(states: Iterable[KitState]) -> dict[str, int]:
    """How many kits stand where.

    Args:
        states: State of each kit; what was not received is left out.

    Returns:
        received, each column (received is their sum), and each notable state within its column.
    """
    listed = [state for state in states if state in COLUMN]
    counted = {"received": len(listed)}
    counted |= {str(column): sum(COLUMN[state] is column for state in listed) for column in Column}
    return counted | {state.replace(" ", "_"): listed.count(state) for state in NOTABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTake:
    """A count of the shelf of a site: opened, scanned kit by kit, closed with its differences.

    Args:
        number: Of the entry that opened it.
        site: Site code.
        opened_at: When it was opened.
        closed_at: When it was closed, or None.
        matched: How many kits were on the books and on the shelf.
        missing: Numbers of those on the books alone, with spaces between.
        unexpected: Numbers of those on the shelf alone, with spaces between.
        settled_at: When the differences were settled; None while there are some, or none were found.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("number",)
    number: int
    site: str
    opened_at: datetime
    closed_at: datetime | None = None
    matched: int = 0
    missing: str = ""
    unexpected: str = ""
    settled_at: datetime | None = None
    entry: int = 0

    @property
    def unsettled(self) -> bool:
        """Whether it was closed with differences that nobody has settled."""
        return self.closed_at is not None and bool(self.missing or self.unexpected) and not self.settled_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedKit:
    """A kit that was scanned in a stock take."""

    KEY: ClassVar = ("take", "kit")
    take: int
    kit: str
    counted_at: datetime
    entry: int = 0
