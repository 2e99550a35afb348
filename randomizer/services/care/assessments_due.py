"""Blinded assessments that are due and that nobody has signed. Needs no key, and tells of no treatment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain import windows
from randomizer.domain.acts import DURING, Act
from randomizer.domain.participants import TREATABLE, Participant, State
from randomizer.domain.records import Assessment
from randomizer.domain.supply import PeriodRecord
from randomizer.services import exposure
from randomizer.services.care import assessments, periods

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from randomizer.domain.definition_values import AssessmentPlan, Definition
    from randomizer.domain.people import Person
    from randomizer.domain.trial import Trial
    from randomizer.domain.windows import Window
    from randomizer.store.work import UnitOfWork

FOLLOWED = TREATABLE | {State.COMPLETED}
"""Where a participant is of whom assessments can be due: an image is read after the last visit too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A blinded assessment that waits for a signature.

    Args:
        participant: The participant.
        plan: Which assessment.
        time_point: Of which time point.
        window: When it belongs.
        overdue: Whether the window has closed.
    """

    participant: Participant
    plan: AssessmentPlan
    time_point: str
    window: Window
    overdue: bool


def of(uow: UnitOfWork, person: Person, trial: Trial, definition: Definition) -> tuple[Due, ...]:
    """What a person could sign now that is due and that nobody has signed, the one that closes first on top.

    Nothing is due of participants who were never infused or are no longer followed up, and none of those for
    whom this person is unblinded; what their colleagues see does not depend on that.

    Args:
        uow: The unit of work; reading is enough.
        person: Who asks.
        trial: As activated.
        definition: Its definition.
    """
    plans = {site.code: _plans(person, definition, site.code) for site in definition.sites}
    sites = [site for site, mine in plans.items() if mine]
    if not sites or trial.phase not in DURING[Act.ASSESSMENT_SIGNED]:
        return ()
    known = {number for site in sites for number in exposure.unblinded_at(uow, person.account, site)}
    followed = [
        one
        for one in uow.all(Participant, site=sites, state=FOLLOWED)
        if one.follow_up and one.number not in known
    ]
    numbers = [one.number for one in followed]
    first = _first_given(uow.all(PeriodRecord, participant=numbers))
    signed = {
        (one.participant, one.assessment, one.time_point)
        for one in uow.all(Assessment, participant=numbers, struck=False)
    }
    today = uow.clock().date()
    waiting = [
        due
        for one in followed
        if one.number in first
        for due in _of_one(one, plans[one.site], first[one.number], today)
        if (one.number, due.plan.code, due.time_point) not in signed
    ]
    return tuple(sorted(waiting, key=lambda due: (due.window.closes_on, due.participant.number)))


def _plans(person: Person, definition: Definition, site: str) -> list[AssessmentPlan]:
    scheduled = (plan for plan in definition.assessments if plan.windows)
    return [plan for plan in scheduled if assessments.signs(person, plan, site)]


def _first_given(records: Iterable[PeriodRecord]) -> dict[str, datetime]:
    """Start of the first infusion of each participant who had one."""
    found: dict[str, datetime] = {}
    for one in records:
        if one.outcome in periods.INFUSED and one.given_at is not None:
            found[one.participant] = min(one.given_at, found.get(one.participant, one.given_at))
    return found


def _of_one(
    participant: Participant, plans: Iterable[AssessmentPlan], first: datetime, today: date
) -> Iterable[Due]:
    for plan in plans:
        for window in plan.windows:
            belongs = windows.assessment_window(window, first)
            if belongs.opens_on <= today:
                overdue = today > belongs.closes_on
                yield Due(
                    participant=participant,
                    plan=plan,
                    time_point=window.time_point,
                    window=belongs,
                    overdue=overdue,
                )
