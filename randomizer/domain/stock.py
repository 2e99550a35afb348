"""The stock of kits as inspectors count it: every kit that was received is in exactly one column."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from randomizer.domain.supply import KitState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
    KitState.DISPENSED: Column.DISPENSED,
    KitState.ADMINISTERED: Column.DISPENSED,
    KitState.PARTLY_ADMINISTERED: Column.DISPENSED,
    KitState.NOT_ADMINISTERED: Column.DISPENSED,
    KitState.RETURNED: Column.RETURNED,
    KitState.DESTROYED: Column.DESTROYED,
    KitState.MISSING: Column.MISSING,
}
"""The column of each state; a reserved kit was never received and stands in none."""

NOTABLE = (
    KitState.EXPIRED,
    KitState.QUARANTINED,
    KitState.DAMAGED,
    KitState.ADMINISTERED,
    KitState.PARTLY_ADMINISTERED,
    KitState.NOT_ADMINISTERED,
)
"""States that a count names within their column."""


def totals(states: Iterable[KitState]) -> dict[str, int]:
    """How many kits stand where.

    Args:
        states: State of each kit that was received.

    Returns:
        received, each column (received is their sum), and each notable state within its column.
    """
    listed = list(states)
    counted = {"received": len(listed)}
    counted |= {str(column): sum(COLUMN[state] is column for state in listed) for column in Column}
    return counted | {state.replace(" ", "_"): listed.count(state) for state in NOTABLE}
