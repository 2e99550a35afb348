"""Quality results that are due: a reminder to the clearing person, from the day before on, once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain.housekeeping import QualityWatch
from randomizer.domain.people import Role
from randomizer.domain.trial import OPEN, Phase
from randomizer.domain.windows import day
from randomizer.services import notices, trials

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.store.work import UnitOfWork

AHEAD = timedelta(days=1)


def tell(uow: UnitOfWork) -> int:
    """Queue the day's reminders of results due and overdue; returns how many. Safe to repeat.

    They go to the unblinded side alone, name a participant and a day, and tell no test and no result.
    """
    trial, _ = trials.current(uow)
    if trial.phase not in OPEN | {Phase.LOCKED}:  # after the lock a result is added, and alerts all the same
        return 0
    now = uow.clock()
    return sum(
        _tell_one(uow, one.participant, one.due_at)
        for one in uow.all(QualityWatch)
        if one.due_at is not None and one.due_at <= now + AHEAD
    )


def _tell_one(uow: UnitOfWork, number: str, due_at: datetime) -> int:
    now = uow.clock()
    said = "overdue" if due_at < now else "due"
    return notices.queue(
        uow,
        (Role.CLEARER,),
        site="",
        tells={"QualityWatch": ("participant", "due_at")},
        subject=f"A quality result of participant {number} is {said}",
        body=(
            f"A quality result of participant {number} is {said}: {day(due_at)}.\n\n"
            "Open Clearance at the code-break door and record what is known.\n"
        ),
        occasion=f"quality result {number} {now.date().isoformat()}",
    )
