"""Blinded assessments: who signs which, and who can no longer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.participants import Participant
from randomizer.domain.people import Role
from randomizer.domain.records import Assessment, Signature
from randomizer.domain.trial import Allocation
from randomizer.errors import NotAllowed, Refused
from randomizer.services import trail
from randomizer.services.care import assessments
from randomizer.services.views import participant_views, sight
from tests.activated import SECOND_SITE

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
        ("assessment", "You have signed EDSS", Role.OUTCOMES_ASSESSOR, {}),
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
