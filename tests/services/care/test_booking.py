"""Interval and window at booking, before preparation and at the counter; the deviation in between."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.fitness import Fitness
from randomizer.domain.people import Role
from randomizer.domain.records import Deviation, Signature
from randomizer.domain.supply import Kit, KitState, Outcome, PeriodRecord
from randomizer.domain.windows import day
from randomizer.errors import Faulty, HardStop, Refused
from randomizer.services import trail
from randomizer.services.care import booking, infusions
from randomizer.services.unblinded import preparation, sheets
from tests.activated import FIT

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(19)]

WHY = "The participant was abroad."


def just_infused(stage: Stage) -> tuple[str, datetime]:
    """A participant whose first infusion was given a moment ago, and when."""
    number = stage["dispensed"]
    stage.give(number)
    given_at = stage.get(PeriodRecord, number, 1).given_at
    assert given_at is not None
    return number, given_at


@pytest.mark.parametrize("days", [161, 168, 182])
def test_from_the_minimum_interval_on_it_can_be_booked(stage: Stage, days: int) -> None:
    number, given_at = just_infused(stage)
    stage.book(number, given_at.replace(hour=0, minute=0, second=0) + timedelta(days=days))
    stage.fit(number)


def test_a_day_below_the_interval_names_the_first_day_and_where_it_comes_from(stage: Stage) -> None:
    number, given_at = just_infused(stage)
    moment = given_at.replace(hour=23, minute=59, second=59) + timedelta(days=160)
    before = stage.dump()
    with pytest.raises(Refused) as refusal:
        stage.book(number, moment)
    first = given_at + timedelta(days=161)
    assert refusal.value.message == (
        f"Period 2 can be given from {day(first)} (161 days after the infusion on {day(given_at)}); "
        f"got {day(moment)}. Nothing was changed."
    )
    assert (refusal.value.field, refusal.value.next_step) == ("booked_for", f"Choose {day(first)} or later.")
    assert stage.dump() == before


def test_below_the_interval_no_deviation_helps(stage: Stage) -> None:
    number, given_at = just_infused(stage)
    stage.book(number, given_at + timedelta(days=168))
    with pytest.raises(Refused, match="can be given from"):
        stage.book(number, given_at + timedelta(days=100))
    with pytest.raises(Refused, match="lies inside the visit window"):
        stage.sign(booking.sign_deviation, Role.INVESTIGATOR, number, WHY)


def test_a_partial_infusion_counts_and_a_missed_one_does_not(stage: Stage) -> None:
    number = stage["dispensed"]
    stage.clock.advance(seconds=600)
    stage.act(
        infusions.record,
        Role.CARE_PROVIDER,
        number,
        outcome=Outcome.PARTLY_GIVEN,
        given_at=stage.clock() - timedelta(minutes=5),
        stopped_at=stage.clock(),
        volume_ml=20,
        why="it came out",
    )
    with pytest.raises(Refused, match="can be given from"):
        stage.book(number)
    other = stage["booked"]
    stage.act(infusions.miss, Role.INVESTIGATOR, other, "in hospital")
    stage.book(other)


def test_outside_the_window_the_investigator_signs_before_the_preparation(stage: Stage) -> None:
    number, given_at = just_infused(stage)
    moment = given_at + timedelta(days=183)
    stage.book(number, moment)
    stage.clock.now = moment
    with pytest.raises(Refused, match="lies outside the visit window of period 2") as refusal:
        stage.fit(number)
    assert (refusal.value.field, bool(refusal.value.next_step)) == ("booked_for", True)
    sheets.open_sheet(stage.desk, stage.instance.person(Role.PREPARER), number)
    with pytest.raises(Refused, match="not signed"):
        stage.act(preparation.begin, Role.PREPARER, number)

    deviation = stage.sign(booking.sign_deviation, Role.INVESTIGATOR, number, WHY)

    assert (deviation.period, deviation.what) == (2, "outside the visit window")
    assert stage.get(Signature, deviation.number).meaning == booking.DEVIATION_MEANING
    stage.fit(number)
    kit = stage.prepare(number)
    stage.dispense(number, kit)
    stage.give(number)
    assert [one.period for one in stage.all(Deviation, participant=number)] == [2]


def test_at_the_counter_a_kit_prepared_in_the_window_is_not_handed_out_after_it(stage: Stage) -> None:
    """The last minutes of the window: the kit is fresh, the day is not."""
    number, given_at = just_infused(stage)
    last = (given_at + timedelta(days=182)).replace(hour=23, minute=30)
    stage.book(number, last)
    stage.clock.now = last
    stage.fit(number)
    kit = stage.prepare(number)
    stage.clock.advance(hours=1)
    before = stage.dump()
    with pytest.raises(HardStop, match="lies outside the visit window of period 2") as stop:
        stage.dispense(number, kit)
    assert "Trial office" in str(stop.value.next_step)
    with pytest.raises(Refused, match="before the preparation begins"):
        stage.sign(booking.sign_deviation, Role.INVESTIGATOR, number, WHY)
    assert stage.dump() == before


def test_on_another_day_nothing_is_prepared_or_handed_out(stage: Stage) -> None:
    """The first period has no window: its day is that of the booking."""
    number = stage["randomized"]
    booked_for = stage.book(number)
    stage.fit(number)
    sheets.open_sheet(stage.desk, stage.instance.person(Role.PREPARER), number)
    with pytest.raises(Refused, match="its kit is prepared from ") as refusal:
        stage.act(preparation.begin, Role.PREPARER, number)
    assert refusal.value.next_step == f"Come back on {day(booked_for)}."
    stage.clock.now = booked_for - timedelta(hours=24)
    kit = stage.prepare(number)
    before = stage.dump()
    with pytest.raises(HardStop, match="its kit is handed out from ") as stop:
        stage.dispense(number, kit)
    assert "Trial office" in str(stop.value.next_step)
    assert stage.dump() == before


@pytest.mark.parametrize("hours", [-12, 12])
def test_half_a_day_around_the_booked_start_is_the_day(stage: Stage, hours: int) -> None:
    number = stage["randomized"]
    booked_for = stage.book(number)
    stage.fit(number)
    stage.clock.now = booked_for + timedelta(hours=hours, minutes=-1 if hours > 0 else 0)
    kit = stage.prepare(number)
    stage.clock.now = booked_for + timedelta(hours=hours)
    stage.dispense(number, kit)


def test_a_booking_that_has_passed_leads_nowhere_until_it_is_made_again(stage: Stage) -> None:
    number = stage["randomized"]
    booked_for = stage.book(number)
    stage.fit(number)
    stage.clock.now = booked_for + timedelta(hours=11, minutes=59)
    kit = stage.prepare(number)
    stage.clock.now = booked_for + timedelta(hours=12, seconds=1)
    with pytest.raises(HardStop, match="that booking counted until "):
        stage.dispense(number, kit)
    stage.act(booking.cancel, Role.COORDINATOR, number, "the participant was late")
    stage.book(number)
    stage.clock.advance(hours=100)
    with pytest.raises(Refused, match="that booking counted until ") as refusal:
        stage.fit(number)
    assert "Book the infusion again" in str(refusal.value.next_step)


def test_a_deviation_belongs_to_one_booking(stage: Stage) -> None:
    number, given_at = just_infused(stage)
    stage.book(number, given_at + timedelta(days=190))
    stage.sign(booking.sign_deviation, Role.INVESTIGATOR, number, WHY)
    stage.book(number, given_at + timedelta(days=191))
    with pytest.raises(Refused, match="no deviation is signed"):
        stage.fit(number)


@pytest.mark.parametrize("station", ["booked", "fit", "preparing", "ready"])
def test_cancelling_frees_the_period_and_leaves_a_ready_kit_to_be_destroyed(
    stage: Stage, station: str
) -> None:
    number = stage[station]
    kit = stage.get(PeriodRecord, number, 1).kit
    record = stage.act(booking.cancel, Role.COORDINATOR, number, "fever")
    assert (record.booked_for, record.fit_signed_at, record.kit, record.preparing) == (None, None, "", False)
    if kit:
        assert stage.get(Kit, kit).state is KitState.TO_DESTROY
    again = stage.ready(number)
    assert again != kit
    stage.dispense(number, again)


def test_the_sheet_of_a_cancelled_booking_opens_nothing(stage: Stage) -> None:
    number = stage["preparing"]
    person = stage.instance.person(Role.PREPARER)
    sheet = sheets.sheet_again(stage.desk, person, number)
    stage.act(booking.cancel, Role.COORDINATOR, number, "fever")
    before = stage.dump()
    with pytest.raises(Refused, match="No preparation is under way"):
        stage.finish(sheet)
    with pytest.raises(Refused, match="is not booked"):
        stage.act(preparation.begin, Role.PREPARER, number)
    assert stage.dump() == before


def test_the_lead_time_is_the_same_for_everybody(stage: Stage) -> None:
    said = set()
    for station in ("randomized", "between"):
        earliest = stage.clock() + timedelta(hours=stage.instance.definition.kits.lead_time_hours)
        with pytest.raises(Refused) as refusal:
            stage.book(stage[station], earliest - timedelta(seconds=60))
        said.add((refusal.value.message, refusal.value.next_step))
        stage.book(stage[station], earliest)
    assert len(said) == 1


def test_too_early_is_a_hard_stop_at_the_counter_however_the_kit_came_to_be_ready(stage: Stage) -> None:
    number, given_at = just_infused(stage)
    first = (given_at + timedelta(days=161)).replace(hour=0, minute=30)
    stage.book(number, first)
    stage.clock.now = first - timedelta(hours=1)
    stage.fit(number)
    kit = stage.prepare(number)
    before = stage.dump()
    with pytest.raises(HardStop, match=f"Period 2 can be given from {day(given_at + timedelta(days=161))}"):
        stage.dispense(number, kit)
    assert stage.dump() == before


def test_who_is_not_fit_is_not_signed_for(stage: Stage) -> None:
    number = stage["booked"]
    before = stage.dump()
    ill = Fitness(no_infection=False, pregnancy_test="", consent_stands=True)
    with pytest.raises(Faulty) as refused:
        stage.sign(booking.sign_fit, Role.INVESTIGATOR, number, ill)
    assert [field for field, _ in refused.value.faults] == ["no_infection", "pregnancy_test"]
    assert stage.dump() == before
    signed = stage.sign(booking.sign_fit, Role.INVESTIGATOR, number, FIT)
    with stage.store.reading() as uow:
        told = trail.noted(uow, signed.entry)["signed"]
    assert told["pregnancy_test"] == "does not apply"
    assert (told["no_infection"], told["consent_stands"]) == (True, True)
