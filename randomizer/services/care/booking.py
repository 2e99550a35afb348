"""Booking an infusion, signing a deviation from the window, signing fit-for-infusion."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from randomizer.domain import reasons, windows
from randomizer.domain.acts import Act
from randomizer.domain.records import Deviation
from randomizer.domain.supply import UNUSED, Kit, KitState, PeriodRecord
from randomizer.errors import Refused
from randomizer.services import acting, exposure, trail
from randomizer.services.care import periods
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.fitness import Fitness
    from randomizer.domain.people import Person
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork

FIT_MEANING = "I confirm that this participant is fit for this infusion and that consent stands."
DEVIATION_MEANING = "I accept an infusion outside the visit window for this participant."
UNBOOKED: Mapping[str, Any] = MappingProxyType(
    {
        "booked_for": None,
        "fit_signed_at": None,
        "deviation_signed_at": None,
        "preparation_begun_at": None,
        "preparation_ended_at": None,
        "asked_at": None,
        "answered_at": None,
        "available_at": None,
        "kit": "",
    }
)
"""An open period of which nothing is planned; a new booking begins there."""


def book(uow: UnitOfWork, person: Person, number: str, booked_for: datetime) -> PeriodRecord:
    """Book the infusion of the current period.

    Args:
        uow: The unit of work.
        person: Investigator or coordinator of the site.
        number: Participant number.
        booked_for: Planned start of the infusion, UTC.

    Raises:
        Refused: Below the minimum interval, too soon for the lead time, more than a year ahead, or something
            is under way.
    """
    _, definition = acting.in_trial(uow, Act.INFUSION_BOOKED)
    participant = acting.on_participant(uow, person, Act.INFUSION_BOOKED, number)
    record = demand_bookable(uow, number)
    earliest = uow.clock() + timedelta(hours=definition.kits.lead_time_hours)
    if booked_for < earliest:
        raise Refused(
            f"An infusion is booked at least {definition.kits.lead_time_hours} hours ahead: "
            f"{earliest:%H:%M} UTC on {windows.day(earliest)} or later; "
            f"got {booked_for:%H:%M} UTC on {windows.day(booked_for)}. Nothing was changed.",
            field="booked_for",
            next_step="Choose a later time; the lead time is the same for everybody.",
        )
    if booked_for > uow.clock() + timedelta(days=windows.FURTHEST_DAYS):
        raise Refused(
            f"An infusion is booked at most {windows.FURTHEST_DAYS} days ahead; "
            f"got {windows.minute(booked_for)}. Nothing was changed.",
            field="booked_for",
            next_step="Check the year, or book when the time is nearer.",
        )
    periods.demand_time(uow, definition, record, booked_for, signed=False)
    with trail.act(uow, Act.INFUSION_BOOKED, person, site=participant.site, participant=number) as act:
        exposure.mark(act)
        return act.change(record, **{**UNBOOKED, "booked_for": booked_for})


def cancel(uow: UnitOfWork, person: Person, number: str, why: str) -> PeriodRecord:
    """Cancel the booking: before the preparation it frees the kit, afterwards the kit is to be destroyed.

    Raises:
        Refused: Nothing is booked, the reason is missing, or the kit was handed out.
    """
    acting.in_trial(uow, Act.BOOKING_CANCELLED)
    participant = acting.on_participant(uow, person, Act.BOOKING_CANCELLED, number)
    reasons.demand(why, "Cancelling a booking needs its reason.")
    record = demand_cancellable(uow, number)
    with trail.act(
        uow, Act.BOOKING_CANCELLED, person, site=participant.site, participant=number, why=why
    ) as act:
        exposure.mark(act)
        return drop(act, record)


def drop(act: OpenAct, record: PeriodRecord) -> PeriodRecord:
    """Undo booking and preparation of an open period whose kit was not handed out.

    Args:
        act: The act that makes the booking void.
        record: The open period.
    """
    if record.kit:
        kit = act.uow.get(Kit, record.kit, what="kit")
        if kit.state in UNUSED:
            act.change(kit, state=KitState.TO_DESTROY)
    return act.change(record, **UNBOOKED)


def sign_deviation(uow: UnitOfWork, person: Person, step_up: StepUp, number: str, why: str) -> Deviation:
    """Sign for a booking outside the visit window; only before the preparation begins.

    Raises:
        Refused: The booking is inside the window, the preparation has begun, or the reason is missing.
        StepUpRefused: The re-authentication does not count.
    """
    _, definition = acting.in_trial(uow, Act.DEVIATION_SIGNED)
    participant = acting.on_participant(uow, person, Act.DEVIATION_SIGNED, number)
    reasons.demand(why, "A deviation needs its reason.")
    record, booked_for = demand_deviating(uow, definition, number)
    # The reason stands in the entry beside its salted digest: free text is never released with the values.
    values = {"participant": number, "period": record.period, "booked_for": booked_for.isoformat()}
    with trail.act(
        uow, Act.DEVIATION_SIGNED, person, site=participant.site, participant=number, why=why
    ) as act:
        sign(act, step_up, meaning=DEVIATION_MEANING, about=f"participant {number}", values=values)
        act.change(record, deviation_signed_at=act.at)
        return act.add(
            Deviation(
                number=act.number,
                participant=number,
                period=record.period,
                what="outside the visit window",
                recorded_at=act.at,
            )
        )


def sign_fit(uow: UnitOfWork, person: Person, step_up: StepUp, number: str, fitness: Fitness) -> PeriodRecord:
    """Sign that the participant is fit for the booked infusion; the preparation waits for this.

    Args:
        uow: The unit of work.
        person: An investigator of the site.
        step_up: Their re-authentication.
        number: Participant number.
        fitness: The items, each confirmed.

    Raises:
        Faulty: An item is not confirmed; every one is named.
        Refused: Nothing is booked, the booking needs a deviation first or has passed, or the preparation has
            begun.
        StepUpRefused: The re-authentication does not count.
    """
    _, definition = acting.in_trial(uow, Act.FIT_SIGNED)
    participant = acting.on_participant(uow, person, Act.FIT_SIGNED, number)
    record, booked_for = demand_before_preparation(uow, definition, number)
    fitness.demand()
    booked = {"participant": number, "period": record.period, "booked_for": booked_for.isoformat()}
    values = booked | fitness.values()
    with trail.act(uow, Act.FIT_SIGNED, person, site=participant.site, participant=number) as act:
        sign(act, step_up, meaning=FIT_MEANING, about=f"participant {number}", values=values)
        return act.change(record, fit_signed_at=act.at)


def demand_bookable(uow: UnitOfWork, number: str) -> PeriodRecord:
    """The period whose infusion can be booked, or booked anew.

    Raises:
        Refused: No period is open, its kit was handed out, or its preparation has begun.
    """
    record = periods.current(uow, number)
    periods.demand_in_the_shelf(record)
    if record.preparation_begun_at is not None:
        raise Refused(
            f"The preparation for period {record.period} has begun, so the booking cannot be moved. "
            "Nothing was changed.",
            field="booked_for",
            next_step="Cancel the booking first; the prepared kit is then to be destroyed.",
        )
    return record


def demand_cancellable(uow: UnitOfWork, number: str) -> PeriodRecord:
    """The period whose booking can be cancelled.

    Raises:
        Refused: Nothing is booked, or the kit was handed out.
    """
    record = periods.current(uow, number)
    periods.demand_in_the_shelf(record)
    _demand_booked(record)
    return record


def demand_deviating(uow: UnitOfWork, definition: Definition, number: str) -> tuple[PeriodRecord, datetime]:
    """The period whose booking needs a signed deviation, and the booked start.

    Raises:
        Refused: Nothing is booked, the preparation has begun, or the booking lies inside the window.
    """
    record = periods.current(uow, number)
    booked_for = _demand_booked(record)
    if record.preparation_begun_at is not None:
        raise Refused(
            f"A deviation is signed before the preparation begins; that of period {record.period} has begun. "
            "Nothing was changed.",
            field="participant",
            next_step="Cancel the booking and book again; the prepared kit is then to be destroyed.",
        )
    plan = definition.period(record.period)
    if not windows.outside(plan, periods.previous_infusion(uow, record), booked_for):
        raise Refused(
            f"The booking of period {record.period} on {windows.day(booked_for)} lies inside the visit "
            "window; there is nothing to sign. Nothing was changed.",
            field="participant",
            next_step="Sign that the participant is fit for the infusion.",
        )
    return record, booked_for


def demand_before_preparation(
    uow: UnitOfWork, definition: Definition, number: str
) -> tuple[PeriodRecord, datetime]:
    """The period whose booking waits for fit-for-infusion, and the booked start.

    Raises:
        Refused: Nothing is booked, the preparation has begun, or the time is wrong or has passed.
    """
    record = periods.current(uow, number)
    booked_for = _demand_booked(record)
    if record.preparation_begun_at is not None:
        raise Refused(
            f"Fit for infusion is signed before the preparation begins; that of period {record.period} has "
            "begun. Nothing was changed.",
            field="participant",
            next_step="If the participant is no longer fit, cancel the booking, or record the infusion as "
            "not given.",
        )
    windows.demand_not_passed(record.period, booked_for, uow.clock())
    periods.demand_time(uow, definition, record, booked_for, signed=True)
    return record, booked_for


def _demand_booked(record: PeriodRecord) -> datetime:
    if record.booked_for is None:
        raise Refused(
            f"Period {record.period} is not booked. Nothing was changed.",
            field="participant",
            next_step="Book the infusion first.",
        )
    return record.booked_for
