"""Blinded assessments: who signs which, and who can no longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.participants import Participant
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.records import Assessment, Signature
from randomizer.domain.trial import Allocation
from randomizer.errors import NotAllowed, NotFound, Refused
from randomizer.services import accounts, trail
from randomizer.services.care import assessment_changes, assessments
from randomizer.services.views import assessment_views, entry_view, participant_views, sight
from tests.activated import SECOND_SITE, SITE
from tests.stages import demand_sound

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = pytest.mark.requirement("life")


def assess(
    stage: Stage,
    number: str,
    role: Role = Role.OUTCOMES_ASSESSOR,
    what: str = "EDSS",
    **named: Any,  # noqa: ANN401 - any part
) -> Assessment:
    given = {"time_point": "week 24", "done_at": stage.clock()} | named
    return stage.sign(assessments.sign_assessment, role, number, assessment=what, **given)


def test_what_is_signed_is_which_assessment_and_when_it_was_done(stage: Stage) -> None:
    number, done_at = stage["second"], stage.clock()
    stage.clock.advance(days=3)

    made = assess(stage, number, done_at=done_at)

    assert (made.assessment, made.time_point, made.done_at) == ("EDSS", "week 24", done_at)
    signature = stage.get(Signature, made.number)
    assert signature.meaning == assessments.ASSESSMENT_MEANING
    assert signature.signed_at == stage.clock()
    with stage.store.reading() as uow:
        noted = trail.noted(uow, made.number)
        assert uow.get(Entry, made.number).act == Act.ASSESSMENT_SIGNED
    assert noted["signed"]["label"] == "EDSS: progression of disability"
    assert "unblinded" not in noted


@pytest.mark.promise(9)
@pytest.mark.promise(18)
def test_who_was_shown_the_treatment_signs_no_blinded_assessment_of_this_participant(stage: Stage) -> None:
    number = stage["second"]
    stage.break_code(number)
    before = stage.dump()

    with pytest.raises(Refused) as refused:
        assess(stage, number, Role.INVESTIGATOR)

    assert refused.value.message == (
        f"You are unblinded for participant {number}, so you cannot sign a blinded assessment of this "
        "participant any more. Nothing was signed."
    )
    assert "outcomes assessor or investigator of site TLS who is blind" in str(refused.value.next_step)
    assert stage.dump() == before
    assert assess(stage, stage["other"], Role.INVESTIGATOR).participant == stage["other"]
    assert assess(stage, number).participant == number, "a colleague who is blind signs it"


def test_the_page_offers_it_to_whom_it_is_open_and_lists_what_was_signed(stage: Stage) -> None:
    number = stage["second"]
    assess(stage, number)
    stage.break_code(number)
    for role, offered in (
        (Role.INVESTIGATOR, False),
        (Role.OUTCOMES_ASSESSOR, True),
        (Role.COORDINATOR, False),
    ):
        with stage.store.reading() as uow:
            seen = sight.of(uow, stage.instance.person(role))
            whole = participant_views.whole(seen, uow.get(Participant, number))
        assert (Act.ASSESSMENT_SIGNED in whole["acts"]) is offered
        [listed] = whole["assessments"]
        assert listed["label"] == "EDSS: progression of disability"
        assert listed["printed_name"] == stage.instance.person(Role.OUTCOMES_ASSESSOR).printed_name


def test_an_image_is_read_after_somebody_has_died_and_by_two_readers(stage: Stage) -> None:
    number = stage["died"]
    assert assess(stage, number, what="EDSS").participant == number
    assert assess(stage, number, Role.INVESTIGATOR, what="EDSS").participant == number
    assert len(stage.all(Assessment, participant=number)) == 2


@pytest.mark.promise(18)
def test_what_cannot_be_signed_is_named(stage: Stage) -> None:
    number = stage["second"]
    assess(stage, number)
    allocated_at = stage.get(Allocation, number).allocated_at
    for field, sentence, role, given in (
        ("assessment", "of this participant is signed already", Role.OUTCOMES_ASSESSOR, {}),
        ("assessment", "Choose one of the blinded assessments", Role.INVESTIGATOR, {"what": "BLOOD"}),
        ("assessment", "is signed by: outcomes assessor", Role.INVESTIGATOR, {"what": "MRI"}),
        ("time_point", "has these time points: week 24", Role.INVESTIGATOR, {"time_point": "week 1"}),
        ("done_at", "lies ahead", Role.INVESTIGATOR, {"done_at": stage.clock() + timedelta(minutes=1)}),
        ("done_at", "was randomized", Role.INVESTIGATOR, {"done_at": allocated_at - timedelta(minutes=1)}),
    ):
        before = stage.dump()
        with pytest.raises(Refused, match=sentence) as refused:
            assess(stage, number, role, **given)
        assert refused.value.field == field
        assert stage.dump() == before


@pytest.mark.promise(20)
def test_nobody_signs_for_another_site_or_before_the_randomization(stage: Stage) -> None:
    with pytest.raises(NotAllowed):
        stage.sign(
            assessments.sign_assessment,
            Role.INVESTIGATOR,
            stage["second"],
            site=SECOND_SITE,
            assessment="EDSS",
            time_point="week 24",
            done_at=stage.clock(),
        )
    with pytest.raises(Refused, match="To sign a blinded assessment, they have to be randomized"):
        assess(stage, stage["cleared"])


def change(
    stage: Stage,
    made: Assessment,
    role: Role = Role.OUTCOMES_ASSESSOR,
    **named: Any,  # noqa: ANN401 - any part
) -> Assessment:
    stands: dict[str, Any] = {
        "assessment": made.assessment,
        "time_point": made.time_point,
        "done_at": made.done_at,
    }
    given = stands | {"why": "read from the wrong line"} | named
    return stage.sign(assessment_changes.correct, role, made.number, **given)


def strike_out(stage: Stage, made: Assessment, role: Role = Role.OUTCOMES_ASSESSOR) -> Assessment:
    return stage.sign(assessment_changes.strike_out, role, made.number, why="of somebody else")


@pytest.mark.promise(15)
def test_the_entry_names_a_role_that_signs_the_assessment(stage: Stage) -> None:
    """A verifier holds the role of the entry against those that the definition declares."""
    assessor = stage.instance.person(Role.OUTCOMES_ASSESSOR)
    with stage.store.writing() as uow:
        accounts.grant(uow, SERVICE, account=assessor.account, role=Role.INVESTIGATOR, site=SITE)
    with stage.store.writing() as uow:
        both = accounts.person(uow, assessor.account)
        given = {"assessment": "MRI", "time_point": "week 24", "done_at": stage.clock()}
        made = assessments.sign_assessment(uow, both, stage.step_up(both), stage["second"], **given)
    assert stage.get(Entry, made.number).role == Role.OUTCOMES_ASSESSOR


def test_what_has_no_planned_day_is_signed_as_often_as_it_is_made(stage: Stage) -> None:
    number = stage["second"]
    first = assess(stage, number, time_point="unscheduled")
    with pytest.raises(Refused, match="signed already"):
        assess(stage, number, time_point="unscheduled")
    stage.clock.advance(days=3)
    second = assess(stage, number, time_point="unscheduled")
    assert second.number != first.number
    with pytest.raises(Refused, match="signed already"):
        change(stage, second, done_at=first.done_at)


@pytest.mark.promise(18)
def test_who_signs_none_of_the_assessments_is_offered_none(stage: Stage) -> None:
    with stage.store.reading() as uow:
        seen = sight.of(uow, stage.instance.person(Role.INVESTIGATOR))
        only_mri = tuple(one for one in seen.definition.assessments if one.code == "MRI")
        seen = replace(seen, definition=replace(seen.definition, assessments=only_mri))
        whole = participant_views.whole(seen, uow.get(Participant, stage["second"]))
        assert Act.ASSESSMENT_SIGNED not in whole["acts"]
        with pytest.raises(Refused, match="are signed by: outcomes assessor"):
            assessments.demand_some(seen.definition, seen.person, SITE)


@pytest.mark.promise(17)
def test_a_wrong_date_is_corrected_with_a_reason_and_both_stay_on_record(stage: Stage) -> None:
    done_at = stage.clock()
    stage.clock.advance(days=2)
    made = assess(stage, stage["second"])
    stage.clock.advance(days=1)
    now = change(stage, made, Role.INVESTIGATOR, done_at=done_at)

    assert (now.number, now.done_at, now.struck) == (made.number, done_at, False)
    assert stage.get(Signature, made.number).account != stage.get(Signature, now.entry).account
    with stage.store.reading() as uow:
        seen = sight.of(uow, stage.instance.person(Role.MONITOR))
        told = entry_view.entry(seen, now.entry)
        [change_of] = [one for one in told["changes"] if one.field == "done_at"]
        assert change_of.old == trail.plain(made)["done_at"]
        assert change_of.new == trail.plain(now)["done_at"]
        assert told["why"] == "read from the wrong line"
        [listed] = assessment_views.assessed(seen, stage["second"], SITE)
    assert listed["printed_name"] == stage.instance.person(Role.OUTCOMES_ASSESSOR).printed_name
    assert listed["changed_by"] == stage.instance.person(Role.INVESTIGATOR).printed_name
    demand_sound(stage)


def test_what_was_struck_out_stays_on_record_and_is_in_nobodys_way(stage: Stage) -> None:
    made = strike_out(stage, assess(stage, stage["second"]))
    assert made.struck
    for act in (change, strike_out):
        with pytest.raises(Refused, match="was struck out"):
            act(stage, made)
    again = assess(stage, stage["second"])
    assert [one.struck for one in stage.all(Assessment, participant=stage["second"])] == [True, False]
    assert again.number != made.number


@pytest.mark.promise(9)
@pytest.mark.promise(20)
def test_who_is_unblinded_or_of_another_site_changes_no_assessment(stage: Stage) -> None:
    made = assess(stage, stage["second"], Role.INVESTIGATOR)
    stage.break_code(stage["second"])
    before = stage.dump()
    for act in (change, strike_out):
        with pytest.raises(Refused, match="You are unblinded for participant"):
            act(stage, made, Role.INVESTIGATOR)
    with pytest.raises(NotAllowed):
        stage.sign(
            assessment_changes.strike_out, Role.INVESTIGATOR, made.number, site=SECOND_SITE, why="moved"
        )
    assert stage.dump() == before
    assert strike_out(stage, made).struck, "a colleague who is blind does it"


@pytest.mark.promise(18)
def test_a_correction_that_cannot_be_is_named(stage: Stage) -> None:
    made = assess(stage, stage["second"])
    assess(stage, stage["second"], time_point="week 48")
    mri = assess(stage, stage["second"], what="MRI")
    for field, sentence, given in (
        ("why", "reason is missing", {"why": " ", "time_point": "unscheduled"}),
        ("done_at", "how it stands already", {}),
        ("assessment", "signed already", {"time_point": "week 48"}),
        ("time_point", "has these time points", {"time_point": "week 12"}),
        ("done_at", "lies ahead", {"done_at": stage.clock() + timedelta(days=1)}),
    ):
        before = stage.dump()
        with pytest.raises(Refused, match=sentence) as refused:
            change(stage, made, **given)
        assert refused.value.field == field
        assert stage.dump() == before
    with pytest.raises(Refused, match="is signed by: outcomes assessor"):
        change(stage, mri, Role.INVESTIGATOR, assessment="EDSS", time_point="unscheduled")
    with pytest.raises(NotFound):
        stage.sign(assessment_changes.strike_out, Role.INVESTIGATOR, 999_999, why="none such")
