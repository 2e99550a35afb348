"""What became of a period: given, partly given, not given, or missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain import reasons, windows
from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant, State
from randomizer.domain.supply import Kit, KitState, Outcome, PeriodRecord
from randomizer.errors import Faulty, Refused
from randomizer.services import acting, exposure, trail
from randomizer.services.care import booking, periods

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from randomizer.domain.people import Person
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork

KIT_AFTER = {
    Outcome.GIVEN: KitState.ADMINISTERED,
    Outcome.PARTLY_GIVEN: KitState.PARTLY_ADMINISTERED,
    Outcome.NOT_GIVEN: KitState.NOT_ADMINISTERED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What somebody says of an infusion; see `record`."""

    outcome: Outcome
    given_at: datetime | None
    stopped_at: datetime | None
    volume_ml: int
    why: str


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
        Faulty: A time is missing or impossible, the volume or the reason is missing; every fault by field.
        Refused: No kit was handed out.
    """
    _, definition = acting.in_trial(uow, Act.INFUSION_RECORDED)
    participant = acting.on_participant(uow, person, Act.INFUSION_RECORDED, number)
    current, dispensed_at = demand_in_hand(uow, number)
    reasons.demand_short(why)
    told = Told(outcome=outcome, given_at=given_at, stopped_at=stopped_at, volume_ml=volume_ml, why=why)
    faults = tuple(_faults(told, dispensed_at, uow.clock(), definition.kits.volume_ml))
    if faults:
        raise Faulty(faults, next_step="Correct what is named. Times are in UTC; nothing was changed.")
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
    current = demand_missable(uow, number)
    with trail.act(uow, Act.PERIOD_MISSED, person, site=participant.site, participant=number, why=why) as act:
        exposure.mark(act)
        dropped = booking.drop(act, current)
        closed = act.change(dropped, outcome=Outcome.NOT_GIVEN, closed_at=act.at)
        _move_on(act, participant, closed, definition.period_count)
    return closed


def _move_on(act: OpenAct, participant: Participant, closed: PeriodRecord, period_count: int) -> None:
    last = closed.period == period_count
    act.change(participant, period=closed.period, state=State.IN_PERIOD if last else State.BETWEEN)


def demand_in_hand(uow: UnitOfWork, number: str) -> tuple[PeriodRecord, datetime]:
    """The period whose kit was handed out and not recorded yet, and when it was handed out.

    Raises:
        Refused: No kit was handed out.
    """
    current = periods.current(uow, number)
    if current.dispensed_at is None:
        raise Refused(
            f"No kit was handed out for period {current.period}. Nothing was changed.",
            field="participant",
            next_step="Dispense the kit first, or record the period as missed.",
        )
    return current, current.dispensed_at


def demand_missable(uow: UnitOfWork, number: str) -> PeriodRecord:
    """The period that can be closed without an infusion.

    Raises:
        Refused: No period is open, or its kit was handed out.
    """
    current = periods.current(uow, number)
    periods.demand_in_the_shelf(current)
    return current


def _faults(told: Told, dispensed_at: datetime, now: datetime, full_ml: int) -> Iterator[tuple[str, str]]:
    if told.outcome is not Outcome.GIVEN and not told.why.strip():
        yield "why", f"An infusion that was {told.outcome} needs its reason."
    if told.outcome is not Outcome.NOT_GIVEN:
        # People write times to the minute: the minute in which the kit was handed out counts whole.
        earliest = dispensed_at.replace(second=0, microsecond=0)
        if told.given_at is None or not earliest <= told.given_at <= now:
            yield (
                "given_at",
                (
                    f"The infusion must begin between {windows.minute(earliest)} (kit handed out) and now, "
                    f"{windows.minute(now)}; got {_got(told.given_at)}."
                ),
            )
    elif told.given_at is not None:
        yield (
            "outcome",
            (
                f"A start belongs to an infusion that was begun; this one was {told.outcome}: choose given "
                "or partly given, or leave the start empty."
            ),
        )
    if told.outcome is Outcome.PARTLY_GIVEN:
        yield from _faults_of_a_part(told, now, full_ml)
    elif told.stopped_at is not None or told.volume_ml:
        yield (
            "outcome",
            (
                "A volume and an early stop belong to an infusion that was partly given; this one was "
                f"{told.outcome}: choose partly given, or leave volume and stop empty."
            ),
        )


def _faults_of_a_part(told: Told, now: datetime, full_ml: int) -> Iterator[tuple[str, str]]:
    begun = told.given_at
    if told.stopped_at is None or not (begun or told.stopped_at) <= told.stopped_at <= now:
        since = windows.minute(begun) if begun else "its beginning"
        yield (
            "stopped_at",
            (
                f"The infusion must have been stopped between {since} and now, {windows.minute(now)}; "
                f"got {_got(told.stopped_at)}."
            ),
        )
    if not 0 < told.volume_ml < full_ml:
        yield (
            "volume_ml",
            f"The volume given must be between 1 and {full_ml - 1} mL, got {told.volume_ml}.",
        )


def _got(moment: datetime | None) -> str:
    return windows.minute(moment) if moment else "no time"
