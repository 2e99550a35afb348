"""A stage for tests of services: one database in which participants stand at every station of their lives."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues, Session, TotpUse
from randomizer.domain.participants import Participant
from randomizer.domain.people import Role
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.stock import COLUMN, Column
from randomizer.domain.supply import VISIBLE, Kit, KitState, Outcome, Product
from randomizer.domain.trial import Allocation, StratumStatus
from randomizer.services import trail
from randomizer.services.care import allocation, booking, dispensing, endings, enrolment, infusions, products
from randomizer.services.care.enrolment import Answers
from randomizer.services.signatures import StepUp
from randomizer.services.unblinded import preparation, sheets, unblinding
from randomizer.services.unblinded.sinks import IntentFile
from randomizer.services.upkeep import nightly
from randomizer.services.views import accountability, sight
from randomizer.store.tables import COVERED, ROWS
from tests.activated import FIT, SITE, answers
from tests.desks import clear

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from randomizer.domain.people import Person
    from randomizer.services.unblinded.answers import Answer
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.unblinded.sheets import Sheet
    from randomizer.store.store import Store
    from randomizer.store.work import UnitOfWork
    from tests.activated import Instance

T = TypeVar("T")

RELAPSING, PROGRESSIVE = "relapsing", "progressive"
SECOND_PERIOD = {
    "between": RELAPSING,
    "second": RELAPSING,
    "completed": RELAPSING,
    "followed": PROGRESSIVE,
    "died": PROGRESSIVE,
}
FIRST_PERIOD = {
    "randomized": RELAPSING,
    "booked": RELAPSING,
    "fit": RELAPSING,
    "preparing": RELAPSING,
    "ready": PROGRESSIVE,
    "other": PROGRESSIVE,
    "dispensed": PROGRESSIVE,
}
"""Who is randomized on the stage, by the station they have reached, with the course of their disease."""
STEP_UP_SECONDS = 120
PASSING = (Session, TotpUse)
"""What a refused act may leave behind: that somebody signed in, that a code was used."""


HOLDING = {"harvested", "product cleared"}
OUT = {
    KitState.DISPENSED,
    KitState.ADMINISTERED,
    KitState.PARTLY_ADMINISTERED,
    KitState.NOT_ADMINISTERED,
}


@dataclass(frozen=True, kw_only=True)
class Stage:
    """An instance with its desk, and the numbers of its participants by station.

    REL holds 7 slots used and 3 places kept of 12; PRO 5 used of 8. Everybody is at TLS.
    """

    instance: Instance
    desk: Desk
    people: dict[str, str]

    def __getitem__(self, station: str) -> str:
        return self.people[station]

    @property
    def clock(self) -> Any:  # noqa: ANN401 - the clock of the instance
        return self.instance.clock

    @property
    def store(self) -> Store:
        return self.instance.store

    def act(self, service: Callable[..., T], role: Role, *given: Any, site: str = SITE, **named: Any) -> T:  # noqa: ANN401 - any service
        return self.instance.act(service, role, *given, site=site, **named)

    def sign(self, service: Callable[..., T], role: Role, *given: Any, site: str = SITE, **named: Any) -> T:  # noqa: ANN401 - any service
        return self.instance.act(
            service, role, self.step_up(self.instance.person(role, site)), *given, site=site, **named
        )

    def step_up(self, person: Person) -> StepUp:
        """A fresh re-authentication, without the cost of one."""
        now = self.clock()
        return StepUp(account=person.account, at=now, expires_at=now + timedelta(seconds=STEP_UP_SECONDS))

    def get(self, kind: type[T], *key: object) -> T:
        with self.store.reading() as uow:
            return uow.get(kind, *key)

    def all(self, kind: type[T], /, **where: Any) -> tuple[T, ...]:  # noqa: ANN401 - any field
        with self.store.reading() as uow:
            return uow.all(kind, **where)

    def dump(self) -> dict[str, tuple[object, ...]]:
        """Everything that an act could change."""
        with self.store.reading() as uow:
            return {kind.__name__: uow.all(kind) for kind in ROWS if kind not in PASSING}

    def enrolled(self, course: str = RELAPSING, site: str = SITE) -> str:
        """A participant who is eligible."""
        number = self.act(enrolment.consent, Role.INVESTIGATOR, site, site=site).number
        self.eligible(number, course, site)
        return number

    def eligible(self, number: str, course: str = RELAPSING, site: str = SITE) -> None:
        given = Answers(items=answers(self.instance.definition, site), levels={"course": course})
        self.sign(enrolment.sign_eligibility, Role.INVESTIGATOR, number, given, site=site)

    def harvest(self, number: str, site: str = SITE) -> None:
        identifier = f"D{number}-{len(self.all(Product, participant=number)) + 1}"
        twice = {"identifier": identifier, "again": identifier}
        self.act(products.harvest, Role.INVESTIGATOR, number, site=site, **twice)

    def cleared(self, course: str = RELAPSING, site: str = SITE) -> str:
        """A participant who can be randomized."""
        number = self.enrolled(course, site)
        self.harvest(number, site)
        clear(self.instance, self.desk, number)
        self.sign(products.give_go, Role.SPONSOR, number)
        return number

    def randomized(self, course: str = RELAPSING, site: str = SITE) -> str:
        number = self.cleared(course, site)
        self.sign(allocation.randomize, Role.INVESTIGATOR, number, site=site)
        return number

    def book(self, number: str, booked_for: datetime | None = None) -> datetime:
        hours = self.instance.definition.kits.lead_time_hours
        moment = booked_for or self.clock() + timedelta(hours=hours)
        self.act(booking.book, Role.COORDINATOR, number, moment)
        return moment

    def fit(self, number: str) -> None:
        self.sign(booking.sign_fit, Role.INVESTIGATOR, number, FIT)

    def begin(self, number: str) -> Sheet:
        """A preparation is under way."""
        sheet = sheets.open_sheet(self.desk, self.instance.person(Role.PREPARER), number)
        self.act(preparation.begin, Role.PREPARER, number)
        return sheet

    def finish(self, sheet: Sheet) -> str:
        """The kit is ready."""
        person = self.instance.person(Role.PREPARER)
        with self.store.writing() as uow:
            noted = Preparation(content=sheet.treatment, lot="L-1", thaw="2 min at 37 °C")
            preparation.end(uow, self.desk, person, sheet.participant, ready=True, kit=sheet.kit, noted=noted)
        return sheet.kit

    def prepare(self, number: str) -> str:
        return self.finish(self.begin(number))

    def ready(self, number: str) -> str:
        """From randomized to a kit that can be handed out."""
        moment = self.book(number)
        self.clock.now = moment
        self.fit(number)
        return self.prepare(number)

    def dispense(self, number: str, kit: str) -> None:
        self.act(dispensing.dispense, Role.PHARMACIST, number, kit)

    def give(self, number: str) -> None:
        self.act(infusions.record, Role.CARE_PROVIDER, number, outcome=Outcome.GIVEN, given_at=self.clock())

    def infuse(self, number: str) -> None:
        """From a booking that is due to the infusion."""
        self.fit(number)
        self.dispense(number, self.prepare(number))
        self.give(number)

    def end(self, what: Act, number: str, *, why: str = "told by telephone", follow_up: bool = False) -> None:
        self.act(endings.end, Role.INVESTIGATOR, what, number, why=why, follow_up=follow_up)

    def break_code(self, number: str, role: Role = Role.INVESTIGATOR) -> Answer:
        person = self.instance.person(role)
        intent = unblinding.intend(
            self.desk, person, self.step_up(person), participant=number, reason="emergency", text="coma"
        )
        return unblinding.disclose(self.desk, person, intent)


def demand_places(stage: Stage) -> None:
    """Slots in order without gaps, each one's own, and as many places kept as are waited for."""
    with stage.store.reading() as uow:
        allocations, participants = uow.all(Allocation), uow.all(Participant)
        assert len({one.slot for one in allocations}) == len(allocations)
        for stratum in uow.all(StratumStatus):
            ordinals = sorted(one.ordinal for one in allocations if one.stratum == stratum.code)
            assert ordinals == list(range(1, stratum.next_ordinal))
            waiting = [
                one
                for one in participants
                if one.stratum == stratum.code and one.ending is None and one.state in HOLDING
            ]
            assert stratum.reserved == len(waiting)
            assert stratum.free >= 0


