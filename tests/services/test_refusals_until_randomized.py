"""What is refused before somebody is randomized: what it says, and that nothing was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.errors import Faulty, NotAllowed, NotFound
from randomizer.services.care import allocation, enrolment, products
from tests.activated import SITE
from tests.services.refusing import (
    COORDINATOR,
    INVESTIGATOR,
    SPONSOR,
    TWICE,
    At,
    bad_answers,
    case,
    demand_refused,
    good_answers,
    person_at,
)

if TYPE_CHECKING:
    from tests.stages import Stage


pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(18)]

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
    "the donation of somebody else, scanned with caps lock on": case(
        products.harvest,
        COORDINATOR,
        person_at("eligible"),
        says="is on record already; a donation is of one participant",
        named={
            "identifier": At(lambda stage: f"d{stage['harvested']}-1"),
            "again": At(lambda stage: f"d{stage['harvested']}-1"),
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
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_refusal_names_field_and_rule_and_changes_nothing(stage: Stage, name: str) -> None:
    demand_refused(stage, CASES[name])
