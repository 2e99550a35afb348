"""Rows that somebody edits by SQL are noticed when they are next used, and no act carries them on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import TrailHead
from randomizer.domain.people import Role
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.domain.supply import Outcome, PeriodRecord
from randomizer.domain.trial import Slot
from randomizer.errors import NotAllowed, Stopped, Tampered
from randomizer.services import accounts, alarms, conduct, locking
from randomizer.services.care import (
    allocation,
    booking,
    dispensing,
    endings,
    enrolment,
    infusions,
    products,
)
from randomizer.services.transactions import raise_tampering
from randomizer.services.unblinded import preparation, sheets
from tests.activated import SECOND_SITE, SITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stages import Stage

pytestmark = [pytest.mark.promise(17), pytest.mark.requirement("trail")]

TRIGGERS = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT 'DROP TRIGGER ' || t.tgname || ' ON ' || c.relname FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal",
}
PARTICIPANT = "UPDATE participant SET {} WHERE number = :who"
SECOND_GRANT = (
    "INSERT INTO role_grant (account, role, site, granted_at, entry) "
    "SELECT account, 'investigator', 'TLS', granted_at, entry FROM role_grant WHERE account = :who"
)
PERIOD = "UPDATE period SET {} WHERE participant = :who AND period = :period"


def sql(stage: Stage, statement: str, **values: object) -> None:
    """As somebody does who may write into the database, beside the service."""
    engine = stage.store.engine
    with engine.begin() as connection:
        for drop in connection.execute(text(TRIGGERS[engine.dialect.name])).scalars().all():
            connection.execute(text(drop))
        changed = connection.execute(text(statement), values).rowcount
    assert changed >= 1


def noticed(stage: Stage, about: str, act: Callable[[], object]) -> None:
    """The act stops, names the record, and leaves everything as it stood."""
    before = stage.dump()
    with pytest.raises(Tampered) as stop:
        act()
    assert stop.value.about == about
    assert "Nothing was changed" in stop.value.message
    assert stop.value.next_step
    assert stage.dump() == before


def kit_of(stage: Stage, station: str = "ready") -> str:
    return stage.get(PeriodRecord, stage[station], 1).kit


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


def test_a_definition_written_into_the_trial_is_not_followed(stage: Stage) -> None:
    """A shorter interval, a longer life of kits: the definition is that of its entry."""
    sql(stage, "UPDATE trial SET definition = replace(definition, '161', '100')")
    for act in (
        lambda: stage.book(stage["between"]),
        lambda: stage.fit(stage["booked"]),
        lambda: stage.dispense(stage["ready"], kit_of(stage)),
        lambda: stage.act(enrolment.consent, Role.COORDINATOR, SITE),
        lambda: stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"]),
        lambda: stage.act(preparation.begin, Role.PREPARER, stage["fit"]),
        lambda: stage.sign(locking.lock, Role.SPONSOR, "clean"),
    ):
        noticed(stage, "Trial 1", act)


def test_a_definition_that_cannot_be_read_is_a_bent_record_and_no_fault_of_whoever_asks(stage: Stage) -> None:
    sql(stage, "UPDATE trial SET definition = 'x'")
    noticed(stage, "Trial 1", lambda: stage.book(stage["between"]))
    noticed(stage, "Trial 1", lambda: stage.dispense(stage["ready"], kit_of(stage)))


def test_a_phase_written_into_the_trial_is_not_followed(stage: Stage) -> None:
    stage.sign(conduct.terminate, Role.SPONSOR, "futility")
    sql(stage, "UPDATE trial SET phase = 'active'")
    noticed(stage, "Trial 1", lambda: stage.act(enrolment.consent, Role.COORDINATOR, SITE))
    noticed(stage, "Trial 1", lambda: stage.dispense(stage["ready"], kit_of(stage)))


def test_a_site_written_open_enrols_nobody(stage: Stage) -> None:
    sql(stage, "UPDATE site SET state = 'open' WHERE code = 'EX2'")
    noticed(
        stage,
        "SiteStatus EX2",
        lambda: stage.act(endings.transfer, Role.TRIAL_MANAGER, stage["between"], "EX2", "moved"),
    )


@pytest.mark.promise(20)
@pytest.mark.parametrize(
    ("statement", "about"),
    [
        ("UPDATE role_grant SET role = 'investigator', site = 'TLS' WHERE account = :who", "Grant"),
        ("UPDATE role_grant SET site = '' WHERE account = :who", "Grant"),
        (SECOND_GRANT, "Grant"),
        ("UPDATE account SET printed_name = 'Dr Somebody' WHERE number = :who", "Account"),
    ],
)
def test_a_role_written_into_the_database_counts_for_nothing(
    stage: Stage, statement: str, about: str
) -> None:
    number = stage.instance.number(Role.COORDINATOR)
    sql(stage, statement, who=number)
    with pytest.raises(Tampered) as stop:
        stage.act(enrolment.consent, Role.COORDINATOR, SITE)
    assert stop.value.about.startswith(f"{about} {number}")


@pytest.mark.promise(20)
def test_a_revoked_role_written_back_counts_for_nothing(stage: Stage) -> None:
    number = stage.instance.number(Role.COORDINATOR)
    admin = stage.instance.person(Role.ADMINISTRATOR)
    with stage.store.writing() as uow:
        accounts.revoke(uow, admin, account=number, role=Role.COORDINATOR, site=SITE)
    with pytest.raises(NotAllowed):
        stage.act(enrolment.consent, Role.COORDINATOR, SITE)
    sql(stage, "UPDATE role_grant SET revoked_at = NULL WHERE account = :who", who=number)
    with pytest.raises(Tampered, match=f"Grant {number}"):
        stage.act(enrolment.consent, Role.COORDINATOR, SITE)


def test_no_act_carries_an_edited_row_on(stage: Stage) -> None:
    """The row of each kind is compared before it is changed, whichever service changes it."""
    account = stage.instance.number(Role.MONITOR)
    admin = stage.instance.person(Role.ADMINISTRATOR)
    with stage.store.writing() as uow:
        alarm = alarms.raise_alarm(uow, AlarmKind.LOW_WATER, "stratum PRO")
    edits: tuple[tuple[str, object, str, Callable[[], object]], ...] = (
        (
            "UPDATE alarm SET about = 'nothing' WHERE number = :key",
            alarm.number,
            f"Alarm {alarm.number}",
            lambda: stage.act(alarms.clear, Role.TRIAL_MANAGER, alarm.number, "seen"),
        ),
        (
            "UPDATE role_grant SET granted_at = '2020-01-01T00:00:00.000000Z' WHERE account = :key",
            account,
            f"Grant {account} monitor ",
            lambda: _revoke(stage, admin, account),
        ),
        (
            "UPDATE product SET identifier = 'X' WHERE participant = :key",
            stage["cleared by QP"],
            f"Product {stage['cleared by QP']} 1",
            lambda: stage.sign(products.give_go, Role.SPONSOR, stage["cleared by QP"]),
        ),
        (
            "UPDATE site SET state = 'closed' WHERE code = :key",
            "EX3",
            "SiteStatus EX3",
            lambda: stage.sign(conduct.open_site, Role.SPONSOR, "EX3"),
        ),
    )
    for statement, key, about, act in edits:
        sql(stage, statement, key=key)
        noticed(stage, about, act)


def _revoke(stage: Stage, admin: Any, account: int) -> None:  # noqa: ANN401 - a Person
    with stage.store.writing() as uow:
        accounts.revoke(uow, admin, account=account, role=Role.MONITOR)


def test_a_tampering_that_was_noticed_stops_randomizing_until_somebody_has_looked(stage: Stage) -> None:
    number = stage["between"]
    sql(stage, PARTICIPANT.format("attempt = 3"), who=number)
    with pytest.raises(Tampered) as stop:
        stage.book(number)
    raise_tampering(stage.store, stop.value)
    raise_tampering(stage.store, stop.value)
    [alarm] = stage.all(Alarm)
    assert (alarm.kind, alarm.about) == (AlarmKind.TRAIL, f"Participant {number}")
    with pytest.raises(Stopped, match=f"Participant {number}"):
        stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"])
    assert stage.all(TrailHead)[0].size == alarm.entry + 1
