"""Any order of acts, by right and wrong people: what must never happen never does."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import event

from randomizer.domain.acts import CHECKING_KITS, MAY, Act
from randomizer.domain.housekeeping import Entry, TrailHead
from randomizer.domain.kit_moves import MOVES
from randomizer.domain.participants import ENDINGS, TREATABLE, Participant, State
from randomizer.domain.people import SITE_BOUND, Role
from randomizer.domain.quality import Result
from randomizer.domain.records import Task, TaskKind
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import (
    VISIBLE,
    Arrival,
    Destruction,
    Kit,
    KitState,
    Outcome,
    PeriodRecord,
    Product,
)
from randomizer.domain.trial import Allocation
from randomizer.errors import NotAllowed, NotFound, Refused
from randomizer.services.care import (
    alerts,
    allocation,
    booking,
    dispensing,
    endings,
    enrolment,
    excursions,
    infusions,
    kits,
    periods,
    products,
    receipts,
    replacements,
    stock_takes,
)
from randomizer.services.care.enrolment import Answers
from randomizer.services.care.excursions import Excursion
from randomizer.services.unblinded import clearance, lifting, preparation, quality, sheets
from randomizer.services.views import accountability, sight
from tests import activated
from tests.activated import FIT, SECOND_SITE, SITE, answers
from tests.desks import LOT, PASSED, set_up_desk
from tests.stages import PROGRESSIVE, RELAPSING, Stage, demand_places, demand_sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from randomizer.domain.people import Person
    from randomizer.services.signatures import StepUp
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork
    from tests.activated import Rehearsal

CAPACITIES = {"REL": 5, "PRO": 4}
SITES = (SITE, SECOND_SITE)
WHY = "it happened"
WARM = Excursion(lowest_c=3, highest_c=31, minutes=50)
STEPS = 25
EXAMPLES = 28
STATIONS = (2, 4, 5, 9, 10, 12, 18, 24)  # steps: harvested, cleared, randomized, sent, ready, given; so again
ONE = st.integers(min_value=0, max_value=9)
ROLES = st.sampled_from(sorted(Role))


Upon: TypeAlias = "Callable[[Lives, UnitOfWork, Person, str], object]"
"""An act upon one participant."""


class Ground:
    """A sealed rehearsal of a few slots, activated once; every example plays on a copy."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        made = activated.small_definition()
        strata = tuple(replace(one, capacity=CAPACITIES[one.code]) for one in made.strata)
        travelling = replace(made.kits, travel=True, second_person=True)
        definition = replace(made, strata=strata, kits=travelling)
        self.rehearsal: Rehearsal = activated.seal_rehearsal(
            self.directory / "bundle", definition=definition, text="lives"
        )
        url = f"sqlite:///{self.directory}/first.db"
        activated.migrate(url)
        with activated.opened(url, definition) as instance:
            activated.draft(instance)
            activated.activate(instance, self.rehearsal)
            self.desk: Desk = set_up_desk(instance, self.rehearsal, self.directory / "codebreak")
            self.now: datetime = instance.clock.now


