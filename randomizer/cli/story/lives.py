"""One participant's life, act by act, only through the services that the doors call.

A life is a generator: it yields the moment until which it waits, and the agenda resumes it then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from randomizer.cli.story import judging, late_result
from randomizer.cli.story.emergency import assess, break_code
from randomizer.cli.story.plans import Event, Plan, eligible_answers
from randomizer.domain.acts import Act
from randomizer.domain.eligibility import ItemAnswer
from randomizer.domain.fitness import Fitness, PregnancyTest
from randomizer.domain.people import Role
from randomizer.domain.quality import Lot, Result
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Outcome
from randomizer.errors import Refused
from randomizer.services.care import allocation, booking, dispensing, endings, enrolment, infusions, products
from randomizer.services.unblinded import clearance, preparation, quality, sheets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.cli.story.calendar import SimulatedClock
    from randomizer.cli.story.cast import Cast
    from randomizer.cli.story.counter import Counter
    from randomizer.domain.definition_values import Definition
    from randomizer.services.unblinded.desk import Desk

SCREENING = timedelta(days=1)
HARVEST_AFTER = timedelta(days=3)
CULTURE = timedelta(days=24)
TOO_FEW = "Too few cells after the last passage."
HALF_AN_HOUR = timedelta(minutes=30)
READING = timedelta(minutes=1)
FOLLOW_UP = timedelta(days=168)
INFUSION_HOUR = time(10, 0)
FIT = Fitness(no_infection=True, pregnancy_test=PregnancyTest.DOES_NOT_APPLY, consent_stands=True)
"""Every infusion of the story begins about then, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What every life plays on.

    Args:
        cast: Everybody who acts.
        clock: The story's clock.
        definition: The definition.
        desk: The code-break host's own.
        counter: Counts what happened.
        infusion_hour: When infusions begin, UTC.
    """

    cast: Cast
    clock: SimulatedClock
    definition: Definition
    desk: Desk
    counter: Counter
    infusion_hour: time = INFUSION_HOUR


class Life:
    """One participant of the story.

    Args:
        stage: What it plays on.
        plan: What happens.
    """

    def __init__(self, stage: Stage, plan: Plan) -> None:
        self._stage = stage
        self._cast = stage.cast
        self._plan = plan
        self._site = plan.site
        self._number = ""
        self._kit = ""
        self._given_at = stage.clock.now

    def play(self) -> Iterator[datetime]:
        """From consent to the end."""
        yield self._plan.consents_at
        self._number = self._cast.act(enrolment.consent, Role.COORDINATOR, self._site, site=self._site).number
        yield self._later(SCREENING)
        if Event.SCREEN_FAILURE in self._plan.events or Event.RESCREENED in self._plan.events:
            self._fail_screening()
            if Event.SCREEN_FAILURE in self._plan.events:
                return
            yield self._later(timedelta(days=30))
            self._cast.act(enrolment.rescreen, Role.COORDINATOR, self._number, site=self._site)
        self._sign_eligibility()
        yield from self._product()
        self._cast.sign(allocation.randomize, Role.INVESTIGATOR, self._number, site=self._site)
        self._stage.counter.randomized()
        yield from self._periods()

    def _periods(self) -> Iterator[datetime]:
        yield from self._infusion(1)
        if Event.TERMINATED in self._plan.events:
            return
        yield self._later(timedelta(days=40))
        if Event.LATE_RESULT in self._plan.events:
            yield from self._late_result()
        if self._between():
            return
        if Event.MISSED_PERIOD in self._plan.events:
            yield self._later(timedelta(days=140))
            self._judge(0)
            self._cast.act(
                infusions.miss, Role.INVESTIGATOR, self._number, "Could not travel.", site=self._site
            )
            self._happened(Event.MISSED_PERIOD)
        else:
            yield from self._infusion(2)
        yield self._later(FOLLOW_UP)
        self._judge(1)
        self._cast.act(endings.complete, Role.INVESTIGATOR, self._number, site=self._site)

    def _judge(self, nth: int) -> None:
        """The visit of a planned time point: everything that is assessed, of whom the story tells it."""
        visit = judging.planned(self._stage.definition, nth)
        if not visit or not judging.told_of(self._plan.index):
            return
        signed = judging.judge(self._cast, self._number, self._site, visit)
        self._stage.counter.assessed(len(visit))
        if Event.ASSESSMENT_CORRECTED in self._plan.events and nth == 0:
            judging.correct(self._cast, self._site, signed, earlier=timedelta(days=1))
            self._happened(Event.ASSESSMENT_CORRECTED)

    def _late_result(self) -> Iterator[datetime]:
        cast, desk = self._cast, self._stage.desk
        late_result.come(cast, desk, self._number, self._lot, Result.FAILED)
        yield self._later(HALF_AN_HOUR)
        late_result.acknowledge(cast, self._number, self._site)
        yield self._later(timedelta(days=2))
        late_result.come(cast, desk, self._number, self._lot, Result.PASSED)
        self._happened(Event.LATE_RESULT)

    def _fail_screening(self) -> None:
        wrong = {
            code: ItemAnswer(confirmed=False) for code in eligible_answers(self._stage.definition, self._site)
        }
        answers = enrolment.Answers(items=wrong, levels=self._plan.levels)
        try:
            self._cast.sign(
                enrolment.sign_eligibility, Role.INVESTIGATOR, self._number, answers, site=self._site
            )
        except Refused:
            self._cast.act(
                enrolment.screen_fail,
                Role.INVESTIGATOR,
                self._number,
                "A relapse within 60 days.",
                site=self._site,
            )
            again = Event.RESCREENED in self._plan.events
            self._happened(Event.RESCREENED if again else Event.SCREEN_FAILURE)

    def _sign_eligibility(self) -> None:
        answers = enrolment.Answers(
            items=eligible_answers(self._stage.definition, self._site), levels=self._plan.levels
        )
        self._cast.sign(enrolment.sign_eligibility, Role.INVESTIGATOR, self._number, answers, site=self._site)

    def _product(self) -> Iterator[datetime]:
        yield self._later(HARVEST_AFTER)
        self._harvest(1)
        yield self._later(CULTURE)
        if Event.PRODUCT_FAILURE in self._plan.events:
            self._cast.at_desk(clearance.fail, self._stage.desk, Role.CLEARER, self._number, note=TOO_FEW)
            self._happened(Event.PRODUCT_FAILURE)
            yield self._later(HARVEST_AFTER)
            self._harvest(2)
            yield self._later(CULTURE)
        self._clear()
        yield self._later(HALF_AN_HOUR)
        self._cast.sign(products.give_go, Role.SPONSOR, self._number)
        yield self._later(HALF_AN_HOUR)

    def _harvest(self, donation: int) -> None:
        identifier = f"=W{self._number}{donation}"
        self._cast.act(
            products.harvest,
            Role.COORDINATOR,
            self._number,
            identifier=identifier,
            again=identifier,
            site=self._site,
        )

    def _clear(self) -> None:
        desk, number = self._stage.desk, self._number
        lot = Lot(number=self._lot, cell_count="140 million", viability="92 %", form="cryopreserved")
        needed = (one.code for one in self._stage.definition.quality_tests if one.before_clearance)
        results = dict.fromkeys(needed, Result.PASSED)
        self._cast.at_desk(quality.record_lot, desk, Role.CLEARER, number, lot=lot, results=results)
        step_up = self._cast.step_up(Role.CLEARER)
        self._cast.at_desk(clearance.clear, desk, Role.CLEARER, step_up, number)

    @property
    def _lot(self) -> str:
        return f"L{self._plan.index:05d}"

    def _infusion(self, period: int) -> Iterator[datetime]:
        booked_for = self._book(period)
        yield booked_for - timedelta(days=1)
        if Event.OUTSIDE_WINDOW in self._plan.events and period > 1:
            why = "The participant was abroad during the window."
            self._cast.sign(booking.sign_deviation, Role.INVESTIGATOR, self._number, why, site=self._site)
            self._happened(Event.OUTSIDE_WINDOW)
        self._cast.sign(booking.sign_fit, Role.INVESTIGATOR, self._number, FIT, site=self._site)
        if period > 1:
            self._judge(0)
        yield booked_for - timedelta(hours=2)
        yield from self._prepare()
        if Event.SPARE_KIT in self._plan.events and period == 1:
            yield self._later(timedelta(minutes=self._stage.definition.kits.expiry_minutes + 1))
            self._cast.serve(dispensing.expire)
            self._happened(Event.SPARE_KIT)
            yield from self._prepare()
        yield from self._hand_out_and_give()
        if Event.CODE_BREAK in self._plan.events and period == 1:
            yield self._later(timedelta(hours=17))
            break_code(self._cast, self._stage.desk, self._number)
            yield self._later(timedelta(days=2))
            assess(self._cast, self._number, self._site)
            self._happened(Event.CODE_BREAK)

    def _book(self, period: int) -> datetime:
        kits = self._stage.definition.kits
        earliest = self._stage.clock.now + timedelta(hours=kits.lead_time_hours + 1)
        if period > 1:
            plan = self._stage.definition.period(period)
            late = timedelta(
                days=plan.window_after_days + 3 if Event.OUTSIDE_WINDOW in self._plan.events else 0
            )
            earliest = max(earliest, self._given_at + timedelta(days=plan.interval_days) + late)
        day = earliest.date() + timedelta(
            days=1 if earliest.time() > self._stage.infusion_hour and period == 1 else 0
        )
        booked_for = datetime.combine(day, self._stage.infusion_hour, earliest.tzinfo)
        self._cast.act(booking.book, Role.COORDINATOR, self._number, booked_for, site=self._site)
        return booked_for

    def _prepare(self) -> Iterator[datetime]:
        preparer = self._cast.person(Role.PREPARER)
        self._cast.settle()
        sheet = sheets.open_sheet(self._stage.desk, preparer, self._number)
        yield self._later(READING)  # all the sheets of a morning are opened before the first kit is begun
        self._cast.act(preparation.begin, Role.PREPARER, self._number)
        yield self._later(timedelta(minutes=max(75, self._stage.definition.kits.preparation_minutes + 1)))
        self._kit = sheet.kit
        self._cast.at_desk(
            preparation.end,
            self._stage.desk,
            Role.PREPARER,
            self._number,
            ready=True,
            kit=sheet.kit,
            noted=Preparation(content=sheet.treatment, lot=self._lot),
        )
        yield self._later(HALF_AN_HOUR)

    def _hand_out_and_give(self) -> Iterator[datetime]:
        self._cast.act(dispensing.dispense, Role.PHARMACIST, self._number, self._kit, site=self._site)
        self._stage.counter.dispensed()
        yield self._later(HALF_AN_HOUR)
        self._given_at = self._stage.clock.now
        yield self._later(HALF_AN_HOUR)
        self._cast.act(
            infusions.record,
            Role.CARE_PROVIDER,
            self._number,
            outcome=Outcome.GIVEN,
            given_at=self._given_at,
            site=self._site,
        )

    def _between(self) -> bool:
        """What happens between the periods; whether the participant's treatment ended."""
        events = self._plan.events
        if Event.DEATH in events:
            self._end(Act.DIED, "Cardiac arrest at home; not related as far as is known.", follow_up=False)
            self._happened(Event.DEATH)
            return True
        if Event.WITHDRAWAL in events:
            self._end(Act.CONSENT_WITHDRAWN, "", follow_up=False)
            self._happened(Event.WITHDRAWAL)
            return True
        if Event.SITE_TRANSFER in events:
            sites = [site.code for site in self._stage.definition.sites]
            target = sites[(sites.index(self._site) + 1) % len(sites)]
            self._cast.act(endings.transfer, Role.TRIAL_MANAGER, self._number, target, "Moved house.")
            self._site = target
            self._happened(Event.SITE_TRANSFER)
        if Event.RANDOMIZED_IN_ERROR in events:
            self._correct()
        return False

    def _correct(self) -> None:
        why = "A corticosteroid course within 30 days came to light."
        self._cast.act(endings.randomized_in_error, Role.INVESTIGATOR, self._number, why, site=self._site)
        self._happened(Event.RANDOMIZED_IN_ERROR)
        factor = self._stage.definition.factors[0]
        truth = next(level.code for level in factor.levels if level.code != self._plan.levels[factor.code])
        self._cast.act(
            endings.correct_factor,
            Role.INVESTIGATOR,
            self._number,
            {factor.code: truth},
            "The course was read from an old letter.",
            site=self._site,
        )
        self._happened(Event.WRONG_FACTOR)

    def _end(self, what: Act, why: str, *, follow_up: bool) -> None:
        self._cast.act(
            endings.end, Role.INVESTIGATOR, what, self._number, why=why, follow_up=follow_up, site=self._site
        )

    def _happened(self, event: Event) -> None:
        self._stage.counter.happened(event, self._number)

    def _later(self, span: timedelta) -> datetime:
        return self._stage.clock.now + span
