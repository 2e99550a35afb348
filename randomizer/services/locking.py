"""The database lock: the sponsor's signed statement that the data are final. Needs no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import reasons
from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant
from randomizer.domain.records import STOPS_ALLOCATION, Alarm, Task
from randomizer.domain.supply import PeriodRecord
from randomizer.domain.trial import OPEN, Phase, Trial
from randomizer.errors import Faulty
from randomizer.services import trail, trials
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

LOCK_MEANING = "I state that the data of this trial are final."


def blocks(uow: UnitOfWork) -> tuple[str, ...]:
    """What stands in the way of the lock: one sentence each, nothing where it may be signed.

    Open tasks, alarms about bent records, kits handed out with nothing recorded since, and open periods of
    participants who go on with treatment; in a terminated trial nobody does.
    """
    trial, _ = trials.current(uow)
    found = [
        f"Task {task.number} is open: {task.kind}, participant {task.participant}." for task in _tasks(uow)
    ]
    found += [f"Alarm {alarm.number} stands: {alarm.kind}." for alarm in _alarms(uow)]
    for record in uow.all(PeriodRecord, outcome=None):
        whose = f"Participant {record.participant}, period {record.period}"
        if record.dispensed_at is not None:
            found.append(f"{whose}: the kit was handed out and its infusion is not recorded.")
        elif trial.phase is not Phase.TERMINATED and _goes_on(uow, record):
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
        standing = blocks(uow)
        if standing:
            raise Faulty(
                tuple(("trial", sentence) for sentence in standing),
                next_step="Settle what is listed, then lock again. Nothing was changed.",
            )
        values = {"definition": trial.definition_digest, "certificate": trial.certificate_digest}
        sign(act, step_up, meaning=LOCK_MEANING, about="trial", values=values)
        return act.change(trial, phase=Phase.LOCKED, locked_at=act.at)


def _tasks(uow: UnitOfWork) -> tuple[Task, ...]:
    return uow.all(Task, done_at=None)


def _alarms(uow: UnitOfWork) -> tuple[Alarm, ...]:
    return uow.all(Alarm, kind=STOPS_ALLOCATION, cleared_at=None)


def _goes_on(uow: UnitOfWork, record: PeriodRecord) -> bool:
    return uow.get(Participant, record.participant, what="participant").treatable
