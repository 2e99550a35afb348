"""The record of a period: which one is current, and the rules of booking, preparing and dispensing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import windows
from randomizer.domain.supply import Kit, Outcome, PeriodRecord
from randomizer.errors import NotFound, Refused
from randomizer.services import trail

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.definition_values import Definition
    from randomizer.store.work import UnitOfWork

INFUSED = frozenset({Outcome.GIVEN, Outcome.PARTLY_GIVEN})


def of(uow: UnitOfWork, number: str) -> tuple[PeriodRecord, ...]:
    """Every period of a participant, in order; not compared with the trail, as a code break tells of both."""
    return uow.all(PeriodRecord, participant=number)


def current(uow: UnitOfWork, number: str) -> PeriodRecord:
    """The first period that is not closed; which one it is rests on all of them.

    Raises:
        Refused: All are closed, or the participant is not randomized.
        Tampered: One of the periods differs from its entry.
    """
    records = of(uow, number)
    trail.check(uow, *records)
    found = next((record for record in records if record.outcome is None), None)
    if found is None:
        raise Refused(
            f"Participant {number} has no open period. Nothing was changed.",
            field="participant",
            next_step="Open the participant's page to see what was given.",
        )
    return found


def ready_kit(uow: UnitOfWork, number: str, period: int) -> Kit:
    """The kit that was declared ready for a period, whatever became of it.

    Raises:
        NotFound: There is none.
    """
    record = uow.get(PeriodRecord, number, period, what="period")
    kit = uow.find(Kit, record.kit) if record.kit else None
    if kit is None:
        raise NotFound(
            f"No kit is ready for period {period} of participant {number}.",
            next_step="Open the worklist to see how the booking stands.",
        )
    return kit


def demand_in_the_shelf(record: PeriodRecord) -> None:
    """Refuse what cannot be undone once the kit of a period was handed out.

    Raises:
        Refused: It was.
    """
    if record.dispensed_at is not None:
        raise Refused(
            f"The kit of period {record.period} was handed out on {windows.minute(record.dispensed_at)}. "
            "Nothing was changed.",
            field="participant",
            next_step="Record the infusion as given, partly given or not given.",
        )


def previous_infusion(uow: UnitOfWork, record: PeriodRecord) -> datetime | None:
    """Start of the last infusion actually given before this period, or None."""
    earlier = [other for other in of(uow, record.participant) if other.period < record.period]
    return max(
        (other.given_at for other in earlier if other.outcome in INFUSED and other.given_at), default=None
    )


def demand_time(
    uow: UnitOfWork, definition: Definition, record: PeriodRecord, moment: datetime, *, signed: bool
) -> None:
    """Check the minimum interval, and the visit window unless a deviation may still be signed.

    Args:
        uow: The unit of work.
        definition: The definition.
        record: The period.
        moment: When the infusion is to begin.
        signed: Whether a moment outside the window needs its signed deviation by now.

    Raises:
        Refused: Below the minimum interval, or outside the window without a signed deviation.
    """
    plan = definition.period(record.period)
    previous = previous_infusion(uow, record)
    windows.demand_interval(plan, previous, moment)
    if signed and record.deviation_signed_at is None and windows.outside(plan, previous, moment):
        limits = windows.window(plan, previous)
        between = f"{windows.day(limits.opens_on)} to {windows.day(limits.closes_on)}" if limits else ""
        raise Refused(
            f"{windows.day(moment)} lies outside the visit window of period {record.period} ({between}) and "
            "no deviation is signed. Nothing was changed.",
            field="booked_for",
            next_step="The investigator signs the deviation before the preparation, or books another day.",
        )
