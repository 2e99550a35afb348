"""The daily mail of open work: one for each person, who reads in it what their own pages show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.housekeeping import QualityWatch
from randomizer.domain.people import UNBLINDED, Account, Role
from randomizer.domain.supply import PeriodRecord, ProductState
from randomizer.domain.trial import OPEN, RUNNING
from randomizer.domain.windows import day
from randomizer.services import accounts, notices, trials
from randomizer.services.care import products
from randomizer.services.views import sight, worklist

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

SUBJECT = "Open work today"
AT_THE_DOOR = "Something waits for you at the code-break door.\n"
"""All that unblinded people read: what waits there stands behind that door."""


def tell(uow: UnitOfWork) -> int:
    """Queue the day's mail for everybody for whom something is open; returns how many. Safe to repeat."""
    trial, _ = trials.current(uow)
    if trial.phase not in OPEN:
        return 0
    today = uow.clock().date()
    told = 0
    for account in uow.all(Account, active=True):
        body = _body(uow, accounts.person(uow, account.number))
        if body:
            occasion = f"open work {today.isoformat()}"
            told += notices.tell(uow, account.number, subject=SUBJECT, body=body, occasion=occasion)
    return told


def _body(uow: UnitOfWork, person: Person) -> str:
    """What is open for a person, or "" where nothing is."""
    if person.roles & UNBLINDED:
        return AT_THE_DOOR if _waits(uow, person) else ""
    lines = list(_lines(uow, person))
    return "\n".join([f"Open on {day(uow.clock())}:", "", *lines, ""]) if lines else ""


def _lines(uow: UnitOfWork, person: Person) -> Iterator[str]:
    seen = sight.of(uow, person)
    found = worklist.of(seen)
    for row in found["rows"]:
        if row:
            yield f"- {row['what']}: participant {row['participant']}"
    if found["more"]:
        yield f"- and {found['more']} more"
    for due in found["assessments"]:
        until = (
            f"overdue since {day(due['closes_on'])}" if due["overdue"] else f"until {day(due['closes_on'])}"
        )
        yield f"- Sign {due['label']}, {due['time_point']}, {until}: participant {due['participant']}"
    if found["more_assessments"]:
        yield f"- and {found['more_assessments']} more blinded assessments"
    for task in found["tasks"]:
        yield f"- Task: {task['kind']}, participant {task['participant']}"


def _waits(uow: UnitOfWork, person: Person) -> bool:
    """Whether anything waits for somebody who works behind the other door; it needs no key to know that."""
    if Role.PREPARER in person.roles:
        running = trials.current(uow)[0].phase in RUNNING
        booked = uow.all(PeriodRecord, outcome=None, kit="")
        return any(one.preparing or (running and one.booked_for is not None) for one in booked)
    if Role.CLEARER in person.roles:
        due = (one.due_at for one in uow.all(QualityWatch))
        late = any(at is not None and at <= uow.clock() for at in due)
        return late or any(one.state is ProductState.HARVESTED for one in products.waiting(uow))
    return False
