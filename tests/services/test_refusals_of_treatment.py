"""What is refused of bookings, preparations and infusions: what it says, and that nothing was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.supply import Outcome
from randomizer.errors import Faulty
from randomizer.services.care import booking, infusions
from randomizer.services.unblinded import preparation
from tests.activated import FIT
from tests.services.refusing import (
    COORDINATOR,
    INVESTIGATOR,
    NURSE,
    PREPARER,
    case,
    demand_refused,
    now,
    person_at,
)

if TYPE_CHECKING:
    from tests.stages import Stage


pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(18)]

CASES = {
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
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_refusal_names_field_and_rule_and_changes_nothing(stage: Stage, name: str) -> None:
    demand_refused(stage, CASES[name])
