"""The locks: the sponsor's signed statement that all data, or first those of period 1, are final. No key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import reasons
from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant, State
from randomizer.domain.records import STOPS_ALLOCATION, Alarm, PeriodLock, Task
from randomizer.domain.stock import StockTake
from randomizer.domain.supply import PeriodRecord
from randomizer.domain.trial import OPEN, Phase, Trial
from randomizer.errors import Faulty, Refused
from randomizer.services import acting, trail, trials
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from collections.abc import Iterable

    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

LOCK_MEANING = "I state that the data of this trial are final."
PERIOD_LOCK_MEANING = "I state that the data of period 1 of this trial are final."
STAGED_PERIOD = 1
"""The period that a staged release is of."""

_ON_THE_WAY = (State.HARVESTED, State.CLEARED)


def blocks(uow: UnitOfWork) -> tuple[str, ...]:
    """What stands in the way of the lock: one sentence each, nothing where it may be signed.

    Open tasks, alarms about bent records, stock takes that are open or not settled, kits handed out with
    nothing recorded since, and open periods of participants who go on with treatment; in a terminated trial
    nobody does.
    """
    trial, _ = trials.current(uow)
    found = [
        f"Task {task.number} is open: {task.kind}, participant {task.participant}." for task in _tasks(uow)
    ]
    found += [f"Alarm {alarm.number} stands: {alarm.kind}." for alarm in _alarms(uow)]
    found += [
        f"Stock take {take.number} of site {take.site} is open, or its differences are not settled."
        for take in uow.all(StockTake, settled_at=None)
        if take.closed_at is None or take.unsettled
    ]
    records = uow.all(PeriodRecord, outcome=None)
    going_on = _going_on(uow, records)
    for record in records:
        whose = f"Participant {record.participant}, period {record.period}"
        if record.dispensed_at is not None:
            found.append(f"{whose}: the kit was handed out and its infusion is not recorded.")
        elif trial.phase is not Phase.TERMINATED and record.participant in going_on:
            found.append(f"{whose}: the period is open.")
    return tuple(found)


def lock(uow: UnitOfWork, person: Person, step_up: StepUp, why: str) -> Trial:
    """Lock the data.

    Args:
        uow: The unit of work.
        person: A sponsor representative.
        step_up: Their re-authentication.
        why: The occasion, e.g. "All queries are closed".

    Raises:
        Faulty: Something stands in the way; every block is listed.
        Refused: The trial is in another phase, or the reason is missing.
        StepUpRefused: The re-authentication does not count.
    """
    trial, _ = trials.current(uow)
    trial.demand(OPEN, what=Act.TRIAL_LOCKED.doing)
    trail.check(uow, trial)
    reasons.demand(why, "Give the reason.")
    with trail.act(uow, Act.TRIAL_LOCKED, person, why=why.strip()) as act:
        _demand_settled(blocks(uow))
        values = {"definition": trial.definition_digest, "certificate": trial.certificate_digest}
        sign(act, step_up, meaning=LOCK_MEANING, about="trial", values=values)
        return act.change(trial, phase=Phase.LOCKED, locked_at=act.at)


def period_blocks(uow: UnitOfWork) -> tuple[str, ...]:
    """What stands in the way of the lock of period 1: one sentence each, nothing where it may be signed.

    As for the lock of the trial; and nobody may be on the way to a randomization, which the lock ends.
    """
    trial, _ = trials.current(uow)
    found = [
        f"Task {task.number} is open: {task.kind}, participant {task.participant}." for task in _tasks(uow)
    ]
    found += [f"Alarm {alarm.number} stands: {alarm.kind}." for alarm in _alarms(uow)]
    over = trial.phase is Phase.TERMINATED
    records = uow.all(PeriodRecord, period=STAGED_PERIOD, outcome=None)
    going_on = _going_on(uow, records)
    for record in records:
        whose = f"Participant {record.participant}, period {STAGED_PERIOD}"
        if record.dispensed_at is not None:
            found.append(f"{whose}: the kit was handed out and its infusion is not recorded.")
        elif record.booked_for is not None or record.kit:
            found.append(f"{whose}: an infusion is booked.")
        elif not over and record.participant in going_on:
            found.append(f"{whose}: the period is open.")
    if not over:
        waiting = uow.all(Participant, state=_ON_THE_WAY, ending=None)
        found += [f"Participant {one.number} is {one.state} and not randomized yet." for one in waiting]
    return tuple(found)


def lock_period(uow: UnitOfWork, person: Person, step_up: StepUp, why: str) -> PeriodLock:
    """Lock the data of period 1, for a staged release; the periods after it go on.

    Args:
        uow: The unit of work.
        person: A sponsor representative.
        step_up: Their re-authentication.
        why: The occasion, e.g. "All queries about period 1 are closed".

    Raises:
        Faulty: Something stands in the way; every block is listed.
        Refused: The definition has no staged release, period 1 is locked already, the trial is in another
            phase, or the reason is missing.
        StepUpRefused: The re-authentication does not count.
    """
    trial, definition = acting.in_trial(uow, Act.PERIOD_LOCKED)
    if not definition.staged_release:
        raise Refused(
            "The definition of this trial has no staged release, so no period is locked before the others. "
            "Nothing was changed.",
            next_step="Lock the data once all periods are over: randomizer lock.",
        )
    reasons.demand(why, "Give the reason.")
    with trail.act(uow, Act.PERIOD_LOCKED, person, why=why.strip()) as act:
        _demand_settled(period_blocks(uow))
        values = {
            "certificate": trial.certificate_digest,
            "definition": trial.definition_digest,
            "period": STAGED_PERIOD,
        }
        sign(act, step_up, meaning=PERIOD_LOCK_MEANING, about=f"period {STAGED_PERIOD}", values=values)
        return act.add(PeriodLock(period=STAGED_PERIOD, locked_at=act.at))


def _demand_settled(standing: tuple[str, ...]) -> None:
    if standing:
        raise Faulty(
            tuple(("trial", sentence) for sentence in standing),
            next_step="Settle what is listed, then lock again. Nothing was changed.",
        )


def _tasks(uow: UnitOfWork) -> tuple[Task, ...]:
    return uow.all(Task, done_at=None)


def _alarms(uow: UnitOfWork) -> tuple[Alarm, ...]:
    return uow.all(Alarm, kind=STOPS_ALLOCATION, cleared_at=None)


def _going_on(uow: UnitOfWork, records: Iterable[PeriodRecord]) -> frozenset[str]:
    """Those whose periods these are and who go on with treatment."""
    listed = uow.all(Participant, number=[record.participant for record in records])
    return frozenset(one.number for one in listed if one.treatable)
