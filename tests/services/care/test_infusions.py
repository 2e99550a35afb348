from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit, KitState, Outcome, PeriodRecord
from randomizer.services.care import booking, endings, infusions

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = pytest.mark.requirement("life")


@pytest.mark.parametrize(
    ("outcome", "named", "left"),
    [
        (Outcome.GIVEN, {}, KitState.ADMINISTERED),
        (
            Outcome.PARTLY_GIVEN,
            {"volume_ml": 40, "why": "it came out"},
            KitState.PARTLY_ADMINISTERED,
        ),
        (Outcome.NOT_GIVEN, {"why": "fever"}, KitState.NOT_ADMINISTERED),
    ],
)
def test_each_outcome_closes_the_period_and_moves_on(
    stage: Stage, outcome: Outcome, named: dict[str, Any], left: KitState
) -> None:
    number = stage["dispensed"]
    given_at = stage.clock.advance(seconds=600)
    stopped_at = stage.clock.advance(seconds=600) if outcome is Outcome.PARTLY_GIVEN else None
    times = {} if outcome is Outcome.NOT_GIVEN else {"given_at": given_at, "stopped_at": stopped_at}

    record = stage.act(infusions.record, Role.CARE_PROVIDER, number, outcome=outcome, **times, **named)

    participant = stage.get(Participant, number)
    assert (participant.state, participant.period) == (State.BETWEEN, 1)
    assert stage.get(Kit, record.kit).state is left
    assert record.outcome is outcome
    assert record.given_at == times.get("given_at")
    assert record.volume_ml == named.get("volume_ml", 0)


def test_the_minute_of_handing_out_counts_whole(stage: Stage) -> None:
    number = stage["dispensed"]
    handed_out = stage.get(PeriodRecord, number, 1).dispensed_at
    assert handed_out is not None
    stage.clock.now = handed_out.replace(second=40)
    typed = handed_out.replace(second=0, microsecond=0)
    record = stage.act(infusions.record, Role.CARE_PROVIDER, number, outcome=Outcome.GIVEN, given_at=typed)
    assert record.given_at == typed


def test_the_interval_counts_from_the_infusion_that_was_given(stage: Stage) -> None:
    """A first period without an infusion leaves nothing to wait for."""
    number = stage["randomized"]
    stage.act(infusions.miss, Role.INVESTIGATOR, number, "in hospital elsewhere")
    stage.book(number)
    assert stage.get(PeriodRecord, number, 2).booked_for is not None


@pytest.mark.parametrize("station", ["between", "second"])
def test_a_missed_second_period_closes_the_life(stage: Stage, station: str) -> None:
    number = stage[station]
    kit = stage.get(PeriodRecord, number, 2).kit

    record = stage.act(infusions.miss, Role.INVESTIGATOR, number, "could not travel")

    assert (record.outcome, record.booked_for, record.kit) == (Outcome.NOT_GIVEN, None, "")
    assert record.given_at is None
    assert stage.get(Participant, number).state is State.IN_PERIOD
    if kit:
        assert stage.get(Kit, kit).state is KitState.TO_DESTROY
    completed = stage.act(endings.complete, Role.INVESTIGATOR, number)
    assert completed.state is State.COMPLETED


def test_what_was_in_hand_at_death_is_still_recorded(stage: Stage) -> None:
    number = stage["dispensed"]
    stage.end(Act.DIED, number)
    stage.clock.advance(seconds=60)
    record = stage.act(
        infusions.record, Role.CARE_PROVIDER, number, outcome=Outcome.NOT_GIVEN, why="died before"
    )
    assert stage.get(Kit, record.kit).state is KitState.NOT_ADMINISTERED


def test_whoever_stopped_treatment_with_a_kit_in_hand_is_not_completed_before_it_is_recorded(
    stage: Stage,
) -> None:
    number = stage["dispensed"]
    stage.end(Act.TREATMENT_STOPPED, number, follow_up=True)
    with pytest.raises(Exception, match="handed out"):
        stage.act(endings.complete, Role.INVESTIGATOR, number)
    stage.give(number)
    stage.act(endings.complete, Role.INVESTIGATOR, number)
    assert stage.get(Participant, number).state is State.COMPLETED


def test_a_booking_that_moves_needs_fit_and_deviation_anew(stage: Stage) -> None:
    number = stage["fit"]
    lead = timedelta(hours=stage.instance.definition.kits.lead_time_hours)
    record = stage.act(booking.book, Role.COORDINATOR, number, stage.clock() + lead)
    assert (record.fit_signed_at, record.deviation_signed_at) == (None, None)
