"""How a life ends, and what is corrected without touching the slot."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.participants import Ending, Participant, State
from randomizer.domain.people import Role
from randomizer.domain.records import Deviation
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import Allocation, StratumStatus
from randomizer.errors import HardStop, NotAllowed, Refused
from randomizer.services.care import booking, dispensing, endings, enrolment, infusions
from randomizer.services.unblinded import preparation, sheets
from randomizer.services.upkeep import due
from tests.activated import FIT, SECOND_SITE, SITE

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = pytest.mark.requirement("life")

ALL_ENDINGS = {
    Act.TREATMENT_STOPPED: Ending.TREATMENT_STOPPED,
    Act.CONSENT_WITHDRAWN: Ending.WITHDRAWN,
    Act.LOST_TO_FOLLOW_UP: Ending.LOST,
    Act.DIED: Ending.DIED,
}


@pytest.mark.parametrize("what", ALL_ENDINGS)
@pytest.mark.parametrize("station", ["booked", "fit", "preparing", "ready"])
@pytest.mark.parametrize("database", ["sqlite"])
def test_bookings_and_preparations_stop_at_once_and_a_ready_kit_is_destroyed(
    stage: Stage, what: Act, station: str
) -> None:
    number = stage[station]
    kit = stage.get(PeriodRecord, number, 1).kit
    sheet = sheets.open_sheet(stage.desk, stage.instance.person(Role.PREPARER), number) if not kit else None

    stage.end(what, number)

    record = stage.get(PeriodRecord, number, 1)
    assert (record.booked_for, record.fit_signed_at, record.preparation_begun_at, record.kit) == (
        None,
        None,
        None,
        "",
    )
    assert stage.get(Participant, number).ending is ALL_ENDINGS[what]
    if kit:
        assert stage.get(Kit, kit).state is KitState.TO_DESTROY
    with stage.store.reading() as uow:
        assert number not in [one.participant.number for one in preparation.worklist(uow)]
    before = stage.dump()
    with pytest.raises(HardStop, match=f"Nothing is handed out to participant {number}: {ALL_ENDINGS[what]}"):
        stage.dispense(number, kit or stage.all(Kit, state="ready")[0].number)
    if sheet is not None:
        with pytest.raises(Refused):
            stage.finish(sheet)
    with pytest.raises(Refused, match="has ended"):
        stage.book(number)
    assert stage.dump() == before


def test_no_reminder_goes_out_about_whoever_died(stage: Stage) -> None:
    stage.clock.advance(days=30)
    definition = stage.instance.definition

    def reminded() -> list[str]:
        with stage.store.reading() as uow:
            found = due.crossovers(uow, definition, stage.clock().date())
            return [one.participant.number for one in found]

    assert stage["between"] in reminded()
    stage.end(Act.DIED, stage["between"])
    assert stage["between"] not in reminded()


@pytest.mark.promise(6)
@pytest.mark.parametrize("station", ["died", "followed", "completed", "dispensed"])
def test_a_code_break_stays_possible_at_the_end(stage: Stage, station: str) -> None:
    if station == "dispensed":
        stage.end(Act.DIED, stage[station])
    answer = stage.break_code(stage[station])
    assert len(answer.given) == {"completed": 2}.get(station, 1)


def test_withdrawn_with_follow_up_goes_on_to_the_end_of_follow_up(stage: Stage) -> None:
    number = stage["between"]
    stage.end(Act.CONSENT_WITHDRAWN, number, why="", follow_up=True)
    assert stage.get(Participant, number).follow_up
    with pytest.raises(Refused, match="has ended: consent withdrawn"):
        stage.book(number)
    stage.act(endings.complete, Role.INVESTIGATOR, number)
    completed = stage.get(Participant, number)
    assert (completed.state, completed.ending) == (State.COMPLETED, Ending.WITHDRAWN)


@pytest.mark.parametrize("then", [Act.CONSENT_WITHDRAWN, Act.LOST_TO_FOLLOW_UP, Act.DIED])
def test_follow_up_after_withdrawal_can_end_too(stage: Stage, then: Act) -> None:
    number = stage["between"]
    stage.end(Act.CONSENT_WITHDRAWN, number, why="", follow_up=True)
    stage.end(then, number)
    assert not stage.get(Participant, number).follow_up
    if then is not Act.LOST_TO_FOLLOW_UP:  # whoever was lost may come back
        with pytest.raises(Refused, match="has ended"):
            stage.act(endings.complete, Role.INVESTIGATOR, number)


def test_whoever_withdrew_altogether_is_not_followed_up_again(stage: Stage) -> None:
    number = stage["between"]
    stage.end(Act.CONSENT_WITHDRAWN, number, why="")
    for what in (Act.CONSENT_WITHDRAWN, Act.LOST_TO_FOLLOW_UP):
        with pytest.raises(Refused, match="has ended: consent withdrawn"):
            stage.end(what, number, follow_up=True)
    with pytest.raises(Refused, match="has ended"):
        stage.act(endings.complete, Role.INVESTIGATOR, number)
    with pytest.raises(Refused, match="has ended"):
        stage.act(endings.transfer, Role.TRIAL_MANAGER, number, SECOND_SITE, "moved")


def test_whoever_was_lost_may_come_back_to_finish_and_never_to_be_treated(stage: Stage) -> None:
    number = stage["between"]
    stage.end(Act.LOST_TO_FOLLOW_UP, number, follow_up=True)
    assert not stage.get(Participant, number).follow_up
    with pytest.raises(Refused, match="has ended: lost"):
        stage.book(number)
    stage.act(endings.complete, Role.INVESTIGATOR, number)


def test_a_stop_of_treatment_says_why_and_follow_up_goes_on(stage: Stage) -> None:
    number = stage["between"]
    stage.end(Act.TREATMENT_STOPPED, number, why="a reaction", follow_up=True)
    participant = stage.get(Participant, number)
    assert (participant.ending, participant.follow_up, participant.ended_at) == (
        Ending.TREATMENT_STOPPED,
        True,
        stage.clock(),
    )
    assert stage.get(EntryValues, participant.entry).why == "a reaction"
    stage.end(Act.DIED, number, why="weeks later")
    assert stage.get(Participant, number).ending is Ending.DIED


def test_randomized_in_error_leaves_slot_stratum_and_treatment_as_they_are(stage: Stage) -> None:
    number = stage["between"]
    before = stage.get(Participant, number), stage.get(Allocation, number), stage.all(StratumStatus)

    stage.act(endings.randomized_in_error, Role.INVESTIGATOR, number, "a steroid course came to light")

    after = stage.get(Participant, number)
    assert after.randomized_in_error
    assert (after.state, after.stratum, after.ending) == (before[0].state, before[0].stratum, None)
    assert stage.get(Allocation, number) == before[1]
    assert stage.all(StratumStatus) == before[2]
    [deviation] = stage.all(Deviation, participant=number)
    assert deviation.what == "randomized in error"
    with pytest.raises(Refused, match="already marked"):
        stage.act(endings.randomized_in_error, Role.INVESTIGATOR, number, "again")
    stage.book(number)


def test_the_true_factor_stands_beside_the_stratum_that_was_used(stage: Stage) -> None:
    number = stage["between"]
    slot, strata = stage.get(Allocation, number), stage.all(StratumStatus)
    truth = {"course": "progressive"}

    stage.act(endings.correct_factor, Role.INVESTIGATOR, number, truth, "read from an old letter")

    after = stage.get(Participant, number)
    assert (after.levels, after.corrected_levels, after.stratum) == (
        "course=relapsing",
        "course=progressive",
        "REL",
    )
    assert (stage.get(Allocation, number), stage.all(StratumStatus)) == (slot, strata)
    assert stage.get(EntryValues, after.entry).why == "read from an old letter"
    assert [one.what for one in stage.all(Deviation, participant=number)] == [
        "randomized with a wrong factor"
    ]
    with pytest.raises(Refused, match="on record already"):
        stage.act(endings.correct_factor, Role.INVESTIGATOR, number, truth, "once more")
    stage.act(endings.correct_factor, Role.INVESTIGATOR, number, {"course": "relapsing"}, "right at first")
    assert stage.get(Participant, number).corrected_levels == "course=relapsing"


def test_a_transfer_keeps_number_stratum_and_slot_and_hands_over_to_the_new_site(stage: Stage) -> None:
    number = stage["between"]
    slot, before = stage.get(Allocation, number), stage.get(Participant, number)

    stage.act(endings.transfer, Role.TRIAL_MANAGER, number, SECOND_SITE, "moved house")

    after = stage.get(Participant, number)
    assert (after.site, after.stratum, after.levels, after.state) == (
        SECOND_SITE,
        before.stratum,
        before.levels,
        before.state,
    )
    assert stage.get(Allocation, number) == slot
    assert stage.get(Entry, after.entry).site == SITE
    with pytest.raises(NotAllowed):
        stage.book(number)
    with stage.store.reading() as uow, pytest.raises(NotAllowed):
        dispensing.look_up(uow, stage.instance.person(Role.PHARMACIST), number)
    hours = stage.instance.definition.kits.lead_time_hours
    moment = stage.clock() + timedelta(hours=hours)
    stage.act(booking.book, Role.INVESTIGATOR, number, moment, site=SECOND_SITE)
    stage.clock.advance(hours=hours)
    stage.sign(booking.sign_fit, Role.INVESTIGATOR, number, FIT, site=SECOND_SITE)


def test_a_transfer_before_randomization_keeps_the_place(stage: Stage) -> None:
    number, before = stage["harvested"], stage.get(StratumStatus, "REL")
    stage.act(endings.transfer, Role.TRIAL_MANAGER, number, SECOND_SITE, "moved house")
    assert stage.get(StratumStatus, "REL") == before
    assert stage.get(Participant, number).state is State.HARVESTED


def test_a_transfer_to_other_criteria_needs_screening_anew(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = stage.instance.definition
    first, *others = definition.eligibility
    only_here = replace(definition, eligibility=(replace(first, sites=(SITE,)), *others))
    monkeypatch.setattr("randomizer.services.trials._definition", lambda _text: only_here)
    before = stage.dump()
    for station in ("eligible", "harvested", "cleared"):
        with pytest.raises(Refused, match="those of site EX1 are others") as refusal:
            stage.act(endings.transfer, Role.TRIAL_MANAGER, stage[station], SECOND_SITE, "moved house")
        assert (refusal.value.field, bool(refusal.value.next_step)) == ("site", True)
    assert stage.dump() == before
    for station in ("consented", "screen failed", "randomized"):
        stage.act(endings.transfer, Role.TRIAL_MANAGER, stage[station], SECOND_SITE, "moved house")


def test_followed_up_participants_move_and_finish_at_the_new_site(stage: Stage) -> None:
    number = stage["followed"]
    stage.act(endings.transfer, Role.TRIAL_MANAGER, number, SECOND_SITE, "moved house")
    stage.act(endings.complete, Role.INVESTIGATOR, number, site=SECOND_SITE)


def test_a_life_ends_complete_only_when_every_period_is_closed(stage: Stage) -> None:
    number = stage["between"]
    with pytest.raises(Refused, match="has an open period"):
        stage.act(endings.complete, Role.INVESTIGATOR, number)
    stage.act(infusions.miss, Role.INVESTIGATOR, number, "in hospital")
    stage.act(endings.complete, Role.INVESTIGATOR, number)
    assert stage.get(Participant, number).state is State.COMPLETED


@pytest.mark.parametrize("station", ["consented", "eligible", "harvested", "cleared"])
def test_consent_is_withdrawn_at_any_time_without_a_reason(stage: Stage, station: str) -> None:
    number = stage[station]
    stage.end(Act.CONSENT_WITHDRAWN, number, why="", follow_up=True)
    participant = stage.get(Participant, number)
    assert (participant.ending, participant.follow_up) == (Ending.WITHDRAWN, False)
    before = stage.dump()
    with pytest.raises(Refused):
        stage.eligible(number)
    with pytest.raises(Refused):
        stage.harvest(number)
    with pytest.raises(Refused):
        stage.act(enrolment.rescreen, Role.COORDINATOR, number)
    assert stage.dump() == before
