"""Twenty at once: no skip, no double, nobody fails for lack of patience, and of two only one wins."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, TrailHead
from randomizer.domain.participants import Ending, Participant, State
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import Allocation, Phase, StratumStatus, Trial
from randomizer.errors import Exhausted, HardStop, RandomizerError, Refused
from randomizer.services import accounts, conduct, locking
from randomizer.services.care import allocation, booking, dispensing, endings, enrolment
from randomizer.services.unblinded import sheets
from tests.activated import CAPACITIES, FIT, SECOND_SITE, SITE
from tests.desks import set_up_desk
from tests.stages import PROGRESSIVE, RELAPSING, Stage, demand_sound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from randomizer.domain.people import Person
    from tests.activated import Instance, Rehearsal
    from tests.nursery import Nursery

T = TypeVar("T")

pytestmark = [pytest.mark.promise(16), pytest.mark.requirement("store")]

CLIENTS = 20
OVER = {State.COMPLETED, State.SCREEN_FAILED}


def at_once(acts: Sequence[Callable[[], T]]) -> list[T | RandomizerError]:
    """What each of these gives, or is refused with, when all begin together."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | RandomizerError:
        barrier.wait()
        try:
            return act()
        except RandomizerError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def crowd(instance: Instance, rehearsal: Rehearsal, tmp_path: Path) -> tuple[Stage, list[str]]:
    """A trial of twenty slots and twenty participants who can be randomized."""
    stage = Stage(instance=instance, desk=set_up_desk(instance, rehearsal, tmp_path / "codebreak"), people={})
    courses = [RELAPSING] * CAPACITIES["REL"] + [PROGRESSIVE] * CAPACITIES["PRO"]
    return stage, [stage.cleared(course) for course in courses]


def by(
    stage: Stage,
    service: Callable[..., T],
    role: Role,
    *given: object,
    signed: bool = False,
    **named: object,
) -> Callable[[], T]:
    """An act to be done later: whoever asks has signed in before."""
    person = stage.instance.person(role)
    step_up = (stage.step_up(person),) if signed else ()

    def act() -> T:
        with stage.store.writing() as uow:
            return service(uow, person, *step_up, *given, **named)

    return act


def test_twenty_clients_randomize_twenty_participants(crowd: tuple[Stage, list[str]]) -> None:
    stage, numbers = crowd
    randomize = allocation.randomize
    made = at_once([by(stage, randomize, Role.INVESTIGATOR, one, signed=True) for one in numbers])
    assert [type(one) for one in made] == [Allocation] * CLIENTS
    assert all(stratum.free == stratum.reserved == 0 for stratum in stage.all(StratumStatus))
    assert sorted(one.slot for one in stage.all(Allocation)) == list(range(CLIENTS))
    demand_sound(stage)


@pytest.mark.parametrize("database", ["sqlite"])
def test_so_do_several_processes(crowd: tuple[Stage, list[str]], nursery: Nursery, tmp_path: Path) -> None:
    stage, numbers = crowd
    clients = [[["randomize", one] for one in numbers[start::5]] for start in range(5)]
    nursery.order(str(stage.store.engine.url), stage.clock(), clients)
    said = nursery.until_all_ended()
    assert sorted(one["done"][1] for one in said) == sorted(numbers)
    assert len({one["result"] for one in said}) == CLIENTS
    demand_sound(stage)


def test_of_two_who_randomize_the_same_participant_one_wins(stage: Stage) -> None:
    colleague = stage.instance.number(Role.INVESTIGATOR, SECOND_SITE)
    with stage.store.writing() as uow:
        accounts.grant(uow, SERVICE, account=colleague, role=Role.INVESTIGATOR, site=SITE)
    people = [stage.instance.person(Role.INVESTIGATOR, site) for site in (SITE, SECOND_SITE)]
    number = stage["cleared"]

    def randomize(person: Person) -> Allocation:
        with stage.store.writing() as uow:
            return allocation.randomize(uow, person, stage.step_up(person), number)

    answers = at_once([partial(randomize, person) for person in people * 5])

    [made] = [one for one in answers if isinstance(one, Allocation)]
    refusals = [one for one in answers if isinstance(one, RandomizerError)]
    assert len(refusals) == 9
    for refusal in refusals:
        assert isinstance(refusal, Refused)
        assert f"randomized already (randomization number {made.randomization_number})" in refusal.message
        assert refusal.next_step
    demand_sound(stage)


