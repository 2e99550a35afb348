"""The counter: the right kit, or a hard stop in the same words whatever the treatment."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import group3, with_check
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import Allocation
from randomizer.domain.windows import minute
from randomizer.errors import HardStop, NotAllowed, NotFound, RandomizerError, Refused
from randomizer.services.care import dispensing
from tests.desks import plan_of

if TYPE_CHECKING:
    from tests.activated import Rehearsal
    from tests.stages import Stage

pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(19)]

UNKNOWN = with_check(10_000_000)
STATIONS = ("ready", "other", "second")
DATES = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}")
DIGITS = re.compile(r"\d+")


def ready_kit(stage: Stage, station: str = "ready") -> str:
    number = stage[station]
    return stage.get(PeriodRecord, number, stage.get(Participant, number).period + 1).kit


def spare(stage: Stage, number: str, *, period: int) -> str:
    slot = stage.get(Allocation, number).slot
    kits = stage.all(Kit, slot=slot, period=period, state=KitState.RESERVED)
    return kits[0].number


def foreign(stage: Stage, number: str) -> str:
    """A ready kit of somebody else."""
    mine = stage.get(Allocation, number).slot
    return next(kit.number for kit in stage.all(Kit, state=KitState.READY) if kit.slot != mine)


def masked(error: RandomizerError) -> str:
    text = f"{type(error).__name__} {error.message} {error.field} {error.next_step}"
    return DIGITS.sub("#", DATES.sub("DATE", text))


def stopped(stage: Stage, number: str, kit: str) -> HardStop:
    before = stage.dump()
    with pytest.raises(HardStop) as stop:
        stage.dispense(number, kit)
    assert stage.dump() == before
    assert stage.instance.definition.telephone in str(stop.value.next_step)
    return stop.value


@pytest.mark.parametrize("station", STATIONS)
def test_the_right_kit_is_handed_out_once(stage: Stage, station: str) -> None:
    number, kit = stage[station], ready_kit(stage, station)
    with stage.store.reading() as uow:
        shown = dispensing.look_up(uow, stage.instance.person(Role.PHARMACIST), number)
    assert (shown.kit.number, shown.period_count) == (kit, 2)

    done = stage.act(dispensing.dispense, Role.PHARMACIST, number, f" {kit[:3]}-{kit[3:6]} {kit[6:]} ")

    assert done.kit.state is KitState.DISPENSED
    assert done.participant.state is State.IN_PERIOD
    assert done.record.dispensed_at == stage.clock()
    entry = stage.get(Entry, done.record.entry)
    assert (entry.act, entry.role) == (Act.KIT_DISPENSED, Role.PHARMACIST)
    again = stopped(stage, number, kit)
    assert "was handed out at" in again.message
    assert str(again.next_step).startswith("Do not hand out another one.")


@pytest.mark.parametrize("station", STATIONS)
def test_another_kit_says_what_was_scanned_and_what_is_needed(stage: Stage, station: str) -> None:
    number, right = stage[station], ready_kit(stage, station)
    period = stage.get(Participant, number).period + 1
    wrong = {
        "belongs to another participant": foreign(stage, number),
        "was not declared ready": spare(stage, number, period=period),
        "is not a kit of this trial": UNKNOWN,
    }
    if period == 1:
        wrong["is for period 2, not period 1"] = spare(stage, number, period=2)
    else:
        wrong["is for period 1, not period 2"] = spare(stage, number, period=1)
    for said, kit in wrong.items():
        stop = stopped(stage, number, kit)
        assert stop.message.startswith("Wrong kit. It ")
        assert said in stop.message
        assert (stop.scanned, stop.needed) == (kit, right)
    stage.dispense(number, right)


@pytest.mark.parametrize(
    "typed", ["", "12345678", "1234567890", "482119o37", "482119038", "]C1010401234567890128", "٤٨٢١١٩٠٣٧"]
)
@pytest.mark.parametrize("database", ["sqlite"])
def test_what_is_no_kit_number_is_said_and_nothing_is_handed_out(stage: Stage, typed: str) -> None:
    before = stage.dump()
    with pytest.raises(Refused) as refusal:
        stage.dispense(stage["ready"], typed)
    assert refusal.value.field == "kit"
    assert stage.dump() == before


def test_a_kit_of_the_right_number_for_the_wrong_person_is_stopped(stage: Stage) -> None:
    """Two participants at the counter, their cards swapped."""
    stop = stopped(stage, stage["other"], ready_kit(stage, "ready"))
    assert "belongs to another participant" in stop.message
    assert stop.needed == ready_kit(stage, "other")


@pytest.mark.parametrize(
    ("station", "said", "then"),
    [
        ("consented", "Nothing is handed out to participant {}: consented.", "Trial office"),
        ("cleared", "Nothing is handed out to participant {}: product cleared.", "Trial office"),
        (
            "randomized",
            "The kit for period 1 of participant {} is not ready.",
            "Hand nothing out. The infusion",
        ),
        (
            "booked",
            "The kit for period 1 of participant {} is not ready.",
            "Wait. The investigator has to sign",
        ),
        ("fit", "The kit for period 1 of participant {} is not ready.", "Wait until it shows as ready."),
        ("preparing", "The kit for period 1 of participant {} is being prepared.", "Wait until it shows as"),
        ("dispensed", "The kit for period 1 of participant {} was handed out at", "Do not hand out another"),
        ("between", "The kit for period 2 of participant {} is not ready.", "Hand nothing out. The infusion"),
        ("completed", "Nothing is handed out to participant {}: completed.", "Trial office"),
        ("died", "Nothing is handed out to participant {}: died.", "Trial office"),
        ("followed", "Nothing is handed out to participant {}: treatment stopped.", "Trial office"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"])
def test_where_nothing_can_be_handed_out_it_says_why_and_what_comes_first(
    stage: Stage, station: str, said: str, then: str
) -> None:
    number = stage[station]
    stop = stopped(stage, number, ready_kit(stage))
    assert stop.message.startswith(said.format(number))
    assert (stop.scanned, stop.needed) == (number, "")
    assert str(stop.next_step).startswith(then)


def test_when_both_periods_are_closed_and_follow_up_goes_on_nothing_is_handed_out(stage: Stage) -> None:
    number = stage["second"]
    kit = ready_kit(stage, "second")
    stage.dispense(number, kit)
    stage.give(number)
    stop = stopped(stage, number, kit)
    assert stop.message == f"Nothing is handed out to participant {number}: every period is closed."


@pytest.mark.parametrize("station", STATIONS)
def test_a_kit_expires_to_the_minute(stage: Stage, station: str) -> None:
    number, kit = stage[station], ready_kit(stage, station)
    expires_at = stage.get(Kit, kit).expires_at
    assert expires_at is not None
    stage.clock.now = expires_at
    stop = stopped(stage, number, kit)
    assert stop.message == f"Kit {group3(kit)} is expired since {minute(expires_at)}."
    stage.clock.now = expires_at - timedelta(microseconds=1)
    stage.dispense(number, kit)


def test_the_job_takes_expired_kits_out_of_use_and_the_spare_can_be_prepared(stage: Stage) -> None:
    number, kit = stage["ready"], ready_kit(stage)
    ready = len(stage.all(Kit, state=KitState.READY))
    stage.clock.advance(hours=4)
    with stage.store.writing() as uow:
        assert dispensing.expire(uow) == ready
    with stage.store.writing() as uow:
        assert dispensing.expire(uow) == 0
    assert stage.get(Kit, kit).state is KitState.EXPIRED
    stop = stopped(stage, number, kit)
    assert "is not ready" in stop.message
    assert str(stop.next_step).startswith("Ask for another kit.")
    second = stage.prepare(number)
    assert second != kit
    assert stopped(stage, number, kit).needed == second
    stage.dispense(number, second)


def test_a_kit_that_ran_out_before_the_job_came_is_not_handed_out(stage: Stage) -> None:
    stage.clock.advance(hours=5)
    assert "is expired" in stopped(stage, stage["ready"], ready_kit(stage)).message


def test_nobody_is_looked_up_by_those_who_hand_out_nothing(stage: Stage) -> None:
    with stage.store.reading() as uow:
        for role in set(Role) - {Role.PHARMACIST}:
            with pytest.raises(NotAllowed):
                dispensing.look_up(uow, stage.instance.person(role), stage["ready"])
        with pytest.raises(NotFound, match="There is no participant 10011"):
            dispensing.look_up(uow, stage.instance.person(Role.PHARMACIST), "10011")


@pytest.mark.promise(1)
def test_every_stop_has_the_same_words_whatever_the_sequence(stage: Stage, rehearsal: Rehearsal) -> None:
    """Participants of both sequences, each brought before every stop of the first period."""
    by_plan: dict[tuple[str, ...], str] = {}
    for number in [stage["booked"], stage["fit"], *_more(stage)]:
        by_plan.setdefault(plan_of(stage.instance, rehearsal, number), number)
    assert len(by_plan) == 2
    said = [_all_stops(stage, number) for number in by_plan.values()]
    assert said[0] == said[1]
    for treatment in stage.instance.definition.treatments:
        assert not any(treatment.name in one or f" {treatment.code} " in one for one in said[0])


def _more(stage: Stage) -> list[str]:
    courses = ("relapsing", "relapsing", "progressive", "progressive")
    return [stage["randomized"], *(stage.randomized(course) for course in courses)]


def _all_stops(stage: Stage, number: str) -> list[str]:
    """From an unbooked first period to an open second one: each refusal with its numbers masked."""
    found: list[str] = []

    def stop(kit: str) -> None:
        with pytest.raises(RandomizerError) as stopped_by:
            stage.dispense(number, kit)
        found.append(masked(stopped_by.value))

    other = UNKNOWN
    record = stage.get(PeriodRecord, number, 1)
    if record.booked_for is None or not record.preparing:
        stage.clock.now = max(stage.book(number), stage.clock())
        stage.fit(number)
    stop(other)
    sheet = stage.begin(number)
    stop(other)
    kit = stage.finish(sheet)
    for wrong in (
        other,
        spare(stage, number, period=2),
        *_spares(stage, number),
        _any_of_others(stage, number),
    ):
        stop(wrong)
    now = stage.clock()
    stage.clock.advance(hours=4)
    stop(kit)
    stage.clock.now = now
    stage.dispense(number, kit)
    stop(kit)
    stage.give(number)
    stop(kit)
    return found


def _spares(stage: Stage, number: str) -> list[str]:
    slot = stage.get(Allocation, number).slot
    return [kit.number for kit in stage.all(Kit, slot=slot, period=1, state=KitState.RESERVED)][:1]


def _any_of_others(stage: Stage, number: str) -> str:
    mine = stage.get(Allocation, number).slot
    return next(kit.number for kit in stage.all(Kit) if kit.slot != mine)
