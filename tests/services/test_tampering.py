"""Records of people, kits and slots that somebody edits by SQL are noticed when they are next used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.people import Role
from randomizer.domain.supply import Outcome
from randomizer.domain.trial import Slot
from randomizer.errors import Tampered
from randomizer.services.care import allocation, booking, dispensing, endings, enrolment, infusions, products
from randomizer.services.unblinded import preparation, sheets
from tests.activated import SECOND_SITE
from tests.services.editing import PARTICIPANT, kit_of, noticed, sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stages import Stage

pytestmark = [pytest.mark.promise(17), pytest.mark.requirement("trail")]

PERIOD = "UPDATE period SET {} WHERE participant = :who AND period = :period"
USES: dict[str, tuple[str, str, Callable[[Stage], object]]] = {
    # what is edited, at which station, and the next act that rests on it
    "a state that opens randomizing": (
        "state = 'product cleared'",
        "cleared by QP",
        lambda s: s.sign(allocation.randomize, Role.INVESTIGATOR, s["cleared by QP"]),
    ),
    "another stratum": (
        "stratum = 'PRO', levels = 'course=progressive'",
        "cleared",
        lambda s: s.sign(allocation.randomize, Role.INVESTIGATOR, s["cleared"]),
    ),
    "another site, to randomize there": (
        "site = 'EX1'",
        "cleared",
        lambda s: s.sign(allocation.randomize, Role.INVESTIGATOR, s["cleared"], site=SECOND_SITE),
    ),
    "eligible without a signature": (
        "state = 'eligible', stratum = 'REL', levels = 'course=relapsing'",
        "consented",
        lambda s: s.harvest(s["consented"]),
    ),
    "screen failed no more": (
        "state = 'consented'",
        "screen failed",
        lambda s: s.eligible(s["screen failed"]),
    ),
    "harvested, for the go": (
        "state = 'harvested'",
        "cleared",
        lambda s: s.sign(products.give_go, Role.SPONSOR, s["cleared"]),
    ),
    "alive again, to book": ("ending = NULL", "died", lambda s: s.book(s["died"])),
    "alive again, to hand out": (
        "ending = NULL",
        "died",
        lambda s: s.dispense(s["died"], kit_of(s)),
    ),
    "dead, at the counter": (
        "ending = 'died'",
        "ready",
        lambda s: s.dispense(s["ready"], kit_of(s)),
    ),
    "another level, to correct": (
        "levels = 'course=progressive'",
        "between",
        lambda s: s.act(
            endings.correct_factor, Role.INVESTIGATOR, s["between"], {"course": "relapsing"}, "slip"
        ),
    ),
    "follow-up, to complete": (
        "state = 'in period'",
        "completed",
        lambda s: s.act(endings.complete, Role.INVESTIGATOR, s["completed"]),
    ),
    "in error no more": (
        "randomized_in_error = true",
        "between",
        lambda s: s.act(endings.transfer, Role.TRIAL_MANAGER, s["between"], SECOND_SITE, "moved"),
    ),
    "an attempt, to end": ("attempt = 7", "between", lambda s: s.end(Act.DIED, s["between"])),
    "a period, to prepare": (
        "period = 2",
        "fit",
        lambda s: s.act(preparation.begin, Role.PREPARER, s["fit"]),
    ),
}


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("name", USES)
def test_an_edited_participant_is_noticed_by_the_next_act(stage: Stage, name: str) -> None:
    change, station, act = USES[name]
    sql(stage, PARTICIPANT.format(change), who=stage[station])
    noticed(stage, f"Participant {stage[station]}", lambda: act(stage))


PERIODS: dict[str, tuple[str, str, int, Callable[[Stage], object]]] = {
    "an outcome, to skip a period": (
        "outcome = 'given', given_at = '2026-01-01T00:00:00.000000Z'",
        "booked",
        1,
        lambda s: s.book(s["booked"]),
    ),
    "an infusion long ago, to come early": (
        "given_at = NULL",
        "between",
        1,
        lambda s: s.book(s["between"]),
    ),
    "fit without a signature": (
        "fit_signed_at = booked_for",
        "booked",
        1,
        lambda s: s.act(preparation.begin, Role.PREPARER, s["booked"]),
    ),
    "a deviation without a signature": (
        "deviation_signed_at = booked_for",
        "booked",
        1,
        lambda s: s.fit(s["booked"]),
    ),
    "not handed out yet": (
        "dispensed_at = NULL",
        "dispensed",
        1,
        lambda s: s.dispense(s["dispensed"], kit_of(s, "dispensed")),
    ),
    "a volume, to record": (
        "volume_ml = 9",
        "dispensed",
        1,
        lambda s: s.act(
            infusions.record, Role.CARE_PROVIDER, s["dispensed"], outcome=Outcome.NOT_GIVEN, why="fever"
        ),
    ),
    "a booking, to cancel": (
        "booked_for = deviation_signed_at",
        "fit",
        1,
        lambda s: s.act(booking.cancel, Role.COORDINATOR, s["fit"], "ill"),
    ),
    "a booking, to end": ("fit_signed_at = NULL", "fit", 1, lambda s: s.end(Act.DIED, s["fit"])),
    "a period to complete": (
        "outcome = 'not given'",
        "between",
        2,
        lambda s: s.act(endings.complete, Role.INVESTIGATOR, s["between"]),
    ),
    "a period to miss": (
        "kit = '1'",
        "between",
        2,
        lambda s: s.act(infusions.miss, Role.INVESTIGATOR, s["between"], "ill"),
    ),
}


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("name", PERIODS)
def test_an_edited_period_is_noticed_by_the_next_act(stage: Stage, name: str) -> None:
    change, station, period, act = PERIODS[name]
    sql(stage, PERIOD.format(change), who=stage[station], period=period)
    noticed(stage, f"PeriodRecord {stage[station]} {period}", lambda: act(stage))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kit SET expires_at = '2099-01-01T00:00:00.000000Z' WHERE number = :kit",
        "UPDATE kit SET entry = 0 WHERE number = :kit",
        "UPDATE kit SET period = 2 WHERE number = :kit",
        "UPDATE kit SET slot = 1 WHERE number = :kit",
    ],
)
def test_an_edited_kit_is_not_handed_out(stage: Stage, statement: str) -> None:
    kit = kit_of(stage)
    sql(stage, statement, kit=kit)
    noticed(stage, f"Kit {kit}", lambda: stage.dispense(stage["ready"], kit))


def test_a_kit_that_was_handed_out_cannot_be_made_ready_again(stage: Stage) -> None:
    used, number = kit_of(stage, "dispensed"), stage["dispensed"]
    sql(stage, PERIOD.format("dispensed_at = NULL"), who=number, period=1)
    noticed(stage, f"PeriodRecord {number} 1", lambda: stage.dispense(number, used))
    sql(stage, "UPDATE kit SET state = 'ready' WHERE number = :kit", kit=used)
    noticed(stage, f"PeriodRecord {number} 1", lambda: stage.dispense(number, used))


def test_the_kit_of_somebody_else_cannot_be_written_into_a_period(stage: Stage) -> None:
    number, kit = stage["ready"], kit_of(stage, "other")
    sql(stage, PERIOD.format("kit = :kit"), who=number, period=1, kit=kit)
    noticed(stage, f"PeriodRecord {number} 1", lambda: stage.dispense(number, kit))


def test_a_reserved_kit_written_as_ready_is_noticed_and_the_jobs_do_not_stumble(stage: Stage) -> None:
    with stage.store.reading() as uow:
        free = uow.all(Slot, order="-number", limit=1)[0]
    kit = free.kits[0][0]
    sql(
        stage,
        "UPDATE kit SET state = 'ready', expires_at = :past WHERE number = :kit",
        past="2026-01-01T00:00:00.000000Z",
        kit=kit,
    )

    def expire() -> None:
        with stage.store.writing() as uow:
            dispensing.expire(uow)

    noticed(stage, f"Kit {kit}", expire)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stratum SET next_ordinal = 3 WHERE code = 'REL'",
        "UPDATE stratum SET capacity = 99 WHERE code = 'REL'",
        "UPDATE stratum SET reserved = 0 WHERE code = 'REL'",
    ],
)
def test_an_edited_stratum_neither_keeps_a_place_nor_gives_a_slot(stage: Stage, statement: str) -> None:
    sql(stage, statement)
    for act in (
        lambda: stage.harvest(stage["eligible"]),
        lambda: stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"]),
        lambda: stage.end(Act.DIED, stage["harvested"]),
        lambda: stage.act(enrolment.screen_fail, Role.COORDINATOR, stage["harvested"], "ill"),
    ):
        noticed(stage, "StratumStatus REL", act)


@pytest.mark.parametrize(
    ("statement", "about"),
    [
        ("UPDATE allocation SET slot = 19 WHERE participant = :who", "Allocation {}"),
        ("UPDATE allocation SET randomization_number = '1' WHERE participant = :who", "Allocation {}"),
        ("UPDATE participant SET site = 'EX1' WHERE number = :who", "Participant {}"),
    ],
)
def test_an_edited_allocation_opens_nothing(stage: Stage, statement: str, about: str) -> None:
    number, other = stage["between"], stage["booked"]
    sql(stage, statement, who=number)
    with pytest.raises(Tampered) as stop:
        stage.break_code(number, Role.ON_CALL)
    assert stop.value.about == about.format(number)
    sql(stage, statement.replace("19", "18").replace("'1'", "'2'"), who=other)
    with pytest.raises(Tampered) as stop:
        sheets.open_sheet(stage.desk, stage.instance.person(Role.PREPARER), other)
    assert stop.value.about == about.format(other)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE signature SET printed_name = 'Somebody Else' WHERE about = :about",
        "UPDATE signature SET digest = 'ff' WHERE about = :about",
        "DELETE FROM signature WHERE about = :about",
    ],
)
def test_nothing_is_randomized_or_prepared_on_an_edited_signature(stage: Stage, statement: str) -> None:
    for station, act in (
        ("cleared", lambda: stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"])),
        ("fit", lambda: stage.act(preparation.begin, Role.PREPARER, stage["fit"])),
    ):
        sheets.open_sheet(stage.desk, stage.instance.person(Role.PREPARER), stage["fit"])
        sql(stage, statement, about=f"participant {stage[station]}")
        before = stage.dump()
        with pytest.raises(Tampered, match="Signature"):
            act()
        assert stage.dump() == before
