"""What became of a period: given, partly given, not given, or missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import reasons, windows
from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant, State
from randomizer.domain.supply import Kit, KitState, Outcome, PeriodRecord
from randomizer.errors import Refused
from randomizer.services import acting, exposure, trail
from randomizer.services.care import booking, periods

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.people import Person
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork

KIT_AFTER = {
    Outcome.GIVEN: KitState.ADMINISTERED,
    Outcome.PARTLY_GIVEN: KitState.PARTLY_ADMINISTERED,
    Outcome.NOT_GIVEN: KitState.NOT_ADMINISTERED,
}


def record(
    uow: UnitOfWork,
    person: Person,
    number: str,
    *,
    outcome: Outcome,
    given_at: datetime | None = None,
    stopped_at: datetime | None = None,
    volume_ml: int = 0,
    why: str = "",
) -> PeriodRecord:
    """Record the infusion of the kit that was handed out; this closes the period.

    Args:
        uow: The unit of work.
        person: Care provider or investigator of the site.
        number: Participant number.
        outcome: Given, partly given, or not given.
        given_at: Start of the infusion, UTC; needed unless it was not given.
        stopped_at: When it was stopped, for one given in part.
        volume_ml: Volume given, for one given in part.
        why: Reason, for one not or only partly given.

    Raises:
        Refused: No kit was handed out, a time is missing or impossible, or the reason is missing.
    """
    _, definition = acting.in_trial(uow, Act.INFUSION_RECORDED)
    participant = acting.on_participant(uow, person, Act.INFUSION_RECORDED, number)
    current = periods.current(uow, number)
    _demand_plausible(current, uow.clock(), outcome, given_at, why)
    if outcome is Outcome.PARTLY_GIVEN:
        _demand_part(given_at, stopped_at, uow.clock(), volume_ml, definition.kits.volume_ml)
    elif stopped_at is not None or volume_ml:
        raise Refused(
            "A volume and an early stop belong to an infusion that was partly given; this one was "
            f"{outcome}. Nothing was changed.",
            field="outcome",
            next_step="Choose partly given, or leave volume and stop empty.",
        )
    with trail.act(
        uow, Act.INFUSION_RECORDED, person, site=participant.site, participant=number, why=why
    ) as act:
        exposure.mark(act)
        act.change(uow.get(Kit, current.kit, what="kit"), state=KIT_AFTER[outcome])
        closed = act.change(
            current,
            outcome=outcome,
            given_at=None if outcome is Outcome.NOT_GIVEN else given_at,
            stopped_at=stopped_at,
            volume_ml=volume_ml,
            closed_at=act.at,
        )
        _move_on(act, participant, closed, definition.period_count)
    return closed


def miss(uow: UnitOfWork, person: Person, number: str, why: str) -> PeriodRecord:
    """Close the current period without an infusion.

    Raises:
        Refused: A kit was handed out (record what became of it instead), or the reason is missing.
    """
    _, definition = acting.in_trial(uow, Act.PERIOD_MISSED)
    participant = acting.on_participant(uow, person, Act.PERIOD_MISSED, number)
    reasons.demand(why, "A missed period needs its reason.")
    current = periods.current(uow, number)
    if current.dispensed_at is not None:
        raise Refused(
            f"The kit of period {current.period} was handed out; record what became of it. "
            "Nothing was changed.",
            field="participant",
            next_step="Record the infusion as given, partly given or not given.",
        )
    with trail.act(uow, Act.PERIOD_MISSED, person, site=participant.site, participant=number, why=why) as act:
        dropped = booking.drop(act, current)
        closed = act.change(dropped, outcome=Outcome.NOT_GIVEN, closed_at=act.at)
        _move_on(act, participant, closed, definition.period_count)
    return closed


def _move_on(act: OpenAct, participant: Participant, closed: PeriodRecord, period_count: int) -> None:
    last = closed.period == period_count
    act.change(participant, period=closed.period, state=State.IN_PERIOD if last else State.BETWEEN)


def _demand_plausible(
    current: PeriodRecord, now: datetime, outcome: Outcome, given_at: datetime | None, why: str
) -> None:
    if current.dispensed_at is None:
        raise Refused(
            f"No kit was handed out for period {current.period}. Nothing was changed.",
            field="participant",
            next_step="Dispense the kit first, or record the period as missed.",
        )
    if outcome is not Outcome.GIVEN and not why.strip():
        raise Refused(
            f"An infusion that was {outcome} needs its reason. Nothing was changed.",
            field="why",
            next_step="Write the reason in a few words.",
        )
    if outcome is Outcome.NOT_GIVEN:
        return
    # People write times to the minute: the minute in which the kit was handed out counts whole.
    earliest = current.dispensed_at.replace(second=0, microsecond=0)
    if given_at is None or not earliest <= given_at <= now:
        raise Refused(
            f"The infusion must begin between {windows.minute(earliest)} (kit handed out) and now, "
            f"{windows.minute(now)}; got {windows.minute(given_at) if given_at else 'no time'}. "
            "Nothing was changed.",
            field="given_at",
            next_step="Correct the time; it is in UTC.",
        )


def _demand_part(
    given_at: datetime | None, stopped_at: datetime | None, now: datetime, volume_ml: int, full_ml: int
) -> None:
    if stopped_at is None or given_at is None or not given_at <= stopped_at <= now:
        begun = windows.minute(given_at) if given_at else "its beginning"
        raise Refused(
            f"The infusion must have been stopped between {begun} and now, {windows.minute(now)}; "
            f"got {windows.minute(stopped_at) if stopped_at else 'no time'}. Nothing was changed.",
            field="stopped_at",
            next_step="Correct the time; it is in UTC.",
        )
    if not 0 < volume_ml < full_ml:
        raise Refused(
            f"The volume given must be between 1 and {full_ml - 1} mL, got {volume_ml}. Nothing was changed.",
            field="volume_ml",
            next_step="Correct the volume, or choose given or not given.",
        )