def demand_sound(stage: Stage) -> None:
    """Places, kits and trail hold together, and every row is as its entry says."""
    demand_places(stage)
    with stage.store.reading() as uow:
        for kind in COVERED:
            trail.check(uow, *uow.all(kind))
        went_out = [
            row["key"][0]
            for entry in uow.all(Entry, act=Act.KIT_DISPENSED.value)
            for row in json.loads(uow.get(EntryValues, entry.number).content)["rows"]
            if row["kind"] == Kit.__name__
        ]
        assert len(went_out) == len(set(went_out)), "a kit goes out once, whatever becomes of it"
        assert {kit.number for kit in uow.all(Kit) if kit.state in OUT} <= set(went_out)
        demand_counted(uow, stage)
        assert nightly.check_trail(uow, stage.instance.log.verifier) == ()


def demand_counted(uow: UnitOfWork, stage: Stage) -> None:
    """Every kit that was ever ready stands in the log as it is, and in one column of the count."""
    found = accountability.log(sight.of(uow, stage.instance.person(Role.MONITOR)))
    stored = {kit.number: kit.state for kit in uow.all(Kit) if kit.state in VISIBLE}
    assert {one["kit"]: one["state"] for one in found["rows"]} == stored
    received = [one["kit"] for one in found["rows"] if one["what"].startswith("received")]
    assert len(received) == len(set(received)), "a kit is received once"
    assert {one["kit"] for one in found["rows"] if one["state"] in OUT} <= set(received)
    told = {one["kit"]: one["what"] for one in found["rows"]}
    there = [kit for kit in stored if not told[kit].endswith(accountability.ON_ITS_WAY)]
    assert sum(one["received"] for one in found["totals"]) == sum(stored[kit] in COLUMN for kit in there)
    last: dict[str, int] = {}
    for one in found["rows"]:
        last[one["site"]] = one["balance"]
        assert one["balance"] >= 0
    for one in found["totals"]:
        assert one["received"] == sum(one[str(column)] for column in Column)
        assert one["held"] == last.get(one["site"], 0)