@pytest.fixture(scope="module", autouse=True)
def ground(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What every example plays on."""
    Lives.ground = Ground(tmp_path_factory.mktemp("lives"))


def _hurry(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    connection.execute("PRAGMA synchronous=OFF")  # nothing is lost here but time


def _eligible(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    course = PROGRESSIVE if int(number[:-1]) % 3 == 0 else RELAPSING
    given = Answers(items=answers(lives.stage.instance.definition), levels={"course": course})
    return enrolment.sign_eligibility(uow, person, lives.stage.step_up(person), number, given)


def _clear(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    step_up = lives.stage.step_up(person)
    lot = replace(LOT, number=f"L-{uow.count(Entry)}")
    quality.record_lot(uow, lives.stage.desk, person, number, lot=lot, results=PASSED)
    cleared = clearance.clear(uow, lives.stage.desk, person, step_up, number)
    lives.lots[number] = lot.number
    return cleared


def _fail(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    return clearance.fail(uow, lives.stage.desk, person, number, note=WHY)


def _harvest(_lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    identifier = f"D{uow.count(Product)}"
    return products.harvest(uow, person, number, identifier=identifier, again=identifier)


def _book(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    hours = lives.stage.instance.definition.kits.lead_time_hours
    return booking.book(uow, person, number, lives.stage.clock() + timedelta(hours=hours))


def _ready(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    sheet = lives.sheets.get(number)
    noted = Preparation(content=sheet.treatment if sheet else "A", lot="L-1")
    kit = sheet.kit if sheet else ""
    return preparation.end(uow, lives.stage.desk, person, number, ready=True, kit=kit, noted=noted)


def _spoil(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    return preparation.end(
        uow, lives.stage.desk, person, number, ready=False, kit="", noted=Preparation(), spoiled=True
    )


def _give(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    given_at = lives.stage.clock()
    return infusions.record(uow, person, number, outcome=Outcome.GIVEN, given_at=given_at)


def _signed(service: Callable[..., object]) -> Upon:
    return lambda lives, uow, person, number: service(uow, person, lives.stage.step_up(person), number)


def _told(service: Callable[..., object], *more: object) -> Upon:
    return lambda _lives, uow, person, number: service(uow, person, number, *more)


def _last_kit(uow: UnitOfWork, number: str) -> str:
    """The participant's kit of the latest act, or one that nobody made."""
    allocation = uow.find(Allocation, number)
    mine = uow.all(Kit, slot=allocation.slot, order="-entry") if allocation else uow.all(Kit, limit=1)
    return mine[0].number


def _kit(what: Act) -> Upon:
    return lambda _lives, uow, person, number: kits.move(uow, person, what, _last_kit(uow, number), WHY)


def _receive(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    """What has come, as it comes in turn: sound mostly, damaged, too warm."""
    arrival = (Arrival.SOUND, Arrival.SOUND, *Arrival)[uow.count(Entry) % 5]
    excursion = WARM if arrival is Arrival.EXCURSION else None
    return receipts.receive(uow, person, number, _last_kit(uow, number), arrival=arrival, excursion=excursion)


def _excursion(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    """The shelf was too warm: this kit, and whatever else is ready."""
    shelf = {_last_kit(uow, number), *(kit.number for kit in uow.all(Kit, state=KitState.READY))}
    return excursions.record(uow, person, sorted(shelf), excursion=WARM, why=WHY)


def _answer(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    """Another kit within the hour, or none."""
    soon = lives.stage.clock() + timedelta(hours=1)
    return replacements.answer(uow, person, number, soon if uow.count(Entry) % 2 else None)


def _result(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    """A result of the lot or of a kit comes late, or turns out to be wrong."""
    made = sorted(quality.ready_since(uow, number))
    waiting = [(kit, "bag-sterility") for kit in made] + [(lives.lots.get(number, "L"), "sterility")] * 2
    subject, test = waiting[uow.count(Entry) % len(waiting)]
    result = Result.PASSED if lives.failed.get(subject) else Result.FAILED
    recorded = quality.record_result(
        uow,
        lives.stage.desk,
        person,
        number,
        subject=subject,
        test=test,
        result=result,
        corrects=result is Result.PASSED,
    )
    lives.failed[subject] = result is Result.FAILED
    if lives.failed[subject]:
        demand_alerts(uow, number, [subject] if subject in made else made)
    return recorded


def demand_alerts(uow: UnitOfWork, number: str, concerned: list[str]) -> None:
    """Nothing that has failed waits to be handed out, and of what was handed out somebody is to be told."""
    out = {one.kit for one in uow.all(PeriodRecord, participant=number) if one.dispensed_at is not None}
    told = {
        alerts.kit_of(uow, task.number)
        for task in uow.all(Task, participant=number, kind=TaskKind.QUALITY_ALERT, done_at=None)
    }
    for kit in uow.all(Kit, number=concerned):
        assert kit.state is not KitState.READY
        assert kit.number in told or kit.number not in out


def _acknowledge(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    standing = uow.all(Task, participant=number, kind=TaskKind.QUALITY_ALERT, done_at=None)
    task = standing[0].number if standing else 0
    return alerts.acknowledge(uow, person, lives.stage.step_up(person), task)


def _lift(lives: Lives, uow: UnitOfWork, person: Person, number: str) -> object:
    step_up = lives.stage.step_up(person)
    return lifting.lift(uow, lives.stage.desk, person, step_up, _last_kit(uow, number), why=WHY)


def _count(lives: Lives, uow: UnitOfWork, person: Person, _number: str) -> object:
    """The shelf is counted but for one kit, which somebody explains."""
    take = stock_takes.open_take(uow, person, SITE)
    shelf = sorted(stock_takes.expected_at(uow, SITE, ()))
    [books] = accountability.log(sight.of(uow, lives.people[Role.MONITOR, SITE]), site=SITE)["totals"]
    assert len(shelf) == books["held"] + books["returned"]
    for kit in shelf[1:]:
        stock_takes.count(uow, person, take.number, kit)
    closed = stock_takes.close(uow, person, take.number)
    assert (closed.matched, closed.missing.split()) == (len(shelf[1:]), shelf[:1])
    return stock_takes.settle(uow, person, take.number, WHY) if closed.unsettled else closed


def _ending(what: Act) -> Upon:
    return lambda _lives, uow, person, number: endings.end(
        uow, person, what, number, why=WHY, follow_up=what is Act.TREATMENT_STOPPED
    )


DOING: dict[Act, Upon] = {
    Act.ELIGIBILITY_SIGNED: _eligible,
    Act.SCREEN_FAILED: _told(enrolment.screen_fail, WHY),
    Act.RESCREENED: _told(enrolment.rescreen),
    Act.HARVESTED: _harvest,
    Act.PRODUCT_CLEARED: _clear,
    Act.PRODUCT_FAILED: _fail,
    Act.PRODUCT_GO: _signed(products.give_go),
    Act.RANDOMIZED: _signed(allocation.randomize),
    Act.INFUSION_BOOKED: _book,
    Act.BOOKING_CANCELLED: _told(booking.cancel, WHY),
    Act.DEVIATION_SIGNED: lambda lives, uow, person, number: booking.sign_deviation(
        uow, person, lives.stage.step_up(person), number, WHY
    ),
    Act.FIT_SIGNED: lambda lives, uow, person, number: booking.sign_fit(
        uow, person, lives.stage.step_up(person), number, FIT
    ),
    Act.PREPARATION_BEGUN: _told(preparation.begin),
    Act.PREPARATION_ENDED: _ready,
    Act.KIT_EXPIRED: _spoil,  # of the preparing pharmacist, in this table alone
    Act.DISPENSATION_UNDONE: lambda lives, uow, person, number: kits.undo_dispensation(
        uow, person, lives.stage.step_up(person), number, WHY
    ),
    Act.REPLACEMENT_REQUESTED: _told(replacements.ask, WHY),
    Act.REPLACEMENT_ANSWERED: _answer,
    Act.KIT_RECEIVED: _receive,
    Act.STOCK_TAKE_SETTLED: _excursion,  # of the pharmacist, in this table alone
    Act.STOCK_TAKE_CLOSED: _count,
    Act.QUALITY_RECORDED: _result,
    Act.ALERT_ACKNOWLEDGED: _acknowledge,
    Act.QUARANTINE_LIFTED: _lift,
    Act.KIT_RETURNED: _kit(Act.KIT_RETURNED),
    Act.KIT_QUARANTINED: _kit(Act.KIT_QUARANTINED),
    Act.KIT_DAMAGED: _kit(Act.KIT_DAMAGED),
    Act.KIT_MISSING: _kit(Act.KIT_MISSING),
    Act.KIT_FOUND: _kit(Act.KIT_FOUND),
    Act.KIT_DESTROYED: lambda lives, uow, person, number: kits.destroy(
        uow,
        person,
        lives.stage.step_up(person),
        _last_kit(uow, number),
        method=Destruction.INCINERATED,
        why=WHY,
        second=lives.beside(Role.CARE_PROVIDER),
    ),
    Act.INFUSION_RECORDED: _give,
    Act.PERIOD_MISSED: _told(infusions.miss, WHY),
    Act.TREATMENT_STOPPED: _ending(Act.TREATMENT_STOPPED),
    Act.CONSENT_WITHDRAWN: _ending(Act.CONSENT_WITHDRAWN),
    Act.LOST_TO_FOLLOW_UP: _ending(Act.LOST_TO_FOLLOW_UP),
    Act.DIED: _ending(Act.DIED),
    Act.COMPLETED: _told(endings.complete),
    Act.RANDOMIZED_IN_ERROR: _told(endings.randomized_in_error, WHY),
    Act.FACTOR_CORRECTED: _told(endings.correct_factor, {"course": "progressive"}, WHY),
    Act.SITE_TRANSFERRED: lambda lives, uow, person, number: endings.transfer(
        uow, person, number, SITES[lives.site_of(number) == SITE], WHY
    ),
}
"""Every act upon one participant."""

TROUBLE = (
    Act.BOOKING_CANCELLED,
    Act.DISPENSATION_UNDONE,
    Act.REPLACEMENT_REQUESTED,
    Act.REPLACEMENT_ANSWERED,
    Act.KIT_RECEIVED,
    Act.STOCK_TAKE_SETTLED,
    Act.KIT_RETURNED,
    Act.KIT_FOUND,
    Act.KIT_MISSING,
    Act.KIT_DESTROYED,
    Act.QUALITY_RECORDED,
    Act.ALERT_ACKNOWLEDGED,
    Act.QUARANTINE_LIFTED,
    Act.STOCK_TAKE_CLOSED,
)
"""What happens around a kit that left its way."""
STORIES = (
    (Act.KIT_QUARANTINED, Act.QUARANTINE_LIFTED),
    (Act.QUALITY_RECORDED, Act.QUARANTINE_LIFTED, Act.QUALITY_RECORDED, Act.QUARANTINE_LIFTED),
    (Act.KIT_QUARANTINED, Act.QUALITY_RECORDED, Act.QUARANTINE_LIFTED),
    (Act.KIT_MISSING, Act.KIT_FOUND, Act.QUARANTINE_LIFTED),
    (Act.KIT_DAMAGED, Act.KIT_QUARANTINED, Act.QUARANTINE_LIFTED),
    (Act.KIT_QUARANTINED, Act.BOOKING_CANCELLED, Act.QUARANTINE_LIFTED),
    (Act.KIT_QUARANTINED, Act.PERIOD_MISSED, Act.QUARANTINE_LIFTED),
    (Act.KIT_DISPENSED, Act.DISPENSATION_UNDONE, Act.KIT_QUARANTINED, Act.QUARANTINE_LIFTED),
    (Act.KIT_DISPENSED, Act.QUALITY_RECORDED, Act.ALERT_ACKNOWLEDGED, Act.QUALITY_RECORDED),
)
"""Ways out of quarantine, right ones and wrong ones."""
KIT_MOVES = {act for act in MOVES if act.value.startswith("kit ")} - {Act.KIT_DISPENSED, Act.KIT_EXPIRED}
KIT_MOVES |= {Act.STOCK_TAKE_SETTLED, Act.QUARANTINE_LIFTED}  # the former in this table alone: an excursion
"""Acts on a kit, wherever its participant is by now."""
WAITING = {KitState.SHIPPED, KitState.READY, KitState.QUARANTINED}
"""States out of which a kit may be handed out after all."""
GOING = {State.HARVESTED, State.CLEARED} | TREATABLE
"""States of whoever comes to an infusion if nothing happens."""
MAY_HERE = dict(MAY) | {Act.KIT_EXPIRED: MAY[Act.PREPARATION_ENDED]}
PATH = {
    State.CONSENTED: Act.ELIGIBILITY_SIGNED,
    State.SCREEN_FAILED: Act.RESCREENED,
    State.ELIGIBLE: Act.HARVESTED,
    State.CLEARED: Act.RANDOMIZED,
}


class Lives(RuleBasedStateMachine):
    """A small trial in which anybody tries anything."""

    ground: ClassVar[Ground]

    def __init__(self) -> None:
        super().__init__()
        base = self.ground
        self.directory = Path(tempfile.mkdtemp(prefix="life-", dir=base.directory))
        shutil.copy(base.directory / "first.db", self.directory / "trial.db")
        self.opened = activated.opened(
            f"sqlite:///{self.directory}/trial.db", base.rehearsal.definition, base.now
        )
        instance = self.opened.__enter__()
        event.listen(instance.store.engine, "connect", _hurry)
        self.stage: Stage = Stage(instance=instance, desk=replace(base.desk, store=instance.store), people={})
        self.people = {
            (role, site): instance.person(role, site)
            for role in Role
            for site in (SITES if role is Role.INVESTIGATOR else (SITE,))
        }
        self.numbers: list[str] = []
        self.sheets: dict[str, Any] = {}
        self.handed_out: set[str] = set()
        self.gone: set[str] = set()  # kits that nobody may get any more
        self.lots: dict[str, str] = {}  # by participant, the one in use
        self.failed: dict[str, bool] = {}  # by lot and by kit, as its last result says
        self.patient = True  # whether everybody waits until the time has come

    def teardown(self) -> None:
        demand_sound(self.stage)
        self.opened.__exit__(None, None, None)
        shutil.rmtree(self.directory)

    def site_of(self, number: str) -> str:
        return self.stage.get(Participant, number).site

    def somebody(self, one: int) -> str:
        return self.numbers[one % len(self.numbers)]

    def place_of(self, number: str, what: Act) -> str:
        """The site that an act is about: a participant's, a kit's, or that of the shelf."""
        if what is Act.STOCK_TAKE_CLOSED:
            return SITE
        with self.stage.store.reading() as uow:
            kit = uow.get(Kit, _last_kit(uow, number))
            of_kit = what in KIT_MOVES and kit.state in VISIBLE
            return kits.site_of(uow, kit) if of_kit else self.site_of(number)

    def attempt(self, role: Role, site: str, number: str, what: Act, act: Callable[..., object]) -> bool:
        """Try an act; whatever is refused changes nothing, and whatever is done was theirs to do."""
        person = self.people.get((role, site)) or self.people[role, SITE]
        before, where = self.stage.all(TrailHead), self.place_of(number, what)
        try:
            with self.stage.store.writing() as uow:
                act(uow, person)
        except (Refused, NotAllowed, NotFound):
            assert self.stage.all(TrailHead) == before
            return False
        assert role in MAY_HERE[what]
        assert role not in SITE_BOUND or (role, where) in person.grants
        return True

    def do(self, role: Role, site: str, number: str, what: Act) -> bool:
        return self.attempt(
            role, site, number, what, lambda uow, person: DOING[what](self, uow, person, number)
        )

    def step(self, number: str) -> None:
        """What comes next for a participant, by those whose turn it is."""
        participant = self.stage.get(Participant, number)
        what = PATH.get(participant.state)
        if participant.state is State.HARVESTED:
            with self.stage.store.reading() as uow:
                waits = products.latest(uow, number).state == "harvested"
            what = Act.PRODUCT_CLEARED if waits else Act.PRODUCT_GO
        if what is not None:
            self.do(min(MAY[what]), participant.site, number, what)
        elif participant.state is not State.COMPLETED:
            self._step_in_period(participant)

    def _step_in_period(self, participant: Participant) -> None:
        with self.stage.store.reading() as uow:
            open_ones = [one for one in periods.of(uow, participant.number) if one.outcome is None]
        if not open_ones:
            self.do(Role.INVESTIGATOR, participant.site, participant.number, Act.COMPLETED)
            return
        record = open_ones[0]
        if record.booked_for is None:
            if record.period > 1 and self.patient:
                self.stage.clock.advance(days=166)
            self.do(Role.INVESTIGATOR, participant.site, participant.number, Act.INFUSION_BOOKED)
        elif record.kit and record.dispensed_at is None:
            if self.stage.get(Kit, record.kit).state is KitState.SHIPPED:
                self.do(Role.PHARMACIST, SITE, participant.number, Act.KIT_RECEIVED)
            else:
                self.hand_out(participant.number, record.kit, Role.PHARMACIST)
        else:
            self._prepare_or_give(participant, record)

    def _prepare_or_give(self, participant: Participant, record: PeriodRecord) -> None:
        number, site = participant.number, participant.site
        if record.dispensed_at is not None:
            self.do(Role.INVESTIGATOR, site, number, Act.INFUSION_RECORDED)
        elif record.fit_signed_at is None:
            assert record.booked_for is not None
            if self.patient:
                self.stage.clock.now = max(self.stage.clock.now, record.booked_for)
            if not self.do(Role.INVESTIGATOR, site, number, Act.FIT_SIGNED):
                self.do(Role.INVESTIGATOR, site, number, Act.DEVIATION_SIGNED)
        elif not record.preparing:
            self.look_at_the_sheet(number)
            self.do(Role.PREPARER, SITE, number, Act.PREPARATION_BEGUN)
        else:
            self.do(Role.PREPARER, SITE, number, Act.PREPARATION_ENDED)

    def at_the_counter(self) -> list[str]:
        """Those for whom a kit is ready."""
        records = self.stage.all(PeriodRecord, outcome=None, dispensed_at=None)
        return [one.participant for one in records if one.kit]

    def look_at_the_sheet(self, number: str) -> None:
        try:
            self.sheets[number] = sheets.open_sheet(self.stage.desk, self.people[Role.PREPARER, SITE], number)
        except Refused:
            self.sheets.pop(number, None)

    def beside(self, role: Role | None) -> StepUp | None:
        """Who signs in beside the pharmacist, if anybody does."""
        return None if role is None else self.stage.step_up(self.people[role, SITE])

    def hand_out(self, number: str, kit: str, role: Role, second: Role | None = Role.CARE_PROVIDER) -> None:
        """At the counter: whatever comes out of it was right in every way."""
        before = self.stage.get(Kit, kit)
        records = self.stage.all(PeriodRecord, participant=number)
        if not self.attempt(
            role, SITE, number, Act.KIT_DISPENSED,
            lambda uow, person: dispensing.dispense(uow, person, number, kit, second=self.beside(second)),
        ):  # fmt: skip
            return
        assert second in CHECKING_KITS - {role}
        assert before.state is KitState.READY
        assert kit not in self.handed_out
        self.handed_out.add(kit)
        now, plan = self.stage.clock(), self.stage.instance.definition.period(before.period)
        assert before.expires_at is not None
        assert now < before.expires_at
        assert before.slot == self.stage.get(Allocation, number).slot
        assert all(one.outcome is not None for one in records if one.period < before.period)
        given = [one.given_at for one in records if one.given_at is not None]
        assert all(now.date() >= at.date() + timedelta(days=plan.minimum_interval_days) for at in given)
        booked = [one.booked_for for one in records if one.kit == kit]
        assert all(at is not None and abs(now - at) <= timedelta(hours=12) for at in booked)
        assert all(one.fit_signed_at is not None for one in records if one.kit == kit)
        assert {one.period for one in records if one.kit == kit} == {before.period}
        assert self.stage.get(Participant, number).ending is None

    @initialize(stations=st.lists(st.sampled_from(STATIONS), min_size=2, max_size=3))
    def the_first_come(self, stations: list[int]) -> None:
        for steps in stations:
            self.somebody_comes(steps)

    @rule(steps=st.integers(min_value=0, max_value=11))
    def somebody_comes(self, steps: int) -> None:
        try:
            number = self.stage.act(enrolment.consent, Role.COORDINATOR, SITE).number
        except Refused:
            return
        self.numbers.append(number)
        for _ in range(steps):
            self.step(number)

    @rule(one=ONE, steps=st.integers(min_value=1, max_value=8), patient=st.booleans())
    def a_life_goes_on(self, one: int, steps: int, patient: bool) -> None:  # noqa: FBT001 - drawn by name
        self.patient = patient
        for _ in range(steps):
            self.step(self.somebody(one))
        self.patient = True

    @rule(one=ONE, acts=st.lists(st.sampled_from(sorted(ENDINGS)), min_size=1, max_size=3))
    def a_life_ends(self, one: int, acts: list[Act]) -> None:
        for what in acts:
            self.do(Role.INVESTIGATOR, self.site_of(self.somebody(one)), self.somebody(one), what)

    @rule(one=ONE, hours=st.sampled_from([0, 3, 4]))
    def the_kit_that_is_ready_is_scanned(self, one: int, hours: int) -> None:
        records = self.stage.all(PeriodRecord, participant=self.somebody(one))
        self.stage.clock.advance(hours=hours)
        for kit in [record.kit for record in records if record.kit]:
            self.hand_out(self.somebody(one), kit, Role.PHARMACIST)

    @rule(one=ONE, what=st.sampled_from(sorted(DOING)), data=st.data())
    def the_right_person_tries_it_at_any_time(self, one: int, what: Act, data: st.DataObject) -> None:
        role = data.draw(st.sampled_from(sorted(MAY_HERE[what])))
        self.do(role, self.site_of(self.somebody(one)), self.somebody(one), what)

    @rule(one=ONE, acts=st.lists(st.sampled_from(TROUBLE), min_size=2, max_size=5))
    def a_kit_leaves_its_way(self, one: int, acts: list[Act]) -> None:
        open_ones = self.stage.all(PeriodRecord, outcome=None)
        theirs = sorted({record.participant for record in open_ones if record.kit}) or self.numbers
        number = theirs[one % len(theirs)]
        for what in acts:
            self.do(min(MAY_HERE[what]), self.site_of(number), number, what)

    @rule(one=ONE, received=st.sampled_from([True, True, False]), acts=st.sampled_from(STORIES))
    def a_kit_is_wanted_back(self, one: int, received: bool, acts: tuple[Act, ...]) -> None:  # noqa: FBT001
        number = self.somebody_with_a_kit(one)
        for what in (*[Act.KIT_RECEIVED] * received, *acts, Act.KIT_RECEIVED, Act.KIT_DISPENSED):
            with self.stage.store.reading() as uow:
                kit = _last_kit(uow, number)
            if what is Act.KIT_DISPENSED:
                self.hand_out(number, kit, Role.PHARMACIST)
            else:
                self.do(min(MAY_HERE[what]), self.site_of(number), number, what)
            self.what_was_out_or_has_failed_is_not_ready()

    def somebody_with_a_kit(self, one: int) -> str:
        """Somebody for whom a kit waits whose time has not passed; brought so far where there is nobody."""
        going = [who.number for who in self.stage.all(Participant, ending=None) if who.state in GOING]
        for _ in range(10 if going else 0):
            if self.in_time():
                break
            self.step(going[one % len(going)])
        waiting = self.in_time() or self.numbers
        return waiting[one % len(waiting)]

    def in_time(self) -> list[str]:
        now = self.stage.clock()
        records = self.stage.all(PeriodRecord, participant=self.at_the_counter(), outcome=None)
        return [
            who.participant for who in records if who.kit and not self.stage.get(Kit, who.kit).expired(now)
        ]

    @rule(one=ONE, what=st.sampled_from(sorted(DOING)), role=ROLES, site=st.sampled_from(SITES))
    def anybody_tries_it(self, one: int, what: Act, role: Role, site: str) -> None:
        self.do(role, site, self.somebody(one), what)

    @rule(
        one=ONE,
        other=ONE,
        place=ONE,
        role=st.sampled_from([Role.PHARMACIST, Role.CARE_PROVIDER]),
        second=st.sampled_from(
            [Role.CARE_PROVIDER, Role.INVESTIGATOR, Role.PHARMACIST, Role.COORDINATOR, None]
        ),
    )
    def a_kit_is_scanned(self, one: int, other: int, place: int, role: Role, second: Role | None) -> None:
        with self.stage.store.reading() as uow:
            found = uow.find(Allocation, self.somebody(other))
            kits = uow.all(Kit, slot=found.slot if found else place % sum(CAPACITIES.values()))
        waiting = self.at_the_counter() or self.numbers
        self.hand_out(waiting[one % len(waiting)], kits[place % len(kits)].number, role, second)

    @rule(one=ONE)
    def the_sheet_is_opened(self, one: int) -> None:
        self.look_at_the_sheet(self.somebody(one))

    @rule(hours=st.sampled_from([1, 3, 4, 30, 24 * 7, 24 * 160, 24 * 190]), swept=st.booleans())
    def time_passes(self, hours: int, swept: bool) -> None:  # noqa: FBT001 - drawn by name
        self.stage.clock.advance(hours=hours)
        if swept:
            with self.stage.store.writing() as uow:
                dispensing.expire(uow)

    @invariant()
    def every_place_is_kept(self) -> None:
        demand_places(self.stage)

    @invariant()
    def what_was_out_or_has_failed_is_not_ready(self) -> None:
        seen = self.stage.all(Kit, state=list(VISIBLE))
        whose = {one.slot: one.participant for one in self.stage.all(Allocation)}
        for kit in [one for one in seen if one.state is KitState.READY]:
            lot = self.lots.get(whose[kit.slot], "")
            assert kit.number not in self.gone
            assert not self.failed.get(kit.number)
            assert not self.failed.get(lot)
        self.gone |= {one.number for one in seen if one.state not in WAITING}

    @invariant()
    def for_whoever_ended_nothing_is_booked_or_ready(self) -> None:
        ended = [one.number for one in self.stage.all(Participant) if one.ending is not None]
        records = self.stage.all(PeriodRecord, participant=ended, outcome=None)
        assert all(one.dispensed_at or (one.booked_for, one.kit) == (None, "") for one in records)


TestLives = pytest.mark.promise(16)(pytest.mark.promise(19)(Lives.TestCase))
TestLives.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
