"""Blinded assessments that are due: when, of whom, and on whose list."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Notice
from randomizer.domain.people import Account, Role
from randomizer.domain.supply import PeriodRecord
from randomizer.domain.trial import Trial
from randomizer.services.care import assessment_changes, assessments, assessments_due
from randomizer.services.upkeep import daily
from randomizer.services.views import sight, worklist
from tests.activated import SECOND_SITE, SITE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from randomizer.domain.records import Assessment
    from tests.stages import Stage

pytestmark = pytest.mark.requirement("life")

Key = tuple[str, str, str]


def due(
    stage: Stage, role: Role = Role.OUTCOMES_ASSESSOR, site: str = SITE
) -> dict[Key, assessments_due.Due]:
    person = stage.instance.person(role, site)
    with stage.store.reading() as uow:
        found = assessments_due.of(uow, person, uow.get(Trial, 1), stage.instance.definition)
    return {(one.participant.number, one.plan.code, one.time_point): one for one in found}


def whose(keys: Iterable[Key]) -> set[str]:
    return {number for number, _, _ in keys}


def of(keys: Iterable[Key], number: str) -> set[tuple[str, str]]:
    return {(code, point) for whom, code, point in keys if whom == number}


def infused_at(stage: Stage, number: str) -> datetime:
    return min(one.given_at for one in stage.all(PeriodRecord, participant=number) if one.given_at)


def stand_at(stage: Stage, number: str, days: int) -> None:
    """Let it be so many days after the first infusion of a participant, at midnight."""
    day = infused_at(stage, number).date() + timedelta(days=days)
    stage.clock.now = datetime.combine(day, time(), stage.clock.now.tzinfo)


def assess(stage: Stage, number: str, code: str = "EDSS", point: str = "week 24") -> Assessment:
    given = {"assessment": code, "time_point": point, "done_at": stage.clock()}
    return stage.sign(assessments.sign_assessment, Role.OUTCOMES_ASSESSOR, number, **given)


@pytest.mark.promise(19)
def test_it_is_due_from_the_first_day_of_its_window_and_overdue_after_the_last(stage: Stage) -> None:
    [*_, plan] = stage.instance.definition.assessments
    window = plan.windows[1]
    number, first = stage["second"], window.due_days - window.before_days
    for days, told in (
        (first - 1, None),
        (first, False),
        (window.due_days + window.after_days, False),
        (window.due_days + window.after_days + 1, True),
    ):
        stand_at(stage, number, days)
        found = due(stage).get((number, plan.code, window.time_point))
        assert (found and found.overdue) is told, days
    assert of(due(stage), number) == {
        (one.code, point.time_point) for one in stage.instance.definition.assessments for point in one.windows
    }
    assert not whose(due(stage)) & {stage["randomized"], stage["booked"]}, "nothing was given yet"


def test_each_role_and_site_has_its_own_and_what_one_signed_waits_for_nobody(stage: Stage) -> None:
    number = stage["second"]
    stand_at(stage, number, 168)
    assert of(due(stage, Role.INVESTIGATOR), number) == {("EDSS", "week 24"), ("RELAPSE", "week 24")}
    assert due(stage, Role.INVESTIGATOR, SECOND_SITE) == due(stage, Role.COORDINATOR) == {}
    made = assess(stage, number)
    for role in (Role.OUTCOMES_ASSESSOR, Role.INVESTIGATOR):
        assert ("EDSS", "week 24") not in of(due(stage, role), number)
    stage.sign(assessment_changes.strike_out, Role.OUTCOMES_ASSESSOR, made.number, why="not of this person")
    assert ("EDSS", "week 24") in of(due(stage), number)


@pytest.mark.promise(1)
def test_the_list_of_who_is_blind_is_the_same_whoever_else_knows(stage: Stage) -> None:
    number = stage["second"]
    stand_at(stage, number, 400)
    before, own = due(stage), due(stage, Role.INVESTIGATOR)
    stage.break_code(number)
    assert due(stage) == before
    assert set(due(stage, Role.INVESTIGATOR)) == {key for key in own if key[0] != number}


def test_nothing_is_due_of_who_is_not_followed_up_any_more(stage: Stage) -> None:
    stand_at(stage, stage["second"], 400)
    assert stage["died"] not in whose(due(stage))
    assert {stage["completed"], stage["followed"]} <= whose(due(stage)), "an image is read afterwards"
    stage.end(Act.LOST_TO_FOLLOW_UP, stage["second"])
    assert stage["second"] not in whose(due(stage))


def test_the_daily_mail_names_what_is_due_and_until_when(stage: Stage) -> None:
    number = stage["second"]
    stand_at(stage, number, 183)
    assert ("EDSS", "week 24") in of(due(stage), number)
    with stage.store.writing() as uow:
        daily.tell(uow)
    assessor = stage.instance.person(Role.OUTCOMES_ASSESSOR)
    address = stage.get(Account, assessor.account).email
    [mail] = [one for one in stage.all(Notice) if one.recipient == address]
    overdue = (infused_at(stage, number).date() + timedelta(days=182)).strftime("%-d %b %Y")
    line = f"- Sign EDSS: progression of disability, week 24, overdue since {overdue}: participant {number}\n"
    assert line in mail.body
    with stage.store.reading() as uow:
        told = worklist.of(sight.of(uow, assessor))
        kept = worklist.of(sight.of(uow, stage.instance.person(Role.COORDINATOR)))
    assert ("EDSS", True) in {
        (one["assessment"], one["overdue"]) for one in told["assessments"] if one["participant"] == number
    }
    assert kept["assessments"] == []
