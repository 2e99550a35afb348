"""What became of a period: given, partly given, not given, or missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import participants
from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant, State
from randomizer.domain.supply import Kit, KitState, Outcome, PeriodRecord
from randomizer.domain.trial import OPEN
from randomizer.errors import Refused
from randomizer.services import booking, periods, trail, trials

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
    trial, definition = trials.current(uow)
    trial.demand(OPEN, what="Recording an infusion")
    participant = uow.get(Participant, number, what="participant")
    current = periods.current(uow, number)
    _demand_plausible(current, uow.clock(), outcome, given_at, why)
    if outcome is Outcome.PARTLY_GIVEN:
        _demand_part(given_at, stopped_at, volume_ml, definition.kits.volume_ml)
    with trail.act(
        uow, Act.INFUSION_RECORDED, person, site=participant.site, participant=number, why=why
    ) as act:
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
    trial, definition = trials.current(uow)
    trial.demand(OPEN, what="Recording a missed period")
    if not why.strip():
        raise Refused("A missed period needs its reason. Nothing was changed.", field="why")
    participant = uow.get(Participant, number, what="participant")
    participants.demand(participant, Act.PERIOD_MISSED)
    current = periods.current(uow, number)
    if current.dispensed_at is not None:
        raise Refused(
            f"The kit of period {current.period} was handed out; record what became of it. "
            "Nothing was changed.",
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
        raise Refused(f"An infusion that was {outcome} needs its reason. Nothing was changed.", field="why")
    if outcome is Outcome.NOT_GIVEN:
        return
    if given_at is None or not current.dispensed_at <= given_at <= now:
        raise Refused(
            f"The infusion must begin between {current.dispensed_at:%H:%M} UTC (kit handed out) and now "
            f"({now:%H:%M} UTC). Nothing was changed.",
            field="given_at",
        )


def _demand_part(
    given_at: datetime | None, stopped_at: datetime | None, volume_ml: int, full_ml: int
) -> None:
    if stopped_at is None or given_at is None or stopped_at < given_at:
        raise Refused("Say when the infusion was stopped; not before it began.", field="stopped_at")
    if not 0 < volume_ml < full_ml:
        raise Refused(
            f"The volume given must be between 1 and {full_ml - 1} mL, got {volume_ml}.", field="volume_ml"
        )
