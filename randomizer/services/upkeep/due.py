"""Crossovers that are due or overdue: the next infusion of a participant who had one before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from randomizer.domain import windows
from randomizer.domain.participants import TREATABLE, Participant
from randomizer.domain.supply import PeriodRecord
from randomizer.domain.trial import RUNNING
from randomizer.domain.windows import day
from randomizer.services import notices, trials
from randomizer.services.care import periods

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.windows import Window
    from randomizer.store.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossover:
    """A period that waits for its infusion.

    Args:
        participant: The participant.
        record: The period.
        window: When the infusion belongs.
        overdue: Whether the window has closed.
    """

    participant: Participant
    record: PeriodRecord
    window: Window
    overdue: bool


def crossovers(uow: UnitOfWork, definition: Definition, today: date) -> tuple[Crossover, ...]:
    """Every crossover that somebody must see to: due and not booked, or overdue.

    Due begins so early that a kit can still be prepared for the first day of the window. Participants whose
    treatment ended are left out.

    Args:
        uow: The unit of work.
        definition: The definition.
        today: Date in UTC.
    """
    treatable = {
        participant.number: participant
        for participant in uow.all(Participant, state=TREATABLE, ending=None)
        if participant.treatable
    }
    records = (record for record in uow.all(PeriodRecord) if record.participant in treatable)
    found = (
        _crossover(treatable[number], tuple(own), definition, today)
        for number, own in groupby(records, key=attrgetter("participant"))
    )
    return tuple(crossover for crossover in found if crossover is not None)


def tell(uow: UnitOfWork) -> int:
    """Queue the day's notices about crossovers due and overdue; returns how many. Safe to repeat."""
    trial, definition = trials.current(uow)
    if trial.phase not in RUNNING:
        return 0
    today = uow.clock().date()
    return sum(
        _tell_one(uow, definition, crossover, today) for crossover in crossovers(uow, definition, today)
    )


def _crossover(
    participant: Participant, records: Iterable[PeriodRecord], definition: Definition, today: date
) -> Crossover | None:
    given = [r.given_at for r in records if r.outcome in periods.INFUSED and r.given_at is not None]
    current = next((record for record in records if record.outcome is None), None)
    if current is None or current.dispensed_at is not None or not given:
        return None
    window = windows.window(definition.period(current.period), max(given))
    if window is None:
        return None
    booked = current.booked_for is not None and current.booked_for.date() >= today
    lead = timedelta(hours=definition.kits.lead_time_hours)
    if booked or today < window.opens_on - lead:
        return None
    return Crossover(participant=participant, record=current, window=window, overdue=today > window.closes_on)


def _tell_one(uow: UnitOfWork, definition: Definition, crossover: Crossover, today: date) -> int:
    number, period = crossover.participant.number, crossover.record.period
    said = "overdue" if crossover.overdue else "due"
    limits = f"{day(crossover.window.opens_on)} to {day(crossover.window.closes_on)}"
    body = (
        f"Period {period} of participant {number} (site {crossover.participant.site}) is {said}.\n"
        f"Visit window: {limits}. No infusion is booked from today on.\n\n"
        "Book the infusion, or record the period as missed or the treatment as ended.\n"
    )
    return notices.queue(
        uow,
        definition.notices.overdue_roles,
        site=crossover.participant.site,
        tells={
            "Participant": ("number", "site"),
            "PeriodRecord": ("period",),
            "Window": ("opens_on", "closes_on"),
        },
        subject=f"Period {period} of participant {number} is {said}",
        body=body,
        occasion=f"crossover {number} {today.isoformat()}",
    )
