"""Capacity: a place is kept from harvest on, given back or used, and its end is told in time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Notice
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import Role
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.domain.supply import Product, ProductState
from randomizer.domain.trial import Allocation, StratumStatus
from randomizer.errors import Exhausted, Refused
from randomizer.services import alarms, conduct
from randomizer.services.care import allocation, products
from randomizer.services.unblinded import clearance
from tests.stages import PROGRESSIVE

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = pytest.mark.requirement("life")


def fail(stage: Stage, number: str) -> Product:
    person = stage.instance.person(Role.CLEARER)
    with stage.store.writing() as uow:
        return clearance.fail(uow, stage.desk, person, number, note="did not grow")


@pytest.mark.parametrize("station", ["harvested", "cleared by QP", "cleared"])
def test_a_product_that_fails_uses_no_slot_and_a_second_harvest_keeps_a_place_anew(
    stage: Stage, station: str
) -> None:
    number, before = stage[station], stage.get(StratumStatus, "REL")
    fail(stage, number)
    given_back = stage.get(StratumStatus, "REL")
    assert (given_back.reserved, given_back.next_ordinal) == (before.reserved - 1, before.next_ordinal)
    assert stage.get(Participant, number).state is State.ELIGIBLE
    with pytest.raises(Refused, match="they have to be harvested and cleared"):
        stage.sign(allocation.randomize, Role.INVESTIGATOR, number)
    stage.harvest(number)
    assert stage.get(StratumStatus, "REL").reserved == before.reserved
    assert [product.state for product in stage.all(Product, participant=number)] == [
        ProductState.FAILED,
        ProductState.HARVESTED,
    ]


@pytest.mark.parametrize("ending", [Act.DIED, Act.LOST_TO_FOLLOW_UP, Act.CONSENT_WITHDRAWN])
def test_whoever_ends_before_randomization_gives_the_place_back_once(stage: Stage, ending: Act) -> None:
    before = stage.get(StratumStatus, "REL")
    stage.end(ending, stage["cleared"], follow_up=True)
    after = stage.get(StratumStatus, "REL")
    assert (after.reserved, after.next_ordinal) == (before.reserved - 1, before.next_ordinal)
    participant = stage.get(Participant, stage["cleared"])
    assert not participant.follow_up
    if ending is not Act.DIED:
        stage.end(Act.DIED, stage["cleared"])
        assert stage.get(StratumStatus, "REL").reserved == before.reserved - 1
    with pytest.raises(Refused, match="has ended"):
        stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"])


def test_an_exhausted_stratum_is_refused_at_harvest_with_its_counts(stage: Stage) -> None:
    for _ in range(2):
        stage.harvest(stage.enrolled())
    before = stage.dump()
    with pytest.raises(
        Exhausted, match="REL has no free place: 12 sealed, 7 used, 5 kept for harvested participants"
    ) as refusal:
        stage.harvest(stage["eligible"])
    assert (refusal.value.field, refusal.value.next_step) == (
        "participant",
        "Call the trial manager before anything is harvested.",
    )
    assert stage.dump() == before
    other = stage.enrolled(PROGRESSIVE)
    stage.harvest(other)
    fail(stage, stage["harvested"])
    stage.harvest(stage["eligible"])


def test_every_place_that_was_kept_can_be_used_even_when_enrolment_is_closed(stage: Stage) -> None:
    numbers = [stage["cleared"], *(stage.cleared() for _ in range(2))]
    before = stage.get(StratumStatus, "REL")
    assert before.free == 0
    stage.act(conduct.close_enrolment, Role.TRIAL_MANAGER, "enough")
    for number in numbers:
        stage.sign(allocation.randomize, Role.INVESTIGATOR, number)
    after = stage.get(StratumStatus, "REL")
    assert (after.next_ordinal, after.reserved) == (before.next_ordinal + 3, before.reserved - 3)
    used = sorted(one.ordinal for one in stage.all(Allocation, stratum="REL"))
    assert used == list(range(1, after.next_ordinal))


@pytest.mark.requirement("notices")
def test_low_water_is_told_once_to_those_of_the_policy(stage: Stage) -> None:
    told = {one.number for one in stage.all(Notice)}
    assert stage.all(Alarm) == ()

    for _ in range(2):
        stage.harvest(stage.enrolled())

    [alarm] = stage.all(Alarm)
    new = [one for one in stage.all(Notice) if one.number not in told]
    assert (alarm.kind, alarm.about) == (AlarmKind.LOW_WATER, "stratum REL")
    assert [(one.recipient, one.subject) for one in new] == [
        ("trial-manager@example.org", "Alarm: a stratum is nearly used up")
    ]
    assert "stratum REL" in new[0].body
    stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"])  # stops nothing

    stage.act(alarms.clear, Role.TRIAL_MANAGER, alarm.number, "known")
    with pytest.raises(Refused, match="was cleared on") as refusal:
        stage.act(alarms.clear, Role.TRIAL_MANAGER, alarm.number, "again")
    assert refusal.value.next_step


@pytest.mark.requirement("notices")
def test_low_water_goes_to_whom_the_definition_names(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = replace(stage.instance.definition.notices, low_water_roles=("data manager", "monitor"))
    named = replace(stage.instance.definition, notices=policy)
    monkeypatch.setattr("randomizer.services.trials._definition", lambda _text: named)
    told = {one.number for one in stage.all(Notice)}
    with stage.store.writing() as uow:
        alarms.raise_alarm(uow, AlarmKind.LOW_WATER, "stratum REL")
        alarms.raise_alarm(uow, AlarmKind.TRAIL, "Kit 1")
    new = [(one.recipient, one.subject) for one in stage.all(Notice) if one.number not in told]
    assert sorted(new) == [
        ("data-manager@example.org", "Alarm: a stratum is nearly used up"),
        ("monitor@example.org", "Alarm: a stratum is nearly used up"),
        ("trial-manager@example.org", "Alarm: a record differs from its entry"),
    ]


def test_the_go_is_the_sponsors_and_follows_the_clearance(stage: Stage) -> None:
    number = stage["cleared by QP"]
    stage.sign(products.give_go, Role.SPONSOR, number)
    with stage.store.reading() as uow:
        product = products.latest(uow, number)
    assert (product.state, product.cleared_at) == (ProductState.CLEARED, stage.clock())
    assert stage.get(Participant, number).state is State.CLEARED
