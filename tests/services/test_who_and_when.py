"""Who may do an act, and in which phase: everybody else is refused, and nothing was changed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import MAY, Act
from randomizer.domain.people import Role
from randomizer.domain.supply import Outcome, PeriodRecord
from randomizer.domain.trial import Phase
from randomizer.errors import NotAllowed, Refused, StepUpRefused
from randomizer.services import conduct, locking
from randomizer.services.care import allocation, booking, dispensing, endings, enrolment, infusions, products
from randomizer.services.unblinded import preparation
from tests.activated import FIT, SECOND_SITE, SITE
from tests.services.refusing import (
    INVESTIGATOR,
    MANAGER,
    SPONSOR,
    TWICE,
    WRONG_ENDING,
    At,
    Case,
    demand_unchanged,
    good_answers,
    now,
    person_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stages import Stage

pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(18)]


def ready_kit(stage: Stage) -> str:
    return stage.get(PeriodRecord, stage["ready"], 1).kit


ACTS: dict[Act, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {
    Act.PARTICIPANT_CONSENTED: (enrolment.consent, (SITE,), {}),
    Act.ELIGIBILITY_SIGNED: (
        enrolment.sign_eligibility, (person_at("consented"), At(good_answers)), {}
    ),
    Act.SCREEN_FAILED: (enrolment.screen_fail, (person_at("consented"), "relapse"), {}),
    Act.RESCREENED: (enrolment.rescreen, (person_at("screen failed"),), {}),
    Act.HARVESTED: (products.harvest, (person_at("eligible"),), TWICE),
    Act.PRODUCT_GO: (products.give_go, (person_at("cleared by QP"),), {}),
    Act.RANDOMIZED: (allocation.randomize, (person_at("cleared"),), {}),
    Act.RANDOMIZED_IN_ERROR: (endings.randomized_in_error, (person_at("between"), "slip"), {}),
    Act.FACTOR_CORRECTED: (
        endings.correct_factor, (person_at("between"), {"course": "progressive"}, "slip"), {}
    ),
    Act.SITE_TRANSFERRED: (endings.transfer, (person_at("between"), SECOND_SITE, "moved"), {}),
    Act.INFUSION_BOOKED: (booking.book, (person_at("between"), now(days=4)), {}),
    Act.BOOKING_CANCELLED: (booking.cancel, (person_at("booked"), "ill"), {}),
    Act.FIT_SIGNED: (booking.sign_fit, (person_at("booked"), FIT), {}),
    Act.PREPARATION_BEGUN: (preparation.begin, (person_at("fit"),), {}),
    Act.KIT_DISPENSED: (dispensing.dispense, (person_at("ready"), At(ready_kit)), {}),
    Act.INFUSION_RECORDED: (
        infusions.record, (person_at("dispensed"),), {"outcome": Outcome.GIVEN, "given_at": now()}
    ),
    Act.PERIOD_MISSED: (infusions.miss, (person_at("between"), "ill"), {}),
    Act.TREATMENT_STOPPED: (endings.end, (Act.TREATMENT_STOPPED, person_at("between")), WRONG_ENDING),
    Act.CONSENT_WITHDRAWN: (endings.end, (Act.CONSENT_WITHDRAWN, person_at("between")), WRONG_ENDING),
    Act.LOST_TO_FOLLOW_UP: (endings.end, (Act.LOST_TO_FOLLOW_UP, person_at("between")), WRONG_ENDING),
    Act.DIED: (endings.end, (Act.DIED, person_at("between")), WRONG_ENDING),
    Act.COMPLETED: (endings.complete, (person_at("followed"),), {}),
    Act.SITE_OPENED: (conduct.open_site, ("EX2",), {}),
    Act.SITE_CLOSED: (conduct.close_site, (SITE, "audit"), {}),
    Act.ENROLMENT_CLOSED: (conduct.close_enrolment, ("full",), {}),
    Act.TRIAL_TERMINATED: (conduct.terminate, ("futility",), {}),
    Act.TRIAL_LOCKED: (locking.lock, ("clean",), {}),
}  # fmt: skip
"""Each clinical act of the site door, called where the right person could do it."""


SIGNED_ACTS = {
    Act.ELIGIBILITY_SIGNED, Act.PRODUCT_GO, Act.RANDOMIZED, Act.FIT_SIGNED, Act.SITE_OPENED,
    Act.TRIAL_TERMINATED, Act.TRIAL_LOCKED,
}  # fmt: skip


BLOCKED = {Act.TRIAL_LOCKED, Act.PREPARATION_BEGUN}
"""Acts that the stage does not admit at once; elsewhere they have tests of their own."""


def run(stage: Stage, what: Act, role: Role, site: str = SITE) -> None:
    service, given, named = ACTS[what]
    Case(
        service=service, role=role, given=given, says="", named=named, signed=what in SIGNED_ACTS, site=site
    ).run(stage)


@pytest.mark.promise(20)
@pytest.mark.parametrize("what", ACTS)
@pytest.mark.parametrize("database", ["sqlite"])
def test_nobody_else_may_and_they_learn_nothing(stage: Stage, what: Act) -> None:
    before = stage.dump()
    for role in set(Role) - MAY[what]:
        with pytest.raises(NotAllowed) as refusal:
            run(stage, what, role)
        assert all(str(one) in refusal.value.message for one in MAY[what])
        assert refusal.value.next_step
        assert not re.search(r"\d", refusal.value.message)
    demand_unchanged(stage, before)


@pytest.mark.promise(20)
@pytest.mark.parametrize("what", [what for what in ACTS if MAY[what] & {INVESTIGATOR}])
@pytest.mark.parametrize("database", ["sqlite"])
def test_the_right_role_of_another_site_may_not(stage: Stage, what: Act) -> None:
    before = stage.dump()
    with pytest.raises(NotAllowed, match=f"You cannot {what.doing} here: your role is for another site"):
        run(stage, what, INVESTIGATOR, SECOND_SITE)
    demand_unchanged(stage, before)


@pytest.mark.promise(20)
@pytest.mark.parametrize("what", [what for what in ACTS if what not in BLOCKED])
@pytest.mark.parametrize("database", ["sqlite"])
def test_the_right_person_may(stage: Stage, what: Act) -> None:
    """The same calls are no refusals of anything else."""
    entries = stage.dump()["Entry"]
    run(stage, what, min(MAY[what]))
    assert len(stage.dump()["Entry"]) > len(entries)


@pytest.mark.parametrize("what", sorted(SIGNED_ACTS - BLOCKED))
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_signature_needs_a_fresh_re_authentication_of_ones_own(stage: Stage, what: Act) -> None:
    before = stage.dump()
    service, given, named = ACTS[what]
    person = stage.instance.person(min(MAY[what]))
    somebody = stage.instance.person(Role.MONITOR)
    args = [one.find(stage) if isinstance(one, At) else one for one in given]
    own = stage.step_up(person)
    ages = [
        replace(own, expires_at=stage.clock()),
        replace(own, at=stage.clock() + timedelta(seconds=1)),
        stage.step_up(somebody),
    ]
    for step_up in ages:
        with (
            stage.store.writing() as uow,
            pytest.raises(StepUpRefused, match="Nothing was signed") as refusal,
        ):
            service(uow, person, step_up, *args, **named)
        assert (refusal.value.field, bool(refusal.value.next_step)) == ("code", True)
    demand_unchanged(stage, before)


RECORDING = {
    Act.INFUSION_RECORDED, Act.PERIOD_MISSED, Act.TREATMENT_STOPPED, Act.CONSENT_WITHDRAWN,
    Act.LOST_TO_FOLLOW_UP, Act.DIED, Act.COMPLETED, Act.SCREEN_FAILED, Act.BOOKING_CANCELLED,
    Act.RANDOMIZED_IN_ERROR, Act.FACTOR_CORRECTED, Act.SITE_TRANSFERRED, Act.SITE_CLOSED,
}  # fmt: skip
"""What may still be put on record in a terminated trial."""


AFTER_ENROLMENT = set(ACTS) - {
    Act.PARTICIPANT_CONSENTED, Act.ELIGIBILITY_SIGNED, Act.RESCREENED, Act.HARVESTED, Act.ENROLMENT_CLOSED,
}  # fmt: skip


@pytest.mark.parametrize("what", [what for what in ACTS if what not in BLOCKED])
@pytest.mark.parametrize("database", ["sqlite"])
def test_in_a_terminated_trial_what_has_begun_is_recorded_and_nothing_begins(stage: Stage, what: Act) -> None:
    stage.sign(conduct.terminate, SPONSOR, "the sponsor ran out of money")
    demand_phase(stage, what, admitted=what in RECORDING, phase=Phase.TERMINATED)


@pytest.mark.parametrize("what", [what for what in ACTS if what not in BLOCKED])
@pytest.mark.parametrize("database", ["sqlite"])
def test_when_enrolment_is_closed_those_who_were_harvested_go_on(stage: Stage, what: Act) -> None:
    stage.act(conduct.close_enrolment, MANAGER, "enough")
    demand_phase(stage, what, admitted=what in AFTER_ENROLMENT, phase=Phase.ENROLMENT_CLOSED)


@pytest.mark.parametrize("database", ["sqlite"])
def test_after_the_lock_nothing_is_written(stage: Stage) -> None:
    stage.give(stage["dispensed"])
    stage.sign(conduct.terminate, SPONSOR, "the sponsor ran out of money")
    stage.sign(locking.lock, SPONSOR, "all queries closed")
    for what in ACTS:
        demand_phase(stage, what, admitted=False, phase=Phase.LOCKED)
    stage.clock.advance(days=1)
    before = stage.dump()
    with stage.store.writing() as uow:
        assert dispensing.expire(uow) == 0
    demand_unchanged(stage, before)


def demand_phase(stage: Stage, what: Act, *, admitted: bool, phase: Phase) -> None:
    role = min(MAY[what])
    if admitted:
        run(stage, what, role)
        return
    before = stage.dump()
    standing = "closed to enrolment" if phase is Phase.ENROLMENT_CLOSED else phase
    with pytest.raises(Refused, match=f"; it is {standing}. Nothing was changed") as refusal:
        run(stage, what, role)
    assert refusal.value.next_step
    demand_unchanged(stage, before)
