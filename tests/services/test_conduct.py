"""The trial's own life at the site door, and what happens at the edges of its phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit, KitState, Outcome, PeriodRecord
from randomizer.domain.trial import Phase, SiteState, SiteStatus, Trial
from randomizer.errors import Faulty, Refused
from randomizer.services import conduct, locking
from randomizer.services.care import booking, dispensing, endings, enrolment, infusions
from randomizer.services.unblinded import sheets
from tests.activated import SECOND_SITE, SITE

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = pytest.mark.requirement("life")


def test_a_site_opens_on_the_sponsors_signed_go_and_closes_with_a_reason(stage: Stage) -> None:
    stage.sign(conduct.open_site, Role.SPONSOR, "EX2")
    assert stage.get(SiteStatus, "EX2").opened_at == stage.clock()
    stage.act(conduct.close_site, Role.SPONSOR, "EX2", "nobody to enrol")
    assert stage.get(SiteStatus, "EX2").state is SiteState.CLOSED
    stage.sign(conduct.open_site, Role.SPONSOR, "EX2")
    assert stage.get(SiteStatus, "EX2").state is SiteState.OPEN


def test_nobody_moves_to_a_closed_site_and_from_one_they_do(stage: Stage) -> None:
    stage.act(conduct.close_site, Role.SPONSOR, SECOND_SITE, "audit")
    with pytest.raises(Refused, match="EX1 is closed"):
        stage.act(endings.transfer, Role.TRIAL_MANAGER, stage["between"], SECOND_SITE, "moved")
    stage.sign(conduct.open_site, Role.SPONSOR, SECOND_SITE)
    stage.act(conduct.close_site, Role.SPONSOR, SITE, "audit")
    stage.act(endings.transfer, Role.TRIAL_MANAGER, stage["cleared"], SECOND_SITE, "site closed")
    assert stage.get(Participant, stage["cleared"]).site == SECOND_SITE


def test_enrolment_closes_once_and_nobody_new_comes(stage: Stage) -> None:
    stage.act(conduct.close_enrolment, Role.SPONSOR, "enough")
    assert stage.get(Trial, 1).phase is Phase.ENROLMENT_CLOSED
    before = stage.dump()
    with pytest.raises(Refused, match="has to be active; it is closed to enrolment"):
        stage.act(enrolment.consent, Role.COORDINATOR, SITE)
    with pytest.raises(Refused, match="it is closed to enrolment"):
        stage.act(conduct.close_enrolment, Role.TRIAL_MANAGER, "again")
    assert stage.dump() == before


def test_a_terminated_trial_is_recorded_to_its_end_and_locked_with_slots_unused(stage: Stage) -> None:
    stage.sign(conduct.terminate, Role.SPONSOR, "futility")
    with pytest.raises(Refused, match="it is terminated"):
        stage.sign(conduct.terminate, Role.SPONSOR, "again")
    with pytest.raises(Faulty, match="was handed out and its infusion is not recorded"):
        stage.sign(locking.lock, Role.SPONSOR, "all settled")
    stage.give(stage["dispensed"])
    stage.act(infusions.miss, Role.INVESTIGATOR, stage["between"], "terminated")
    stage.act(booking.cancel, Role.COORDINATOR, stage["booked"], "terminated")
    stage.act(endings.complete, Role.INVESTIGATOR, stage["between"])
    stage.end(Act.DIED, stage["randomized"])
    stage.sign(locking.lock, Role.SPONSOR, "all settled")
    assert stage.get(Trial, 1).phase is Phase.LOCKED


def test_in_a_terminated_trial_a_preparation_ends_without_a_kit(stage: Stage) -> None:
    number = stage["preparing"]
    sheet = sheets.sheet_again(stage.desk, stage.instance.person(Role.PREPARER), number)
    stage.sign(conduct.terminate, Role.SPONSOR, "futility")
    before = stage.dump()
    with pytest.raises(
        Refused, match="To declare a kit ready, the trial has to be active or closed to enrolment"
    ):
        stage.finish(sheet)
    with pytest.raises(Refused, match="it is terminated"):
        stage.dispense(stage["ready"], stage.get(PeriodRecord, stage["ready"], 1).kit)
    assert stage.dump() == before
    stage.clock.advance(days=1)
    with stage.store.writing() as uow:
        assert dispensing.expire(uow) == len(stage.all(Kit, state=KitState.READY))


@pytest.mark.promise(6)
def test_after_the_lock_a_code_is_still_broken(stage: Stage) -> None:
    stage.give(stage["dispensed"])
    stage.sign(conduct.terminate, Role.SPONSOR, "futility")
    stage.sign(locking.lock, Role.SPONSOR, "all settled")
    assert len(stage.break_code(stage["between"]).given) == 1


def test_an_early_end_of_everybody_leaves_nothing_open(stage: Stage) -> None:
    stage.act(
        infusions.record, Role.CARE_PROVIDER, stage["dispensed"], outcome=Outcome.NOT_GIVEN, why="recalled"
    )
    for one in stage.all(Participant, ending=None):
        if one.state in {State.RANDOMIZED, State.BETWEEN}:
            stage.end(Act.TREATMENT_STOPPED, one.number)
    stage.sign(locking.lock, Role.SPONSOR, "all settled")
    assert stage.get(Trial, 1).locked_at == stage.clock()
