from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.people import Role
from randomizer.domain.records import AlarmKind
from randomizer.domain.supply import Outcome
from randomizer.domain.trial import Phase, Trial
from randomizer.errors import Faulty, NotAllowed, Refused, StepUpRefused
from randomizer.services import alarms, conduct, exposure, impact, locking
from randomizer.services.care import infusions
from randomizer.services.unblinded import unblinding
from tests.desks import dispensed, infused, randomized, set_up_desk, wait_for_the_next_period

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

DONE = "All queries are closed."


@pytest.fixture
def desk(instance: Instance, rehearsal: Rehearsal, tmp_path: Path) -> Desk:
    return set_up_desk(instance, rehearsal, tmp_path / "codebreak")


def lock(instance: Instance) -> Trial:
    return instance.sign(locking.lock, Role.SPONSOR, DONE)


def blocks(instance: Instance) -> tuple[str, ...]:
    with instance.store.reading() as uow:
        return locking.blocks(uow)


def break_code(instance: Instance, desk: Desk, number: str) -> None:
    step_up, person = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    intent = unblinding.intend(desk, person, step_up, participant=number, reason="emergency")
    unblinding.disclose(desk, person, intent)


def test_a_trial_without_participants_is_locked(instance: Instance) -> None:
    trial = lock(instance)
    assert trial.phase is Phase.LOCKED
    assert trial.locked_at is not None
    with pytest.raises(Refused, match="is locked"):
        lock(instance)


def test_everything_in_the_way_is_listed_at_once(instance: Instance, desk: Desk) -> None:
    open_period, in_hand = randomized(instance, desk), randomized(instance, desk)
    sheet = dispensed(instance, desk, in_hand)
    break_code(instance, desk, open_period)
    with instance.store.writing() as uow:
        alarms.raise_alarm(uow, AlarmKind.TRAIL, "Kit 1")
        alarms.raise_alarm(uow, AlarmKind.LOW_WATER, "stratum REL")

    with pytest.raises(Faulty) as refusal:
        lock(instance)

    listed = " ".join(sentence for _, sentence in refusal.value.faults)
    assert "impact assessment of a code break" in listed
    assert "Kit 1" not in listed
    assert "stratum REL" not in listed
    spaced = " ".join(sheet.kit[at : at + 3] for at in (0, 3, 6))
    assert "period 1: the kit was handed out" in listed
    assert spaced not in listed  # the sponsor reads this and sees no kit
    assert f"Participant {open_period}, period 1: the period is open." in listed


def test_one_participant_of_a_terminated_trial_is_enough(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    assert blocks(instance) == (f"Participant {number}, period 2: the period is open.",)

    instance.sign(conduct.terminate, Role.SPONSOR, "no further funding")

    assert blocks(instance) == ()
    assert lock(instance).phase is Phase.LOCKED


def test_both_periods_done_and_enrolment_closed_locks(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    wait_for_the_next_period(instance)
    instance.act(infusions.miss, Role.INVESTIGATOR, number, "moved away")
    instance.act(conduct.close_enrolment, Role.TRIAL_MANAGER, "full")
    assert lock(instance).phase is Phase.LOCKED


def test_a_kit_in_somebodys_hands_blocks_a_terminated_trial_too(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    dispensed(instance, desk, number)
    instance.sign(conduct.terminate, Role.SPONSOR, "no further funding")
    assert "its infusion is not recorded" in blocks(instance)[0]
    instance.act(infusions.record, Role.CARE_PROVIDER, number, outcome=Outcome.NOT_GIVEN, why="terminated")
    assert blocks(instance) == ()


@pytest.mark.promise(6)
def test_after_the_lock_a_code_break_works_and_its_assessment_is_an_addendum(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    instance.sign(conduct.terminate, Role.SPONSOR, "no further funding")
    lock(instance)

    break_code(instance, desk, number)

    with instance.store.reading() as uow:
        task = impact.open_tasks(uow)[0]
        assert exposure.unblinded_for(uow, instance.number(Role.INVESTIGATOR), number)
    signed = instance.sign(impact.sign_impact, Role.SAFETY_PHYSICIAN, task.number, "After the last visit.")
    assert signed.done_at is not None


def test_the_lock_is_the_sponsors_and_signed(instance: Instance) -> None:
    for role in set(Role) - {Role.SPONSOR}:
        with pytest.raises(NotAllowed):
            instance.sign(locking.lock, role, DONE)
    with pytest.raises(StepUpRefused):
        instance.act(locking.lock, Role.SPONSOR, instance.step_up(Role.TRIAL_MANAGER), DONE)
    with pytest.raises(Refused, match="reason"):
        instance.sign(locking.lock, Role.SPONSOR, " ")