def play(instance: Instance, desk: Desk) -> dict[str, str]:
    """Bring a participant to every station; returns their numbers by station."""
    stage = Stage(instance=instance, desk=desk, people={})
    people = stage.people
    for station, course in SECOND_PERIOD.items():
        people[station] = stage.randomized(course)
    moments = [stage.book(number) for number in people.values()]
    stage.clock.now = max(moments)
    for number in people.values():
        stage.infuse(number)
    stage.end(Act.TREATMENT_STOPPED, people["followed"], follow_up=True)
    stage.end(Act.DIED, people["died"])
    stage.clock.advance(days=instance.definition.periods[1].interval_days)
    _complete(stage)
    for station, course in FIRST_PERIOD.items():
        people[station] = stage.randomized(course)
    _prepare_stations(stage)
    people["consented"] = stage.act(enrolment.consent, Role.COORDINATOR, SITE).number
    people["screen failed"] = stage.act(enrolment.consent, Role.COORDINATOR, SITE).number
    stage.act(enrolment.screen_fail, Role.COORDINATOR, people["screen failed"], "a relapse")
    people["eligible"] = stage.enrolled()
    people["harvested"] = stage.enrolled()
    stage.harvest(people["harvested"])
    people["cleared by QP"] = stage.enrolled()
    stage.harvest(people["cleared by QP"])
    clear(instance, desk, people["cleared by QP"])
    people["cleared"] = stage.cleared()
    instance.checkpoint()
    return people


def _complete(stage: Stage) -> None:
    number = stage["completed"]
    stage.clock.now = stage.book(number)
    stage.infuse(number)
    stage.act(endings.complete, Role.INVESTIGATOR, number)


def _prepare_stations(stage: Stage) -> None:
    stations = ("second", "booked", "fit", "preparing", "ready", "other", "dispensed")
    stage.clock.now = max([stage.book(stage[station]) for station in stations])
    for station in stations:
        if station != "booked":
            stage.fit(stage[station])
    stage.begin(stage["preparing"])
    for station in ("second", "ready", "other"):
        stage.prepare(stage[station])
    stage.dispense(stage["dispensed"], stage.prepare(stage["dispensed"]))


def at(desk: Desk, instance: Instance, people: dict[str, str], directory: Path) -> Stage:
    """The stage over a copy of its database, with a second sink of its own."""
    own = replace(desk, store=instance.store, file=IntentFile(directory / "intents.log"))
    return Stage(instance=instance, desk=own, people=people)