def test_the_same_kit_at_twenty_counters_is_handed_out_once(stage: Stage) -> None:
    number = stage["ready"]
    kit = stage.get(PeriodRecord, number, 1).kit
    answers = at_once([by(stage, dispensing.dispense, Role.PHARMACIST, number, kit)] * CLIENTS)
    refusals = [one for one in answers if isinstance(one, RandomizerError)]
    assert len(refusals) == CLIENTS - 1
    for refusal in refusals:
        assert isinstance(refusal, HardStop)
        assert "was handed out at" in refusal.message
    demand_sound(stage)


def test_the_last_places_go_to_as_many_as_there_are(stage: Stage) -> None:
    waiting = [stage.enrolled() for _ in range(8)]
    free = stage.get(StratumStatus, "REL").free

    answers = at_once([partial(stage.harvest, number) for number in waiting])

    assert Counter(type(one) for one in answers) == {type(None): free, Exhausted: len(waiting) - free}
    assert stage.get(StratumStatus, "REL").free == 0
    demand_sound(stage)


def test_participants_who_come_at_once_get_numbers_in_order(stage: Stage) -> None:
    before = len(stage.all(Participant))
    made = at_once([by(stage, enrolment.consent, Role.COORDINATOR, SITE)] * CLIENTS)
    numbers = sorted(int(one.number) // 10 for one in made if isinstance(one, Participant))
    assert numbers == list(range(1001 + before, 1001 + before + CLIENTS))


@pytest.mark.parametrize("station", ["randomized", "between", "booked", "fit", "ready", "preparing"])
def test_whoever_dies_while_somebody_acts_for_them_has_no_booking_and_no_kit(
    stage: Stage, station: str
) -> None:
    number = stage[station]
    moment = stage.clock() + timedelta(hours=stage.instance.definition.kits.lead_time_hours)
    kit = next((one.kit for one in stage.all(PeriodRecord, participant=number, outcome=None) if one.kit), "")
    sheet = None
    if station == "preparing":
        sheet = sheets.sheet_again(stage.desk, stage.instance.person(Role.PREPARER), number)
    acts: list[Callable[[], object]] = [
        lambda: stage.end(Act.DIED, number),
        by(stage, booking.book, Role.COORDINATOR, number, moment),
        by(stage, booking.sign_fit, Role.INVESTIGATOR, number, FIT, signed=True),
        by(stage, booking.cancel, Role.COORDINATOR, number, "ill"),
        by(stage, dispensing.dispense, Role.PHARMACIST, number, kit),
    ]
    if sheet is not None:
        acts.append(lambda: stage.finish(sheet))

    at_once(acts)

    assert stage.get(Participant, number).ending is Ending.DIED
    for record in stage.all(PeriodRecord, participant=number, outcome=None):
        assert record.dispensed_at is not None or (record.booked_for, record.kit) == (None, "")
    slot = stage.get(Allocation, number).slot
    assert stage.all(Kit, slot=slot, state=KitState.READY) == ()
    demand_sound(stage)


def test_after_the_entry_of_the_lock_comes_no_other(stage: Stage) -> None:
    stage.give(stage["dispensed"])
    stage.sign(conduct.terminate, Role.SPONSOR, "futility")
    numbers = [one.number for one in stage.all(Participant, ending=None) if one.state not in OVER]
    acts: list[Callable[[], object]] = [
        by(stage, endings.end, Role.INVESTIGATOR, Act.CONSENT_WITHDRAWN, number, why="", follow_up=False)
        for number in numbers
    ]
    acts.insert(3, by(stage, locking.lock, Role.SPONSOR, "all settled", signed=True))

    answers = at_once(acts)

    trial = stage.get(Trial, 1)
    assert trial.phase is Phase.LOCKED
    assert stage.all(TrailHead)[0].size == trial.entry + 1
    late = [one for one in answers if isinstance(one, RandomizerError)]
    assert all("it is locked" in one.message for one in late)
    withdrawn = stage.all(Participant, ending=Ending.WITHDRAWN)
    assert len(withdrawn) == len(numbers) - len(late)
    demand_sound(stage)


def test_whoever_consents_while_enrolment_closes_is_in_or_out(stage: Stage) -> None:
    consents = [by(stage, enrolment.consent, Role.COORDINATOR, SITE)] * 10
    at_once([*consents, by(stage, conduct.close_enrolment, Role.TRIAL_MANAGER, "enough"), *consents[:9]])
    closed = stage.get(Trial, 1).entry
    consented = stage.all(Entry, act=Act.PARTICIPANT_CONSENTED.value)
    assert all(entry.number < closed for entry in consented)
    demand_sound(stage)
