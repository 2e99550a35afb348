"""What an impact assessment looks at, and that acts of whoever knows are marked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import CODE_BREAKS, MAY, Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.participants import FROM, TREATABLE
from randomizer.domain.people import Role
from randomizer.domain.records import Task, TaskKind
from randomizer.domain.supply import Outcome
from randomizer.errors import Refused
from randomizer.services import exposure, impact, packs, trail
from randomizer.services.care import (
    assessment_changes,
    assessments,
    booking,
    endings,
    infusions,
    replacements,
)
from randomizer.services.packs import Report
from randomizer.services.unblinded import code_breaks
from randomizer.services.views import impact_views, sight
from tests.activated import FIT, SITE
from tests.databases import only_reading

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = pytest.mark.requirement("life")

WHY = "The reading may be affected."


def assess(stage: Stage, number: str, **named: Any) -> int:  # noqa: ANN401 - any part
    given = {"assessment": "EDSS", "time_point": "week 24", "done_at": stage.clock()} | named
    return stage.sign(assessments.sign_assessment, Role.OUTCOMES_ASSESSOR, number, **given).number


def the_task(stage: Stage, number: str) -> int:
    [found] = stage.all(Task, participant=number, kind=TaskKind.IMPACT_ASSESSMENT, done_at=None)
    return found.number


@pytest.mark.promise(9)
def test_an_impact_assessment_is_signed_over_what_was_signed_since_by_date(stage: Stage) -> None:
    number = stage["second"]
    earlier = assess(stage, number)
    stage.clock.advance(seconds=60)
    done_before = stage.clock()
    stage.clock.advance(seconds=60)
    stage.break_code(number)
    task = the_task(stage, number)
    stage.clock.advance(days=1)
    after = assess(stage, number, time_point="week 48")
    read_late = assess(stage, number, assessment="MRI", done_at=done_before)

    with stage.store.reading() as uow:
        told = impact_views.of(sight.of(uow, stage.instance.person(Role.SAFETY_PHYSICIAN)), task)
    assert [one["number"] for one in told["assessments"]] == [read_late, after]
    assert told["known_by"] == stage.instance.person(Role.INVESTIGATOR).printed_name
    for listed in ((), (after,), (earlier, after, read_late)):
        with pytest.raises(Refused, match="list of blinded assessments has changed") as refused:
            stage.sign(impact.sign_impact, Role.SAFETY_PHYSICIAN, task, WHY, listed=listed)
        assert refused.value.field == "assessments"
    stage.sign(impact.sign_impact, Role.SAFETY_PHYSICIAN, task, WHY, listed=(after, read_late))

    with stage.store.reading() as uow:
        [entry] = uow.all(Entry, act=Act.IMPACT_SIGNED.value)
        signed = trail.noted(uow, entry.number)["signed"]
    assessor = stage.instance.person(Role.OUTCOMES_ASSESSOR).printed_name
    assert [(one["entry"], one["assessment"], one["by"]) for one in signed["assessments"]] == [
        (read_late, "MRI", assessor),
        (after, "EDSS", assessor),
    ]


@pytest.mark.promise(10)
def test_a_sheet_that_was_opened_counts_from_when_that_happened(stage: Stage) -> None:
    number = stage["second"]
    stage.act(packs.issue, Role.TRIAL_MANAGER, SITE)
    opened_at = stage.clock.advance(seconds=60)
    stage.clock.advance(hours=1)
    between = assess(stage, number)
    report = Report(site=SITE, participant=number, who="Dr X", at=opened_at, why="both doors were down")
    stage.act(packs.record_opening, Role.TRIAL_MANAGER, report)
    with stage.store.reading() as uow:
        seen = sight.of(uow, stage.instance.person(Role.SAFETY_PHYSICIAN))
        told = impact_views.of(seen, the_task(stage, number))
    assert told["exposed_at"] == opened_at
    assert [one["number"] for one in told["assessments"]] == [between]
    assert told["known_by"] == impact_views.WITHOUT_ACCOUNT


@pytest.mark.promise(9)
def test_what_was_entered_late_counts_from_when_it_was_shown(stage: Stage) -> None:
    """Else an assessment by the very person who knew stays off the list that is signed before the lock."""
    number = stage["second"]
    with only_reading(stage.store.engine):
        stage.break_code(number)
    shown_at = stage.clock()
    stage.clock.advance(seconds=60)
    given = {"assessment": "EDSS", "time_point": "week 24", "done_at": stage.clock()}
    knew = stage.sign(assessments.sign_assessment, Role.INVESTIGATOR, number, **given)
    blind = assess(stage, number, time_point="week 48")
    stage.clock.advance(hours=1)
    code_breaks.reconcile(stage.desk)

    with stage.store.reading() as uow:
        seen = sight.of(uow, stage.instance.person(Role.SAFETY_PHYSICIAN))
        told = impact_views.of(seen, the_task(stage, number))
    assert told["exposed_at"] == shown_at
    assert [one["number"] for one in told["assessments"]] == [knew.number, blind]
    assert told["knew"] == [knew.number]


@pytest.mark.promise(9)
def test_a_correction_since_the_code_break_is_listed_and_signed_over(stage: Stage) -> None:
    number = stage["second"]
    earlier, untouched = assess(stage, number), assess(stage, number, time_point="week 48")
    stage.clock.advance(seconds=60)
    stage.break_code(number)
    stage.clock.advance(days=1)
    task = the_task(stage, number)
    struck = stage.sign(assessment_changes.strike_out, Role.OUTCOMES_ASSESSOR, earlier, why=WHY)

    for listed in ((), (earlier,), (struck.entry, untouched)):
        with pytest.raises(Refused, match="list of blinded assessments has changed"):
            stage.sign(impact.sign_impact, Role.SAFETY_PHYSICIAN, task, WHY, listed=listed)
    stage.sign(impact.sign_impact, Role.SAFETY_PHYSICIAN, task, WHY, listed=(struck.entry,))


def test_every_clinical_act_of_whoever_knows_is_marked(stage: Stage) -> None:
    """Each on a participant at its station; what an investigator may do and is not tried here fails."""
    at: dict[Act, str] = {
        Act.RANDOMIZED_IN_ERROR: "randomized",
        Act.FACTOR_CORRECTED: "randomized",
        Act.INFUSION_BOOKED: "randomized",
        Act.BOOKING_CANCELLED: "randomized",
        Act.DEVIATION_SIGNED: "between",
        Act.FIT_SIGNED: "booked",
        Act.REPLACEMENT_REQUESTED: "booked",
        Act.INFUSION_RECORDED: "dispensed",
        Act.PERIOD_MISSED: "other",
        Act.TREATMENT_STOPPED: "ready",
        Act.CONSENT_WITHDRAWN: "fit",
        Act.LOST_TO_FOLLOW_UP: "second",
        Act.DIED: "randomized",
        Act.COMPLETED: "followed",
    }
    possible = {act for act, states in FROM.items() if states & TREATABLE and Role.INVESTIGATOR in MAY[act]}
    possible |= {Act.INFUSION_RECORDED}  # at any state: a kit is in hand
    assert possible - CODE_BREAKS - {Act.ASSESSMENT_SIGNED} == set(at)
    for number in dict.fromkeys(stage[station] for station in at.values()):
        stage.break_code(number)
    for act, station in at.items():
        _do(stage, act, stage[station])
        with stage.store.reading() as uow:
            last = uow.all(Entry, act=act.value, participant=stage[station])[-1]
            assert exposure.MARK in trail.noted(uow, last.number), act
            assert last.number in exposure.marked(uow, stage[station])


def _do(stage: Stage, act: Act, number: str) -> None:
    late = stage.clock() + timedelta(days=stage.instance.definition.periods[1].interval_days + 60)
    soon = stage.clock() + timedelta(hours=stage.instance.definition.kits.lead_time_hours)
    investigator = Role.INVESTIGATOR
    if act is Act.DEVIATION_SIGNED:
        stage.act(booking.book, investigator, number, late)
        stage.sign(booking.sign_deviation, investigator, number, WHY)
    elif act is Act.FIT_SIGNED:
        stage.sign(booking.sign_fit, investigator, number, FIT)
    elif act is Act.INFUSION_BOOKED:
        stage.act(booking.book, investigator, number, soon)
    elif act is Act.INFUSION_RECORDED:
        given = {"outcome": Outcome.GIVEN, "given_at": stage.clock()}
        stage.act(infusions.record, investigator, number, **given)
    elif act in {Act.TREATMENT_STOPPED, Act.CONSENT_WITHDRAWN, Act.LOST_TO_FOLLOW_UP, Act.DIED}:
        stage.end(act, number)
    elif act is Act.FACTOR_CORRECTED:
        stage.act(endings.correct_factor, investigator, number, {"course": "progressive"}, WHY)
    elif act is Act.COMPLETED:
        stage.act(endings.complete, investigator, number)
    else:
        service = {
            Act.RANDOMIZED_IN_ERROR: endings.randomized_in_error,
            Act.BOOKING_CANCELLED: booking.cancel,
            Act.REPLACEMENT_REQUESTED: replacements.ask,
            Act.PERIOD_MISSED: infusions.miss,
        }[act]
        stage.act(service, investigator, number, WHY)
