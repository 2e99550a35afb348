"""Every refusal of the clinical services: what it says, and that nothing was changed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import MAY, Act
from randomizer.domain.people import Role
from randomizer.domain.supply import Outcome, PeriodRecord
from randomizer.domain.trial import Phase
from randomizer.errors import (
    Faulty,
    NotAllowed,
    NotFound,
    RandomizerError,
    Refused,
    StepUpRefused,
)
from randomizer.services import alarms, conduct, locking
from randomizer.services.care import allocation, booking, dispensing, endings, enrolment, infusions, products
from randomizer.services.care.enrolment import Answers
from randomizer.services.unblinded import preparation
from tests.activated import FIT, SECOND_SITE, SITE, answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stages import Stage

pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(18)]

NEXT_DAY = timedelta(days=1)
NUMBER = re.compile(r"\d[\d :.]*\d|\d")


class At:
    """The participant at a station, or what else the stage knows, in the place of an argument."""

    def __init__(self, find: Callable[[Stage], Any]) -> None:
        self.find = find


def now(**later: float) -> At:
    return At(lambda stage: stage.clock() + timedelta(**later))


def person_at(station: str) -> At:
    return At(lambda stage: stage[station])


def good_answers(stage: Stage, **levels: str) -> Answers:
    return Answers(items=answers(stage.instance.definition), levels={"course": "relapsing"} | levels)


def bad_answers(stage: Stage) -> Answers:
    items = answers(stage.instance.definition)
    items["IN01"] = replace(items["IN01"], values={"age_years": "51"})
    items["IN02"] = replace(items["IN02"], confirmed=False)
    return Answers(items=items, levels={"course": "relapsing"})


@dataclass(frozen=True, kw_only=True)
class Case:
    """A service called where it must refuse."""

    service: Callable[..., Any]
    role: Role
    given: tuple[Any, ...]
    says: str
    about: str | None = "participant"
    named: dict[str, Any] = field(default_factory=dict)
    error: type[RandomizerError] = Refused
    signed: bool = False
    site: str = SITE

    def run(self, stage: Stage) -> None:
        given = [one.find(stage) if isinstance(one, At) else one for one in self.given]
        named = {name: one.find(stage) if isinstance(one, At) else one for name, one in self.named.items()}
        call = stage.sign if self.signed else stage.act
        call(self.service, self.role, *given, site=self.site, **named)


COORDINATOR, INVESTIGATOR, PHARMACIST = Role.COORDINATOR, Role.INVESTIGATOR, Role.PHARMACIST
SPONSOR, MANAGER, NURSE, PREPARER = Role.SPONSOR, Role.TRIAL_MANAGER, Role.CARE_PROVIDER, Role.PREPARER
TWICE = {"identifier": "D1", "again": "D1"}
WRONG_ENDING = {"why": "gone", "follow_up": False}


def case(service: Callable[..., Any], role: Role, *given: Any, says: str, **more: Any) -> Case:  # noqa: ANN401
    return Case(service=service, role=role, given=given, says=says, **more)


CASES = {
    # enrolment
    "consent at a planned site": case(
        enrolment.consent, INVESTIGATOR, "EX2", says="Your role|You cannot", about=None, error=NotAllowed
    ),
    "consent at no site": case(
        enrolment.consent, INVESTIGATOR, "XXX", says="no site XXX", about="site", error=NotFound
    ),
    "replacing nobody": case(
        enrolment.consent,
        INVESTIGATOR,
        SITE,
        says="digits only; got '10013x'",
        named={"replaces": "10013x"},
        about="replaces",
    ),
    "replacing one who goes on": case(
        enrolment.consent,
        INVESTIGATOR,
        SITE,
        says="has not ended treatment",
        named={"replaces": person_at("between")},
        about="replaces",
    ),
    "eligible as answered otherwise": case(
        enrolment.sign_eligibility,
        INVESTIGATOR,
        person_at("consented"),
        At(bad_answers),
        says="between 18 and 50 years; got 51.*IN02 is not confirmed as met",
        about="age_years IN02",
        error=Faulty,
        signed=True,
    ),
    "an unknown level": case(
        enrolment.sign_eligibility,
        INVESTIGATOR,
        person_at("consented"),
        At(lambda stage: good_answers(stage, course="mild")),
        says="Disease course must be one of: .*got 'mild'",
        about="course",
        signed=True,
    ),
    "eligible twice": case(
        enrolment.sign_eligibility,
        INVESTIGATOR,
        person_at("eligible"),
        At(good_answers),
        says="is eligible. To sign eligibility, they have to be consented",
        signed=True,
    ),
    "screen failed without a reason": case(
        enrolment.screen_fail, COORDINATOR, person_at("consented"), " ", says="needs its reason", about="why"
    ),
    "screen failed after randomization": case(
        enrolment.screen_fail, COORDINATOR, person_at("randomized"), "late",
        says="To record a screen failure, they have to be in screening",
    ),
    "screened again while eligible": case(
        enrolment.rescreen, COORDINATOR, person_at("eligible"),
        says="To screen a participant again, they have to be screen failed",
    ),
    "nobody of that number": case(
        enrolment.rescreen, COORDINATOR, "99999", says="no participant 99999", error=NotFound
    ),
    # products
    "harvested before eligibility": case(
        products.harvest,
        COORDINATOR,
        person_at("consented"),
        says="is consented. To record a harvest, they have to be eligible",
        named=TWICE,
    ),
    "harvested while screen failed": case(
        products.harvest, COORDINATOR, person_at("screen failed"), says="is screen failed", named=TWICE
    ),
    "two identifiers": case(
        products.harvest,
        COORDINATOR,
        person_at("eligible"),
        says="'D1' and then as 'D2'; both must be the same",
        named={"identifier": "D1", "again": "D2"},
        about="again",
    ),
    "an identifier as long as a book": case(
        products.harvest,
        COORDINATOR,
        person_at("eligible"),
        says="at most 60 characters on one line; got 6000",
        named={"identifier": "D" * 6000, "again": "D" * 6000},
        about="identifier",
    ),
    "the donation of somebody else": case(
        products.harvest,
        COORDINATOR,
        person_at("eligible"),
        says="is on record already; a donation is of one participant",
        named={
            "identifier": At(lambda stage: f"D{stage['harvested']}-1"),
            "again": At(lambda stage: f"D{stage['harvested']}-1"),
        },
        about="identifier",
    ),
    "no identifier": case(
        products.harvest,
        COORDINATOR,
        person_at("eligible"),
        says="donation identifier is missing",
        named={"identifier": " ", "again": " "},
        about="identifier",
    ),
    "go before clearance": case(
        products.give_go, SPONSOR, person_at("harvested"), says="the go follows the clearance", signed=True
    ),
    "go twice": case(
        products.give_go, SPONSOR, person_at("cleared"),
        says="To give the sponsor's go, they have to be harvested", signed=True,
    ),
    # randomizing
    "randomized twice": case(
        allocation.randomize,
        INVESTIGATOR,
        person_at("randomized"),
        says=r"randomized already \(randomization number \d{8}\); nobody is randomized twice",
        signed=True,
    ),
    "randomized before the go": case(
        allocation.randomize,
        INVESTIGATOR,
        person_at("cleared by QP"),
        says="To randomize a participant, they have to be harvested and cleared",
        signed=True,
    ),
    "randomized unscreened": case(
        allocation.randomize, INVESTIGATOR, person_at("consented"), says="is consented", signed=True
    ),
    # booking
    "booked before randomization": case(
        booking.book, COORDINATOR, person_at("cleared"), now(days=9), says="is harvested and cleared. To book"
    ),
    "booked too soon": case(
        booking.book,
        COORDINATOR,
        person_at("randomized"),
        now(hours=71, minutes=59),
        says="at least 72 hours ahead: .*or later; got ",
        about="booked_for",
    ),
    "booked while being prepared": case(
        booking.book,
        COORDINATOR,
        person_at("preparing"),
        now(days=9),
        says="has begun, so the booking cannot be moved",
        about="booked_for",
    ),
    "booked after death": case(
        booking.book, COORDINATOR, person_at("died"), now(days=9), says="has ended: died"
    ),
    "booked with every period closed": case(
        booking.book, COORDINATOR, person_at("completed"), now(days=9),
        says="To book an infusion, they have to be in treatment",
    ),
    "cancelled without a reason": case(
        booking.cancel, COORDINATOR, person_at("booked"), "", says="needs its reason", about="why"
    ),
    "cancelled where nothing is booked": case(
        booking.cancel, COORDINATOR, person_at("between"), "ill", says="Period 2 is not booked"
    ),
    "cancelled after handing out": case(
        booking.cancel, COORDINATOR, person_at("dispensed"), "ill", says="was handed out"
    ),
    "cancelled with a reason as long as a book": case(
        booking.cancel,
        COORDINATOR,
        person_at("booked"),
        "x" * 6000,
        says="at most 4000 characters; got 6000",
        about="why",
    ),
    "booked after handing out": case(
        booking.book, COORDINATOR, person_at("dispensed"), now(days=9), says="was handed out on"
    ),
    "booked for another century": case(
        booking.book,
        COORDINATOR,
        person_at("randomized"),
        now(days=367),
        says="at most 366 days ahead; got ",
        about="booked_for",
    ),
    "a deviation without a reason": case(
        booking.sign_deviation,
        INVESTIGATOR,
        person_at("booked"),
        "",
        says="needs its reason",
        about="why",
        signed=True,
    ),
    "a deviation inside the window": case(
        booking.sign_deviation,
        INVESTIGATOR,
        person_at("booked"),
        "travel",
        says="lies inside the visit window",
        signed=True,
    ),
    "a deviation at the counter": case(
        booking.sign_deviation,
        INVESTIGATOR,
        person_at("ready"),
        "late",
        says="before the preparation begins",
        signed=True,
    ),
    "a deviation of nothing": case(
        booking.sign_deviation,
        INVESTIGATOR,
        person_at("between"),
        "travel",
        says="is not booked",
        signed=True,
    ),
    "fit without a booking": case(
        booking.sign_fit, INVESTIGATOR, person_at("randomized"), FIT, says="is not booked", signed=True
    ),
    "fit while the kit is being prepared": case(
        booking.sign_fit,
        INVESTIGATOR,
        person_at("preparing"), FIT,
        says="before the preparation begins",
        signed=True,
    ),
    "fit after handing out": case(
        booking.sign_fit,
        INVESTIGATOR,
        person_at("dispensed"), FIT,
        says="before the preparation begins",
        signed=True,
    ),
    # preparation
    "prepared without fit": case(
        preparation.begin, PREPARER, person_at("booked"), says="has not signed that participant"
    ),
    "prepared twice": case(preparation.begin, PREPARER, person_at("preparing"), says="has begun"),
    # infusion
    "given without a kit": case(
        infusions.record,
        NURSE,
        person_at("ready"),
        says="No kit was handed out for period 1",
        named={"outcome": Outcome.GIVEN, "given_at": now()},
    ),
    "given before it was handed out": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says=r"must begin between \d.* UTC \(kit handed out\) and now, .*; got \d",
        named={"outcome": Outcome.GIVEN, "given_at": now(hours=-2)},
        about="given_at",
        error=Faulty,
    ),
    "given in the future": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says="must begin between",
        named={"outcome": Outcome.GIVEN, "given_at": now(minutes=1)},
        about="given_at",
        error=Faulty,
    ),
    "given at no time": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says="got no time",
        named={"outcome": Outcome.GIVEN},
        about="given_at",
        error=Faulty,
    ),
    "partly given without a reason": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says="partly given needs its reason",
        named={"outcome": Outcome.PARTLY_GIVEN, "given_at": now()},
        about="why stopped_at volume_ml",
        error=Faulty,
    ),
    "partly given and nothing said of it": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says="needs its reason.*must begin between.*must have been stopped.*The volume given",
        named={"outcome": Outcome.PARTLY_GIVEN},
        about="why given_at stopped_at volume_ml",
        error=Faulty,
    ),
    "a reason as long as a book": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says="at most 4000 characters; got 6000",
        named={"outcome": Outcome.NOT_GIVEN, "why": "x" * 6000},
        about="why",
    ),
    "partly given, never stopped": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says="must have been stopped between .* got no time",
        named={"outcome": Outcome.PARTLY_GIVEN, "given_at": now(), "volume_ml": 5, "why": "fever"},
        about="stopped_at",
        error=Faulty,
    ),
    "stopped in the future": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says="must have been stopped between .*; got ",
        named={
            "outcome": Outcome.PARTLY_GIVEN,
            "given_at": now(),
            "stopped_at": now(minutes=1),
            "volume_ml": 5,
            "why": "fever",
        },
        about="stopped_at",
        error=Faulty,
    ),
    "all of it partly given": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says="between 1 and 99 mL, got 100",
        named={
            "outcome": Outcome.PARTLY_GIVEN,
            "given_at": now(),
            "stopped_at": now(),
            "volume_ml": 100,
            "why": "fever",
        },
        about="volume_ml",
        error=Faulty,
    ),
    "a start of what was not given": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says="A start belongs to an infusion that was begun; this one was not given",
        named={"outcome": Outcome.NOT_GIVEN, "given_at": now(), "why": "fever"},
        about="outcome",
        error=Faulty,
    ),
    "a volume of what was not given": case(
        infusions.record,
        NURSE,
        person_at("dispensed"),
        says="belong to an infusion that was partly given; this one was not given",
        named={"outcome": Outcome.NOT_GIVEN, "volume_ml": 40, "why": "fever"},
        about="outcome",
        error=Faulty,
    ),
    "missed with a kit in hand": case(
        infusions.miss, INVESTIGATOR, person_at("dispensed"), "ill", says="was handed out on"
    ),
    "missed without a reason": case(
        infusions.miss, INVESTIGATOR, person_at("between"), "", says="needs its reason", about="why"
    ),
    # endings
    "died without a reason": case(
        endings.end,
        INVESTIGATOR,
        Act.DIED,
        person_at("between"),
        says="Give the reason",
        named={"why": "", "follow_up": False},
        about="why",
    ),
    "died twice": case(
        endings.end, INVESTIGATOR, Act.DIED, person_at("died"), says="has ended: died", named=WRONG_ENDING
    ),
    "withdrawn after death": case(
        endings.end,
        INVESTIGATOR,
        Act.CONSENT_WITHDRAWN,
        person_at("died"),
        says="has ended: died",
        named=WRONG_ENDING,
    ),
    "stopped before randomization": case(
        endings.end,
        INVESTIGATOR,
        Act.TREATMENT_STOPPED,
        person_at("cleared"),
        says="To stop treatment, they have to be in treatment",
        named=WRONG_ENDING,
    ),
    "lost after completion": case(
        endings.end,
        INVESTIGATOR,
        Act.LOST_TO_FOLLOW_UP,
        person_at("completed"),
        says="is completed",
        named=WRONG_ENDING,
    ),
    "completed with an open period": case(
        endings.complete, INVESTIGATOR, person_at("between"), says="has an open period"
    ),
    "completed after death": case(endings.complete, INVESTIGATOR, person_at("died"), says="ended: died"),
    "in error without a reason": case(
        endings.randomized_in_error, INVESTIGATOR, person_at("between"), "", says="Say why", about="why"
    ),
    "in error before randomization": case(
        endings.randomized_in_error, INVESTIGATOR, person_at("cleared"), "x", says="is harvested and cleared"
    ),
    "the levels on record": case(
        endings.correct_factor,
        INVESTIGATOR,
        person_at("between"),
        {"course": "relapsing"},
        "misread",
        says="on record already",
        about="levels",
    ),
    "no such factor": case(
        endings.correct_factor,
        INVESTIGATOR,
        person_at("between"),
        {"age": "old"},
        "misread",
        says="no stratification factor",
        about="age",
    ),
    "a factor without a reason": case(
        endings.correct_factor,
        INVESTIGATOR,
        person_at("between"),
        {"course": "progressive"},
        " ",
        says="Say how",
        about="why",
    ),
    "transferred to the same site": case(
        endings.transfer, MANAGER, person_at("between"), SITE, "moved", says="already at site", about="site"
    ),
    "transferred to a planned site": case(
        endings.transfer, MANAGER, person_at("between"), "EX2", "moved", says="EX2 is planned", about="site"
    ),
    "transferred without a reason": case(
        endings.transfer, MANAGER, person_at("between"), SECOND_SITE, "", says="needs its reason", about="why"
    ),
    "transferred with a kit in hand": case(
        endings.transfer, MANAGER, person_at("dispensed"), SECOND_SITE, "moved", says="was handed out"
    ),
    "transferred with a kit ready": case(
        endings.transfer, MANAGER, person_at("ready"), SECOND_SITE, "moved", says="being prepared or ready"
    ),
    "transferred after death": case(
        endings.transfer, MANAGER, person_at("died"), SECOND_SITE, "moved", says="has ended: died"
    ),
    # the trial
    "opened twice": case(
        conduct.open_site, SPONSOR, SITE, says="open already", about="site", signed=True
    ),
    "no site to open": case(
        conduct.open_site, SPONSOR, "XXX", says="no site XXX", about="site", error=NotFound, signed=True
    ),
    "closed while planned": case(
        conduct.close_site, SPONSOR, "EX2", "never", says="EX2 is planned", about="site"
    ),
    "closed without a reason": case(conduct.close_site, SPONSOR, SITE, "", says="reason", about="why"),
    "enrolment closed for no reason": case(
        conduct.close_enrolment, MANAGER, "", says="Give the reason", about="why"
    ),
    "terminated for no reason": case(
        conduct.terminate, SPONSOR, "", says="Give the reason", about="why", signed=True
    ),
    "no such alarm": case(
        alarms.clear, MANAGER, 999, "seen", says="no alarm 999", about="alarm", error=NotFound
    ),
}  # fmt: skip


def demand_unchanged(stage: Stage, before: dict[str, Any]) -> None:
    after = stage.dump()
    assert [kind for kind, rows in after.items() if rows != before[kind]] == []


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_refusal_names_field_and_rule_and_changes_nothing(stage: Stage, name: str) -> None:
    case = CASES[name]
    before = stage.dump()

    with pytest.raises(case.error) as refusal:
        case.run(stage)

    error = refusal.value
    assert type(error) is case.error
    assert re.search(case.says, error.message, re.DOTALL), error.message
    faults = error.faults if isinstance(error, Faulty) else ((error.field, ""),)
    assert [field for field, _ in faults] == (case.about.split() if case.about else [None])
    assert error.next_step
    assert "Traceback" not in error.message
    demand_unchanged(stage, before)


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
